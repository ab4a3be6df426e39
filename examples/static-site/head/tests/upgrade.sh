#!/bin/bash
# The upgrade must have changed what serves.
set -euo pipefail
before=$(<"$CC_CI_STATE_DIR/server")
now=$(curl --fail --silent --show-error --output /dev/null --write-out '%header{server}' "http://tasks.${CC_CI_STACK}_app/")
echo "$before -> $now"
[[ $now == nginx/1.26.* && $now != "$before" ]]
