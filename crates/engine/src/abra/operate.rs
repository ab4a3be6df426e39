//! [`Operate`] by commands of `abra`; what it has no command for goes to the engine as with the other deployer.

use super::command::Failure;
use super::home::SERVER;
use super::{Abra, Deployer, LAST_CALL, Progress};
use crate::labels;
use crate::secrets::Secrets;
use crate::swarm::{
    ContainerFacts, Deployed, Events, Hearing, Inventory, Loaded, Mounts, NewSecret, NewValue, Observe, Operate,
    Rendered, Since, Started, SwarmError, Used,
};
use async_trait::async_trait;
use cc_ci_model::convergence::StackView;
use cc_ci_model::data::access::User;
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::plan::permit::DeployPermit;
use cc_ci_model::report::text::count;
use cc_ci_recipe::abra::secrets;
use cc_ci_recipe::overlay::Identity;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// How often the engine is asked whether a stack is gone.
const LOOK: Duration = Duration::from_millis(50);

#[async_trait]
impl Operate for Abra {
    async fn deploy(&self, permit: DeployPermit, stack: &Rendered) -> Result<Deployed, SwarmError> {
        if !self.0.home.holds(&stack.folder) {
            return self.0.swarm.deploy(permit, stack).await;
        }
        // The permit ends here: nobody can deploy with it again.
        let deployed = Deployed::spend(permit, stack)?;
        self.0.deploy(stack).await?;
        Ok(deployed)
    }

    async fn redeploy(&self, proof: &Deployed, stack: &Rendered) -> Result<(), SwarmError> {
        if !self.0.home.holds(&stack.folder) {
            return self.0.swarm.redeploy(proof, stack).await;
        }
        proof.covers(stack)?;
        self.0.deploy(stack).await
    }

    async fn scale(&self, service: &str, replicas: u64) -> Result<(), SwarmError> {
        self.0.swarm.scale(service, replicas).await
    }

    async fn kill(&self, container: &str) -> Result<(), SwarmError> {
        self.0.swarm.kill(container).await
    }

    async fn create_secrets(
        &self,
        run: &RunId,
        stack: &Rendered,
        secrets: &[NewSecret],
        keep: &Secrets,
    ) -> Result<(), SwarmError> {
        if !self.0.home.holds(&stack.folder) {
            return self.0.swarm.create_secrets(run, stack, secrets, keep).await;
        }
        self.0.create_secrets(run, stack, secrets, keep).await
    }

    async fn adopt_secret(&self, run: &RunId, name: &str) -> Result<(), SwarmError> {
        self.0.swarm.adopt_secret(run, name).await
    }

    async fn keep_secret(&self, recipe: &str, name: &str) -> Result<(), SwarmError> {
        self.0.swarm.keep_secret(recipe, name).await
    }

    /// What the run deploys besides the app under test is deployed with Docker alone.
    fn identity(&self, folder: &Path) -> Identity {
        if self.0.home.holds(folder) { Identity::Abra } else { Identity::Override }
    }

    async fn undeploy(&self, run: &RunId, stack: &StackName) -> Result<(), SwarmError> {
        self.0.undeploy(run, stack).await
    }

    async fn remove(&self, object: &Object) -> Result<bool, SwarmError> {
        self.0.swarm.remove(object).await
    }
}

#[async_trait]
impl Observe for Abra {
    async fn stack(&self, stack: &StackName) -> Result<StackView, SwarmError> {
        self.0.swarm.stack(stack).await
    }

    async fn container(&self, id: &str) -> Result<Option<ContainerFacts>, SwarmError> {
        self.0.swarm.container(id).await
    }

    async fn log_tail(&self, container: &str, lines: usize) -> Result<Vec<String>, SwarmError> {
        self.0.swarm.log_tail(container, lines).await
    }

    async fn changes(&self, container: &str) -> Result<Option<BTreeSet<String>>, SwarmError> {
        self.0.swarm.changes(container).await
    }

