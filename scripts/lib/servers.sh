# shellcheck shell=bash
# Sourced after toolchain.sh. `servers_ready` makes sure that the servers the integration tests start are there:
# a tier (KEYDB_SERVER, else redis-server), nats-server, prometheus, and the reverse proxies haproxy and nginx. It installs
# Debian's packages when it may, and never starts a server: each test starts its own, on a free loopback port.

servers_ready() {
  local missing=()
  PATH=$PATH:/usr/sbin:/usr/local/sbin
  if [ -n "${KEYDB_SERVER:-}" ]; then
    [ -x "$KEYDB_SERVER" ] || fail "KEYDB_SERVER=$KEYDB_SERVER is not an executable file"
  fi
  # Compose reads its files in a test. It is no server, and who has Docker's, or no Debian, is not asked for another.
  docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || ! command -v apt-get >/dev/null ||
    missing+=(docker-compose)
  command -v redis-server >/dev/null || missing+=(redis-server)
  command -v redis-sentinel >/dev/null || missing+=(redis-sentinel)
  command -v nats-server >/dev/null || missing+=(nats-server)
  command -v haproxy >/dev/null || missing+=(haproxy)
  command -v nginx >/dev/null || missing+=(nginx)
  command -v prometheus >/dev/null || missing+=(prometheus)
  [ ${#missing[@]} -eq 0 ] || debian_packages "${missing[@]}"
}

debian_packages() {
  local as_root=()
  command -v apt-get >/dev/null || fail "Install ${*} and put them on the PATH: the integration tests start them."
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "Run 'sudo apt-get install ${*}' first: the integration tests start these servers."
    as_root=(sudo -n)
  fi
  printf 'installing %s\n' "$*"
  "${as_root[@]}" bash -c "$(declare -f without_services); without_services \"\$@\"" _ "$@" >"$ROOT/.tools/apt.log" 2>&1 || {
    tail -n 30 "$ROOT/.tools/apt.log" >&2
    fail "apt-get could not install $*"
  }
}

# Installs packages without their services: a policy-rc.d keeps them from starting now, `disable` at the next boot,
# so that no server appears on a standard port.
without_services() {
  set -e
  export DEBIAN_FRONTEND=noninteractive
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get update -q
  apt-get install -qy --no-install-recommends "$@"
  for package; do
    # Not every package has a service.
    ! systemctl cat "$package" || systemctl disable "$package"
  done
}
