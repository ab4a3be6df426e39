#!/bin/sh
# Makes a Docker engine answer: does nothing when one does, else starts the installed one detached from this process.
# Run from the repository root. CC_CI_STATE: state folder, default ./.state
set -eu
state=${CC_CI_STATE:-$PWD/.state}
log=$state/log/dockerd.log
say() { printf 'engine: %s\n' "$*"; }
fail() { printf 'engine: %s\n' "$*" >&2; exit 1; }
mkdir -p "$state/log"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
ours=/var/lib/cc-ci/engine-installed
dropin=/etc/systemd/system/docker.service.d/cc-ci.conf
# Without this every task first asks a registry, although the image is here.
offline=DOCKER_SERVICE_PREFER_OFFLINE_IMAGE=1

answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# await SECONDS PID: polls until the engine answers; gives up early when PID (0: none) has ended.
await() {
  left=$(($1 * 10))
  until answers; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    [ "$2" = 0 ] || kill -0 "$2" 2>/dev/null || return 1
    sleep 0.1
  done
}

# A pid file of an earlier boot can name a process that is something else today; the daemon would then refuse to start.
drop_stale_pid() {
  [ -f "$1" ] || return 0
  [ "$(cat "/proc/$(cat "$1")/comm" 2>/dev/null)" = "$2" ] && return 0
  rm -f "$1"
}

systemd=no
if [ -d /run/systemd/system ] && systemctl cat docker.service >/dev/null 2>&1; then systemd=yes; fi

if answers && ! { [ "$systemd" = yes ] && [ -e "$ours" ] && [ ! -e "$dropin" ]; }; then
  exit 0
fi
command -v docker >/dev/null 2>&1 || fail "no docker client on this machine; run setup/packages.sh first"
# cc-ci always says which engine it means; the usual socket is the one that an engine of this machine listens on.
if [ -n "${DOCKER_HOST:-}" ] && [ "$DOCKER_HOST" != unix:///var/run/docker.sock ]; then
  fail "the engine at DOCKER_HOST=$DOCKER_HOST does not answer; start it, or unset DOCKER_HOST to use a local one"
fi
command -v dockerd >/dev/null 2>&1 || fail "no dockerd on this machine; run setup/packages.sh first"
[ "$(id -u)" = 0 ] ||
  fail "no Docker engine answers this user, and only root can start one; run as root, or start it and join the group docker"

if [ "$systemd" = yes ]; then
  say "starting docker.service (no engine answers, or the one we installed lacks its setting $offline)"
  if [ -e "$ours" ] && [ ! -e "$dropin" ]; then
    mkdir -p "${dropin%/*}"
    printf '[Service]\nEnvironment=%s\n' "$offline" >"$dropin"
    systemctl daemon-reload
    systemctl restart docker >>"$log" 2>&1 || fail "docker.service does not start; see journalctl -u docker"
  else
    systemctl start docker >>"$log" 2>&1 || fail "docker.service does not start; see journalctl -u docker"
  fi
  await 60 0 || fail "docker.service was started but does not answer within 60 s; see journalctl -u docker"
  exit 0
fi

say "starting dockerd in the background (no engine answers; log: $log)"
drop_stale_pid /var/run/docker.pid dockerd
drop_stale_pid /var/run/docker/containerd/containerd.pid containerd
# Its own session and no descriptor of ours: whoever reads our output, or waits for a lock that our caller holds, must not wait
# for the daemon to end.
env "$offline" setsid dockerd </dev/null >>"$log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
pid=$!
await 60 "$pid" ||
  fail "dockerd did not come up: $(grep 'failed to' "$log" | tail -n 1 | cut -c 1-300); the whole text is in $log"
