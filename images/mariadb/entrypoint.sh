#!/bin/bash
# Initialises /var/lib/mysql when it holds no database, then becomes the server. Nothing listens before all is complete.
set -euo pipefail
[ "${1:-}" = mariadbd ] || exec "$@"
shift

data=/var/lib/mysql
# value NAME: of MARIADB_NAME or the file MARIADB_NAME_FILE names; else of MYSQL_NAME likewise.
value() {
  local prefix variable file
  for prefix in MARIADB MYSQL; do
    variable=${prefix}_$1 file=${prefix}_$1_FILE
    if [ -n "${!variable:-}" ]; then printf %s "${!variable}"; return; fi
    if [ -n "${!file:-}" ]; then cat "${!file}"; return; fi
  done
}
# quoted TEXT: as a string of SQL.
quoted() { printf "'%s'" "$(sed -e 's/\\/\\\\/g' -e "s/'/\\\\'/g" <<<"$1")"; }

install -d -o mysql -g mysql "$data" /run/mysqld
if [ ! -e "$data/.complete" ]; then
  root=$(value ROOT_PASSWORD)
  [ -n "$root" ] || { echo 'mariadb: set MARIADB_ROOT_PASSWORD_FILE or MARIADB_ROOT_PASSWORD to initialise the database' >&2; exit 1; }
  # An initialisation that was cut short is begun again, not served. A dump that a restore put here stays.
  rm -rf "$data"/{mysql,performance_schema,sys,aria_log*,ibdata1,ib_logfile*,ibtmp1,undo*}
  mariadb-install-db --user=mysql --datadir="$data" --skip-test-db --auth-root-authentication-method=normal >/dev/null
  user=$(value USER) password=$(value PASSWORD) database=$(value DATABASE)
  {
    echo 'FLUSH PRIVILEGES;'
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $(quoted "$root");"
    [ -z "$database" ] || echo "CREATE DATABASE IF NOT EXISTS \`$database\`;"
    if [ -n "$user" ]; then
      echo "CREATE USER IF NOT EXISTS $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$password");"
      [ -z "$database" ] || echo "GRANT ALL ON \`$database\`.* TO $(quoted "$user")@'%';"
    fi
  } | mariadbd --user=mysql --datadir="$data" --bootstrap >/dev/null
  touch "$data/.complete"
fi
exec mariadbd --user=mysql --datadir="$data" --socket=/run/mysqld/mysqld.sock --bind-address=0.0.0.0 "$@"
