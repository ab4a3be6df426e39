//! What an app takes of a machine, as far as its compose files say: memory, processor, networks.

use crate::compose::{Compose, DeployMode};
use serde_json::Value;

/// What one service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resources {
    /// Its tasks at the same time.
    pub tasks: u64,
    /// Bytes of memory of each: what Swarm is to set aside, else the bound that the recipe sets; `None` where it says neither.
    pub memory: Option<u64>,
    /// Thousandths of a core that Swarm is to set aside for each.
    pub millicores: u64,
}

/// What each service takes.
#[must_use]
pub fn of_services(compose: &Compose) -> Vec<Resources> {
    let of = |(name, service): (&String, &crate::compose::Service)| {
        let said = |kind, key| last(compose, name, &["deploy", "resources", kind, key]);
        let memory = |kind| said(kind, "memory").and_then(bytes).filter(|bytes| *bytes > 0);
        Resources {
            tasks: match service.deploy.mode {
                Some(DeployMode::Global | DeployMode::GlobalJob) => 1,
                Some(DeployMode::Replicated | DeployMode::ReplicatedJob) | None => service.deploy.replicas.unwrap_or(1),
            },
            memory: memory("reservations").or_else(|| memory("limits")),
            millicores: said("reservations", "cpus").and_then(millicores).unwrap_or(0),
        }
    };
    compose.services.iter().map(of).collect()
}

/// How many overlay networks its stack makes.
#[must_use]
pub fn networks(compose: &Compose) -> u64 {
    let overlay = |driver: Option<&str>| driver.is_none_or(|driver| driver == "overlay");
    let own = compose.networks.values().filter(|network| !network.external && overlay(network.driver.as_deref()));
    let on_default = compose.services.values().any(|service| service.networks.is_empty());
    own.count() as u64 + u64::from(on_default && !compose.networks.contains_key("default"))
}

/// What the last file that says it says about a service.
pub(crate) fn last<'a>(compose: &'a Compose, service: &str, path: &[&str]) -> Option<&'a Value> {
    let mut found = compose.documents.iter().rev().filter_map(|document| {
        let first = document.of_service(service)?.get(*path.first()?)?;
        path[1..].iter().try_fold(first, |value, key| value.get(key))
    });
    found.next()
}

/// A number or a size such as `1.5g` or `64mb`.
pub(crate) fn bytes(value: &Value) -> Option<u64> {
    if let Some(number) = value.as_u64() {
        return Some(number);
    }
    let text = value.as_str()?.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let text = text.strip_suffix('i').unwrap_or(text);
    let unit = ["k", "m", "g", "t", "p"].iter().position(|unit| text.ends_with(unit));
    let digits = if unit.is_some() { &text[..text.len() - 1] } else { text };
    let factor = unit.map_or(1.0, |at| 1024_f64.powi(i32::try_from(at).unwrap_or(0) + 1));
    let number: f64 = digits.trim().parse().ok()?;
    whole(number * factor)
}

/// A number of cores such as `0.5`, in thousandths.
fn millicores(value: &Value) -> Option<u64> {
    let cores = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    whole(cores * 1000.0)
}

// Beyond all memory there is, and so is what this rounds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to fit")]
fn whole(number: f64) -> Option<u64> {
    (0.0..9e18).contains(&number).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recipe;
    use std::collections::BTreeMap;

    const COMPOSE: &str = r#"version: "3.8"
services:
  app:
    image: a:1
    networks: [proxy, inner]
    deploy:
      replicas: 2
      resources: {limits: {memory: 1G}, reservations: {memory: 256M, cpus: "0.5"}}
  db:
    image: b:1
    deploy: {mode: global, replicas: 5, resources: {limits: {memory: 96M, cpus: "4"}}}
  plain: {image: c:1}
networks:
  proxy: {external: true}
  inner: {}
  bridge: {driver: macvlan}
"#;

    #[test]
    fn what_is_set_aside_comes_before_bounds_and_bounds_of_cores_set_nothing_aside() {
        let files = [("compose.yml", COMPOSE), (".env.sample", "TYPE=a\n")].into_iter().collect();
        let given = BTreeMap::from([("STACK_NAME".to_owned(), "a-1".to_owned())]);
        let (recipe, _) = Recipe::read("a", &files, &given, &[]).unwrap();
        let of = |tasks, memory: Option<u64>, millicores| Resources {
            tasks,
            memory: memory.map(|mib| mib << 20),
            millicores,
        };
        assert_eq!(of_services(&recipe.compose), [of(2, Some(256), 500), of(1, Some(96), 0), of(1, None, 0)]);
        assert_eq!(networks(&recipe.compose), 2, "`inner`, and `default` for `db` and `plain`");
    }

    #[test]
    fn cores_are_read_and_nonsense_is_none() {
        let check = |value: Value, expected| assert_eq!(millicores(&value), expected, "{value}");
        check("0.50".into(), Some(500));
        check(Value::from(2), Some(2000));
        check("many".into(), None);
        check("-1".into(), None);
        check("NaN".into(), None);
    }
}
