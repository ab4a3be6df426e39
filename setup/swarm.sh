#!/bin/sh
# Makes the Docker engine a Swarm manager and creates the attachable overlay network "proxy", when they are missing.
# Run from the repository root. CC_CI_STATE: state folder, default ./.state
# CC_CI_ADVERTISE_ADDR: address for other nodes to join by; the default, 127.0.0.1, keeps the swarm on this machine.
set -eu
state=${CC_CI_STATE:-$PWD/.state}
log=$state/log/swarm.log
addr=${CC_CI_ADVERTISE_ADDR:-127.0.0.1}
say() { printf 'swarm: %s\n' "$*"; }
fail() { printf 'swarm: %s\n' "$*" >&2; exit 1; }
mkdir -p "$state/log"

# The loopback address never changes, so the swarm outlives a change of the machine's own addresses, and a machine with
# several of them needs no choice; the manager's port is not offered to the network either.
init() { docker swarm init --advertise-addr "$addr" --listen-addr "$addr:2377" >>"$log" 2>&1; }

# Newer clients call "docker info" a success without an engine.
docker version --format '{{.Server.Version}}' >>"$log" 2>&1 || fail "no Docker engine answers; run setup/engine.sh first (see $log)"
info=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{.Swarm.Error}}' 2>>"$log") || fail "docker info failed; see $log"
node=${info%% *} rest=${info#* }
manager=${rest%% *} trouble=${rest#* }

case $node in
  active)
    [ "$manager" = true ] ||
      fail "this engine is a worker of a swarm and a worker cannot deploy; run this on a manager, or docker node promote it there"
    ;;
  inactive)
    say "docker swarm init at $addr (stacks need a swarm; this one is of this machine alone)"
    init || fail "docker swarm init failed: $(tail -n 1 "$log"); CC_CI_ADVERTISE_ADDR chooses another address"
    ;;
  *)
    [ -e /var/lib/cc-ci/engine-installed ] ||
      fail "the swarm state of this engine is broken ($node: $trouble); repair it, or, if nothing in it is needed, docker swarm leave --force, then run this again"
    say "leaving the broken swarm of an earlier session ($node: $trouble) and making a new one; the engine was installed by cc-ci"
    docker swarm leave --force >>"$log" 2>&1 || fail "docker swarm leave --force failed; see $log"
    init || fail "docker swarm init failed: $(tail -n 1 "$log")"
    ;;
esac

# A swarm that stood before lists its networks only once the manager has a leader.
left=100
until docker node ls >/dev/null 2>>"$log"; do
  left=$((left - 1))
  [ "$left" -gt 0 ] || fail "the swarm has no leader after 10 s; see $log and docker node ls"
  sleep 0.1
done

case $(docker network inspect --format '{{.Driver}} {{.Attachable}}' proxy 2>/dev/null) in
  'overlay true') ;;
  '')
    say "docker network create proxy (the network that recipes share with the web proxy)"
    docker network create --driver overlay --attachable proxy >>"$log" 2>&1 ||
      fail "docker network create proxy failed: $(tail -n 1 "$log")"
    ;;
  *) fail "a network named proxy is there, but it is not an attachable overlay; remove it (docker network rm proxy) and run this again" ;;
esac
