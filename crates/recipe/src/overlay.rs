//! The generated compose override: labels, environment and host adaptations of a run, never an edit of the recipe's own
//! files (SWARM-1). It is kept as an artifact.
//!
//! It is written as JSON, which is YAML too.

mod apart;
pub mod bounds;

pub use self::apart::Whole;
use self::apart::is_apart;
pub use self::bounds::{AppBounds, Logs};
use crate::Environment;
use crate::compose::ascii;
use crate::compose::{Compose, Port, PortMode, Service, StackFile};
use crate::source::Ground;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Key of the config with the certificate authorities that an app with dependencies trusts.
pub const AUTHORITIES: &str = "cc-ci-authorities";

/// Where that config lies in every container of the app.
pub const AUTHORITIES_TARGET: &str = "/run/cc-ci/authorities.pem";

/// The variables that point programs there, unless the recipe sets them.
pub const AUTHORITIES_VARIABLES: [&str; 4] =
    ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

/// Which tree is deployed, as abra would label it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeLabel {
    /// A published version.
    Published {
        /// The tag.
        version: String,
    },
    /// A commit, deployed as it is.
    Chaos {
        /// The first eight digits of the commit.
        short: String,
    },
}

/// How service names resolve on this host (SWARM-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Virtual addresses work; the recipe's choice stands.
    AsWritten,
    /// Without IPVS: names resolve to the tasks, and published ports are the host's own.
    Tasks,
}

/// Who gives the app its labels of identity and the whole of its environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The override, as `abra` would.
    Override,
    /// `abra` itself, at its own deploy: what it writes is then what is tested.
    Abra,
}

/// What the override is made from.
#[derive(Debug, Clone)]
pub struct Overlay<'a> {
    /// The recipe's own reading, merged and interpolated.
    pub compose: &'a Compose,
    /// The recipe's name.
    pub recipe: &'a str,
    /// The run.
    pub run: &'a str,
    /// The stack.
    pub stack: &'a str,
    /// Which tree.
    pub tree: &'a TreeLabel,
    /// How names resolve.
    pub endpoint: Endpoint,
    /// Who says which recipe and version this is.
    pub identity: Identity,
    /// Key of the run label.
    pub run_label: &'a str,
    /// The app's whole environment: all of it goes to service `app`, as abra does.
    pub environment: &'a Environment,
    /// Image references to their pinned form.
    pub pins: &'a BTreeMap<String, String>,
    /// Where the recipe lies.
    pub ground: Ground<'a>,
    /// What every container may use up at most.
    pub bounds: AppBounds,
    /// A bundle of certificate authorities on the machine that every service is to trust.
    pub authorities: Option<&'a str>,
}

