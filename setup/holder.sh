#!/bin/sh
# Keeps the network proxy on this machine while nothing else does: an engine drops a swarm network with its last container, and
# whoever joins at that moment can wait 20 s. A machine with a reverse proxy on that network is left alone.
# Run from the repository root, after images.sh. CC_CI_STATE: state folder, default ./.state
set -eu
state=${CC_CI_STATE:-$PWD/.state}
log=$state/log/holder.log
name=cc-ci-proxy-holder
image=cc-ci/tools:1
say() { printf 'holder: %s\n' "$*"; }
fail() { printf 'holder: %s\n' "$*" >&2; exit 1; }
mkdir -p "$state/log"

[ -z "$(docker network inspect --format '{{range .Containers}}{{.Name}} {{end}}' proxy 2>>"$log")" ] || exit 0
docker image inspect "$image" >/dev/null 2>&1 || fail "there is no image $image; run setup/images.sh first"

say "docker run $name (an idle container that keeps the network proxy here, so that runs need not wait for it)"
# One of an earlier swarm would be bound to a network that is gone.
docker rm --force "$name" >>"$log" 2>&1 || true
# The first to come can meet the network on its way out.
left=3
until docker run --detach --name "$name" --label cc-ci.holder=proxy --network proxy --restart unless-stopped \
  --memory 16m --cap-drop ALL --entrypoint sleep "$image" infinity >>"$log" 2>&1; do
  docker rm --force "$name" >>"$log" 2>&1 || true
  left=$((left - 1))
  [ "$left" -gt 0 ] || fail "docker run $name failed: $(tail -n 1 "$log")"
done
