# shellcheck shell=bash
# Sourced by the commands a person types. `toolchain_ready` leaves PATH with pnpm, this repository's own tools
# and Node 24 in front; it needs Node 18 or later and npm, nothing else. Work goes to .tools/ and node_modules/.

export TURBO_TELEMETRY_DISABLED=1
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

toolchain_ready() {
  local tool node_major
  for tool in node npm; do
    command -v "$tool" >/dev/null || fail "Node 18 or later with npm is needed; there is no $tool on the PATH."
  done
  node_major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$node_major" -ge 18 ] || fail "Node 18 or later is needed; $(command -v node) is $(node -v)."

  pnpm_ready
  [ -d "$ROOT/node_modules" ] || echo 'installing dependencies'
  # Frozen: what is tested is what the lockfile says. A second run finds nothing to do and takes a moment.
  (cd "$ROOT" && pnpm install --frozen-lockfile --reporter=append-only >"$ROOT/.tools/install.log" 2>&1) || {
    cat "$ROOT/.tools/install.log" >&2
    fail 'pnpm install failed'
  }
  PATH=$ROOT/node_modules/.bin:$PATH
}

# The pnpm that devEngines of package.json names, or one of the same major version that is already on the PATH.
# It is installed without Corepack, which does not work with every registry, and without npm's install scripts,
# whose switch differs between npm versions: pnpm's own script is run here instead.
pnpm_ready() {
  local version home
  version=$(node -p 'require(process.argv[1]).devEngines.packageManager.version' "$ROOT/package.json")
  home=$ROOT/.tools/pnpm-$version
  mkdir -p "$ROOT/.tools"
  if [ -x "$home/node_modules/.bin/pnpm" ]; then
    PATH=$home/node_modules/.bin:$PATH
  elif [ "$(cd / && pnpm --version 2>/dev/null | cut -d. -f1)" != "${version%%.*}" ]; then
    printf 'installing pnpm %s into .tools/\n' "$version"
    local fresh
    fresh=$(mktemp -d "$ROOT/.tools/pnpm.XXXXXX")
    npm install --prefix "$fresh" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error \
      "pnpm@$version" >/dev/null || {
      rm -rf "$fresh"
      fail "npm could not install pnpm $version"
    }
    (cd "$fresh/node_modules/pnpm" && node install.js)
    mv "$fresh" "$home"
    PATH=$home/node_modules/.bin:$PATH
  fi
}
