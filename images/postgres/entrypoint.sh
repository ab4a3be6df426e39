#!/bin/bash
# Initialises PGDATA when it holds no cluster, then becomes the server. Nothing listens before the cluster is complete.
set -euo pipefail
[ "${1:-}" = postgres ] || exec "$@"

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
install -d -o postgres -g postgres -m 0700 "$PGDATA"
install -d -o postgres -g postgres -m 2775 /var/run/postgresql
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  password=${POSTGRES_PASSWORD:-}
  [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || password=$(<"$POSTGRES_PASSWORD_FILE")
  [ -n "$password" ] || { echo 'postgres: set POSTGRES_PASSWORD_FILE or POSTGRES_PASSWORD to initialise the database' >&2; exit 1; }
  # Made beside and moved in with PG_VERSION last: an initialisation that was cut short is begun again, not served.
  new=$PGDATA/.new
  if [ -e "$new" ]; then rm -rf "$new" "$PGDATA"/{base,global,pg_*,postgresql*.conf}; fi
  as_postgres mkdir -m 0700 "$new"
  pwfile=$(as_postgres mktemp -p /dev/shm)
  printf '%s\n' "$password" >"$pwfile"
  as_postgres initdb --pgdata="$new" --username="$user" --pwfile="$pwfile" \
    --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --no-locale --no-sync --no-instructions >/dev/null
  rm "$pwfile"
  echo 'host all all all scram-sha-256' >>"$new/pg_hba.conf"
  if [ "$database" != postgres ]; then
    printf 'CREATE DATABASE "%s";\n' "$database" | as_postgres postgres --single -D "$new" -F postgres >/dev/null
  fi
  find "$new" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" {} +
  mv "$new/PG_VERSION" "$PGDATA/PG_VERSION"
  rmdir "$new"
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups "$@" -D "$PGDATA" \
  -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql -c jit=off
