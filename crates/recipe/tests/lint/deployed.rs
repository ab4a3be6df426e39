//! Variants whose routes, deploys or promises go wrong.

use crate::families::Variant;
use crate::shop::Edit::{Remove, Settings, Swap, Tests, Write};

const PORT: &str = "        - \"traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80\"\n";
const NETWORK: &str = "        - \"traefik.docker.network=proxy\"\n";
const RULE: &str = "rule=Host(`${DOMAIN}`${EXTRA_DOMAINS})";
const CHECK: &str = "      test: [\"CMD\", \"shop\", \"check\"]\n      interval: 30s\n    deploy:\n";
const LOGIN: &str = "        - \"traefik.http.routers.${STACK_NAME}.middlewares=login@file\"\n";
const AUTH: &str = "        - \"traefik.http.routers.${STACK_NAME}.middlewares=login@file,${STACK_NAME}-m@swarm\"\n        - \"traefik.http.middlewares.${STACK_NAME}-m.compress=true\"\n";

pub(crate) const ROUTES: &[Variant] = &[
    ("CC801 not on the proxy", &[Swap("compose.yml", "networks: [proxy, internal]", "networks: [internal]")]),
    ("CC801 a network of its own called proxy", &[Swap("compose.yml", "  proxy:\n    external: true", "  proxy:")]),
    ("CC802 no port", &[Swap("compose.yml", PORT, "")]),
    (
        "CC802 CC803 a port of something else",
        &[Swap("compose.yml", PORT, "        - \"traefik.http.routers.${STACK_NAME}.service=x\"\n")],
    ),
    (
        "CC803 unknown service",
        &[Swap(
            "compose.yml",
            NETWORK,
            "        - \"traefik.http.routers.${STACK_NAME}.service=web\"\n        - \"traefik.docker.network=proxy\"\n",
        )],
    ),
    (
        "CC803 unknown middleware",
        &[Swap("compose.yml", LOGIN, "        - \"traefik.http.routers.${STACK_NAME}.middlewares=login@file,a\"\n")],
    ),
    ("nothing for a middleware of another provider, and one of this", &[Swap("compose.yml", LOGIN, AUTH)]),
    (
        "nothing for a service of the proxy itself",
        &[Swap("compose.yml", PORT, "        - \"traefik.http.routers.${STACK_NAME}.service=noop@internal\"\n")],
    ),
    ("CC804 without backquotes", &[Swap("compose.yml", RULE, "rule=Host(${DOMAIN})")]),
    ("CC804 one backquote", &[Swap("compose.yml", RULE, "rule=Host(`${DOMAIN})")]),
    ("CC804 two rules without a sign between", &[Swap("compose.yml", RULE, "rule=Host(`${DOMAIN}`) Path(`/`)")]),
    ("CC805 several networks", &[Swap("compose.yml", NETWORK, "")]),
    (
        "nothing on one network",
        &[
            Swap("compose.yml", NETWORK, ""),
            Swap("compose.yml", "networks: [proxy, internal]", "networks: [proxy]"),
            Swap("compose.yml", "      - DB_HOST=db\n", ""),
        ],
    ),
];

