#!/bin/bash
# backup: dumps the database into its volume; restore: brings the database back from that dump.
set -euo pipefail

dump="$PGDATA/backup.sql"
export PGOPTIONS=--client-min-messages=warning

backup() {
  pg_dump --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --file="$dump.part"
  mv "$dump.part" "$dump"
}

# Into a new database that then takes the name: sessions of the running app never see a half-restored one.
restore() {
  sql() { psql --username="$POSTGRES_USER" --dbname=postgres --quiet --set=ON_ERROR_STOP=1 --command="$1"; }
  sql "DROP DATABASE IF EXISTS ${POSTGRES_DB}_restored"
  sql "CREATE DATABASE ${POSTGRES_DB}_restored"
  psql --username="$POSTGRES_USER" --dbname="${POSTGRES_DB}_restored" --quiet --set=ON_ERROR_STOP=1 --single-transaction --file="$dump" >/dev/null
  sql "DROP DATABASE IF EXISTS $POSTGRES_DB WITH (FORCE)"
  sql "ALTER DATABASE ${POSTGRES_DB}_restored RENAME TO $POSTGRES_DB"
}

"$@"
