#!/bin/bash
# Becomes the server as user redis. Other containers may reach it: in a container the address says nothing about who asks.
set -euo pipefail
case ${1:-} in
  redis-server | -*) ;;
  *) exec "$@" ;;
esac
[ "$1" != redis-server ] || shift
chown redis:redis /data
settings=()
# The server takes a settings file as its first word only.
if [ -f "${1:-}" ]; then settings=("$1"); shift; fi
exec setpriv --reuid=redis --regid=redis --init-groups redis-server "${settings[@]}" --bind 0.0.0.0 --protected-mode no --dir /data "$@"
