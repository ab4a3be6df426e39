<?php
// Settings from the environment, names as in the usual wordpress image; NAME_FILE names a file that holds the value.
function cc_setting(string $name, string $default = ''): string {
    $file = getenv($name . '_FILE');
    if ($file !== false && $file !== '') {
        return trim(file_get_contents($file));
    }
    $value = getenv($name);
    return $value === false ? $default : $value;
}

define('DB_NAME', cc_setting('WORDPRESS_DB_NAME', 'wordpress'));
define('DB_USER', cc_setting('WORDPRESS_DB_USER', 'wordpress'));
define('DB_PASSWORD', cc_setting('WORDPRESS_DB_PASSWORD'));
define('DB_HOST', cc_setting('WORDPRESS_DB_HOST', 'db'));
define('WP_HOME', cc_setting('WORDPRESS_URL'));
define('WP_SITEURL', cc_setting('WORDPRESS_URL'));
define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
define('AUTH_KEY', hash('sha256', 'auth' . DB_PASSWORD));
define('SECURE_AUTH_KEY', hash('sha256', 'secure-auth' . DB_PASSWORD));
define('LOGGED_IN_KEY', hash('sha256', 'logged-in' . DB_PASSWORD));
define('NONCE_KEY', hash('sha256', 'nonce' . DB_PASSWORD));
// No calls home, no changes to the image's own files; the recipe's updates are the only ones.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISALLOW_FILE_MODS', true);
define('DISABLE_WP_CRON', true);
$table_prefix = 'wp_';
// Behind a proxy that ends TLS.
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
    $_SERVER['HTTPS'] = 'on';
}
