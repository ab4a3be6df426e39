#!/bin/bash
# backup: a copy of the database; restore: brings it back.
set -euo pipefail

database=/data/mumble.sqlite
copy=/data/backup.sqlite

backup() {
  cp "$database" "$copy"
}

# The server keeps channels in memory until its next start; users and passwords it reads each time.
restore() {
  sqlite3 -cmd '.timeout 10000' "$database" ".restore $copy"
}

"$@"
