#!/usr/bin/env bash
# Every shell script parses, and is clean for shellcheck where that is installed.
set -euo pipefail

scripts() {
  git grep -lIz --untracked -E '^#!/usr/bin/env bash|^# shellcheck shell=bash'
}

scripts | xargs -0 -n 1 bash -n
if command -v shellcheck >/dev/null; then
  scripts | xargs -0 shellcheck
else
  echo 'warning: shellcheck is not installed; the scripts were only parsed'
fi
