#!/bin/bash
# SuperUser gets in with the secret and with nothing else.
set -euo pipefail
source "${BASH_SOURCE%/*}/../mumble"
good=$(login SuperUser "$(<"$CC_CI_SECRETS_DIR/super_pass")")
grep -qx 5 <<<"$good" || { echo "no login; the server sent messages of types" $good; exit 1; }
bad=$(login SuperUser wrong)
grep -qx 4 <<<"$bad" || { echo "a wrong password is not refused; the server sent messages of types" $bad; exit 1; }
