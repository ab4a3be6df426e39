<?php
// Installs the site when the database holds none, and else changes the database to the schema of this version.
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = getenv('DOMAIN');
$_SERVER['HTTP_X_FORWARDED_PROTO'] = 'https';

// In place of WordPress's own, which would send a mail.
function wp_new_blog_notification($title, $url, $user, $password) {
}

require '/usr/share/wordpress/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

if (!is_blog_installed()) {
    $password = trim(file_get_contents(getenv('ADMIN_PASSWORD_FILE')));
    wp_install(getenv('SITE_TITLE'), getenv('ADMIN_USERNAME'), getenv('ADMIN_EMAIL'), false, '', $password);
    echo "installed, database schema $wp_db_version\n";
} else {
    $before = (int) get_option('db_version');
    wp_upgrade();
    wp_cache_flush();
    echo "database schema $before -> ", get_option('db_version'), "\n";
    if ((int) get_option('db_version') !== (int) $wp_db_version) {
        exit(1);
    }
}
