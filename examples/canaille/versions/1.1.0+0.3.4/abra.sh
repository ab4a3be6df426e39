export SQLITE_BACKUP_VERSION=v2

# Removes tokens and authorization codes that have expired: abra app cmd <domain> app remove_expired
remove_expired() {
  canaille clean
}
