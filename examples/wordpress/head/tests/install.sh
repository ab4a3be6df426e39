#!/bin/bash
# Writes a post and uploads a file as the administrator, for the later tiers to find.
set -euo pipefail
source "${BASH_SOURCE%/*}/session"
login
rest /wp/v2/posts --json '{"title":"Kept by cc-ci","content":"Written at base.","status":"publish"}' | jq -re .id >"$CC_CI_STATE_DIR/post"
printf 'uploaded at base' >/tmp/kept.txt
rest /wp/v2/media --header 'Content-Disposition: attachment; filename=kept.txt' --header 'Content-Type: text/plain' \
  --data-binary @/tmp/kept.txt | jq -re .source_url >"$CC_CI_STATE_DIR/file"
echo "post $(<"$CC_CI_STATE_DIR/post"), file $(<"$CC_CI_STATE_DIR/file")"
