#!/bin/sh
# meanwhile.sh: start it in the background before the run and end it after; it removes what it made.
set -u
d=$(mktemp -d)
one="image: cc-ci/nginx:1.26
    command: [sleep, infinity]
    stop_grace_period: 1s
    deploy: {endpoint_mode: dnsrr}"
printf 'version: "3.8"\nservices:\n  x:\n    %s\n' "$one" >"$d/one.yml"
printf 'version: "3.8"\nservices:\n  x:\n    %s\n  y:\n    %s\n' "$one" "$one" >"$d/two.yml"
n=neighbour-known
trap 'docker stack rm "$n" >/dev/null 2>&1; rm -rf "$d"; exit 0' TERM INT
docker stack deploy -c "$d/one.yml" "$n" >/dev/null 2>&1
while :; do docker stack deploy -c "$d/two.yml" "$n" >/dev/null 2>&1; sleep 1; docker service rm "${n}_y" >/dev/null 2>&1; sleep 1; done
