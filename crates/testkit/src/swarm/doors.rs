//! The doors of the double to the swarm: looking and changing.

use super::{FakeSwarm, Replaced, SwarmCall, stack};
use async_trait::async_trait;
use cc_ci_engine::labels;
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::{
    ContainerFacts, Deployed, Events, Hearing, Inventory, Loaded, Mounts, NewSecret, NewValue, Observe, Operate,
    Rendered, Since, Started, SwarmError, Used,
};
use cc_ci_model::convergence::StackView;
use cc_ci_model::data::Mounted;
use cc_ci_model::data::access::User;
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::plan::permit::DeployPermit;
use cc_ci_recipe::overlay::Identity;
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[async_trait]
impl Observe for FakeSwarm {
    async fn stack(&self, stack: &StackName) -> Result<StackView, SwarmError> {
        self.called(SwarmCall::Stack)?;
        let mut state = self.state();
        state.advance();
        Ok(state.view(stack))
    }

    async fn container(&self, id: &str) -> Result<Option<ContainerFacts>, SwarmError> {
        self.called(SwarmCall::Container)?;
        Ok(self.state().container(id))
    }

    async fn log_tail(&self, container: &str, _lines: usize) -> Result<Vec<String>, SwarmError> {
        let known = self.state().container(container);
        let said = self.orders().last_words;
        let words = said.map_or_else(|| format!("last words of {container}"), str::to_owned);
        Ok(known.map(|_| words).into_iter().collect())
    }

    async fn changes(&self, container: &str) -> Result<Option<BTreeSet<String>>, SwarmError> {
        Ok(self.image_of(container).map(|image| self.orders().layers.changes(&image)))
    }

    async fn first_bytes(&self, container: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, SwarmError> {
        Ok(self.image_of(container).and_then(|image| self.orders().layers.first_bytes(&image, path, most)))
    }

    async fn keeps_replaced(&self) -> Result<bool, SwarmError> {
        Ok(self.orders().layers.replaced != Replaced::Goes)
    }

    async fn inventory(&self) -> Result<Inventory, SwarmError> {
        self.called(SwarmCall::Inventory)?;
        Ok(self.left())
    }

    async fn mounts(&self, stack: &StackName) -> Result<Mounts, SwarmError> {
        let mut mounts = Mounts::default();
        for (service, _, volumes) in self.state().running(stack) {
            let mounted =
                volumes.into_iter().map(|(target, volume)| Mounted { service: service.clone(), target, volume });
            mounts.volumes.extend(mounted);
            mounts.services.insert(service);
        }
        Ok(mounts)
    }

    async fn users(&self, _stack: &StackName) -> Result<BTreeMap<String, BTreeSet<User>>, SwarmError> {
        Ok(BTreeMap::new())
    }

    async fn volumes(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        Ok(self.of_stack(stack, ObjectKind::Volume))
    }

    async fn networks(&self, stack: &StackName) -> Result<BTreeSet<String>, SwarmError> {
        Ok(self.of_stack(stack, ObjectKind::Network))
    }

    async fn running(&self, stack: &StackName, service: &str) -> Result<Vec<String>, SwarmError> {
        let running = self.state().running(stack).into_iter();
        Ok(running.filter(|(name, ..)| name == service).map(|(_, container, _)| container).collect())
    }

    async fn started(&self, stack: &StackName, _since: Since) -> Result<Vec<Started>, SwarmError> {
        let running = self.state().running(stack);
        Ok(self.started_in(running.into_iter().map(|(service, container, _)| (service, container)).collect()))
    }

    async fn used(&self, containers: &[String]) -> BTreeMap<String, Used> {
        self.used_by(containers)
    }

    async fn holders(&self, object: &Object) -> Result<BTreeSet<String>, SwarmError> {
        Ok(self.orders().held.get(object).cloned().unwrap_or_default())
    }

    async fn labels(&self, object: &Object) -> Result<Option<BTreeMap<String, String>>, SwarmError> {
        let state = self.state();
        Ok(match object.kind {
            ObjectKind::Service => state.service_labels(&object.name),
            ObjectKind::Container
            | ObjectKind::Network
            | ObjectKind::Volume
            | ObjectKind::Secret
            | ObjectKind::Config => state.inventory().remove(object),
        })
    }

    fn events(&self, hearing: &Hearing) -> Events {
        if let Err(lost) = self.called(SwarmCall::Events) {
            return stream::once(async { Err(lost) }).boxed();
        }
        let Hearing { kinds, since, until } = hearing.clone();
        let state = self.state();
        let live = state.live.subscribe();
        let told = state.told().iter().filter(|(kind, event)| {
            kinds.contains(kind)
                && since.is_some_and(|since| event.at >= since)
                && until.is_none_or(|until| event.at <= until)
        });
        let told: Vec<_> = told.map(|(_, event)| Ok(event.clone())).collect();
        let told = stream::iter(told);
        if until.is_some() {
            return told.boxed();
        }
        let live = stream::unfold(live, |mut live| async { Some((live.recv().await.ok()?, live)) });
        let live = live.filter(move |(kind, _)| std::future::ready(kinds.contains(kind)));
        told.chain(live.map(|(_, event)| Ok(event))).boxed()
    }

    async fn config(&self, _stack: &Rendered, _files: &[PathBuf]) -> Result<Loaded, SwarmError> {
        Ok(Loaded::NotAvailable("a swarm in memory has no loader".to_owned()))
    }
}

#[async_trait]
impl Operate for FakeSwarm {
    async fn deploy(&self, permit: DeployPermit, stack: &Rendered) -> Result<Deployed, SwarmError> {
        let deployed = Deployed::spend(permit, stack)?;
        self.called(SwarmCall::Deploy)?;
        self.take(stack)?;
        self.suffer(SwarmCall::Deploy);
        Ok(deployed)
    }

