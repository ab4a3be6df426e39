//! What a deploy asks for, read from the files it is given as the loader would merge them.

use cc_ci_engine::labels;
use cc_ci_engine::swarm::Rendered;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_recipe::Recipe;
use cc_ci_recipe::compose::{MountKind, Service};
use cc_ci_recipe::source::Files;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A stack as it is asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// By the name in the compose files.
    pub(super) services: BTreeMap<String, WantedService>,
    /// Networks, volumes and configs of the stack, with their labels.
    pub(super) objects: BTreeMap<Object, BTreeMap<String, String>>,
}

/// A service as it is asked for.
#[derive(Debug, Clone)]
pub(super) struct WantedService {
    pub(super) image: String,
    pub(super) replicas: u64,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) env: Vec<String>,
    /// Mount target to volume name.
    pub(super) volumes: BTreeMap<String, String>,
    /// Everything that makes a task another one.
    pub(super) spec: String,
}

/// Reads the recipe's own files with the stack's environment, and lays the override over them.
pub(super) fn read(stack: &Rendered) -> Result<Wanted, String> {
    let mut files = Files::default();
    gather(&stack.folder, &stack.folder, &mut files).map_err(|error| error.to_string())?;
    let read = Recipe::read("stack", &files, &stack.env, &[]);
    let (recipe, _) =
        read.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let last = stack.files.last().ok_or("no override")?;
    let text = std::fs::read_to_string(last).map_err(|error| error.to_string())?;
    let over: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let name = stack.stack.as_str();
    let services = recipe.compose.services.iter();
    let services: BTreeMap<String, WantedService> = services
        .map(|(key, service)| (key.clone(), laid_over(name, service, &over["services"][key], &recipe)))
        .collect();
    let mut objects = BTreeMap::new();
    let mut add = |kind, entries: &BTreeMap<String, cc_ci_recipe::EngineName>| {
        for one in entries.values().filter(|one| !one.external) {
            objects.insert(Object::new(kind, &one.name), stack_labels(name, &over));
        }
    };
    add(ObjectKind::Volume, &recipe.volumes);
    add(ObjectKind::Network, &recipe.networks);
    for config in &recipe.configs {
        objects.insert(Object::new(ObjectKind::Config, &config.swarm_name), stack_labels(name, &over));
    }
    Ok(Wanted { services, objects })
}

fn gather(root: &Path, folder: &Path, files: &mut Files) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(root, &path, files)?;
        } else if let (Ok(text), Ok(name)) = (std::fs::read_to_string(&path), path.strip_prefix(root)) {
            files.texts.insert(name.to_string_lossy().into_owned(), text);
        }
    }
    Ok(())
}

/// The labels that the loader and the override give to everything of a stack.
fn stack_labels(stack: &str, over: &Value) -> BTreeMap<String, String> {
    let services = over["services"].as_object().into_iter().flat_map(|services| services.values());
    let run = services.filter_map(|service| service["labels"][labels::RUN].as_str()).next();
    let run = run.map(|run| (labels::RUN.to_owned(), run.to_owned()));
    run.into_iter().chain([(labels::STACK.to_owned(), stack.to_owned())]).collect()
}

fn laid_over(stack: &str, service: &Service, over: &Value, recipe: &Recipe) -> WantedService {
    let texts = |value: &Value| -> BTreeMap<String, String> {
        let entries = value.as_object().into_iter().flatten();
        entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().replace("$$", "$"))).collect()
    };
    let image = over["image"].as_str().unwrap_or(&service.image).to_owned();
    let mut all = service.deploy.labels.clone();
    all.extend(texts(&over["deploy"]["labels"]));
    all.insert(labels::STACK.to_owned(), stack.to_owned());
    let mut env: BTreeMap<String, String> = texts(&over["environment"]);
    env.extend(service.environment.iter().map(|(name, value)| (name.clone(), value.clone().unwrap_or_default())));
    let env: Vec<String> = env.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let named = service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume);
    let volumes = named.filter_map(|mount| {
        let volume = recipe.volumes.get(mount.source.as_ref()?)?;
        Some((mount.target.clone(), volume.name.clone()))
    });
    let spec = format!("{image} {env:?} {:?} {:?} {:?}", service.command, service.configs, service.healthcheck);
    WantedService {
        replicas: service.deploy.replicas.unwrap_or(1),
        labels: all,
        volumes: volumes.collect(),
        image,
        env,
        spec,
    }
}