    async fn first_bytes(&self, container: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, SwarmError> {
        self.0.swarm.first_bytes(container, path, most).await
    }

    async fn keeps_replaced(&self) -> Result<bool, SwarmError> {
        self.0.swarm.keeps_replaced().await
    }

    async fn inventory(&self) -> Result<Inventory, SwarmError> {
        self.0.swarm.inventory().await
    }

    async fn mounts(&self, stack: &StackName) -> Result<Mounts, SwarmError> {
        self.0.swarm.mounts(stack).await
    }

    async fn users(&self, stack: &StackName) -> Result<BTreeMap<String, BTreeSet<User>>, SwarmError> {
        self.0.swarm.users(stack).await
    }

    async fn volumes(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        self.0.swarm.volumes(stack).await
    }

    async fn networks(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        self.0.swarm.networks(stack).await
    }

    async fn running(&self, stack: &StackName, service: &str) -> Result<Vec<String>, SwarmError> {
        self.0.swarm.running(stack, service).await
    }

    async fn started(&self, stack: &StackName, since: Since) -> Result<Vec<Started>, SwarmError> {
        self.0.swarm.started(stack, since).await
    }

    async fn used(&self, containers: &[String]) -> BTreeMap<String, Used> {
        self.0.swarm.used(containers).await
    }

    async fn holders(&self, object: &Object) -> Result<BTreeSet<String>, SwarmError> {
        self.0.swarm.holders(object).await
    }

    async fn labels(&self, object: &Object) -> Result<Option<BTreeMap<String, String>>, SwarmError> {
        self.0.swarm.labels(object).await
    }

    fn events(&self, hearing: &Hearing) -> Events {
        self.0.swarm.events(hearing)
    }

    async fn config(&self, stack: &Rendered, files: &[PathBuf]) -> Result<Loaded, SwarmError> {
        self.0.swarm.config(stack, files).await
    }
}

impl Deployer {
    async fn deploy(&self, stack: &Rendered) -> Result<(), SwarmError> {
        let mut app = self.app.lock().await;
        self.stage(&mut app, stack).await?;
        app.deployed = true;
        // Its own wait gives up on slow apps (F2-12), and the domain of a run is known to no name server.
        let words =
            ["app", "deploy", "-n", "-o", "-C", "--no-converge-checks", "--no-domain-checks", self.home.domain()];
        self.call(&words).await.map_err(|failure| failure.of_recipe("abra app deploy"))?;
        let tree = self.home.tree(stack)?;
        self.home.still_at(tree).await?;
        self.carries(stack, tree.commit.short()).await
    }

    /// The deployed app says that it is the commit which was asked for. The label ends with `+U` because of the override
    /// in the clone (HC1); that nothing else is in it was looked at before and after.
    async fn carries(&self, stack: &Rendered, short: &str) -> Result<(), SwarmError> {
        let view = self.swarm.stack(&stack.stack).await?;
        let label = format!("coop-cloud.{}.chaos-version", stack.stack);
        let app = view.services.iter().find(|service| service.name == "app");
        let said = app.and_then(|app| app.labels.get(&label)).map_or("", String::as_str);
        if said.strip_suffix("+U").unwrap_or(said) == short {
            return Ok(());
        }
        let text = format!("the app's label {label} says `{said}`");
        Err(SwarmError::Command { verb: format!("have abra deploy {short}"), text })
    }

    /// Brings clone, app and environment file to the tree of `stack`.
    async fn stage(&self, app: &mut Progress, stack: &Rendered) -> Result<(), SwarmError> {
        if app.staged.as_ref() == Some(&stack.folder) {
            return Ok(());
        }
        let tree = self.home.tree(stack)?;
        self.home.check_out(tree).await?;
        if app.staged.is_none() {
            // Before the override is there. It fails when the files do not load without their variables, too [S10].
            let words = ["app", "new", "-n", "-o", "-C", "-s", SERVER, "-D", self.home.domain(), self.home.recipe()];
            self.call(&words).await.map_err(|failure| failure.of_recipe("abra app new"))?;
            if !self.home.env_file().is_file() {
                let text = "it says that all went well, and made no environment file".to_owned();
                return Err(SwarmError::Command { verb: "run `abra app new`".to_owned(), text });
            }
        }
        self.home.lay_over(tree, stack).await?;
        app.staged = Some(stack.folder.clone());
        Ok(())
    }

    async fn create_secrets(
        &self,
        run: &RunId,
        stack: &Rendered,
        wanted: &[NewSecret],
        keep: &Secrets,
    ) -> Result<(), SwarmError> {
        let mut app = self.app.lock().await;
        self.stage(&mut app, stack).await?;
        app.secrets = true;
        let mut random = false;
        for secret in wanted {
            match &secret.value {
                NewValue::Random { .. } => random = true,
                // First, so that none is generated in its place.
                NewValue::Given(value) => {
                    keep.keep(&secret.name, value);
                    self.insert(secret, value).await?;
                }
            }
        }
        if random {
            self.generate(wanted, keep).await?;
        }
        for secret in wanted {
            self.swarm.adopt_secret(run, &secret.name).await?;
        }
        Ok(())
    }

