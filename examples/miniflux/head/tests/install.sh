#!/bin/bash
# Notes the schema version of the database, for upgrade.sh to compare with.
set -euo pipefail
source "${BASH_SOURCE%/*}/schema"
schema=$(schema_version)
[[ $schema =~ ^[0-9]+$ ]] || { echo "the schema version is not a number: '$schema'"; exit 1; }
echo "$schema" >"$CC_CI_STATE_DIR/schema"
echo "schema $schema"
