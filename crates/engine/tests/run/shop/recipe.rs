//! The recipes: the shop in its varieties, and what it may need beside it.

use cc_ci_engine::run::app::Deployable;
use cc_ci_model::plan::build::{BackupPromise, Data, HasOpenings};
use cc_ci_recipe::backup::Backup;
use cc_ci_recipe::opening;
use cc_ci_recipe::overlay::TreeLabel;
use cc_ci_recipe::source::Files;
use cc_ci_recipe::{Environment, Recipe};
use std::path::Path;

const SAMPLE: &str = "DOMAIN=shop.example.com\nSECRET_TOKEN_VERSION=v1\n";

/// What a shop has beyond a web server, a database of its own making and a migration.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Variety {
    /// The volume that the app keeps its data in, at base and at head.
    pub(super) volumes: Option<[&'static str; 2]>,
    /// Where head mounts it, if not where base does.
    pub(super) moved_to: Option<&'static str>,
    /// Labels of its backup.
    pub(super) labels: &'static [&'static str],
    /// Further lines of the web server, at base and at head.
    pub(super) server: [&'static str; 2],
    /// The same of the database.
    pub(super) storage: [&'static str; 2],
    /// Whether head's web server is on no network with the database.
    pub(super) apart: bool,
    /// The image of the database, without its tag.
    pub(super) database: Option<&'static str>,
}

impl Variety {
    /// Whether there is anything to lose.
    pub(super) fn data(self) -> Data {
        if self.volumes.is_some() { Data::Kept } else { Data::None }
    }

    fn compose(self, label: &TreeLabel, image: &str) -> String {
        let of_tree = |[base, head]: [&'static str; 2]| match label {
            TreeLabel::Published { .. } => base,
            TreeLabel::Chaos { .. } => head,
        };
        let volume = self.volumes.map(of_tree);
        let place = of_tree(["/data", self.moved_to.unwrap_or("/data")]);
        let networks = of_tree(["[proxy, inside]", if self.apart { "[proxy]" } else { "[proxy, inside]" }]);
        let (server, storage) = (of_tree(self.server), of_tree(self.storage));
        let mount = volume.map_or(String::new(), |volume| format!("    volumes: [\"{volume}:{place}\"]\n"));
        let volume = volume.map_or(String::new(), |volume| format!("volumes:\n  {volume}:\n"));
        let labels: String = self.labels.iter().map(|label| format!("        - \"{label}\"\n")).collect();
        let database = self.database.unwrap_or("db");
        format!(
            r#"version: "3.8"
services:
  app:
    image: shop:{image}
    networks: {networks}
    secrets: [token]
{mount}{server}    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.${{STACK_NAME}}.rule=Host(`${{DOMAIN}}`)"
        - "traefik.http.routers.${{STACK_NAME}}.entrypoints=web-secure"
        - "traefik.http.routers.${{STACK_NAME}}.tls=true"
        - "traefik.http.services.${{STACK_NAME}}.loadbalancer.server.port=80"
{labels}  db:
    image: {database}:{image}
    networks: [inside]
{storage}  migrate:
    image: migrate:{image}
    networks: [inside]
    deploy:
      restart_policy: {{condition: none}}
networks:
  proxy: {{external: true}}
  inside:
secrets:
  token: {{external: true, name: "${{STACK_NAME}}_token_${{SECRET_TOKEN_VERSION}}"}}
{volume}"#
        )
    }

    /// The checkout of the shop below `run` at one of its versions.
    pub(super) fn tree(self, run: &Path, environment: &Environment, image: &str, label: TreeLabel) -> Deployable {
        let name = match &label {
            TreeLabel::Published { .. } => "base",
            TreeLabel::Chaos { .. } => "head",
        };
        let texts = [(".env.sample", SAMPLE.to_owned()), ("compose.yml", self.compose(&label, image))];
        checked_out(&run.join("trees").join(name), "shop", texts, environment, label)
    }
}

/// The checkout of a provider of logins: a page and a server.
pub(super) fn provider(run: &Path, environment: &Environment) -> Deployable {
    let compose = "version: \"3.8\"\nservices:\n  app:\n    image: auth:1\n  server:\n    image: auth:1\n";
    let texts = [(".env.sample", "DOMAIN=auth.example.com\n".to_owned()), ("compose.yml", compose.to_owned())];
    let label = TreeLabel::Published { version: "1.0.0+1".to_owned() };
    checked_out(&run.join("trees/auth"), "auth", texts, environment, label)
}

fn checked_out(
    folder: &Path,
    name: &str,
    texts: [(&str, String); 2],
    environment: &Environment,
    tree: TreeLabel,
) -> Deployable {
    std::fs::create_dir_all(folder).unwrap();
    let mut files = Files::default();
    for (path, text) in texts {
        std::fs::write(folder.join(path), &text).unwrap();
        files.texts.insert(path.to_owned(), text);
    }
    let (recipe, _) = Recipe::read(name, &files, environment, &[]).unwrap();
    Deployable { folder: folder.to_owned(), recipe, tree, source: None }
}

/// What planning reads off head's labels.
pub(super) fn promise(head: &Recipe) -> BackupPromise {
    match &head.backup {
        Backup::Capable(_) => BackupPromise::Promised,
        Backup::NotCapable(why) => BackupPromise::Not { reason: why.reason().to_owned() },
    }
}

/// The same of the ports at which it is reached.
pub(super) fn openings(head: &Recipe) -> HasOpenings {
    if opening::openings(&head.compose, &head.routes).is_empty() { HasOpenings::None } else { HasOpenings::Some }
}