    /// The value goes by a file that nobody else can read: arguments are everybody's to see.
    async fn insert(&self, secret: &NewSecret, value: &str) -> Result<(), SwarmError> {
        let made = tempfile::NamedTempFile::new_in(self.home.dir()).and_then(|mut file| {
            file.write_all(value.as_bytes())?;
            Ok(file)
        });
        let file = made.map_err(|error| SwarmError::Command {
            verb: format!("hand secret {} to abra", secret.name),
            text: error.to_string(),
        })?;
        let path = file.path().to_string_lossy().into_owned();
        let words =
            ["app", "secret", "insert", "-n", "-o", "-C", "-f", self.home.domain(), &secret.id, &secret.version, &path];
        self.call_in_private(&words).await.map(drop).map_err(|failure| failure.of_host("abra app secret insert"))
    }

    /// Has the rest generated, and keeps each value, so that it is masked wherever it turns up.
    async fn generate(&self, wanted: &[NewSecret], keep: &Secrets) -> Result<(), SwarmError> {
        let words = ["app", "secret", "generate", "-n", "-o", "-C", "-m", "-a", self.home.domain()];
        let said = self.call_in_private(&words).await.map_err(|failure| failure.of_host("abra app secret generate"))?;
        let shown = secrets::generated(&said);
        let random = wanted.iter().filter(|secret| matches!(secret.value, NewValue::Random { .. }));
        for secret in random {
            let value = shown.get(&secret.id).or_else(|| shown.get(&secret.name)).filter(|value| !value.is_empty());
            let value = value.cloned().ok_or_else(|| SwarmError::Command {
                verb: "run `abra app secret generate`".to_owned(),
                text: format!("it does not show the value of `{}`, which could not be masked", secret.id),
            })?;
            keep.keep(&secret.name, value);
        }
        Ok(())
    }

    async fn undeploy(&self, run: &RunId, stack: &StackName) -> Result<(), SwarmError> {
        let app = self.app.lock().await;
        let domain = self.home.domain();
        let of_host = |by| move |failure: Failure| failure.of_host(by);
        let of_stack = |kind| self.labelled(kind, labels::STACK, stack.as_str());
        // Edge, workbench and sandbox are on the app's networks and have its volumes: neither could go.
        let tasks = of_stack(ObjectKind::Container).await?;
        for container in self.labelled(ObjectKind::Container, labels::RUN, run.as_str()).await? {
            if !tasks.contains(&container) {
                self.swarm.remove(&container).await?;
            }
        }
        if app.deployed && !of_stack(ObjectKind::Service).await?.is_empty() {
            self.call_at_the_end(&["app", "undeploy", "-n", "-o", domain])
                .await
                .map_err(of_host("abra app undeploy"))?;
            self.gone(stack).await?;
        }
        if !of_stack(ObjectKind::Volume).await?.is_empty() {
            let words = ["app", "volume", "remove", "-n", "-o", "-f", domain];
            self.call_at_the_end(&words).await.map_err(of_host("abra app volume remove"))?;
        }
        if app.secrets {
            let words = ["app", "secret", "remove", "-n", "-o", "-C", "-a", domain];
            self.call_at_the_end(&words).await.map_err(of_host("abra app secret remove"))?;
        }
        Ok(())
    }

    /// The objects of a kind that carry a label.
    async fn labelled(&self, kind: ObjectKind, label: &str, value: &str) -> Result<Vec<Object>, SwarmError> {
        let inventory = self.swarm.inventory().await?;
        let ours = inventory
            .objects
            .into_iter()
            .filter(|(object, labels)| object.kind == kind && labels.get(label).is_some_and(|found| found == value));
        Ok(ours.map(|(object, _)| object).collect())
    }

    /// Undeploying returns before Swarm has removed anything; volumes can only go once no container is left (S16). Nothing
    /// is gained by letting the containers end well.
    async fn gone(&self, stack: &StackName) -> Result<(), SwarmError> {
        let began = Instant::now();
        loop {
            let services = self.labelled(ObjectKind::Service, labels::STACK, stack.as_str()).await?.len();
            let containers = self.labelled(ObjectKind::Container, labels::STACK, stack.as_str()).await?;
            if services == 0 && containers.is_empty() {
                return Ok(());
            }
            if began.elapsed() >= LAST_CALL {
                let text =
                    format!("{} and {} are left", count(services, "service"), count(containers.len(), "container"));
                return Err(SwarmError::Command { verb: "undeploy with abra".to_owned(), text });
            }
            for container in containers.iter().filter(|_| services == 0) {
                self.swarm.remove(container).await?;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
