#!/bin/bash
# Logs in through the form, as a person does.
set -euo pipefail
jar=$(mktemp)
token=$(curl --fail --silent --show-error --cookie-jar "$jar" "$CC_CI_BASE_URL/" | sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' | head -n 1)
page=$(curl --fail --silent --show-error --location --cookie "$jar" --cookie-jar "$jar" \
  --data-urlencode "csrf=$token" --data-urlencode username=admin \
  --data-urlencode "password@$CC_CI_SECRETS_DIR/admin_pass" "$CC_CI_BASE_URL/login")
grep -q 'href="/logout"\|action="/logout"' <<<"$page" || { echo "no way to log out on the page after login:"; head -c 600 <<<"$page"; exit 1; }
