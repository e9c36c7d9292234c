#!/usr/bin/env bash
# wordpress.sh prepare DIRECTORY BASE: a WordPress at DIRECTORY/root and this base path, with a
# database of its own, from Debian's packages.
# wordpress.sh start DIRECTORY BASE PORT: starts both. HOME_URL is WordPress's WP_HOME; empty, it is
# the host of the request.
set -euo pipefail
directory=$2 root=$2/root base=$3 socket=$2/db.sock

database() {
    /usr/sbin/mariadbd --no-defaults --datadir="$directory/db" --socket="$socket" \
        --pid-file="$directory/db.pid" --skip-networking --user="$(id -un)" --skip-grant-tables \
        --innodb-buffer-pool-size=32M >"$directory/db.log" 2>&1 &
    for _ in $(seq 600); do
        [ -S "$socket" ] && return
        sleep 0.1
    done
    cat "$directory/db.log" >&2
    exit 1
}

if [ "$1" = prepare ]; then
    mariadb-install-db --no-defaults --datadir="$directory/db" --user="$(id -un)" \
        --auth-root-authentication-method=normal >/dev/null
    mkdir -p "$root$base"
    cp -rL --no-preserve=mode /usr/share/wordpress/. "$root$base/" 2>/dev/null || true
    cat >"$root$base/wp-config.php" <<'PHP'
<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('SOCKET'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
// TLS ends before WordPress.
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') $_SERVER['HTTPS'] = 'on';
define('WP_HOME', getenv('HOME_URL') ?: 'https://' . ($_SERVER['HTTP_HOST'] ?? 'localhost') . getenv('BASE'));
define('WP_SITEURL', WP_HOME);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define("{$name}_KEY", "key $name");
    define("{$name}_SALT", "salt $name");
}
// Two trials comment within the 15 seconds of WordPress's limit.
$wp_filter['wp_is_comment_flood'][99][] = ['function' => '__return_false', 'accepted_args' => 1];
$table_prefix = 'wp_';
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
PHP
    database
    # The option --skip-grant-tables leaves all accounts out.
    php -r "mysqli_query(mysqli_connect('localhost', 'root', '', '', 0, '$socket'), 'CREATE DATABASE wordpress') || exit(1);"
    SOCKET=$socket BASE=$base php -d sendmail_path=/bin/true -r "
        define('WP_INSTALLING', true);
        require '$root$base/wp-load.php';
        require ABSPATH . 'wp-admin/includes/upgrade.php';
        wp_install('Trial blog', 'admin', 'admin@example.edu', true, '', 'admin');
        update_option('comment_previously_approved', 0);"
    kill "$(cat "$directory/db.pid")"
    wait
else
    database
    SOCKET=$socket BASE=$base PHP_CLI_SERVER_WORKERS=4 \
        exec php -S "127.0.0.1:$4" -t "$root"
fi
