//! Variants of the good recipe whose variables nobody gives a value.

use crate::families::Variant;
use crate::shop::Edit::{Remove, Swap, Write};

pub(crate) const VARIABLES: &[Variant] = &[
    (
        "CC701 asks for a capability",
        &[Swap("compose.yml", "services:\n  app:\n", "services:\n  app:\n    cap_add: [NET_ADMIN]\n")],
    ),
    ("CC601 in a label", &[Swap(".env.sample", "#EXTRA_DOMAINS=', `www.shop.example.com`'\n", "")]),
    ("CC601 taken over by a service", &[Swap(".env.sample", "SHOP_TITLE=\"A shop\"\n", "")]),
    ("CC601 in an overlay", &[Swap(".env.sample", "#SMTP_HOST=mail.example.com\n", "")]),
    ("CC601 in a value", &[Swap("compose.yml", "POSTGRES_DB: shop", "POSTGRES_DB: ${DB_NAME}")]),
    ("CC601 misspelt", &[Swap("compose.yml", "Host(`${DOMAIN}`", "Host(`${DOMIAN}`")]),
    ("nothing with a default", &[Swap("compose.yml", "POSTGRES_DB: shop", "POSTGRES_DB: ${DB_NAME:-shop}")]),
    (
        "nothing behind a doubled dollar, or in a comment",
        &[Swap("compose.yml", "POSTGRES_DB: shop", "POSTGRES_DB: $$shop # ${OLD}")],
    ),
    (
        "CC602 app does not have it",
        &[
            Write("app.conf.tmpl", "title {{ env \"SHOP_TITEL\" }}\npassword {{ secret \"db_password\" }}\n"),
            Swap("abra.sh", "v3", "v4"),
        ],
    ),
    (
        "CC602 another service does not have it",
        &[
            Write("pg_backup.sh", "pg_dump {{ env \"DOMAIN\" }} {{ env \"POSTGRES_DB\" }}\n"),
            Swap("abra.sh", "PG_BACKUP_VERSION=v1", "PG_BACKUP_VERSION=v2"),
            Swap("compose.yml", "    file: pg_backup.sh\n", "    file: pg_backup.sh\n    template_driver: golang\n"),
        ],
    ),
    (
        "nothing without a template driver",
        &[
            Write("pg_backup.sh", "pg_dump {{ env \"DOMAIN\" }}\n"),
            Swap("abra.sh", "PG_BACKUP_VERSION=v1", "PG_BACKUP_VERSION=v2"),
        ],
    ),
    (
        "CC603 a commented list",
        &[Swap(
            ".env.sample",
            "#COMPOSE_FILE=\"$COMPOSE_FILE:compose.smtp.yml\"",
            "#COMPOSE_FILE=\"$COMPOSE_FILE:compose.mail.yml\"",
        )],
    ),
    (
        "CC603 the list in force",
        &[Swap(".env.sample", "COMPOSE_FILE=\"compose.yml\"", "COMPOSE_FILE=\"compose.yml:compose.gone.yml\"")],
    ),
    ("CC603 the file is gone", &[Remove("compose.smtp.yml")]),
    (
        "CC604 a variable",
        &[Swap(".env.sample", "COMPOSE_FILE=\"compose.yml\"", "CRON_SECRET=x\nCOMPOSE_FILE=\"compose.yml\"")],
    ),
    (
        "nothing for one that a release note mentions",
        &[
            Swap(".env.sample", "COMPOSE_FILE=\"compose.yml\"", "CRON_SECRET=x\nCOMPOSE_FILE=\"compose.yml\""),
            Write("release/next", "Set CRON_SECRET.\n"),
        ],
    ),
    (
        "nothing for one with a default",
        &[
            Swap(".env.sample", "COMPOSE_FILE=\"compose.yml\"", "DB_NAME=shop\nCOMPOSE_FILE=\"compose.yml\""),
            Swap("compose.yml", "POSTGRES_DB: shop", "POSTGRES_DB: ${DB_NAME:-shop}"),
        ],
    ),
    ("nothing for a commented one", &[Swap(".env.sample", "#SMTP_HOST", "#SMTP_PORT=25\n#SMTP_HOST")]),
    (
        "CC604 a compose file that is on by default",
        &[Swap(".env.sample", "COMPOSE_FILE=\"compose.yml\"", "COMPOSE_FILE=\"compose.yml:compose.smtp.yml\"")],
    ),
    ("CC604 a secret's version", &[Swap(".env.sample", "PASSWORD_VERSION=v1", "PASSWORD_VERSION=v2")]),
];
