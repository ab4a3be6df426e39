//! Lays one compose file over another, as the reference loader does.
//!
//! Its rules are odd in places (a health check's `test` is appended, `false` and `0s` never win, ports without a
//! published number collapse into one), but they decide what is deployed, so they are followed to the letter.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Compose, Deploy, Healthcheck, NetworkUse, RestartPolicy, Service, UpdatePolicy};

/// `base` with `over` laid on top.
pub(super) fn merge(mut base: Compose, over: Compose) -> Compose {
    for (name, service) in over.services {
        let merged = match base.services.remove(&name) {
            Some(below) => merge_service(below, service),
            None => service,
        };
        base.services.insert(name, merged);
    }
    // Entries outside services are replaced as a whole: a later file that gives only a name drops `external: true`.
    base.volumes.extend(over.volumes);
    base.networks.extend(over.networks);
    base.secrets.extend(over.secrets);
    base.configs.extend(over.configs);
    base.places.extend(over.places);
    base.documents.extend(over.documents);
    base.env_files.extend(over.env_files);
    base.version = base.version.or(over.version);
    base
}

fn merge_service(base: Service, over: Service) -> Service {
    let mut depends_on = base.depends_on;
    depends_on.extend(over.depends_on);
    Service {
        image: if over.image.is_empty() { base.image } else { over.image },
        command: if over.command.is_empty() { base.command } else { over.command },
        entrypoint: if over.entrypoint.is_empty() { base.entrypoint } else { over.entrypoint },
        environment: merge_environment(base.environment, over.environment),
        labels: laid_over(base.labels, over.labels),
        deploy: merge_deploy(base.deploy, over.deploy),
        healthcheck: both(base.healthcheck, over.healthcheck, merge_healthcheck),
        volumes: by_key(base.volumes, over.volumes, |mount| mount.target.clone()),
        configs: by_key(base.configs, over.configs, |used| used.source.clone()),
        secrets: by_key(base.secrets, over.secrets, |used| used.source.clone()),
        networks: merge_networks(base.networks, over.networks),
        network_mode: word(base.network_mode, over.network_mode),
        ports: by_key(base.ports, over.ports, |port| port.published),
        depends_on,
        init: if over.init == Some(true) { over.init } else { base.init.or(over.init) },
        read_only: if over.read_only == Some(true) { over.read_only } else { base.read_only.or(over.read_only) },
        short_tmpfs: base.short_tmpfs.into_iter().chain(over.short_tmpfs).collect(),
        stop_grace_period: duration(base.stop_grace_period, over.stop_grace_period),
        asks: all_asked(base.asks, over.asks),
    }
}

/// What either file asks for: nothing of it may get lost, whatever the loader makes of it.
fn all_asked(
    mut base: BTreeMap<String, Vec<String>>,
    over: BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Vec<String>> {
    for (key, more) in over {
        base.entry(key).or_default().extend(more);
    }
    base
}

fn merge_deploy(base: Deploy, over: Deploy) -> Deploy {
    Deploy {
        mode: over.mode.or(base.mode),
        replicas: over.replicas.or(base.replicas),
        endpoint_mode: word(base.endpoint_mode, over.endpoint_mode),
        labels: laid_over(base.labels, over.labels),
        update: both(base.update, over.update, |base, over| UpdatePolicy {
            parallelism: over.parallelism.or(base.parallelism),
            delay: duration(base.delay, over.delay),
            failure_action: word(base.failure_action, over.failure_action),
            monitor: duration(base.monitor, over.monitor),
            order: word(base.order, over.order),
        }),
        restart: both(base.restart, over.restart, |base, over| RestartPolicy {
            condition: word(base.condition, over.condition),
            delay: duration(base.delay, over.delay),
            max_attempts: over.max_attempts.or(base.max_attempts),
            window: duration(base.window, over.window),
        }),
    }
}

fn merge_healthcheck(base: Healthcheck, over: Healthcheck) -> Healthcheck {
    let mut test = base.test;
    test.extend(over.test);
    Healthcheck {
        test,
        interval: duration(base.interval, over.interval),
        timeout: duration(base.timeout, over.timeout),
        retries: over.retries.or(base.retries),
        start_period: duration(base.start_period, over.start_period),
        disable: base.disable || over.disable,
    }
}

/// A later empty value, or none, leaves an earlier value in place.
fn merge_environment(
    mut base: BTreeMap<String, Option<String>>,
    over: BTreeMap<String, Option<String>>,
) -> BTreeMap<String, Option<String>> {
    let says_something = |value: &Option<String>| value.as_ref().is_some_and(|text| !text.is_empty());
    for (key, value) in over {
        if says_something(&value) || !base.get(&key).is_some_and(says_something) {
            base.insert(key, value);
        }
    }
    base
}

fn merge_networks(
    mut base: BTreeMap<String, NetworkUse>,
    over: BTreeMap<String, NetworkUse>,
) -> BTreeMap<String, NetworkUse> {
    for (name, used) in over {
        if used.given || !base.contains_key(&name) {
            base.insert(name, used);
        }
    }
    base
}

fn laid_over(mut base: BTreeMap<String, String>, over: BTreeMap<String, String>) -> BTreeMap<String, String> {
    base.extend(over);
    base
}

/// Items with the same key are replaced, and the result is sorted by key; a list that was not there is taken as it is.
fn by_key<T, K: Ord>(base: Vec<T>, over: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    if base.is_empty() {
        return over;
    }
    let items: BTreeMap<K, T> = base.into_iter().chain(over).map(|item| (key(&item), item)).collect();
    items.into_values().collect()
}

fn both<T>(base: Option<T>, over: Option<T>, merge: impl FnOnce(T, T) -> T) -> Option<T> {
    match (base, over) {
        (Some(base), Some(over)) => Some(merge(base, over)),
        (base, over) => over.or(base),
    }
}

fn word(base: Option<String>, over: Option<String>) -> Option<String> {
    over.filter(|word| !word.is_empty()).or(base)
}

fn duration(base: Option<Duration>, over: Option<Duration>) -> Option<Duration> {
    over.filter(|duration| !duration.is_zero()).or(base).or(over)
}
