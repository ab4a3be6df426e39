//! Variants of the good recipe, by family of rules, with everything that lint says about each.

use crate::deployed::{DEPLOYS, PROMISES, ROUTES};
use crate::machine::MACHINE;
use crate::shop::Edit::{Fill, Remove, Swap, Tag, Untagged, Write};
use crate::shop::{Edit, Shop};
use crate::variables::VARIABLES;
use cc_ci_recipe::lint::{RuleCheck, rules, text};
use cc_ci_recipe::version::TagKind::{Annotated, Lightweight};
use std::collections::BTreeSet;

pub(crate) type Variant = (&'static str, &'static [Edit]);

/// What lint says about each variant, next to the good recipe as its base.
fn said(variants: &[Variant]) -> String {
    let mut lines = Vec::new();
    for (name, edits) in variants {
        lines.push((*name).to_owned());
        for finding in Shop::but(edits).against(&Shop::good()).findings {
            let hint = finding.hint.as_ref().map(|hint| format!("  [{hint}]")).unwrap_or_default();
            lines.push(format!("    {}{hint}", text::line(&finding)));
        }
    }
    lines.join("\n")
}

/// abra's own.
const ABRA: &[Variant] = &[
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

const COMPOSE: &[Variant] = &[
    ("CC001 not YAML", &[Swap("compose.yml", "  app:\n", "  app: [\n")]),
    ("CC001 an unknown network", &[Swap("compose.yml", "[proxy, internal]", "[prox, internal]")]),
    ("CC001 an unknown key in an overlay", &[Swap("compose.smtp.yml", "    environment:\n", "    enviroment:\n")]),
    ("CC001 a file that is not there", &[Remove("pg_backup.sh")]),
    ("CC001 a line that is no assignment", &[Swap(".env.sample", "TYPE=shop\n", "TYPE=shop\nhello there\n")]),
    ("CC002 a number in octal", &[Swap("compose.yml", "POSTGRES_DB: shop", "POSTGRES_DB: 0755")]),
    ("CC002 an export that is computed", &[Swap("abra.sh", "PG_BACKUP_VERSION=v1", "PG_BACKUP_VERSION=v1-$(date)")]),
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

const CONFIGS: &[Variant] = &[
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

const SECRETS: &[Variant] = &[
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

const LABELS: &[Variant] = &[
    (
        "CC301 backup labels outside deploy",
        &[Swap(
            "compose.yml",
            "    healthcheck:\n      test: [\"CMD\", \"pg_isready\"]",
            "    labels:\n      backupbot.backup: \"true\"\n    healthcheck:\n      test: [\"CMD\", \"pg_isready\"]",
        )],
    ),
    (
        "CC301 all labels of app outside deploy",
        &[Swap("compose.yml", "    deploy:\n      labels:\n        - ", "    labels:\n        - ")],
    ),
    (
        "CC301 a label of an overlay",
        &[Swap(
            "compose.smtp.yml",
            "  app:\n",
            "  app:\n    labels:\n      - \"traefik.http.middlewares.a.compress=true\"\n",
        )],
    ),
    ("CC302 an unknown key", &[Swap("compose.yml", "backupbot.backup.pre-hook", "backupbot.backup.command")]),
    ("CC302 a misspelt hook", &[Swap("compose.yml", "backupbot.restore.post-hook", "backupbot.restore.posthook")]),
    (
        "CC302 an unknown volume",
        &[Swap("compose.yml", "backupbot.backup.volumes.db.path", "backupbot.backup.volumes.dbs.path")],
    ),
    ("CC302 without the switch", &[Swap("compose.yml", "        backupbot.backup: \"true\"\n", "")]),
    (
        "CC303 every volume is excluded",
        &[
            Swap(
                "compose.yml",
                "        - \"backupbot.backup=true\"\n",
                "        - \"backupbot.backup=true\"\n        - \"backupbot.backup.volumes.uploads=false\"\n",
            ),
            Swap(
                "compose.yml",
                "        backupbot.backup: \"true\"\n        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n        backupbot.backup.volumes.db.path: \"backup.sql\"\n        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n",
                "        a: b\n",
            ),
        ],
    ),
    (
        "CC304 copied raw",
        &[Swap(
            "compose.yml",
            "        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n        backupbot.backup.volumes.db.path: \"backup.sql\"\n        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n",
            "",
        )],
    ),
    (
        "CC304 the path is lost",
        &[
            Swap("compose.yml", "        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n", ""),
            Swap("compose.yml", "        backupbot.backup.volumes.db.path: \"backup.sql\"\n", ""),
        ],
    ),
    ("CC305 never loaded", &[Swap("compose.yml", "        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n", "")]),
    (
        "CC306 the database is not labelled",
        &[Swap(
            "compose.yml",
            "        backupbot.backup: \"true\"\n        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n        backupbot.backup.volumes.db.path: \"backup.sql\"\n        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n",
            "        a: b\n",
        )],
    ),
    (
        "nothing when no backup is promised",
        &[
            Swap("compose.yml", "        - \"backupbot.backup=true\"\n", ""),
            Swap(
                "compose.yml",
                "        backupbot.backup: \"true\"\n        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n        backupbot.backup.volumes.db.path: \"backup.sql\"\n        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n",
                "        a: b\n",
            ),
        ],
    ),
];

const VERSIONS: &[Variant] = &[
    ("CC501 tagged with another version", &[Tag("1.2.0+1.27.2", Annotated)]),
    ("CC501 tagged, the upstream part differs", &[Tag("1.1.0+1.27.3", Annotated)]),
    (
        "CC501 tagged, no label",
        &[
            Tag("1.1.0+1.27.2", Annotated),
            Swap("compose.yml", "        - \"coop-cloud.${STACK_NAME}.version=1.1.0+1.27.2\"\n", ""),
        ],
    ),
    ("CC501 the lightweight tag too", &[Tag("2.0.0+1.27.2", Lightweight)]),
    ("nothing when label and tag agree", &[Tag("1.1.0+1.27.2", Annotated)]),
    ("nothing when one of two tags agrees", &[Tag("1.0.1+1.27.2", Annotated), Tag("1.1.0+1.27.2", Annotated)]),
    ("R014 a lightweight name of a commit", &[Tag("stable", Lightweight)]),
    ("CC503 an annotated tag that is no version", &[Tag("stable", Annotated)]),
    ("CC503 a version behind a v", &[Tag("v1.1.0+1.27.2", Annotated)]),
    ("CC503 and R014 the same, lightweight", &[Tag("v1.1.0+1.27.2", Lightweight)]),
    ("CC502 no label", &[Swap("compose.yml", "        - \"coop-cloud.${STACK_NAME}.version=1.1.0+1.27.2\"\n", "")]),
    ("CC502 empty", &[Swap("compose.yml", "version=1.1.0+1.27.2", "version=")]),
    ("CC502 no upstream part", &[Swap("compose.yml", "version=1.1.0+1.27.2", "version=1.1.0")]),
    ("CC502 a variable", &[Swap("compose.yml", "version=1.1.0+1.27.2", "version=${COOP_CLOUD_VERSION:-latest}")]),
    (
        "CC502 under a fixed stack name",
        &[Swap("compose.yml", "coop-cloud.${STACK_NAME}.version", "coop-cloud.myshop.version")],
    ),
];

const FAMILIES: [&[Variant]; 11] =
    [ABRA, COMPOSE, CONFIGS, SECRETS, LABELS, VERSIONS, VARIABLES, ROUTES, DEPLOYS, PROMISES, MACHINE];

#[test]
fn abra_rules() {
    insta::assert_snapshot!(said(ABRA));
}

#[test]
fn compose_files() {
    insta::assert_snapshot!(said(COMPOSE));
}

#[test]
fn what_the_machine_does_not_give() {
    insta::assert_snapshot!(said(MACHINE));
}

#[test]
fn configs() {
    insta::assert_snapshot!(said(CONFIGS));
}

#[test]
fn secrets() {
    insta::assert_snapshot!(said(SECRETS));
}

#[test]
fn labels_and_backups() {
    insta::assert_snapshot!(said(LABELS));
}

#[test]
fn versions() {
    insta::assert_snapshot!(said(VERSIONS));
}

#[test]
fn variables() {
    insta::assert_snapshot!(said(VARIABLES));
}

#[test]
fn routes() {
    insta::assert_snapshot!(said(ROUTES));
}

#[test]
fn deploys() {
    insta::assert_snapshot!(said(DEPLOYS));
}

#[test]
fn promises() {
    insta::assert_snapshot!(said(PROMISES));
}

/// The name of a variant begins with the rules that it breaks, and those are found in it.
#[test]
fn every_variant_breaks_the_rules_it_names_and_every_rule_is_broken() {
    let mut broken = BTreeSet::new();
    for (name, edits) in FAMILIES.into_iter().flatten() {
        let report = Shop::but(edits).against(&Shop::good());
        let named = name.split(' ').filter(|word| word.starts_with("R0") || word.starts_with("CC"));
        let named: Vec<&str> =
            named.filter(|_| !name.contains(" is not said ") && !name.contains(" not apply ")).collect();
        for rule in &named {
            let found = report.findings.iter().any(|finding| finding.rule == *rule);
            // A name may say which rule does not see it.
            assert!(found || name.contains(&format!("which {rule} does not see")), "{name}: {rule} is not found");
            broken.extend(found.then(|| (*rule).to_owned()));
        }
        let silent = name.starts_with("nothing") || name.starts_with("a digest") || name.contains(" not apply ");
        // Whose domain a fixed host is nobody can know without a DOMAIN.
        let fixed_host = |rule: &str| rule == "CC701" && *name == "R010 does not apply without DOMAIN";
        let quiet = report.findings.iter().all(|finding| fixed_host(&finding.rule));
        assert!(!silent || quiet, "{name}: {:?}", report.findings);
    }
    let checked = rules().into_iter().filter(|rule| matches!(rule.check, RuleCheck::Offline(_)));
    let checked: BTreeSet<String> = checked.map(|rule| rule.id.to_owned()).collect();
    assert_eq!(broken, checked);
}

#[test]
fn at_least_eight_variants_break_something_in_each_family() {
    for family in FAMILIES {
        let broken = family.iter().filter(|(_, edits)| !Shop::but(edits).against(&Shop::good()).findings.is_empty());
        assert!(broken.count() >= 8, "{}", family[0].0);
    }
}

#[test]
fn what_swarm_obeys_is_not_called_ignored() {
    let twins: [&[Edit]; 4] = [
        &[Swap("compose.yml", "    image: postgres:16.4\n", "    image: postgres:16.4\n    read_only: true\n")],
        &[Swap(
            "compose.smtp.yml",
            "    environment:\n",
            "    volumes: [{type: tmpfs, target: /run}]\n    networks: {internal: {aliases: [mailer]}}\n    environment:\n",
        )],
        &[Swap("compose.yml", "[\"CMD\", \"pg_isready\"]", "pg_isready")],
        &[Swap("compose.yml", "[\"CMD\", \"pg_isready\"]", "[\"CMD-SHELL\", \"pg_isready -q\"]")],
    ];
    for edits in twins {
        let found = Shop::but(edits).against(&Shop::good()).findings;
        let ignored = found.iter().filter(|finding| matches!(finding.rule.as_str(), "CC405" | "CC406" | "CC407"));
        let ignored = ignored.map(text::line);
        assert_eq!(ignored.collect::<Vec<_>>(), [""; 0]);
    }
}
