#!/bin/bash
# A draft is seen by its author and by nobody else.
set -euo pipefail
source "${BASH_SOURCE%/*}/../session"
login
draft=$(rest /wp/v2/posts --json '{"title":"A draft","status":"draft"}' | jq -re .id)
[ "$(rest "/wp/v2/posts/$draft" | jq -r .status)" = draft ]
code=$(curl --silent --output /dev/null --write-out '%{http_code}' "$CC_CI_BASE_URL/index.php?rest_route=/wp/v2/posts/$draft")
[ "$code" = 401 ] || { echo "a stranger gets $code for a draft"; exit 1; }
