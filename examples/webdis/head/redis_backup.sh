#!/bin/bash
# backup: a whole copy of what is in memory; restore: brings it back from there, while the server runs.
set -euo pipefail

copy=/data/backup.rdb
REDISCLI_AUTH=$(<"$REDIS_PASSWORD_FILE")
export REDISCLI_AUTH

backup() {
  redis-cli --rdb "$copy.part"
  mv "$copy.part" "$copy"
}

# At a start the server reads its log of changes and no copy. So a second server loads the copy, and the first one follows it
# for a moment: it takes over everything at once and begins a new log.
restore() {
  second=/tmp/second.sock
  redis-server --port 6390 --bind 127.0.0.1 --unixsocket "$second" --dir /data --dbfilename "${copy##*/}" --save '' --appendonly no \
    --requirepass "$REDISCLI_AUTH" --repl-diskless-sync-delay 0 --daemonize yes >/dev/null
  until redis-cli -s "$second" ping 2>/dev/null | grep -q PONG; do sleep 0.05; done
  redis-cli -e config set masterauth "$REDISCLI_AUTH" >/dev/null
  redis-cli -e replicaof 127.0.0.1 6390 >/dev/null
  until redis-cli info replication | grep -q master_link_status:up; do sleep 0.05; done
  redis-cli -e replicaof no one >/dev/null
  redis-cli -s "$second" shutdown nosave
}

"$@"
