//! Services that a later compose file must not name, and the compose files that carry our changes in their place.
//!
//! The loader lays published ports over each other by their number alone. A service that publishes one number over both TCP
//! and UDP, as voice and name servers do, loses one of the two as soon as any further file mentions it, even without a
//! port. Such a service is left out of the override; the file that defines it is written out again as a whole, with our
//! changes in it, and handed to the loader in place of the recipe's own, which stays as it is.

use super::Overlay;
use crate::compose::{Document, Port, PortMode, Service};
use crate::source::Problem;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A compose file as it is handed over in place of one of the recipe's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// Its text, JSON.
    pub text: String,
    /// Services written in full to this file, with our changes; the override must not repeat them.
    pub services: BTreeMap<String, Service>,
}

/// Whether the loader would lose a port of a service under any further file.
pub(super) fn is_apart(service: &Service) -> bool {
    let mut seen = BTreeSet::new();
    service.ports.iter().any(|port| port.published != 0 && !seen.insert(port.published))
}

impl Overlay<'_> {
    /// The files of the recipe as they are handed over, in their order; the override comes on top of them.
    ///
    /// # Errors
    /// Fails when what we write about a service cannot be read back: our own mistake.
    pub fn handed(&self) -> Result<Vec<Whole>, Problem> {
        self.compose.documents.iter().map(|document| self.whole(document)).collect()
    }

    /// A file of the recipe as it is handed over, with our changes to the services that the override leaves out.
    fn whole(&self, document: &Document) -> Result<Whole, Problem> {
        let mut document = document.clone();
        let file = document.file.clone();
        let ours = self.compose.services.iter();
        let ours = ours.filter(|(name, service)| is_apart(service) && self.file_of(name) == Some(file.as_str()));
        let mut services = BTreeMap::new();
        for (name, service) in ours {
            let mut changes = self.service(name, service);
            // A list may not hold one label twice.
            if let Some(labels) = changes["deploy"]["labels"].as_object_mut() {
                labels.retain(|key, value| service.deploy.labels.get(key).map(String::as_str) != value.as_str());
            }
            // The loader's rule for ports is what this is for; ours go in as a whole.
            changes["ports"] = Value::Array(self.ports(service).iter().map(written).collect());
            let Some(place) = document.service(name) else {
                return Err(Problem::error(file, format!("has no service `{name}` any more")));
            };
            lay_over(place, changes);
            services.insert(name.clone(), self.expected(name, service)?);
        }
        Ok(Whole { text: document.text(&self.ground, &self.compose.folder, self.version().as_deref()), services })
    }

    /// How a service that is written out whole should be read.
    fn expected(&self, name: &str, service: &Service) -> Result<Service, Problem> {
        let mut changes = self.service(name, service);
        if let Some(changes) = changes.as_object_mut() {
            changes.remove("ports");
        }
        let mut document = json!({ "services": { name: changes } });
        if let Some(version) = self.version() {
            document["version"] = json!(version);
        }
        let (mut merged, problems) = self.compose.with("override", &document.to_string(), self.environment);
        match (merged.services.remove(name), problems.into_iter().next()) {
            (Some(merged), None) => Ok(Service { ports: self.ports(service), ..merged }),
            (_, Some(problem)) => Err(problem),
            (None, None) => Err(Problem::error("override", format!("has no service `{name}`"))),
        }
    }

    /// Every published port as this host needs it.
    fn ports(&self, service: &Service) -> Vec<Port> {
        let published = |port: &Port| match self.host_mode(port) {
            true => Port { mode: PortMode::Host, ..port.clone() },
            false => port.clone(),
        };
        service.ports.iter().map(published).collect()
    }

    fn file_of(&self, service: &str) -> Option<&str> {
        self.compose.place(&format!("services.{service}.ports")).map(|place| place.file.as_str())
    }
}

fn written(port: &Port) -> Value {
    let mode = match port.mode {
        PortMode::Host => "host",
        PortMode::Ingress => "ingress",
    };
    let mut entry = json!({ "target": port.target, "protocol": port.protocol, "mode": mode });
    if port.published != 0 {
        entry["published"] = json!(port.published);
    }
    entry
}

