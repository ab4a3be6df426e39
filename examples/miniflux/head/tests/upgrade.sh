#!/bin/bash
# The new version must have migrated the database that the old one made.
set -euo pipefail
source "${BASH_SOURCE%/*}/schema"
before=$(<"$CC_CI_STATE_DIR/schema")
now=$(schema_version)
echo "schema $before -> $now"
[ "$now" = 135 ] && [ "$before" -lt "$now" ]
