//! A recipe that lint has nothing to say about, and ways to break it.

use cc_ci_recipe::lint::{Beside, LintBase, LintInput, LintReport, Reading, lint};
use cc_ci_recipe::source::{Files, Problem};
use cc_ci_recipe::version::{Tag, TagKind};

const COMPOSE: &str = r#"version: "3.8"

services:
  app:
    image: example/shop:1.27.2
    networks: [proxy, internal]
    environment:
      - DOMAIN
      - SHOP_TITLE
      - DB_HOST=db
    configs:
      - source: app_conf
        target: /etc/app.conf
    secrets: [db_password]
    volumes:
      - uploads:/uploads
    healthcheck:
      test: ["CMD", "shop", "check"]
      interval: 30s
    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`${EXTRA_DOMAINS})"
        - "traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80"
        - "traefik.docker.network=proxy"
        - "traefik.http.routers.${STACK_NAME}.middlewares=login@file"
        - "backupbot.backup=true"
        - "coop-cloud.${STACK_NAME}.version=1.1.0+1.27.2"
        - "coop-cloud.${STACK_NAME}.timeout=${TIMEOUT:-120}"

  db:
    image: postgres:16.4
    networks: [internal]
    environment:
      POSTGRES_DB: shop
      POSTGRES_PASSWORD_FILE: /run/secrets/db_password
    configs:
      - {source: pg_backup, mode: 0555,
         target: /pg_backup.sh}
    secrets: [db_password]
    volumes:
      - db:/var/lib/postgresql/data
    healthcheck:
      test: ["CMD", "pg_isready"]
      interval: 30s
    deploy:
      labels:
        backupbot.backup: "true"
        backupbot.backup.pre-hook: "/pg_backup.sh dump"
        backupbot.backup.volumes.db.path: "backup.sql"
        backupbot.restore.post-hook: "/pg_backup.sh load"

volumes:
  uploads:
  db:

networks:
  proxy:
    external: true
  internal:

configs:
  app_conf:
    name: ${STACK_NAME}_app_conf_${APP_CONF_VERSION}
    file: app.conf.tmpl
    template_driver: golang
  pg_backup:
    name: ${STACK_NAME}_pg_backup_${PG_BACKUP_VERSION}
    file: pg_backup.sh

secrets:
  db_password:
    external: true
    name: ${STACK_NAME}_db_password_${SECRET_DB_PASSWORD_VERSION}
"#;

const SMTP: &str = r#"version: "3.8"

services:
  app:
    environment:
      - SMTP_HOST
    configs:
      - source: smtp_conf
        target: /etc/smtp.conf
    secrets: [smtp_pass]

configs:
  smtp_conf:
    name: ${STACK_NAME}_smtp_conf_${SMTP_CONF_VERSION}
    file: smtp.conf.tmpl
    template_driver: golang

secrets:
  smtp_pass:
    external: true
    name: ${STACK_NAME}_smtp_pass_${SECRET_SMTP_PASS_VERSION}
"#;

const SAMPLE: &str = r#"TYPE=shop
DOMAIN=shop.example.com
#EXTRA_DOMAINS=', `www.shop.example.com`'
SHOP_TITLE="A shop"
#TIMEOUT=120
SECRET_DB_PASSWORD_VERSION=v1 # length=32 charset=hex
COMPOSE_FILE="compose.yml"
#COMPOSE_FILE="$COMPOSE_FILE:compose.smtp.yml"
#SMTP_HOST=mail.example.com
#SECRET_SMTP_PASS_VERSION=v1 # generate=false
"#;

const ABRA: &str = "export APP_CONF_VERSION=v3\nexport PG_BACKUP_VERSION=v1\nexport SMTP_CONF_VERSION=v1\n";

const README: &str = "# Shop

<!-- metadata -->

* **Category**: Apps
* **Status**: 4
* **Image**: [`shop`](https://shop.example.com), 4, upstream
* **Healthcheck**: Yes
* **Backups**: Yes
* **Email**: N/A
* **Tests**: 2
* **SSO**: No

<!-- endmetadata -->
";

/// The commit that is linted.
pub(crate) const HEAD: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
/// The commit before it.
const BASE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// One way to break a recipe.
#[derive(Clone, Copy)]
pub(crate) enum Edit {
    /// In a file, a text is replaced; it must be there once.
    Swap(&'static str, &'static str, &'static str),
    /// A file is written.
    Write(&'static str, &'static str),
    /// A file is filled up to so many bytes.
    Fill(&'static str, usize),
    /// A file is removed.
    Remove(&'static str),
    /// A tag is set, on head.
    Tag(&'static str, TagKind),
    /// All tags are removed.
    Untagged,
    /// This is wrong with the settings for CI.
    Settings(&'static str),
    /// This is wrong with a test.
    Tests(&'static str, &'static str),
}

/// A recipe with its tags.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) files: Files,
    tags: Vec<Tag>,
    settings: Vec<Problem>,
    tests: Vec<Problem>,
}

impl Shop {
    /// Nothing is wrong with it.
    pub(crate) fn good() -> Self {
        let files = [
            ("compose.yml", COMPOSE),
            ("compose.smtp.yml", SMTP),
            (".env.sample", SAMPLE),
            ("abra.sh", ABRA),
            ("README.md", README),
            ("app.conf.tmpl", "title {{ env \"SHOP_TITLE\" }}\npassword {{ secret \"db_password\" }}\n"),
            ("smtp.conf.tmpl", "host {{ env \"SMTP_HOST\" }}\npassword {{ secret \"smtp_pass\" }}\n"),
            ("pg_backup.sh", "pg_dump shop\n"),
        ];
        let tag = Tag { name: "1.0.0+1.27.2".to_owned(), kind: TagKind::Annotated, commit: BASE.to_owned() };
        Self { files: files.into_iter().collect(), tags: vec![tag], settings: Vec::new(), tests: Vec::new() }
    }

    /// The good recipe with changes.
    pub(crate) fn but(edits: &[Edit]) -> Self {
        let mut shop = Self::good();
        for edit in edits {
            match *edit {
                Edit::Swap(file, from, to) => {
                    let text = shop.files.texts.get_mut(file).unwrap();
                    assert_eq!(text.matches(from).count(), 1, "{file}: {from}");
                    *text = text.replacen(from, to, 1);
                }
                Edit::Write(file, text) => drop(shop.files.texts.insert(file.to_owned(), text.to_owned())),
                Edit::Fill(file, size) => {
                    let text = shop.files.texts.get_mut(file).unwrap();
                    text.push_str(&"x".repeat(size - text.len()));
                }
                Edit::Remove(file) => assert!(shop.files.texts.remove(file).is_some(), "{file}"),
                Edit::Tag(name, kind) => {
                    shop.tags.push(Tag { name: name.to_owned(), kind, commit: HEAD.to_owned() });
                }
                Edit::Untagged => shop.tags.clear(),
                Edit::Settings(what) => shop.settings.push(Problem::error("tests/ci.toml", what).line(2)),
                Edit::Tests(file, what) => shop.tests.push(Problem::error(file, what)),
            }
        }
        shop
    }

    fn beside(&self) -> Beside<'_> {
        Beside { settings: &self.settings, tests: &self.tests }
    }

    /// Linted, and compared with another state of it.
    pub(crate) fn against(&self, base: &Self) -> LintReport {
        let beside = self.beside();
        let base = LintBase { name: "1.0.0+1.27.2".to_owned(), reading: Reading::of("shop", &base.files) };
        lint(&LintInput {
            head: Reading::of("shop", &self.files),
            base: Some(base),
            tags: &self.tags,
            commit: HEAD,
            beside,
        })
    }

    /// Linted by itself.
    pub(crate) fn alone(&self) -> LintReport {
        let beside = self.beside();
        lint(&LintInput { head: Reading::of("shop", &self.files), base: None, tags: &self.tags, commit: HEAD, beside })
    }
}
