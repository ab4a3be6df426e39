//! Doors to a swarm, real or not, of which one does more than it is told.

use async_trait::async_trait;
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::{
    ContainerFacts, Deployed, Doors, Events, Hearing, Inventory, Loaded, Mounts, NewSecret, Observe, Operate, Rendered,
    Since, Started, SwarmError, Used,
};
use cc_ci_model::convergence::StackView;
use cc_ci_model::data::access::User;
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::Object;
use cc_ci_model::plan::permit::DeployPermit;
use cc_ci_recipe::overlay::Identity;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What happens beside a deploy that went well.
pub type Twist = Box<dyn Fn(&Rendered) + Send + Sync>;

/// Forwards everything, and does its twist after each first deploy.
pub struct Twisted {
    inner: Arc<dyn Operate>,
    twist: Twist,
}

impl Twisted {
    /// The same doors, with a twist behind the one that deploys.
    #[must_use]
    pub fn doors(doors: Doors, twist: Twist) -> Doors {
        let inner = Arc::clone(&doors.operate);
        Doors { operate: Arc::new(Self { inner, twist }), ..doors }
    }
}

#[async_trait]
impl Operate for Twisted {
    async fn deploy(&self, permit: DeployPermit, stack: &Rendered) -> Result<Deployed, SwarmError> {
        let deployed = self.inner.deploy(permit, stack).await?;
        (self.twist)(stack);
        Ok(deployed)
    }

    async fn redeploy(&self, proof: &Deployed, stack: &Rendered) -> Result<(), SwarmError> {
        self.inner.redeploy(proof, stack).await
    }

    async fn scale(&self, service: &str, replicas: u64) -> Result<(), SwarmError> {
        self.inner.scale(service, replicas).await
    }

    async fn kill(&self, container: &str) -> Result<(), SwarmError> {
        self.inner.kill(container).await
    }

    async fn create_secrets(
        &self,
        run: &RunId,
        stack: &Rendered,
        secrets: &[NewSecret],
        keep: &Secrets,
    ) -> Result<(), SwarmError> {
        self.inner.create_secrets(run, stack, secrets, keep).await
    }

    async fn adopt_secret(&self, run: &RunId, name: &str) -> Result<(), SwarmError> {
        self.inner.adopt_secret(run, name).await
    }

    async fn keep_secret(&self, recipe: &str, name: &str) -> Result<(), SwarmError> {
        self.inner.keep_secret(recipe, name).await
    }

    fn identity(&self, folder: &Path) -> Identity {
        self.inner.identity(folder)
    }

    async fn undeploy(&self, run: &RunId, stack: &StackName) -> Result<(), SwarmError> {
        self.inner.undeploy(run, stack).await
    }

    async fn remove(&self, object: &Object) -> Result<bool, SwarmError> {
        self.inner.remove(object).await
    }
}

#[async_trait]
impl Observe for Twisted {
    async fn stack(&self, stack: &StackName) -> Result<StackView, SwarmError> {
        self.inner.stack(stack).await
    }

    async fn container(&self, id: &str) -> Result<Option<ContainerFacts>, SwarmError> {
        self.inner.container(id).await
    }

    async fn log_tail(&self, container: &str, lines: usize) -> Result<Vec<String>, SwarmError> {
        self.inner.log_tail(container, lines).await
    }

    async fn changes(&self, container: &str) -> Result<Option<BTreeSet<String>>, SwarmError> {
        self.inner.changes(container).await
    }

    async fn first_bytes(&self, container: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, SwarmError> {
        self.inner.first_bytes(container, path, most).await
    }

    async fn keeps_replaced(&self) -> Result<bool, SwarmError> {
        self.inner.keeps_replaced().await
    }

    async fn inventory(&self) -> Result<Inventory, SwarmError> {
        self.inner.inventory().await
    }

    async fn mounts(&self, stack: &StackName) -> Result<Mounts, SwarmError> {
        self.inner.mounts(stack).await
    }

    async fn users(&self, stack: &StackName) -> Result<BTreeMap<String, BTreeSet<User>>, SwarmError> {
        self.inner.users(stack).await
    }

    async fn volumes(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        self.inner.volumes(stack).await
    }

    async fn networks(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        self.inner.networks(stack).await
    }

    async fn running(&self, stack: &StackName, service: &str) -> Result<Vec<String>, SwarmError> {
        self.inner.running(stack, service).await
    }

    async fn started(&self, stack: &StackName, since: Since) -> Result<Vec<Started>, SwarmError> {
        self.inner.started(stack, since).await
    }

    async fn used(&self, containers: &[String]) -> BTreeMap<String, Used> {
        self.inner.used(containers).await
    }

    async fn holders(&self, object: &Object) -> Result<BTreeSet<String>, SwarmError> {
        self.inner.holders(object).await
    }

    async fn labels(&self, object: &Object) -> Result<Option<BTreeMap<String, String>>, SwarmError> {
        self.inner.labels(object).await
    }

    fn events(&self, hearing: &Hearing) -> Events {
        self.inner.events(hearing)
    }

    async fn config(&self, stack: &Rendered, files: &[PathBuf]) -> Result<Loaded, SwarmError> {
        self.inner.config(stack, files).await
    }
}
