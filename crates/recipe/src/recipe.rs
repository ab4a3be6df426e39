//! A recipe at one commit, assembled from its parsed parts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::abra_sh::AbraSh;
use crate::app_environment::AppEnvironment;
use crate::backup::Backup;
use crate::compose::{Compose, MountKind, StackFile};
use crate::database::Database;
use crate::env_sample::{EnvSample, Presence};
use crate::letters::{self, Returns};
use crate::reserved::is_reserved;
use crate::secrets::{SecretSpec, swarm_name};
use crate::source::{Files, Problem, Severity, Topic, nearest, tidy_path};
use crate::traefik::TraefikRoute;
use crate::version::Version;
use crate::{backup, database, secrets, traefik};

/// The variables of an app: name and value.
pub type Environment = BTreeMap<String, String>;

/// How long `abra` waits for a stack without a timeout label, in seconds.
pub const DEFAULT_TIMEOUT: u64 = 50;

/// The longest stack name that `abra` derives from a domain, in letters.
const MAX_STACK_NAME: usize = 45;

const SAMPLE: &str = ".env.sample";
const ABRA_SH: &str = "abra.sh";

/// A recipe as one app would be deployed from it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recipe {
    /// The recipe's name.
    pub name: String,
    /// `STACK_NAME`.
    pub stack: String,
    /// `DOMAIN`; `None` for a recipe without web pages.
    pub domain: Option<String>,
    /// The app's whole environment: `.env.sample`, what was given in its place, `STACK_NAME`, and the exports of
    /// `abra.sh`. All of it is exposed to the service `app`.
    pub environment: Environment,
    /// The template of that environment.
    pub sample: EnvSample,
    /// The exports of `abra.sh`.
    pub abra_sh: AbraSh,
    /// Compose files in the order in which they are merged.
    pub compose_files: Vec<String>,
    /// The merged compose files.
    pub compose: Compose,
    /// The version label of `app`, when it is a version.
    pub version: Option<Version>,
    /// The version label of `app` as written.
    pub version_label: Option<String>,
    /// The timeout label of `app`, or abra's default; in seconds.
    pub timeout: u64,
    /// Secrets that services use.
    pub secrets: Vec<SecretSpec>,
    /// Configs that services use.
    pub configs: Vec<ConfigSpec>,
    /// Routes of the proxy.
    pub routes: Vec<TraefikRoute>,
    /// What is backed up.
    pub backup: Backup,
    /// Databases that were recognised.
    pub databases: Vec<Database>,
    /// Names of the volumes on the engine, by key. Volumes that no service mounts are not among them.
    pub volumes: BTreeMap<String, EngineName>,
    /// Names of the networks on the engine, by key, with `default` where a service uses it.
    pub networks: BTreeMap<String, EngineName>,
}

/// A config that a service uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigSpec {
    /// Its key in the compose file.
    pub id: String,
    /// Its name in Swarm, at most 64 letters.
    pub swarm_name: String,
    /// The file with its content, relative to the recipe's root; `None` for an external one.
    pub file: Option<String>,
    /// `golang` for a content that Docker fills in.
    pub template_driver: Option<String>,
}

/// What a volume or network is called on the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineName {
    /// The name.
    pub name: String,
    /// Whether it has to exist already.
    pub external: bool,
}

