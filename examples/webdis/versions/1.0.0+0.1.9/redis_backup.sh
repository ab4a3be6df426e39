#!/bin/bash
# backup: a whole copy of what is in memory; restore: puts it where a start finds it.
set -euo pipefail

copy=/data/backup.rdb
REDISCLI_AUTH=$(<"$REDIS_PASSWORD_FILE")
export REDISCLI_AUTH

backup() {
  redis-cli --rdb "$copy.part"
  mv "$copy.part" "$copy"
}

# The server has to be restarted afterwards: abra app restart <domain> db
restore() {
  redis-cli config set appendonly no >/dev/null
  rm -rf /data/appendonlydir
  cp "$copy" /data/dump.rdb
}

"$@"
