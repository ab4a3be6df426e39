//! The door of the double to its one machine: containers of ours, commands, images, HTTP.

use super::script::ended;
use super::state::{Helper, image_id};
use super::{FakeSwarm, HeadAnswer, SwarmCall, bench};
use async_trait::async_trait;
use cc_ci_engine::exec::{ExecCommand, ExecError, ExecOutput};
use cc_ci_engine::host::findings;
use cc_ci_engine::labels;
use cc_ci_engine::swarm::{
    AnswerHeaders, Asking, EngineFacts, HttpAnswer, ImageFacts, Launch, LayerTeller, Mark, Membership, NewFile, Node,
    ProxyNetwork, PullError, RunEdge, SwarmError,
};
use cc_ci_model::object::{Object, ObjectKind};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// How often the dead are told of while a command runs.
const LOOK: Duration = Duration::from_secs(1);

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

    async fn make_volume(&self, name: &str, labels: HashMap<String, String>) -> Result<(), SwarmError> {
        let labels = labels.into_iter().collect();
        self.state().objects.entry(Object::new(ObjectKind::Volume, name)).or_insert(labels);
        Ok(())
    }

    async fn exec(&self, container: &str, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        if let Err(source) = self.called(SwarmCall::Exec) {
            let (container, command) = (container.to_owned(), command.program().to_owned());
            return Err(ExecError::Engine { container, command, source: Box::new(source) });
        }
        let script = self.orders().scripts.iter().find(|script| script.is_about(command)).cloned();
        if command.words().last().is_some_and(|word| word == "listening") {
            let mut orders = self.orders();
            if orders.deaf > 0 {
                orders.deaf -= 1;
                return Ok(ended(0, ""));
            }
            let deployed = orders.calls.get(&SwarmCall::Redeploy).copied().unwrap_or_default();
            return Ok(ended(0, orders.sockets.get(deployed).copied().unwrap_or_default()));
        }
        let Some(script) = script else {
            return Ok(bench::answer(&mut self.state().volumes, command.words()));
        };
        self.go_on(script.takes).await;
        self.state().suffer(&script.deeds);
        Ok(script.output)
    }

    async fn ask(&self, edge: &RunEdge, asking: &Asking) -> Result<HttpAnswer, SwarmError> {
        self.called(SwarmCall::Ask)?;
        let state = self.state();
        let Some(helper) = state.helpers.get(&edge.container) else {
            let verb = format!("ask {}", edge.container);
            return Err(SwarmError::Command { verb, text: "no such container".to_owned() });
        };
        if self.edge_is_deaf() {
            return Ok(HttpAnswer::None { why: "Connection refused (os error 111)".to_owned() });
        }
        if !edge.domains.iter().any(|domain| domain.as_str() == asking.host) {
            // The edge tells which routes it follows: those of the file it was given last.
            let routes = helper.files.get("/edge/routes.json").cloned().unwrap_or_default();
            return Ok(HttpAnswer::Edge { mark: None, reason: "status".to_owned(), body: routes.into_bytes() });
        }
        let orders = self.orders();
        let deployed = orders.calls.get(&SwarmCall::Redeploy).copied().unwrap_or_default();
        let body = orders.pages.get(deployed).map(|page| page.as_bytes().to_vec()).unwrap_or_default();
        let headers = AnswerHeaders { content_type: Some("text/html".to_owned()), ..AnswerHeaders::default() };
        let asked = orders.calls.get(&SwarmCall::Ask).copied().unwrap_or_default();
        let in_turn = (deployed > 0).then_some(&orders.in_turn).filter(|answers| !answers.is_empty());
        let status = match in_turn.map(|answers| answers[asked % answers.len()]) {
            Some(HeadAnswer::NoRoute) => {
                let reason = format!("no router matches GET {}", asking.host);
                return Ok(HttpAnswer::Edge { mark: Some(Mark::NoRoute), reason, body: Vec::new() });
            }
            Some(HeadAnswer::Status(status)) => Some(status),
            None => {
                let of_path = orders.head_at.get(asking.path.as_str()).filter(|_| deployed > 0);
                of_path.copied().or_else(|| state.answer(&asking.host))
            }
        };
        Ok(match status {
            Some(status) => HttpAnswer::App { status, headers, body },
            None => HttpAnswer::Edge { mark: None, reason: "no task answers".to_owned(), body: Vec::new() },
        })
    }

    async fn image(&self, reference: &str) -> Result<Option<ImageFacts>, SwarmError> {
        let orders = self.orders();
        let there = !orders.absent.contains_key(reference) || orders.pulled.contains(reference);
        Ok(there.then(|| ImageFacts {
            id: image_id(reference),
            digests: Vec::new(),
            bytes: orders.usage.size(reference),
        }))
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
    /// Lets this time pass; who dies meanwhile is told of.
    async fn go_on(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            tokio::time::sleep_until(end.min(Instant::now() + LOOK)).await;
            self.state().advance();
        }
    }
}
