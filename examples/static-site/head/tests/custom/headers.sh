#!/bin/bash
# Every page carries the two security headers; text is compressed.
set -euo pipefail
headers=$(curl --fail --silent --show-error --head --header 'Accept-Encoding: gzip' "$CC_CI_BASE_URL/" | tr -d '\r')
for want in 'x-content-type-options: nosniff' 'referrer-policy: same-origin' 'content-encoding: gzip'; do
  grep -qix "$want" <<<"$headers" || { printf 'missing "%s" in:\n%s\n' "$want" "$headers"; exit 1; }
done