/// Lays our changes over a service as a file writes it: labels and variables may be written as a list there.
fn lay_over(service: &mut Map<String, Value>, changes: Value) {
    let Value::Object(changes) = changes else { return };
    for (key, change) in changes {
        match (key.as_str(), service.get_mut(&key)) {
            ("labels" | "environment", Some(Value::Array(items))) => items.extend(pairs(&change)),
            (
                "labels" | "environment" | "deploy" | "resources" | "limits" | "logging" | "options",
                Some(Value::Object(below)),
            ) => lay_over(below, change),
            ("configs" | "cap_drop", Some(Value::Array(items))) => {
                items.extend(change.as_array().cloned().unwrap_or_default());
            }
            (_, Some(place)) => *place = change,
            (_, None) => drop(service.insert(key, change)),
        }
    }
}

/// A mapping as the list of `key=value` that stands for it.
fn pairs(mapping: &Value) -> Vec<Value> {
    let entries = mapping.as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    entries.map(|(key, value)| json!(format!("{key}={}", text(value)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recipe;
    use crate::overlay::{Endpoint, Identity, TreeLabel};
    use crate::source::Ground;

    const COMPOSE: &str = r#"version: "3.8"
services:
  app:
    image: a:1
    environment: ["A=${DOMAIN}", B]
    ports: ["53:53/tcp", "53:53/udp"]
    deploy:
      labels: ["x=y", "coop-cloud.${STACK_NAME}.recipe=a"]
  db:
    image: b:1
    ports: ["5432:5432"]
"#;

    #[test]
    fn a_service_with_one_number_twice_is_written_out_whole_and_left_out_of_the_override() {
        let files = [("compose.yml", COMPOSE), (".env.sample", "TYPE=a\nB=2\n")].into_iter().collect();
        let given = BTreeMap::from(
            [("DOMAIN", "a.test"), ("STACK_NAME", "a-1")].map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        let (recipe, _) = Recipe::read("a", &files, &given, &[]).unwrap();
        let overlay = Overlay {
            compose: &recipe.compose,
            recipe: "a",
            run: "r1",
            stack: "a-1",
            tree: &TreeLabel::Chaos { short: "0123abcd".to_owned() },
            identity: Identity::Override,
            endpoint: Endpoint::Tasks,
            run_label: "run",
            environment: &recipe.environment,
            pins: &BTreeMap::from([("a:1".to_owned(), "a@sha256:0".to_owned())]),
            ground: Ground { folder: "/recipe", home: None },
            bounds: crate::overlay::AppBounds::NONE,
            authorities: None,
        };
        let over: Value = serde_json::from_str(&overlay.text()).unwrap();
        assert_eq!(over["services"].as_object().unwrap().keys().collect::<Vec<_>>(), ["db"]);

        let whole = overlay.whole(&recipe.compose.documents[0]).unwrap();
        let written: Value = serde_json::from_str(&whole.text).unwrap();
        insta::assert_snapshot!(written["services"]["app"], @r#"{"cap_drop":["MKNOD","NET_RAW"],"deploy":{"endpoint_mode":"dnsrr","labels":["x=y","coop-cloud.a-1.recipe=a","coop-cloud.a-1.chaos=true","coop-cloud.a-1.chaos-version=0123abcd","run=r1"]},"environment":{"A":"a.test","B":"2","DOMAIN":"a.test","STACK_NAME":"a-1","TYPE":"a"},"image":"a@sha256:0","labels":{"run":"r1"},"ports":[{"mode":"host","protocol":"tcp","published":53,"target":53},{"mode":"host","protocol":"udp","published":53,"target":53}]}"#);
        let app = &whole.services["app"];
        assert_eq!((app.ports.len(), app.image.as_str()), (2, "a@sha256:0"));
        assert_eq!(app.environment["A"].as_deref(), Some("a.test"));
        assert_eq!(app.deploy.labels.len(), 5);
    }
}
