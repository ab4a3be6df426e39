#!/bin/bash
# The new version signs with the key of the old one: tokens that apps hold stay good.
set -euo pipefail
key=$(curl --fail --silent --show-error "$CC_CI_BASE_URL/.well-known/openid-configuration" | jq --raw-output .jwks_uri |
  xargs curl --fail --silent --show-error | jq --raw-output '.keys[0].kid')
before=$(<"$CC_CI_STATE_DIR/key")
echo "key $before -> $key"
[ "$key" = "$before" ]
