#!/bin/bash
# Notes which nginx serves, for upgrade.sh to compare with.
set -euo pipefail
server=$(curl --fail --silent --show-error --output /dev/null --write-out '%header{server}' "http://tasks.${CC_CI_STACK}_app/")
[[ $server == nginx/*.*.* ]] || { echo "no nginx version in the Server header: '$server'"; exit 1; }
echo "$server" >"$CC_CI_STATE_DIR/server"
echo "served by $server"
