//! Runs a provider's scripts in its own containers: makes, lists and removes the namespaces that runs have in it (DEP-2, DEP-3).

use crate::exec::{self, Command, ExecError, Output};
use crate::run::app::Scripts;
use crate::secrets;
use crate::swarm::{Observe, SwarmError};
use bollard::Docker;
use cc_ci_model::convergence::TaskPhase;
use cc_ci_model::ids::{Domain, RunId, StackName};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::dependency::TakenCapability;
use cc_ci_recipe::env_sample::Charset;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How every namespace of a run begins.
pub const PREFIX: &str = "cc-ci-";

/// How many random values a script is given.
const RANDOM: usize = 4;

/// How long each of them is, in letters.
const RANDOM_LENGTH: u32 = 32;

/// How many lines of a script's error output a finding keeps.
const KEPT: usize = 20;

/// Why a script gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No container of the service runs.
    #[error("no container of service `{service}` of {stack} runs")]
    NoContainer {
        /// The provider's stack.
        stack: StackName,
        /// The service that the catalogue names.
        service: String,
    },
    /// The script could not be run, or its container went away.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The engine did not answer.
    #[error(transparent)]
    Swarm(#[from] SwarmError),
    /// The script `delete` ended well, and the namespace is listed all the same.
    #[error("the namespace `{namespace}` is still there after its `delete`")]
    StillThere {
        /// Its name.
        namespace: String,
    },
    /// The script ended badly.
    #[error("the script `{script}` ended with {ending}: {said}")]
    Failed {
        /// `create`, `delete` or `list`.
        script: &'static str,
        /// `exit code 3`.
        ending: String,
        /// Its last line of error output.
        said: String,
        /// More of them.
        details: Vec<String>,
    },
}

impl ProviderError {
    /// What a step says about it.
    #[must_use]
    pub fn finding(self, provider: &str) -> Finding {
        let summary = format!("{provider}: {self}");
        match self {
            Self::NoContainer { .. } => Finding::new(Cause::DependencyUnhealthy, summary),
            Self::Exec(ExecError::Gone { .. }) => Finding::new(Cause::DependencyUnhealthy, summary),
            Self::Exec(ExecError::CannotStart { .. }) => Finding::new(Cause::ProvisioningFailed, summary),
            Self::Exec(ExecError::Engine { .. } | ExecError::NoExitCode { .. }) | Self::Swarm(_) => {
                Finding::new(Cause::EngineLost, summary)
            }
            Self::StillThere { .. } => Finding::new(Cause::ProvisioningFailed, summary),
            Self::Failed { details, .. } => Finding::new(Cause::ProvisioningFailed, summary).with_details(details),
        }
    }
}

/// A running provider, by one of its capabilities.
pub struct DependencyScripts<'a> {
    /// The engine, for exec.
    pub docker: &'a Docker,
    /// The engine, for looking.
    pub observe: &'a dyn Observe,
    /// The provider's stack.
    pub stack: &'a StackName,
    /// Its address.
    pub url: String,
    /// Its scripts for the capability.
    pub scripts: &'a Scripts,
    /// How long one script may take.
    pub limit: Duration,
}

/// The namespace of a run.
#[must_use]
pub fn namespace(run: &RunId) -> String {
    format!("{PREFIX}{run}")
}

/// The run that a namespace belongs to; `None` for a name that no run gave.
#[must_use]
pub fn run_of(namespace: &str) -> Option<RunId> {
    RunId::parse(namespace.strip_prefix(PREFIX)?).ok()
}

/// Fresh values for passwords and client secrets.
#[must_use]
pub fn randoms() -> Vec<String> {
    (0..RANDOM).map(|_| secrets::generate(Some(RANDOM_LENGTH), Charset::Alnum)).collect()
}

/// Says whether a run is alive.
pub type Alive = Arc<dyn Fn(&RunId) -> bool + Send + Sync>;

/// Removes the namespaces of runs that are dead; answers with each, or with what stood in the way.
pub async fn reap(provider: &DependencyScripts<'_>, own: &RunId, alive: &Alive) -> Vec<Result<String, ProviderError>> {
    let found = match provider.list().await {
        Ok(found) => found,
        Err(error) => return vec![Err(error)],
    };
    let dead = found.into_iter().filter(|name| run_of(name).is_some_and(|run| run != *own && !alive(&run)));
    let mut done = Vec::new();
    for name in dead {
        done.push(remove(provider, &name).await.map(|()| name));
    }
    done
}

