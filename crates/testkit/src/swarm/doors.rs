//! The doors of the double.

use super::state::{Helper, image_id};
use super::{FakeSwarm, SwarmCall, stack};
use async_trait::async_trait;
use cc_ci_engine::exec::{ExecCommand, ExecError, ExecOutput, ExecStatus};
use cc_ci_engine::host::findings;
use cc_ci_engine::labels;
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::{
    AnswerHeaders, Asking, ContainerFacts, Deployed, EngineFacts, Events, Hearing, HttpAnswer, ImageFacts, Inventory,
    Launch, LayerTeller, Loaded, Membership, Mounts, NewFile, NewSecret, NewValue, Node, Observe, Operate,
    ProxyNetwork, PullError, Rendered, RunEdge, SwarmError,
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
        Ok(known.map(|_| format!("last words of {container}")).into_iter().collect())
    }

    async fn changes(&self, _container: &str) -> Result<BTreeSet<String>, SwarmError> {
        Ok(BTreeSet::new())
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
        Ok(deployed)
    }

    async fn redeploy(&self, proof: &Deployed, stack: &Rendered) -> Result<(), SwarmError> {
        proof.covers(stack)?;
        self.called(SwarmCall::Redeploy)?;
        self.take(stack)
    }

    async fn scale(&self, service: &str, replicas: u64) -> Result<(), SwarmError> {
        if self.state().scale(service, replicas) {
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

#[async_trait]
impl Node for FakeSwarm {
    async fn launch(&self, name: &str, what: &Launch) -> Result<(), SwarmError> {
        self.called(SwarmCall::Launch)?;
        let labels = labels::of_run(&what.run).into_iter().collect();
        let files = what.files.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
        self.state().helpers.insert(name.to_owned(), Helper { labels, files });
        Ok(())
    }

    async fn finished(&self, _container: &str) -> Result<i64, SwarmError> {
        Ok(0)
    }

    async fn signal(&self, _container: &str, _signal: &str) -> Result<(), SwarmError> {
        Ok(())
    }

    async fn join(&self, _container: &str, _network: &str) -> Result<(), SwarmError> {
        Ok(())
    }

    async fn upload(&self, container: &str, files: &[NewFile]) -> Result<(), SwarmError> {
        self.called(SwarmCall::Upload)?;
        let mut state = self.state();
        let helper = state.helpers.entry(container.to_owned()).or_default();
        helper.files.extend(files.iter().map(|file| (file.path.clone(), file.text.clone())));
        Ok(())
    }

    async fn discard(&self, container: &str) -> Result<(), SwarmError> {
        self.state().helpers.remove(container);
        Ok(())
    }

    async fn make_volume(&self, run: &RunId, name: &str) -> Result<(), SwarmError> {
        let labels = labels::of_run(run).into_iter().collect();
        self.state().objects.entry(Object::new(ObjectKind::Volume, name)).or_insert(labels);
        Ok(())
    }

    async fn exec(&self, container: &str, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        if let Err(source) = self.called(SwarmCall::Exec) {
            let (container, command) = (container.to_owned(), command.program().to_owned());
            return Err(ExecError::Engine { container, command, source: Box::new(source) });
        }
        let orders = self.orders();
        let answer = orders.answers.iter().find(|(word, _)| command.words().iter().any(|text| text.contains(word)));
        let nothing =
            || ExecOutput { status: ExecStatus::Exited(0), stdout: Vec::new(), stderr: Vec::new(), dropped: 0 };
        Ok(answer.map_or_else(nothing, |(_, output)| output.clone()))
    }

    async fn ask(&self, edge: &RunEdge, asking: &Asking) -> Result<HttpAnswer, SwarmError> {
        self.called(SwarmCall::Ask)?;
        let state = self.state();
        let Some(helper) = state.helpers.get(&edge.container) else {
            let verb = format!("ask {}", edge.container);
            return Err(SwarmError::Command { verb, text: "no such container".to_owned() });
        };
        if !edge.domains.iter().any(|domain| domain.as_str() == asking.host) {
            // The edge tells which routes it follows: those of the file it was given last.
            let routes = helper.files.get("/edge/routes.json").cloned().unwrap_or_default();
            return Ok(HttpAnswer::Edge { reason: "status".to_owned(), body: routes.into_bytes() });
        }
        let orders = self.orders();
        let deployed = orders.calls.get(&SwarmCall::Redeploy).copied().unwrap_or_default();
        let body = orders.pages.get(deployed).map(|page| page.as_bytes().to_vec()).unwrap_or_default();
        let headers = AnswerHeaders { content_type: Some("text/html".to_owned()), ..AnswerHeaders::default() };
        Ok(match state.answer() {
            Some(status) => HttpAnswer::App { status, headers, body },
            None => HttpAnswer::Edge { reason: "no task answers".to_owned(), body: Vec::new() },
        })
    }

    async fn image(&self, reference: &str) -> Result<Option<ImageFacts>, SwarmError> {
        let orders = self.orders();
        let there = !orders.absent.contains_key(reference) || orders.pulled.contains(reference);
        Ok(there.then(|| ImageFacts { id: image_id(reference), digests: Vec::new() }))
    }

    async fn image_files(
        &self,
        _name: &str,
        _what: &Launch,
        _sizes: &BTreeSet<u64>,
    ) -> Result<BTreeSet<String>, SwarmError> {
        Ok(BTreeSet::new())
    }

    async fn pull(&self, reference: &str, _tell: LayerTeller<'_>) -> Result<(), PullError> {
        let mut orders = self.orders();
        match orders.absent.get(reference).copied() {
            Some("") | None => {
                orders.pulled.insert(reference.to_owned());
                Ok(())
            }
            Some(says) => Err(PullError::read(says)),
        }
    }

    async fn about(&self) -> Result<EngineFacts, SwarmError> {
        self.called(SwarmCall::About)?;
        Ok(EngineFacts {
            version: "28.2.0".to_owned(),
            swarm: Membership::Manager,
            proxy: Some(ProxyNetwork { driver: "overlay".to_owned(), attachable: true, held: true }),
            images: [findings::TOOLS_IMAGE, findings::BROWSER_IMAGE].map(str::to_owned).into(),
            ..EngineFacts::default()
        })
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
