#!/bin/bash
# The new version answers where the old one did.
set -euo pipefail
source "${BASH_SOURCE%/*}/mumble"
before=$(<"$CC_CI_STATE_DIR/version") now=$(version)
echo "Mumble $before -> $now"
[[ $now = 1.5.* ]]
