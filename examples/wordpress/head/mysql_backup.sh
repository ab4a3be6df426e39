#!/bin/bash
# backup: dumps the database into its volume; restore: brings the database back from that dump.
set -euo pipefail

dump=/var/lib/mysql/backup.sql.gz
MYSQL_PWD=$(<"$MARIADB_ROOT_PASSWORD_FILE")
export MYSQL_PWD

backup() {
  mariadb-dump --user=root --single-transaction --routines --add-drop-table "$MARIADB_DATABASE" | gzip >"$dump.part"
  mv "$dump.part" "$dump"
}

# Into an empty database: tables made since the dump do not stay.
restore() {
  gzip --test "$dump"
  mariadb --user=root --execute="DROP DATABASE IF EXISTS \`$MARIADB_DATABASE\`; CREATE DATABASE \`$MARIADB_DATABASE\`"
  gunzip --stdout "$dump" | mariadb --user=root "$MARIADB_DATABASE"
}

"$@"
