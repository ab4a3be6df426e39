//! Looks at a swarm without hearing what containers say.
//!
//! A run that begins with the secrets of an earlier one does not know their values, so nothing could mask them in what a container
//! writes. What is not read cannot be shown, kept or followed by anybody (SEC-1).

use super::{
    ContainerFacts, Doors, Events, Hearing, Inventory, Loaded, Mounts, Observe, Rendered, Since, Started, SwarmError,
    Used,
};
use async_trait::async_trait;
use cc_ci_model::convergence::StackView;
use cc_ci_model::data::access::User;
use cc_ci_model::ids::StackName;
use cc_ci_model::object::Object;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What stands where a container's own words would.
pub const UNHEARD: &str =
    "(not shown: nobody knows the values of its secrets, so they could not be masked in what it says)";

impl Doors {
    /// The same, but whoever looks does not hear what containers say.
    #[must_use]
    pub fn unheard(self) -> Self {
        Self { observe: Arc::new(Unheard(self.observe)), ..self }
    }
}

struct Unheard(Arc<dyn Observe>);

#[async_trait]
impl Observe for Unheard {
    async fn log_tail(&self, container: &str, _lines: usize) -> Result<Vec<String>, SwarmError> {
        let found = self.0.container(container).await?;
        Ok(found.map(|_| UNHEARD.to_owned()).into_iter().collect())
    }

    async fn container(&self, id: &str) -> Result<Option<ContainerFacts>, SwarmError> {
        let withheld = |facts: ContainerFacts| {
            let health = facts.health.as_ref().map(|_| UNHEARD.to_owned());
            ContainerFacts { health, ..facts }
        };
        Ok(self.0.container(id).await?.map(withheld))
    }

    async fn stack(&self, stack: &StackName) -> Result<StackView, SwarmError> {
        self.0.stack(stack).await
    }

    async fn inventory(&self) -> Result<Inventory, SwarmError> {
        self.0.inventory().await
    }

    async fn changes(&self, container: &str) -> Result<Option<BTreeSet<String>>, SwarmError> {
        self.0.changes(container).await
    }

    async fn first_bytes(&self, container: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, SwarmError> {
        self.0.first_bytes(container, path, most).await
    }

    async fn keeps_replaced(&self) -> Result<bool, SwarmError> {
        self.0.keeps_replaced().await
    }

    async fn mounts(&self, stack: &StackName) -> Result<Mounts, SwarmError> {
        self.0.mounts(stack).await
    }

    async fn users(&self, stack: &StackName) -> Result<BTreeMap<String, BTreeSet<User>>, SwarmError> {
        self.0.users(stack).await
    }

    async fn volumes(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        self.0.volumes(stack).await
    }

    async fn networks(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        self.0.networks(stack).await
    }

    async fn running(&self, stack: &StackName, service: &str) -> Result<Vec<String>, SwarmError> {
        self.0.running(stack, service).await
    }

    async fn started(&self, stack: &StackName, since: Since) -> Result<Vec<Started>, SwarmError> {
        self.0.started(stack, since).await
    }

    async fn used(&self, containers: &[String]) -> BTreeMap<String, Used> {
        self.0.used(containers).await
    }

    async fn holders(&self, object: &Object) -> Result<BTreeSet<String>, SwarmError> {
        self.0.holders(object).await
    }

    async fn labels(&self, object: &Object) -> Result<Option<BTreeMap<String, String>>, SwarmError> {
        self.0.labels(object).await
    }

    fn events(&self, hearing: &Hearing) -> Events {
        self.0.events(hearing)
    }

    async fn config(&self, stack: &Rendered, files: &[PathBuf]) -> Result<Loaded, SwarmError> {
        self.0.config(stack, files).await
    }
}
