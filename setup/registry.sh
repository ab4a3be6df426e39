#!/bin/sh
# Runs an empty image registry on this machine's own address 127.0.0.1:5000, for the one example that names an image which
# no registry has. Run from the repository root, for the long test matrix only: nothing else needs a registry.
#   registry.sh start | stop      CC_CI_STATE: state folder, default ./.state
set -eu
state=${CC_CI_STATE:-$PWD/.state}
home=$state/registry
say() { printf 'registry: %s\n' "$*"; }
fail() { printf 'registry: %s\n' "$*" >&2; exit 1; }
mkdir -p "$home/data" "$state/log"
log=$state/log/registry.log

answers() { curl --fail --silent --max-time 2 --output /dev/null http://127.0.0.1:5000/v2/; }

case ${1:-} in
  start)
    ! answers || exit 0
    if ! command -v docker-registry >/dev/null 2>&1; then
      say "apt-get install docker-registry (log: $log)"
      RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install docker-registry >"$log" 2>&1 </dev/null ||
        fail "apt-get install docker-registry failed: $(grep -m 1 '^E:' "$log")"
    fi
    cat >"$home/config.yml" <<CONFIG
version: 0.1
storage: { filesystem: { rootdirectory: $home/data } }
http: { addr: "127.0.0.1:5000" }
CONFIG
    setsid docker-registry serve "$home/config.yml" </dev/null >>"$log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    echo $! >"$home/pid"
    left=100
    until answers; do
      left=$((left - 1))
      [ "$left" -gt 0 ] || fail "the registry does not answer within 10 s; see $log"
      sleep 0.1
    done
    ;;
  stop)
    [ -f "$home/pid" ] || exit 0
    kill "$(cat "$home/pid")" 2>/dev/null || true
    rm -f "$home/pid"
    ;;
  *) fail "usage: registry.sh start|stop" ;;
esac
