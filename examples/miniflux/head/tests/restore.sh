#!/bin/bash
# The restored database has the schema of the running version, not that of an older dump.
set -euo pipefail
source "${BASH_SOURCE%/*}/schema"
now=$(schema_version)
echo "schema $now"
[ "$now" = 135 ]
