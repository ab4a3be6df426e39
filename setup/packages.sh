#!/bin/sh
# Installs the Debian or Ubuntu packages that cc-ci needs and this machine lacks; leaves an existing Docker engine alone.
# Run from the repository root. CC_CI_STATE: state folder, default ./.state
set -eu
state=${CC_CI_STATE:-$PWD/.state}
log=$state/log/packages.log
say() { printf 'packages: %s\n' "$*"; }
fail() { printf 'packages: %s\n' "$*" >&2; exit 1; }
mkdir -p "$state/log"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

missing=
# lacks COMMAND PACKAGE...: notes the packages when the command is not there.
lacks() {
  command -v "$1" >/dev/null 2>&1 && return 0
  shift
  missing="$missing $*"
}

engine=present
if ! command -v dockerd >/dev/null 2>&1 && ! docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
  engine=absent
  missing="$missing docker.io"
fi
lacks git git
lacks curl curl
lacks mmdebstrap mmdebstrap
lacks ip iproute2
lacks cc gcc libc6-dev
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"

if [ -z "$missing" ] && command -v docker >/dev/null 2>&1; then
  exit 0
fi
command -v apt-get >/dev/null 2>&1 ||
  fail "cannot install$missing: this machine has no apt-get; install them with its own package manager, then run this again"
[ "$(id -u)" = 0 ] ||
  fail "cannot install$missing: not root; run again as root, or install them with sudo apt-get install$missing"

say "apt-get install$missing (needed to build example images and run a Swarm; log: $log)"
# One broken source of many need not matter, so only the install decides.
apt-get -q update >"$log" 2>&1 || true
# Since Debian 13 the client is a package of its own, and docker.io does not depend on it.
if ! command -v docker >/dev/null 2>&1 && apt-cache show docker-cli >/dev/null 2>&1; then
  missing="$missing docker-cli"
fi
# RUNLEVEL=1: without systemd the package must not start an engine with settings that are not ours (engine.sh starts it).
# shellcheck disable=SC2086 # a list of words
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install $missing >>"$log" 2>&1 </dev/null ||
  fail "apt-get install$missing failed: $(grep -m 1 '^E:' "$log"); no network, or a broken source in /etc/apt? see $log"

if [ "$engine" = absent ]; then
  # engine.sh and swarm.sh change only an engine that carries this mark.
  mkdir -p /var/lib/cc-ci
  : >/var/lib/cc-ci/engine-installed
fi