pub(crate) const DEPLOYS: &[Variant] = &[
    ("CC411 a capital", &[Swap("compose.yml", "image: example/shop", "image: Example/shop")]),
    ("CC411 a short digest", &[Swap("compose.yml", "shop:1.27.2", "shop:1.27.2@sha256:abcd")]),
    (
        "CC412 a default in a default",
        &[Swap("compose.yml", "      - SHOP_TITLE\n", "      - SHOP_TITLE\n      - X=${SHOP_TITLE:-${DOMAIN}}\n")],
    ),
    ("CC413 a bridge", &[Swap("compose.yml", "  internal:\n\n", "  internal:\n    driver: bridge\n\n")]),
    (
        "CC415 watched too short",
        &[Swap(
            "compose.yml",
            CHECK,
            "      test: [\"CMD\", \"shop\", \"check\"]\n      interval: 30s\n    deploy:\n      update_config: {failure_action: rollback, monitor: 89s}\n",
        )],
    ),
    (
        "nothing when it is watched long enough",
        &[Swap(
            "compose.yml",
            CHECK,
            "      test: [\"CMD\", \"shop\", \"check\"]\n      interval: 30s\n    deploy:\n      update_config: {failure_action: rollback, monitor: 90s}\n",
        )],
    ),
    (
        "CC416 a service becomes global",
        &[Swap(
            "compose.yml",
            "    deploy:\n      labels:\n        backupbot.backup: ",
            "    deploy:\n      mode: global\n      labels:\n        backupbot.backup: ",
        )],
    ),
    (
        "nothing when the mode is written out",
        &[Swap(
            "compose.yml",
            "    deploy:\n      labels:\n        backupbot.backup: ",
            "    deploy:\n      mode: replicated\n      labels:\n        backupbot.backup: ",
        )],
    ),
    (
        "CC417 a network is closed",
        &[Swap("compose.yml", "  internal:\n\n", "  internal:\n    internal: true\n    attachable: true\n\n")],
    ),
    (
        "CC417 a volume gets a driver",
        &[Swap("compose.yml", "  db:\n\nnetworks", "  db:\n    driver_opts: {type: tmpfs, device: tmpfs}\n\nnetworks")],
    ),
    (
        "nothing when the driver is the one that counts",
        &[Swap("compose.yml", "  internal:\n\n", "  internal:\n    driver: overlay\n\n")],
    ),
    (
        "CC418 a health check is switched off",
        &[Swap("compose.yml", "      test: [\"CMD\", \"shop\", \"check\"]\n", "      disable: true\n")],
    ),
    ("CC418 no test", &[Swap("compose.yml", "[\"CMD\", \"shop\", \"check\"]", "[\"NONE\"]")]),
    ("nothing when another check is asked", &[Swap("compose.yml", "\"shop\", \"check\"]", "\"shop\", \"alive\"]")]),
    (
        "R002 CC418 no health check any more",
        &[Swap(
            "compose.yml",
            "    healthcheck:\n      test: [\"CMD\", \"shop\", \"check\"]\n      interval: 30s\n",
            "",
        )],
    ),
    (
        "CC102 CC422 an optional file is gone",
        &[Remove("compose.smtp.yml"), Swap(".env.sample", "#COMPOSE_FILE=\"$COMPOSE_FILE:compose.smtp.yml\"\n", "")],
    ),
    (
        "CC423 on no network with its database",
        &[Swap("compose.yml", "networks: [proxy, internal]", "networks: [proxy]")],
    ),
    ("CC424 a name that nobody has", &[Swap("compose.yml", "DB_HOST=db", "DB_HOST=database")]),
    ("nothing for a host of the operator's", &[Swap("compose.yml", "DB_HOST=db", "DB_HOST=db.example.com")]),
    ("CC421 a guard is gone", &[Swap("compose.yml", LOGIN, "")]),
    (
        "nothing when another guard takes its place",
        &[Swap("compose.yml", "middlewares=login@file", "middlewares=sso@file")],
    ),
    ("nothing when a guard stays", &[Swap("compose.yml", LOGIN, AUTH)]),
    ("CC901 no setting", &[Settings("no setting has the name `helth`; did you mean `health`?")]),
    ("CC902 no execute bit", &[Tests("tests/custom/a.sh", "looks like a test and does not run: not executable")]),
    ("CC414 a line as one word", &[Swap("compose.yml", "[\"CMD\", \"shop\", \"check\"]", "[\"CMD\", \"shop check\"]")]),
    (
        "CC419 not started again",
        &[Swap(
            "compose.yml",
            CHECK,
            "      test: [\"CMD\", \"shop\", \"check\"]\n      interval: 30s\n    deploy:\n      restart_policy: {condition: none}\n",
        )],
    ),
    (
        "CC420 attempts for ever",
        &[Swap(
            "compose.yml",
            CHECK,
            "      test: [\"CMD\", \"shop\", \"check\"]\n      interval: 30s\n    deploy:\n      restart_policy: {condition: on-failure, max_attempts: 3}\n",
        )],
    ),
    (
        "nothing for attempts in a window",
        &[Swap(
            "compose.yml",
            CHECK,
            "      test: [\"CMD\", \"shop\", \"check\"]\n      interval: 30s\n    deploy:\n      restart_policy: {condition: on-failure, max_attempts: 3, window: 120s}\n",
        )],
    ),
    ("CC505 another upstream version", &[Swap("compose.yml", "version=1.1.0+1.27.2", "version=1.1.0+1.27.3")]),
    ("nothing for a tag with fewer numbers", &[Swap("compose.yml", "example/shop:1.27.2", "example/shop:1.27")]),
    ("nothing for a suffix of the tag", &[Swap("compose.yml", "example/shop:1.27.2", "example/shop:v1.27.2-alpine")]),
    (
        "CC504 the form of 2021",
        &[Swap(
            "compose.yml",
            NETWORK,
            "        - \"traefik.docker.network=proxy\"\n        - \"coop-cloud.${STACK_NAME}.app.version=1.2.3-6244e9fc\"\n",
        )],
    ),
];

