#!/bin/bash
# SuperUser is in the restored database.
set -euo pipefail
source "${BASH_SOURCE%/*}/mumble"
login SuperUser "$(<"$CC_CI_SECRETS_DIR/super_pass")" | grep -qx 5
