#!/bin/sh
# meanwhile.sh: start it in the background before the run and end it after; it removes what it made.
set -u
d=$(mktemp -d)
printf 'version: "3.8"\nservices:\n  x:\n    image: cc-ci/nginx:1.26\n    command: [sleep, infinity]\n    stop_grace_period: 1s\n    deploy: {endpoint_mode: dnsrr}\n' >"$d/c.yml"
n=neighbour-gone
trap 'docker stack rm "$n" >/dev/null 2>&1; rm -rf "$d"; exit 0' TERM INT
docker stack deploy -c "$d/c.yml" "$n" >/dev/null 2>&1
while :; do sleep 1; docker stack rm "$n" >/dev/null 2>&1; sleep 2; docker stack deploy -c "$d/c.yml" "$n" >/dev/null 2>&1; done
