export APP_ENTRYPOINT_VERSION=v1
export PG_BACKUP_VERSION=v2

# Asks for a new password of a user: abra app cmd <domain> app reset_password
reset_password() {
  miniflux -reset-password
}
