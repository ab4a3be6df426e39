export ENTRYPOINT_VERSION=v1
export UPDATE_DB_VERSION=v1
export MYSQL_BACKUP_VERSION=v2

# What every start does by itself: abra app cmd <domain> app update_db
update_db() {
  php /update_db.php
}
