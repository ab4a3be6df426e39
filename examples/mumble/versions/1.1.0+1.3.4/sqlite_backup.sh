#!/bin/bash
# backup: a whole copy of the database; restore: brings it back. Both while the server runs, with SQLite's own locks.
set -euo pipefail

database=/data/mumble.sqlite
copy=/data/backup.sqlite

backup() {
  rm -f "$copy.part"
  sqlite3 -cmd '.timeout 10000' "$database" ".backup $copy.part"
  mv "$copy.part" "$copy"
}

# The server keeps channels in memory until its next start; users and passwords it reads each time.
restore() {
  sqlite3 -cmd '.timeout 10000' "$database" ".restore $copy"
}

"$@"