impl Overlay<'_> {
    /// The override's text. Services that it must not name are in none of it, see [`Overlay::handed`].
    #[must_use]
    pub fn text(&self) -> String {
        let mut root = Map::new();
        if let Some(version) = self.version() {
            root.insert("version".to_owned(), json!(version));
        }
        let services = self.compose.services.iter().filter(|(_, service)| !is_apart(service));
        let services = services.map(|(name, service)| (name.clone(), self.service(name, service)));
        root.insert("services".to_owned(), Value::Object(services.collect()));
        // A later file replaces a top-level entry as a whole, so each is written out again with the label added.
        let labelled = |mut entry: Value| {
            entry["labels"][self.run_label] = json!(self.run);
            entry
        };
        let compose = self.compose;
        let mut networks: Map<String, Value> = (compose.networks.iter())
            .filter(|(_, network)| !network.external)
            .map(|(name, network)| {
                let mut entry = labelled(network.entry());
                entry["attachable"] = json!(true);
                (name.clone(), entry)
            })
            .collect();
        if compose.services.values().any(|service| service.networks.is_empty()) {
            networks.entry("default").or_insert_with(|| labelled(json!({ "attachable": true })));
        }
        let volumes = compose.volumes.iter().filter(|(_, volume)| !volume.external);
        let volumes = volumes.map(|(name, volume)| (name.clone(), labelled(volume.entry()))).collect();
        // The override lies elsewhere than the recipe, but for `abra`, which takes both into its clone.
        let lies = match self.identity {
            Identity::Override => Some(self.ground.folder),
            Identity::Abra => None,
        };
        let files = |entries: &BTreeMap<String, StackFile>| {
            let own = entries.iter().filter(|(_, file)| !file.external);
            own.map(|(name, file)| (name.clone(), labelled(file.entry(compose, lies)))).collect::<Map<_, _>>()
        };
        let (mut configs, secrets) = (files(&compose.configs), files(&compose.secrets));
        if let Some(file) = self.authorities {
            configs.insert(AUTHORITIES.to_owned(), labelled(json!({ "file": escaped(file) })));
        }
        for (key, entries) in [("networks", networks), ("volumes", volumes), ("configs", configs), ("secrets", secrets)]
        {
            if !entries.is_empty() {
                root.insert(key.to_owned(), Value::Object(entries));
            }
        }
        ascii(&Value::Object(root))
    }

    fn service(&self, name: &str, service: &Service) -> Value {
        let mut labels = Map::from_iter([(self.run_label.to_owned(), json!(self.run))]);
        let mut entry = Map::new();
        entry.insert("labels".to_owned(), json!({ self.run_label: self.run }));
        if name == "app" && self.identity == Identity::Override {
            labels.extend(self.identity());
            let missing = self.environment.iter().filter(|(key, _)| !service.environment.contains_key(*key));
            let environment: Map<String, Value> =
                missing.map(|(key, value)| (key.clone(), json!(escaped(value)))).collect();
            entry.insert("environment".to_owned(), Value::Object(environment));
        }
        if self.authorities.is_some() {
            // Readable for everybody: the app may run as anyone.
            entry.insert(
                "configs".to_owned(),
                json!([{ "source": AUTHORITIES, "target": AUTHORITIES_TARGET, "mode": 0o444 }]),
            );
            let environment = entry.entry("environment").or_insert_with(|| json!({}));
            for variable in AUTHORITIES_VARIABLES.iter().filter(|name| !service.environment.contains_key(**name)) {
                if environment.get(*variable).is_none() {
                    environment[*variable] = json!(AUTHORITIES_TARGET);
                }
            }
        }
        let mut deploy = Map::from_iter([("labels".to_owned(), Value::Object(labels))]);
        match self.endpoint {
            Endpoint::AsWritten => {}
            Endpoint::Tasks => {
                deploy.insert("endpoint_mode".to_owned(), json!("dnsrr"));
                let ports = service.ports.iter().filter(|port| self.host_mode(port));
                let ports: Vec<Value> = ports
                    .map(|port| {
                        json!({
                            "target": port.target, "published": port.published,
                            "protocol": port.protocol, "mode": "host",
                        })
                    })
                    .collect();
                if !ports.is_empty() {
                    entry.insert("ports".to_owned(), Value::Array(ports));
                }
            }
        }
        self.bound(name, &mut entry, &mut deploy);
        entry.insert("deploy".to_owned(), Value::Object(deploy));
        if let Some(pinned) = self.pins.get(&service.image) {
            entry.insert("image".to_owned(), json!(pinned));
        }
        Value::Object(entry)
    }

    /// Whether a port that the recipe publishes through the swarm has to be published by the host itself here.
    fn host_mode(&self, port: &Port) -> bool {
        match self.endpoint {
            Endpoint::AsWritten => false,
            Endpoint::Tasks => port.mode == PortMode::Ingress && port.published != 0,
        }
    }

    /// Whether the recipe's files are written by us: `abra` reads its own.
    fn may_raise(&self) -> bool {
        match self.identity {
            Identity::Override => true,
            Identity::Abra => false,
        }
    }

    /// The labels abra writes at a deploy.
    fn identity(&self) -> Map<String, Value> {
        let key = |name: &str| format!("coop-cloud.{}.{name}", self.stack);
        let mut labels = Map::from_iter([(key("recipe"), json!(self.recipe))]);
        match self.tree {
            TreeLabel::Published { version } => {
                labels.insert(key("chaos"), json!("false"));
                labels.insert(key("version"), json!(escaped(version)));
            }
            TreeLabel::Chaos { short } => {
                labels.insert(key("chaos"), json!("true"));
                labels.insert(key("chaos-version"), json!(short));
            }
        }
        labels
    }
}

/// A value that the loader's interpolation leaves as it is.
fn escaped(value: &str) -> String {
    value.replace('$', "$$")
}
