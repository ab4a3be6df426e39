#!/bin/bash
# backup: dumps the database into its volume; restore: brings the database back from that dump.
set -euo pipefail

dump="$PGDATA/backup.sql"
export PGOPTIONS=--client-min-messages=warning

backup() {
  pg_dump --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --file="$dump.part"
  mv "$dump.part" "$dump"
}

restore() {
  sql() { psql --username="$POSTGRES_USER" --dbname=postgres --quiet --set=ON_ERROR_STOP=1 --command="$1"; }
  sql "DROP DATABASE IF EXISTS $POSTGRES_DB WITH (FORCE)"
  sql "CREATE DATABASE $POSTGRES_DB"
  psql --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --quiet --set=ON_ERROR_STOP=1 --file="$dump" >/dev/null
}

"$@"
