#!/bin/bash
# Waits for the database, brings it to the schema of this version, then becomes the web server. WordPress by itself changes its
# schema only when an administrator visits /wp-admin/upgrade.php.
set -euo pipefail

until (exec 3<>"/dev/tcp/$WORDPRESS_DB_HOST/3306") 2>/dev/null; do sleep 0.2; done
php /update_db.php
exec apache2 -DFOREGROUND
