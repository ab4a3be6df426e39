//! Which secrets an app needs, what they are called in Swarm, and how they are generated.

use serde::Serialize;

use crate::compose::{Compose, StackFile};
use crate::env_sample::{Charset, EnvSample, Modifiers};
use crate::interpolate::variables;
use crate::source::{Problem, Topic};

/// One secret that a service uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretSpec {
    /// Its key in the compose file, by which services refer to it.
    pub id: String,
    /// Its name in Swarm, with stack and version: at most 64 letters.
    pub swarm_name: String,
    /// The text behind the last `_` of that name, such as `v1`.
    pub version: String,
    /// Letters to generate; without it, a passphrase of words.
    pub length: Option<u32>,
    /// Alphabet to generate from.
    pub charset: Charset,
    /// Who provides the value.
    pub origin: SecretOrigin,
    /// The variable whose comment says so, when there is one.
    pub variable: Option<String>,
    /// Services that mount it.
    pub used_by: Vec<String>,
}

/// Who provides the value of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretOrigin {
    /// It is generated.
    Generated,
    /// The operator inserts it (`generate=false`).
    Inserted,
    /// The stack file creates it from a file of the recipe.
    File,
}

/// The secrets that at least one service uses, by key.
#[must_use]
pub fn secrets(compose: &Compose, sample: &EnvSample, stack: &str) -> (Vec<SecretSpec>, Vec<Problem>) {
    let mut specs = Vec::new();
    let mut problems = Vec::new();
    for (id, entry) in &compose.secrets {
        let used_by = users(compose, id);
        if used_by.is_empty() {
            let problem = Problem::warning("", "no service uses this secret").hint("remove it, or add it to a service");
            problems.push(compose.at(&format!("secrets.{id}"), problem.topic(Topic::Unused)));
            continue;
        }
        let swarm_name = swarm_name(entry, id, stack);
        let (variable, modifiers) = modifiers(entry, sample).unzip();
        let modifiers = modifiers.unwrap_or_default();
        let origin = match (entry.external, modifiers.generate) {
            (false, _) => SecretOrigin::File,
            (true, Some(false)) => SecretOrigin::Inserted,
            (true, Some(true) | None) => SecretOrigin::Generated,
        };
        specs.push(SecretSpec {
            id: id.clone(),
            version: swarm_name.rsplit_once('_').map_or("", |(_, version)| version).to_owned(),
            swarm_name,
            length: modifiers.length,
            charset: modifiers.charset.unwrap_or_default(),
            origin,
            variable,
            used_by,
        });
    }
    (specs, problems)
}

/// The name of a secret or config in Swarm.
pub(crate) fn swarm_name(entry: &StackFile, id: &str, stack: &str) -> String {
    match (&entry.name, entry.external) {
        (Some(name), _) => name.clone(),
        (None, true) => id.to_owned(),
        (None, false) => format!("{stack}_{id}"),
    }
}

fn users(compose: &Compose, id: &str) -> Vec<String> {
    let uses = |(name, service): (&String, &super::compose::Service)| {
        service.secrets.iter().any(|used| used.source == id).then(|| name.clone())
    };
    compose.services.iter().filter_map(uses).collect()
}

/// The modifiers of the variable that the secret's name reads its version from: the last one that the sample sets.
fn modifiers(entry: &StackFile, sample: &EnvSample) -> Option<(String, Modifiers)> {
    let read = variables(entry.name_text.as_deref()?);
    let set = read.into_iter().filter(|key| *key != "STACK_NAME").filter_map(|key| sample.entry(key)).next_back()?;
    Some((set.key.clone(), set.modifiers))
}
