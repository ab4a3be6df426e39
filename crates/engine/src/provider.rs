//! Runs a provider's scripts in its own containers: makes, lists and removes the namespaces that runs have in it (DEP-2, DEP-3).

use crate::exec::{ExecCommand, ExecError, ExecOutput};
use crate::run::app::Scripts;
use crate::secrets::{self, Secrets};
use crate::swarm::{Containers, SwarmError};
use cc_ci_model::convergence::TaskPhase;
use cc_ci_model::ids::{Domain, RunId, StackName};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::dependency::{TakenCapability, parse_outputs};
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
    fn finding(self, provider: &str) -> Finding {
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

impl ProviderError {
    /// How a step ends that met it: without an answer where the engine gave none, else failed.
    #[must_use]
    pub fn outcome(self, provider: &str) -> Outcome {
        let unanswered = match &self {
            Self::Exec(ExecError::Engine { .. } | ExecError::NoExitCode { .. }) | Self::Swarm(_) => true,
            Self::NoContainer { .. }
            | Self::Exec(ExecError::Gone { .. } | ExecError::CannotStart { .. })
            | Self::StillThere { .. }
            | Self::Failed { .. } => false,
        };
        let finding = self.finding(provider);
        if unanswered { Outcome::Unverified(finding) } else { Outcome::Failed(finding) }
    }
}

/// A running provider, by one of its capabilities.
pub struct DependencyScripts<'a> {
    /// The way into its containers.
    pub containers: Containers,
    /// The provider's stack.
    pub stack: &'a StackName,
    /// Its address.
    pub url: String,
    /// Its scripts for the capability.
    pub scripts: &'a Scripts,
    /// How long one script may take.
    pub limit: Duration,
    /// What the scripts are given and what they give.
    pub secrets: Secrets,
}

/// What came of a script `create` that ended well.
#[derive(Debug)]
pub struct Created {
    /// Its outputs by name, or what is wrong with what it printed.
    pub outputs: Result<BTreeMap<String, String>, String>,
    /// The lines of its error output.
    pub said: Vec<String>,
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

/// Makes values for passwords and client secrets of a capability.
fn randoms(capability: &str, secrets: &Secrets) -> Vec<String> {
    let value = |number| {
        let value = secrets::generate(Some(RANDOM_LENGTH), Charset::Alnum);
        secrets.keep(format!("{capability}.random_{number}"), value.clone());
        value
    };
    (1..=RANDOM).map(value).collect()
}

/// Says whether a run is alive.
pub type Alive = Arc<dyn Fn(&RunId) -> bool + Send + Sync>;

/// Removes the namespaces of runs that are dead; returns each, or what stood in the way.
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
    /// Makes `namespace` and takes the outputs of the script. Whatever happens, the namespace may be there.
    pub async fn create(
        &self,
        namespace: &str,
        client: &Client<'_>,
        taken: &TakenCapability,
    ) -> Result<Created, ProviderError> {
        let randoms = randoms(&taken.capability, &self.secrets);
        let mut env = self.environment(namespace);
        env.insert("CC_CI_APP_URL".to_owned(), client.url.clone());
        env.insert("CC_CI_APP_DOMAIN".to_owned(), client.domain.to_string());
        env.extend(randoms.iter().enumerate().map(|(at, value)| (format!("CC_CI_RANDOM_{}", at + 1), value.clone())));
        let inputs = taken.inputs.iter();
        env.extend(inputs.map(|(name, value)| (format!("CC_CI_{}", name.to_ascii_uppercase()), value.clone())));
        let output = self.run("create", &self.scripts.create, &env).await?;
        Ok(created(taken, &output, &self.secrets))
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
    ) -> Result<ExecOutput, ProviderError> {
        let container = self.container().await?;
        let command = ExecCommand::new(["sh", "-s"]).input(text.as_bytes().to_vec()).limit(self.limit);
        let command = env.iter().fold(command, |command, (name, value)| command.env(name, value));
        let output = self.containers.node.exec(&container, &command).await?;
        if output.succeeded() {
            return Ok(output);
        }
        // Standard output may hold secrets that nobody has been told of.
        let said = ExecOutput { stdout: Vec::new(), ..output };
        // Masked as a whole, because the last line stands by itself in the summary.
        let details = self.secrets.vault().redactor().mask_lines(said.tail(KEPT));
        let last = details.last().cloned().unwrap_or_else(|| "it said nothing".to_owned());
        Err(ProviderError::Failed { script, ending: said.ending(), said: last, details })
    }