/// Removes a namespace and looks whether it is gone.
pub async fn remove(provider: &DependencyScripts<'_>, namespace: &str) -> Result<(), ProviderError> {
    provider.delete(namespace).await?;
    match provider.list().await?.iter().any(|name| name == namespace) {
        false => Ok(()),
        true => Err(ProviderError::StillThere { namespace: namespace.to_owned() }),
    }
}

/// The app as a provider's script knows it.
pub struct Client<'a> {
    /// Its address.
    pub url: String,
    /// Its domain.
    pub domain: &'a Domain,
}

impl DependencyScripts<'_> {
    /// Makes `namespace` and answers with what the script printed and said. Whatever happens, the namespace may be there.
    pub async fn create(
        &self,
        namespace: &str,
        client: &Client<'_>,
        taken: &TakenCapability,
        randoms: &[String],
    ) -> Result<Output, ProviderError> {
        let mut env = self.environment(namespace);
        env.insert("CC_CI_APP_URL".to_owned(), client.url.clone());
        env.insert("CC_CI_APP_DOMAIN".to_owned(), client.domain.to_string());
        env.extend(randoms.iter().enumerate().map(|(at, value)| (format!("CC_CI_RANDOM_{}", at + 1), value.clone())));
        let inputs = taken.inputs.iter();
        env.extend(inputs.map(|(name, value)| (format!("CC_CI_{}", name.to_ascii_uppercase()), value.clone())));
        self.run("create", &self.scripts.create, &env).await
    }

    /// Removes `namespace`; no error when there is none.
    pub async fn delete(&self, namespace: &str) -> Result<(), ProviderError> {
        self.run("delete", &self.scripts.delete, &self.environment(namespace)).await.map(drop)
    }

    /// The namespaces of runs.
    pub async fn list(&self) -> Result<Vec<String>, ProviderError> {
        let output = self.run("list", &self.scripts.list, &self.environment("")).await?;
        let text = output.text();
        let names = text.lines().map(str::trim).filter(|line| run_of(line).is_some());
        Ok(names.map(str::to_owned).collect())
    }

    fn environment(&self, namespace: &str) -> BTreeMap<String, String> {
        let fixed = [("CC_CI_NAMESPACE", namespace), ("CC_CI_PROVIDER_URL", self.url.as_str())];
        fixed.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Runs one script to its end. It is read from standard input, so that nothing of it is an argument.
    async fn run(
        &self,
        script: &'static str,
        text: &str,
        env: &BTreeMap<String, String>,
    ) -> Result<Output, ProviderError> {
        let container = self.container().await?;
        let command = Command::new(["sh", "-s"]).input(text.as_bytes().to_vec()).limit(self.limit);
        let command = env.iter().fold(command, |command, (name, value)| command.env(name, value));
        let output = exec::run(self.docker, &container, &command).await?;
        if output.succeeded() {
            return Ok(output);
        }
        // Standard output may hold secrets that nobody has been told of.
        let said = Output { stdout: Vec::new(), ..output };
        let details = said.tail(KEPT);
        let last = details.last().cloned().unwrap_or_else(|| "it said nothing".to_owned());
        Err(ProviderError::Failed { script, ending: said.ending(), said: last, details })
    }

    async fn container(&self) -> Result<String, ProviderError> {
        let view = self.observe.stack(self.stack).await?;
        let service = view.services.iter().find(|service| service.name == self.scripts.service);
        let running = service.and_then(|service| {
            let tasks = view.tasks.iter().filter(|task| task.service == service.id && task.wanted);
            tasks.filter(|task| task.phase == TaskPhase::Running).find_map(|task| task.container.clone())
        });
        running.ok_or_else(|| ProviderError::NoContainer {
            stack: self.stack.clone(),
            service: self.scripts.service.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_tells_its_run() {
        let run = RunId::parse("20261124-021500-ab12cd").unwrap();
        assert_eq!(run_of(&namespace(&run)), Some(run));
        assert_eq!(run_of("shop"), None);
        assert_eq!(run_of("cc-ci-"), None);
        assert_eq!(run_of("cc-ci-../x"), None);
    }

    #[test]
    fn random_values_differ_and_are_plain() {
        let values = randoms();
        assert_eq!(values.len(), 4);
        assert!(values.iter().all(|value| value.len() == 32 && value.chars().all(|c| c.is_ascii_alphanumeric())));
        assert_ne!(values[0], values[1]);
    }
}
