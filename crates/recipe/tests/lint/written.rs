//! Variants whose `abra.sh`, compose files, configs or secrets are written wrongly.

use crate::families::Variant;
use crate::shop::Edit::{Fill, Remove, Swap, Tag, Untagged, Write};
use cc_ci_recipe::version::TagKind::Lightweight;

/// abra's own.
pub(crate) const ABRA: &[Variant] = &[
    (
        "R001 another version",
        &[
            Swap("compose.yml", "version: \"3.8\"", "version: \"3.9\""),
            Swap("compose.smtp.yml", "version: \"3.8\"", "version: \"3.9\""),
        ],
    ),
    (
        "R001 no version",
        &[Swap("compose.yml", "version: \"3.8\"\n", ""), Swap("compose.smtp.yml", "version: \"3.8\"\n", "")],
    ),
    (
        "R002 a service without health check",
        &[Swap("compose.yml", "    healthcheck:\n      test: [\"CMD\", \"pg_isready\"]\n      interval: 30s\n", "")],
    ),
    ("R003 and R004 no tag", &[Swap("compose.yml", "example/shop:1.27.2", "host:5000/shop")]),
    ("R004 latest", &[Swap("compose.yml", "example/shop:1.27.2", "example/shop:latest")]),
    ("R005 a name", &[Swap("compose.yml", "postgres:16.4", "postgres:bookworm")]),
    (
        "a digest is a tag",
        &[Swap(
            "compose.yml",
            "example/shop:1.27.2",
            "example/shop@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        )],
    ),
    ("R006 nothing published", &[Untagged]),
    (
        "R007 a line is missing, one is empty",
        &[Swap("README.md", "* **Tests**: 2\n", ""), Swap("README.md", "**Email**: N/A", "**Email**:")],
    ),
    ("R007 the image has no link", &[Swap("README.md", "[`shop`](https://shop.example.com), 4, upstream", "shop")]),
    ("R007 the image has no source", &[Swap("README.md", ", 4, upstream", ", 4")]),
    ("R007 no block", &[Write("README.md", "# Shop\n")]),
    ("R007 no README", &[Remove("README.md")]),
    ("R008 no sample", &[Remove(".env.sample")]),
    ("R009 no app", &[Swap("compose.yml", "  app:\n", "  web:\n"), Swap("compose.smtp.yml", "  app:\n", "  web:\n")]),
    ("R010 not routed", &[Swap("compose.yml", "traefik.enable=true", "traefik.enable=false")]),
    (
        "R010 does not apply without DOMAIN",
        &[
            Swap("compose.yml", "traefik.enable=true", "traefik.enable=false"),
            Swap(".env.sample", "DOMAIN=shop.example.com\n", ""),
            Swap("compose.yml", "      - DOMAIN\n", ""),
            Swap("compose.yml", "Host(`${DOMAIN}`${EXTRA_DOMAINS})", "Host(`a.example`)"),
        ],
    ),
    (
        "R011 an overlay adds to a service that is gone",
        &[Swap(
            "compose.smtp.yml",
            "services:\n",
            "services:\n  sidekiq:\n    environment:\n      - SMTP_HOST\n    healthcheck:\n      disable: true\n",
        )],
    ),
    ("R012 no abra.sh", &[Remove("abra.sh")]),
    ("R014 a lightweight tag", &[Tag("nightly", Lightweight)]),
    (
        "R015 a long secret id",
        &[
            Swap("compose.yml", "secrets:\n  db_password:\n    external", "secrets:\n  db_password:\n    external"),
            Swap("compose.smtp.yml", "secrets: [smtp_pass]", "secrets: [smtp_password]"),
            Swap("compose.smtp.yml", "  smtp_pass:\n", "  smtp_password:\n"),
            Swap("smtp.conf.tmpl", "smtp_pass", "smtp_password"),
        ],
    ),
];

pub(crate) const COMPOSE: &[Variant] = &[
    ("CC001 not YAML", &[Swap("compose.yml", "  app:\n", "  app: [\n")]),
    ("CC001 an unknown network", &[Swap("compose.yml", "[proxy, internal]", "[prox, internal]")]),
    ("CC001 an unknown key in an overlay", &[Swap("compose.smtp.yml", "    environment:\n", "    enviroment:\n")]),
    ("CC001 a file that is not there", &[Remove("pg_backup.sh")]),
    ("CC001 a line that is no assignment", &[Swap(".env.sample", "TYPE=shop\n", "TYPE=shop\nhello there\n")]),
    ("CC002 a number in octal", &[Swap("compose.yml", "POSTGRES_DB: shop", "POSTGRES_DB: 0755")]),
    ("CC002 an export that is computed", &[Swap("abra.sh", "PG_BACKUP_VERSION=v1", "PG_BACKUP_VERSION=v1-$(date)")]),
    (
        "CC002 a variable twice",
        &[Swap("compose.yml", "      - DB_HOST=db\n", "      - DB_HOST=db\n      - DB_HOST=db.\n")],
    ),
    (
        "CC002 a label twice",
        &[Swap(
            "compose.yml",
            "        - \"traefik.docker.network=proxy\"\n",
            "        - \"traefik.docker.network=internal\"\n        - \"traefik.docker.network=proxy\"\n",
        )],
    ),
    ("CC002 a timeout that is no number", &[Swap("compose.yml", "timeout=${TIMEOUT:-120}", "timeout=two minutes")]),
    (
        "CC401 a documented overlay adds to another's service",
        &[
            Swap(".env.sample", "#SMTP_HOST", "#COMPOSE_FILE=\"$COMPOSE_FILE:compose.tune.yml\"\n#SMTP_HOST"),
            Write("compose.tune.yml", "version: \"3.8\"\nservices:\n  search:\n    environment:\n      - A=1\n"),
            Write(
                "compose.search.yml",
                "version: \"3.8\"\nservices:\n  search:\n    image: search:1.0\n    healthcheck:\n      test: [\"CMD\", \"x\"]\n",
            ),
        ],
    ),
    (
        "CC401 is not said when they are documented together",
        &[
            Swap(
                ".env.sample",
                "#SMTP_HOST",
                "#COMPOSE_FILE=\"$COMPOSE_FILE:compose.search.yml:compose.tune.yml\"\n#SMTP_HOST",
            ),
            Write("compose.tune.yml", "version: \"3.8\"\nservices:\n  search:\n    environment:\n      - A=1\n"),
            Write(
                "compose.search.yml",
                "version: \"3.8\"\nservices:\n  search:\n    image: search:1.0\n    healthcheck:\n      test: [\"CMD\", \"x\"]\n",
            ),
        ],
    ),
    (
        "CC401 an overlay in a folder, which R011 does not see",
        &[Write("tuning/compose.tune.yml", "version: \"3.8\"\nservices:\n  search:\n    environment:\n      - A=1\n")],
    ),
    (
        "CC402 in a duration",
        &[Swap("compose.yml", "pg_isready\"]\n      interval: 30s", "pg_isready\"]\n      interval: ${CHECK:-30s}")],
    ),
    (
        "CC402 in a number",
        &[Swap(
            "compose.yml",
            "    deploy:\n      labels:\n        - ",
            "    deploy:\n      replicas: ${REPLICAS:-1}\n      labels:\n        - ",
        )],
    ),
    (
        "CC402 in an overlay",
        &[Swap(
            "compose.smtp.yml",
            "    environment:\n",
            "    stop_grace_period: \"${GRACE:-10s}\"\n    environment:\n",
        )],
    ),
    ("CC403 a variable tag", &[Swap("compose.yml", "example/shop:1.27.2", "example/shop:${SHOP_VERSION:-1.27.2}")]),
    ("CC403 a variable image", &[Swap("compose.yml", "postgres:16.4", "${DB_IMAGE:-postgres:16.4}")]),
    (
        "CC404 restart and container_name",
        &[Swap(
            "compose.yml",
            "    image: postgres:16.4\n",
            "    image: postgres:16.4\n    restart: unless-stopped\n    container_name: db\n",
        )],
    ),
    ("CC404 build in an overlay", &[Swap("compose.smtp.yml", "  app:\n", "  app:\n    build: .\n")]),
];

pub(crate) const CONFIGS: &[Variant] = &[
    ("CC101 a template changed", &[Write("app.conf.tmpl", "title {{ env \"SHOP_TITLE\" }}\n")]),
    ("CC101 a script changed", &[Write("pg_backup.sh", "pg_dump --clean shop\n")]),
    ("CC101 a config of an overlay changed", &[Write("smtp.conf.tmpl", "host {{ env \"SMTP_HOST\" }}\n")]),
    (
        "CC101 two changed, one version was raised",
        &[
            Write("app.conf.tmpl", "new\n"),
            Write("pg_backup.sh", "new\n"),
            Swap("abra.sh", "APP_CONF_VERSION=v3", "APP_CONF_VERSION=v4"),
        ],
    ),
    (
        "CC101 the wrong version was raised",
        &[Write("app.conf.tmpl", "new\n"), Swap("abra.sh", "PG_BACKUP_VERSION=v1", "PG_BACKUP_VERSION=v2")],
    ),
    (
        "CC101 another file under the same name",
        &[
            Write("conf/app.tmpl", "new\n"),
            Remove("app.conf.tmpl"),
            Swap("compose.yml", "file: app.conf.tmpl", "file: conf/app.tmpl"),
        ],
    ),
    (
        "CC101 only the template driver changed",
        &[Swap("compose.yml", "    file: app.conf.tmpl\n    template_driver: golang\n", "    file: app.conf.tmpl\n")],
    ),
    (
        "CC101 the version comes from the compose file",
        &[
            Write("pg_backup.sh", "new\n"),
            Swap("compose.yml", "pg_backup_${PG_BACKUP_VERSION}", "pg_backup_${PG_BACKUP_VERSION:-v1}"),
            Swap("abra.sh", "export PG_BACKUP_VERSION=v1\n", ""),
        ],
    ),
    (
        "nothing when the version was raised",
        &[Write("app.conf.tmpl", "new\n"), Swap("abra.sh", "APP_CONF_VERSION=v3", "APP_CONF_VERSION=v4")],
    ),
    (
        "nothing when only the file moved",
        &[
            Write("conf/pg_backup.sh", "pg_dump shop\n"),
            Remove("pg_backup.sh"),
            Swap("compose.yml", "file: pg_backup.sh", "file: conf/pg_backup.sh"),
        ],
    ),
    ("CC102 a config is gone", &[Swap("abra.sh", "export PG", "export OLD_CONF_VERSION=v2\nexport PG")]),
    ("CC102 the name is misspelt", &[Swap("compose.yml", "${APP_CONF_VERSION}", "${APP_CNF_VERSION:-v3}")]),
    ("CC103 another default", &[Swap("compose.yml", "${PG_BACKUP_VERSION}", "${PG_BACKUP_VERSION:-v3}")]),
    (
        "CC104 no version in the name",
        &[Swap("compose.yml", "${STACK_NAME}_pg_backup_${PG_BACKUP_VERSION}", "${STACK_NAME}_pg_backup")],
    ),
    ("CC104 no name", &[Swap("compose.yml", "    name: ${STACK_NAME}_pg_backup_${PG_BACKUP_VERSION}\n", "")]),
    ("CC105 no value", &[Swap("abra.sh", "export APP_CONF_VERSION=v3\n", "")]),
    (
        "CC106 not mounted",
        &[Swap(
            "compose.yml",
            "    configs:\n      - {source: pg_backup, mode: 0555,\n         target: /pg_backup.sh}\n",
            "",
        )],
    ),
    ("CC107 CC101 of 512,000 bytes", &[Fill("app.conf.tmpl", 512_000)]),
    ("CC001 CC107 CC101 of more than the engine takes", &[Fill("app.conf.tmpl", 1_024_000)]),
    (
        "CC107 does not apply to a byte less, with a new version",
        &[Fill("app.conf.tmpl", 511_999), Swap("abra.sh", "APP_CONF_VERSION=v3", "APP_CONF_VERSION=v4")],
    ),
    ("CC001 CC101 an empty config", &[Write("app.conf.tmpl", "")]),
];

pub(crate) const SECRETS: &[Variant] = &[
    ("CC201 no version", &[Swap(".env.sample", "SECRET_DB_PASSWORD_VERSION=v1 # length=32 charset=hex\n", "")]),
    (
        "CC201 commented, and the file is on by default",
        &[Swap(".env.sample", "SECRET_DB_PASSWORD", "#SECRET_DB_PASSWORD")],
    ),
    ("CC201 misspelt", &[Swap(".env.sample", "SECRET_DB_PASSWORD_VERSION", "SECRET_DB_PASSWORD_VERSON")]),
    ("CC201 empty", &[Swap(".env.sample", "SECRET_DB_PASSWORD_VERSION=v1", "SECRET_DB_PASSWORD_VERSION=")]),
    (
        "CC201 the overlay is on and its version commented",
        &[Swap(".env.sample", "COMPOSE_FILE=\"compose.yml\"", "COMPOSE_FILE=\"compose.yml:compose.smtp.yml\"")],
    ),
    (
        "CC201 an optional overlay's version is nowhere",
        &[Swap(".env.sample", "#SECRET_SMTP_PASS_VERSION=v1 # generate=false\n", "")],
    ),
    (
        "CC202 a secret's name",
        &[Swap("compose.smtp.yml", "${STACK_NAME}_smtp_pass_${", "${STACK_NAME}_smtp_password_of_the_relay_${")],
    ),
    (
        "CC202 a config's name",
        &[Swap("compose.yml", "${STACK_NAME}_pg_backup_${", "${STACK_NAME}_pg_backup_and_restore_${")],
    ),
    ("CC203 an alphabet", &[Swap(".env.sample", "charset=hex", "charset=base64")]),
    ("CC203 a misspelt length", &[Swap(".env.sample", "length=32", "lenght=32")]),
    (
        "CC204 not mounted",
        &[
            Swap("compose.smtp.yml", "    secrets: [smtp_pass]\n", ""),
            Write("smtp.conf.tmpl", "host {{ env \"SMTP_HOST\" }}\n"),
        ],
    ),
    (
        "CC205 a template reads what is not mounted",
        &[Write("app.conf.tmpl", "title {{ env \"SHOP_TITLE\" }}\nkey {{ secret \"api_key\" }}\n")],
    ),
];