impl Recipe {
    /// Reads the recipe in `files` as the app that `env` describes: `STACK_NAME`, `DOMAIN`, and whatever stands in for
    /// values of `.env.sample`. `overlays` are further compose files, which `files` has too, laid over those of the recipe.
    /// Returns the recipe with warnings.
    ///
    /// # Errors
    /// Returns every problem found, warnings among them, when the recipe cannot be deployed as it is written.
    pub fn read(
        name: &str,
        files: &Files,
        env: &Environment,
        overlays: &[String],
    ) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        Self::read_for(name, files, &AppEnvironment::New(env.clone()), overlays)
    }

    /// [`Recipe::read`] for an app that may be there already.
    ///
    /// # Errors
    /// As [`Recipe::read`].
    pub fn read_for(
        name: &str,
        files: &Files,
        env: &AppEnvironment,
        overlays: &[String],
    ) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let mut problems = Vec::new();
        let sample = sample(files, &mut problems);
        let abra_sh = match files.readable(ABRA_SH) {
            Ok(text) => keep(AbraSh::read(ABRA_SH, text.unwrap_or_default()), &mut problems),
            Err(problem) => {
                problems.push(problem);
                AbraSh::default()
            }
        };
        problems.extend(doubtful_letters(files));
        problems.extend(reserved_names(&sample, &abra_sh));
        let (environment, stack) = environment(&sample, &abra_sh, env, &mut problems);
        let mut compose_files = compose_files(&environment);
        compose_files.extend_from_slice(overlays);
        let compose = keep(Compose::read(files, &compose_files, &environment), &mut problems);
        problems.extend(whole_stack(&compose, &compose_files, &problems));
        problems.extend(compose.check(files));
        let secrets = keep(secrets::secrets(&compose, &sample, &stack), &mut problems);
        let routes = keep(traefik::routes(&compose), &mut problems);
        let volumes = volumes(&compose, &stack);
        let names = volumes.iter().map(|(key, volume)| (key.clone(), volume.name.clone())).collect();
        let backup = keep(backup::backup(&compose, &names), &mut problems);
        let app_labels = compose.services.get("app").map(|app| app.deploy.labels.clone()).unwrap_or_default();
        let label = |what: &str| app_labels.get(&format!("coop-cloud.{stack}.{what}")).cloned();
        let version_label = label("version");
        let timeout = timeout(label("timeout").as_deref(), &compose, &stack, &mut problems);
        for problem in problems.iter_mut().filter(|problem| problem.file.is_empty()) {
            problem.file = compose_files.first().cloned().unwrap_or_default();
        }
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            return Err(problems);
        }
        let recipe = Self {
            name: name.to_owned(),
            domain: environment.get("DOMAIN").filter(|domain| !domain.is_empty()).cloned(),
            version: version_label.as_deref().and_then(|label| label.parse().ok()),
            version_label,
            timeout,
            secrets,
            configs: configs(&compose, &stack),
            routes,
            backup,
            databases: database::databases(&compose),
            networks: networks(&compose, &stack),
            volumes,
            stack,
            environment,
            sample,
            abra_sh,
            compose_files,
            compose,
        };
        Ok((recipe, problems))
    }
}

fn keep<T>((value, found): (T, Vec<Problem>), problems: &mut Vec<Problem>) -> T {
    problems.extend(found);
    value
}

/// Letters in `.env.sample` and `abra.sh` that not every reader takes alike.
fn doubtful_letters(files: &Files) -> Vec<Problem> {
    let texts = [SAMPLE, ABRA_SH].into_iter().filter_map(|name| Some((name, files.text(name)?)));
    texts.filter_map(|(name, text)| letters::check(name, text, Returns::Doubtful).err()).collect()
}

/// Variables that would change the programs that deploy the app.
fn reserved_names(sample: &EnvSample, abra_sh: &AbraSh) -> Vec<Problem> {
    let set = sample.entries.iter().filter(|entry| entry.presence == Presence::Set);
    let set = set.map(|entry| (SAMPLE, entry.line, &entry.key));
    let exported = abra_sh.exports.iter().map(|export| (ABRA_SH, export.line, &export.name));
    let reserved = set.chain(exported).filter(|(_, _, name)| is_reserved(name));
    let problem = |(file, line, name): (&str, u32, &String)| {
        let what = format!("`{name}` is read by the programs that deploy an app, not by the app alone");
        Problem::error(file, what).line(line).hint("give the variable another name")
    };
    reserved.map(problem).collect()
}

/// The template of an app's environment; a recipe without one is refused.
fn sample(files: &Files, problems: &mut Vec<Problem>) -> EnvSample {
    match files.readable(SAMPLE) {
        Ok(Some(text)) => return keep(EnvSample::read(SAMPLE, text), problems),
        Err(problem) => problems.push(problem),
        Ok(None) => {
            let hint = "add it: abra cannot make an app without it; an empty file will do";
            problems.push(Problem::error(SAMPLE, "is missing").hint(hint).topic(Topic::NoSample));
        }
    }
    EnvSample::default()
}

/// The app's environment and its stack name.
fn environment(
    sample: &EnvSample,
    abra_sh: &AbraSh,
    app: &AppEnvironment,
    problems: &mut Vec<Problem>,
) -> (Environment, String) {
    let mut env = app.resolve(sample);
    let given = env.get("STACK_NAME").filter(|name| !name.is_empty()).cloned();
    let stack = given.or_else(|| env.get("DOMAIN").map(|domain| stack_name(domain))).unwrap_or_default();
    if stack.is_empty() {
        problems.push(Problem::error(SAMPLE, "gives neither STACK_NAME nor DOMAIN").hint("give STACK_NAME to the app"));
    }
    env.insert("STACK_NAME".to_owned(), stack.clone());
    env.extend(abra_sh.exports.iter().map(|export| (export.name.clone(), export.value.clone())));
    (env, stack)
}

