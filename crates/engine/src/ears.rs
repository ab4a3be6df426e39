//! On which ports the app's services listen: asked of the kernel, inside their own networks, from a container of ours.
//!
//! Nothing is sent to the app, which need not have a shell either: the container only shares its network.

use crate::exec::ExecCommand;
use crate::ledger::Ledger;
use crate::swarm::{Bounds, Containers, Launch, LaunchNetwork, Privileges, Root};
use crate::workbench::{self, WorkError};
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::listening::Listening;
use futures_util::future::try_join_all;
use std::collections::BTreeMap;
use std::time::Duration;

/// Prints the tables of sockets, each behind its name. A machine without IPv6 lacks two of them.
const TABLES: &str = r#"for table in tcp tcp6 udp udp6; do echo "$table"; [ ! -e "/proc/net/$table" ] || cat "/proc/net/$table" || exit; done"#;

/// How long that may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Listens at the services of one stack.
pub(crate) struct Ears<'a> {
    containers: &'a Containers,
    ledger: &'a Ledger,
    run: &'a RunId,
    image: &'a str,
    stack: &'a StackName,
    /// Our container at each of the app's.
    at: BTreeMap<String, String>,
}

impl<'a> Ears<'a> {
    /// Our containers are made from `image` when the first question comes.
    pub(crate) fn new(
        containers: &'a Containers,
        ledger: &'a Ledger,
        run: &'a RunId,
        image: &'a str,
        stack: &'a StackName,
    ) -> Self {
        Self { containers, ledger, run, image, stack, at: BTreeMap::new() }
    }

    /// What each running container of a service listens on.
    pub(crate) async fn hear(&mut self, service: &str) -> Result<Vec<Listening>, WorkError> {
        let running = self.containers.observe.running(self.stack, service).await?;
        let mut heard = Vec::new();
        for container in running {
            match self.hear_one(&container).await {
                Ok(listening) => heard.push(listening),
                // Who ended meanwhile listens on nothing, and is no trouble of the engine's.
                Err(error) => {
                    if self.containers.observe.running(self.stack, service).await?.contains(&container) {
                        return Err(error);
                    }
                    heard.push(Listening::default());
                }
            }
        }
        Ok(heard)
    }

    async fn hear_one(&mut self, container: &str) -> Result<Listening, WorkError> {
        let node = self.containers.node.as_ref();
        let ours = match self.at.get(container) {
            Some(ours) => ours.clone(),
            None => {
                let ours = format!("cc-ci-{}-ears-{:08x}", self.run, rand::random::<u32>());
                self.at.insert(container.to_owned(), ours.clone());
                workbench::launch(node, self.ledger, &ours, &launch_of(self.run, self.image, container)).await?;
                ours
            }
        };
        let output = node.exec(&ours, &ExecCommand::new(["bash", "-c", TABLES, "listening"]).limit(LIMIT)).await?;
        let what = "read the tables of sockets";
        if !output.succeeded() {
            return Err(WorkError::failed(what, &output));
        }
        // What is cut off may be the line that counts.
        if output.dropped > 0 {
            let text = format!("{} bytes more than the output cap", output.dropped);
            return Err(WorkError::Answer { what: what.to_owned(), text });
        }
        Ok(Listening::read(&output.text()))
    }

    /// Removes our containers.
    pub(crate) async fn remove(self) -> Result<(), WorkError> {
        let node = self.containers.node.as_ref();
        try_join_all(self.at.values().map(|ours| node.discard(ours))).await?;
        Ok(())
    }
}

/// The container that shares the network of one of the app's.
pub(crate) fn launch_of(run: &RunId, image: &str, container: &str) -> Launch {
    Launch {
        network: LaunchNetwork::OfContainer(container.to_owned()),
        root: Root::ReadOnly,
        privileges: Privileges::Only(&[]),
        bounds: Bounds { memory: Some(64 << 20), processes: Some(16), ..Bounds::default() },
        ..Launch::idle(run, image)
    }
}
