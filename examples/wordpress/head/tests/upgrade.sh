#!/bin/bash
# What the old version kept is there, and the database has the schema of the new one: as long as it has not, the administrator is
# sent to the page that changes it.
set -euo pipefail
source "${BASH_SOURCE%/*}/session"
source "${BASH_SOURCE%/*}/kept"
login
kept
to=$(ask --output /dev/null --write-out '%{http_code} %{redirect_url}' "$CC_CI_BASE_URL/wp-admin/")
[ "$to" = '200 ' ] || { echo "the dashboard answers $to: the database was not changed to the new schema"; exit 1; }
echo "post and file of the old version are there, the schema is the new one"