    async fn container(&self) -> Result<String, ProviderError> {
        let view = self.containers.observe.stack(self.stack).await?;
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

/// Reads the outputs of `create`; those that are secret are kept before anything of it is said.
fn created(taken: &TakenCapability, output: &ExecOutput, secrets: &Secrets) -> Created {
    let outputs = parse_outputs(taken, &output.text());
    for (name, value) in outputs.iter().flatten().filter(|(name, _)| taken.secret_outputs.contains(name)) {
        secrets.keep(format!("{}.{name}", taken.capability), value);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    Created { outputs, said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::ExecStatus;
    use crate::voice::Voice;
    use cc_ci_model::event::{Event, Listener, Stamped};
    use cc_ci_model::plan::step::{Action, Part, Pass, Step};
    use cc_ci_model::redact::Vault;
    use cc_ci_model::tier::Tier;
    use std::sync::Mutex;

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
        let secrets = Secrets::default();
        let values = randoms("oidc", &secrets);
        assert_eq!(values.len(), 4);
        assert!(values.iter().all(|value| value.len() == 32 && value.chars().all(|c| c.is_ascii_alphanumeric())));
        assert_ne!(values[0], values[1]);
        assert_eq!(secrets.value("oidc.random_4"), Some(values[3].clone()));
    }

    /// Hears the notes as the recorder would.
    #[derive(Clone, Default)]
    struct Ear(Arc<Mutex<Vec<String>>>);

    impl Listener for Ear {
        fn on_event(&mut self, stamped: &Stamped) {
            if let Event::Noted { text, .. } = &stamped.event {
                self.0.lock().unwrap().push(text.clone());
            }
        }
    }

    #[test]
    fn a_provider_that_prints_a_secret_wrapped_over_lines_gives_nothing_away() {
        let taken = TakenCapability {
            capability: "oidc".to_owned(),
            service: "app".to_owned(),
            inputs: BTreeMap::new(),
            outputs: vec!["client_secret".to_owned()],
            secret_outputs: vec!["client_secret".to_owned()],
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            tests: Vec::new(),
        };
        let value = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6";
        let stderr = format!("made a client with\n{}\n{}\n\nas its secret", &value[..16], &value[16..]).into_bytes();
        let stdout = format!("client_secret={value}\n").into_bytes();
        let output = ExecOutput { status: ExecStatus::Exited(0), stdout, stderr, dropped: 0 };
        let secrets = Secrets::new(Vault::default());
        let created = created(&taken, &output, &secrets);
        assert_eq!(created.outputs.unwrap()["client_secret"], value);
        let ear = Ear::default();
        let voice = Voice::discreet(vec![Box::new(ear.clone())], secrets.vault().clone());
        let part = Part::Capability { name: taken.capability };
        let recipe = cc_ci_model::ids::RecipeName::parse("canaille").unwrap();
        let step = Step::new(Tier::Install, Pass::Only, Action::Dependency { recipe, part });
        voice.note_lines(&step.id, "canaille", created.said);
        let heard = ear.0.lock().unwrap().join("\n");
        assert!(heard.contains("as its secret"), "{heard}");
        assert!(!heard.contains(&value[..16]) && !heard.contains(&value[16..]), "{heard}");
    }
}