/// The stack name that `abra` makes of a domain: dots become `_`, and it ends after 45 letters.
#[must_use]
pub fn stack_name(domain: &str) -> String {
    domain.replace('.', "_").chars().take(MAX_STACK_NAME).collect()
}

/// The list in `COMPOSE_FILE`, or `compose.yml`.
pub(crate) fn compose_files(env: &Environment) -> Vec<String> {
    let list = env.get("COMPOSE_FILE").map(String::as_str).unwrap_or_default();
    let names: Vec<String> = list.split(':').map(str::trim).filter(|name| !name.is_empty()).map(tidy_path).collect();
    if names.is_empty() { vec!["compose.yml".to_owned()] } else { names }
}

/// A stack needs services, and one of them is `app`. Nothing is said when a file could not be read at all.
fn whole_stack(compose: &Compose, names: &[String], so_far: &[Problem]) -> Option<Problem> {
    let first = names.first().cloned().unwrap_or_default();
    if compose.services.contains_key("app") {
        return None;
    }
    if compose.services.is_empty() {
        let unread = so_far.iter().any(|problem| names.contains(&problem.file) && problem.severity == Severity::Error);
        let problem = Problem::error(first, "defines no services").hint("add `services:` with a service named `app`");
        return (!unread).then_some(problem.topic(Topic::NoApp));
    }
    let near =
        nearest("app", compose.services.keys().map(String::as_str)).map(|near| format!("rename `{near}` to `app`"));
    let hint = near.unwrap_or_else(|| "name the service that users talk to `app`: abra looks for it".to_owned());
    Some(compose.at("services", Problem::error(first, "no service is named `app`").hint(hint)).topic(Topic::NoApp))
}

fn timeout(label: Option<&str>, compose: &Compose, stack: &str, problems: &mut Vec<Problem>) -> u64 {
    let Some(text) = label else { return DEFAULT_TIMEOUT };
    text.trim().parse().unwrap_or_else(|_| {
        let what = format!("`{text}` is not a number of seconds, so {DEFAULT_TIMEOUT} are used");
        let key = format!("services.app.deploy.labels.coop-cloud.{stack}.timeout");
        problems.push(compose.at(&key, Problem::warning("", what).hint("write `${TIMEOUT:-300}`")));
        DEFAULT_TIMEOUT
    })
}

fn configs(compose: &Compose, stack: &str) -> Vec<ConfigSpec> {
    let used = |id: &str| compose.services.values().any(|service| service.configs.iter().any(|one| one.source == id));
    let configs = compose.configs.iter().filter(|(id, _)| used(id));
    let spec = |(id, entry): (&String, &StackFile)| ConfigSpec {
        id: id.clone(),
        swarm_name: swarm_name(entry, id, stack),
        file: entry.file.clone().filter(|_| !entry.external),
        template_driver: entry.template_driver.clone(),
    };
    configs.map(spec).collect()
}

fn volumes(compose: &Compose, stack: &str) -> BTreeMap<String, EngineName> {
    let mounted = |key: &str| {
        let mut mounts = compose.services.values().flat_map(|service| &service.volumes);
        mounts.any(|mount| mount.kind == MountKind::Volume && mount.source.as_deref() == Some(key))
    };
    let volumes = compose.volumes.iter().filter(|(key, _)| mounted(key));
    volumes
        .map(|(key, volume)| (key.clone(), engine_name(key, volume.name.as_deref(), volume.external, stack)))
        .collect()
}

fn networks(compose: &Compose, stack: &str) -> BTreeMap<String, EngineName> {
    let mut networks = BTreeMap::new();
    for service in compose.services.values() {
        let default = service.networks.is_empty() && service.network_mode.is_none();
        let keys = service.networks.keys().map(String::as_str).chain(default.then_some("default"));
        for key in keys {
            let entry = compose.networks.get(key).cloned().unwrap_or_default();
            networks.insert(key.to_owned(), engine_name(key, entry.name.as_deref(), entry.external, stack));
        }
    }
    networks
}

fn engine_name(key: &str, name: Option<&str>, external: bool, stack: &str) -> EngineName {
    let name = match (name, external) {
        (Some(name), _) => name.to_owned(),
        (None, true) => key.to_owned(),
        (None, false) => format!("{stack}_{key}"),
    };
    EngineName { name, external }
}