pub(crate) const PROMISES: &[Variant] = &[
    ("CC309 a script that nobody can execute", &[Swap("compose.yml", "pg_backup, mode: 0555,", "pg_backup,")]),
    ("CC309 a mode in tens", &[Swap("compose.yml", "pg_backup, mode: 0555,", "pg_backup, mode: 0644,")]),
    (
        "nothing when a shell reads it",
        &[
            Swap("compose.yml", "pg_backup, mode: 0555,", "pg_backup,"),
            Swap("compose.yml", "\"/pg_backup.sh dump\"", "\"bash /pg_backup.sh dump\""),
            Swap("compose.yml", "\"/pg_backup.sh load\"", "\"sh -c '/bin/sh /pg_backup.sh load'\""),
        ],
    ),
    (
        "CC206 a password",
        &[Swap(
            "compose.yml",
            "      POSTGRES_DB: shop\n",
            "      POSTGRES_DB: shop\n      POSTGRES_PASSWORD: hunter2\n",
        )],
    ),
    (
        "nothing for a password from .env.sample",
        &[Swap(
            "compose.yml",
            "      POSTGRES_DB: shop\n",
            "      POSTGRES_DB: shop\n      X_PASSWORD: ${SHOP_TITLE}\n",
        )],
    ),
    (
        "CC307 the script is not mounted",
        &[Swap("compose.yml", "        target: /pg_backup.sh", "        target: /backup.sh")],
    ),
    ("CC307 the script of a restore", &[Swap("compose.yml", "\"/pg_backup.sh load\"", "\"sh -e /load.sh\"")]),
    (
        "nothing for a program of the image",
        &[Swap("compose.yml", "\"/pg_backup.sh load\"", "\"/usr/local/bin/load.sh\"")],
    ),
    ("CC308 beside the data", &[Swap("compose.yml", "db:/var/lib/postgresql/data", "db:/var/lib/postgres/data")]),
    ("CC605 a brace is missing", &[Write("app.conf.tmpl", "x {{ env \"DOMAIN\" }\n")]),
    ("CC605 no beginning", &[Write("app.conf.tmpl", "x {{ end }}\n")]),
    (
        "CC206 a token in a list",
        &[Swap("compose.yml", "      - SHOP_TITLE\n", "      - SHOP_TITLE\n      - API_TOKEN=a1b2c3\n")],
    ),
    ("CC605 no end", &[Write("app.conf.tmpl", "x {{ if eq (env \"DOMAIN\") \"x\" }}\n")]),
];
