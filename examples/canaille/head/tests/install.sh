#!/bin/bash
# The provider names itself by its address with TLS and publishes its key; upgrade.sh must find the same key.
set -euo pipefail
get() { curl --fail --silent --show-error "$1"; }
discovery=$(get "$CC_CI_BASE_URL/.well-known/openid-configuration")
issuer=$(jq --raw-output .issuer <<<"$discovery")
[ "$issuer" = "$CC_CI_BASE_URL" ] || { echo "the issuer is $issuer, not $CC_CI_BASE_URL"; exit 1; }
key=$(get "$(jq --raw-output .jwks_uri <<<"$discovery")" | jq --raw-output '.keys[0] | select(.kty == "RSA" and (has("d") | not)) | .kid')
[ -n "$key" ] || { echo "no public RSA key is published"; exit 1; }
echo "$key" >"$CC_CI_STATE_DIR/key"
echo "issuer $issuer, key $key"