    async fn redeploy(&self, proof: &Deployed, stack: &Rendered) -> Result<(), SwarmError> {
        proof.covers(stack)?;
        self.called(SwarmCall::Redeploy)?;
        self.take(stack)?;
        self.suffer(SwarmCall::Redeploy);
        Ok(())
    }

    async fn scale(&self, service: &str, replicas: u64) -> Result<(), SwarmError> {
        let call = if replicas == 0 { SwarmCall::Stop } else { SwarmCall::Start };
        self.called(call)?;
        let done = self.state().scale(service, replicas);
        if done {
            self.suffer(call);
            return Ok(());
        }
        Err(SwarmError::Command { verb: format!("scale {service}"), text: "no such service".to_owned() })
    }

    async fn kill(&self, _container: &str) -> Result<(), SwarmError> {
        Ok(())
    }

    async fn create_secrets(
        &self,
        run: &RunId,
        _stack: &Rendered,
        secrets: &[NewSecret],
        keep: &Secrets,
    ) -> Result<(), SwarmError> {
        for (at, secret) in secrets.iter().enumerate() {
            self.called(SwarmCall::Secrets)?;
            let value = match &secret.value {
                NewValue::Given(value) => value.clone(),
                NewValue::Random { .. } => format!("secret-{at}-of-{}", secret.name),
            };
            let labels = labels::of_run(run).into_iter().collect();
            self.state().objects.insert(Object::new(ObjectKind::Secret, &secret.name), labels);
            keep.keep(&secret.name, value);
        }
        Ok(())
    }

    async fn adopt_secret(&self, run: &RunId, name: &str) -> Result<(), SwarmError> {
        let labels = labels::of_run(run).into_iter().collect();
        self.state().objects.insert(Object::new(ObjectKind::Secret, name), labels);
        Ok(())
    }

    async fn keep_secret(&self, recipe: &str, name: &str) -> Result<(), SwarmError> {
        let labels = [(labels::CANONICAL.to_owned(), recipe.to_owned())].into();
        self.state().objects.insert(Object::new(ObjectKind::Secret, name), labels);
        Ok(())
    }

    fn identity(&self, _folder: &Path) -> Identity {
        Identity::Override
    }

    async fn undeploy(&self, _run: &RunId, _stack: &StackName) -> Result<(), SwarmError> {
        Ok(())
    }

    async fn remove(&self, object: &Object) -> Result<bool, SwarmError> {
        self.called(SwarmCall::Remove)?;
        Ok(self.state().remove(object))
    }
}

impl FakeSwarm {
    fn take(&self, stack: &Rendered) -> Result<(), SwarmError> {
        let refused = |text| SwarmError::Refused { by: "docker stack deploy", text };
        let wanted = stack::read(stack).map_err(refused)?;
        let mut state = self.state();
        state.advance();
        state.apply(&stack.stack, wanted);
        Ok(())
    }

    /// Names of the stack's objects of one kind.
    fn of_stack(&self, stack: &StackName, kind: ObjectKind) -> BTreeSet<String> {
        let state = self.state();
        let ours = state.objects.iter().filter(|(object, labels)| {
            object.kind == kind && labels.get(labels::STACK).is_some_and(|name| name == stack.as_str())
        });
        ours.map(|(object, _)| object.name.clone()).collect()
    }
}

impl FakeSwarm {
    /// Deploys a stack as somebody would who asks for no permit.
    ///
    /// # Panics
    /// When the files cannot be read.
    pub fn deploy_unasked(&self, like: &Rendered, stack: &StackName) {
        let rendered = Rendered { stack: stack.clone(), ..like.clone() };
        self.take(&rendered).expect("files that were deployed before can be deployed again");
    }

    /// Removes every service of a stack.
    pub fn remove_stack(&self, stack: &StackName) {
        let services = self.left().objects.into_iter().filter(|(object, labels)| {
            object.kind == ObjectKind::Service && labels.get(labels::STACK).is_some_and(|name| name == stack.as_str())
        });
        for (service, _) in services {
            self.state().remove(&service);
        }
    }
}
