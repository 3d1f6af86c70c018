#!/usr/bin/env bash
# Every tracked shell script parses, and is clean for shellcheck where that is installed.
set -euo pipefail

mapfile -t scripts < <(git grep -lI --untracked -E '^#!/usr/bin/env bash|^# shellcheck shell=bash')
for script in "${scripts[@]}"; do
  bash -n "$script"
done
if command -v shellcheck >/dev/null; then
  shellcheck "${scripts[@]}"
else
  echo 'warning: shellcheck is not installed; the scripts were only parsed'
fi
