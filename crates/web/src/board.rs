//! What the server tells its pages: plain data, published whole each time something changed.
//!
//! The server makes a new [`Board`] and sends it through a `tokio::sync::watch` channel; the pages only ever look at the last
//! one. Everything about a run itself is read from the run's folder instead, so it is the same with and without a server.

pub mod counters;
pub mod forge;
pub mod job;
pub mod request;

use counters::Counters;
use forge::{ForgeRow, RepositoryRow};
use job::{EndedRow, QueuedRow, RunningRow};
use request::RequestRow;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::SystemTime;

/// How the server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// When this was written down.
    pub at: SystemTime,
    /// Whether new runs are started.
    pub intake: Intake,
    /// Why the server cannot do its work now, each reason a sentence without a full stop; empty when it can.
    pub not_ready: Vec<String>,
    /// How many runs may go on at once.
    pub slots: usize,
    /// Jobs that wait, in the order in which they will be started.
    pub queued: Vec<QueuedRow>,
    /// Jobs that go on, the oldest first.
    pub running: Vec<RunningRow>,
    /// Jobs that ended, the latest first; the pages show the first twenty.
    pub ended: Vec<EndedRow>,
    /// What was asked for in comments, the latest first.
    pub requests: Vec<RequestRow>,
    /// Repositories that are looked after, by owner and name.
    pub repositories: Vec<RepositoryRow>,
    /// The forges they are on.
    pub forges: Vec<ForgeRow>,
    /// What a person has to see to, the oldest first.
    pub alerts: Vec<AlertRow>,
    /// What is only counted.
    pub counters: Counters,
}

impl Board {
    /// The board of a server that has just begun: nothing is known, so it is not ready.
    #[must_use]
    pub fn starting(at: SystemTime) -> Self {
        Self {
            at,
            intake: Intake::Open,
            not_ready: vec!["the server is still starting".to_owned()],
            slots: 0,
            queued: Vec::new(),
            running: Vec::new(),
            ended: Vec::new(),
            requests: Vec::new(),
            repositories: Vec::new(),
            forges: Vec::new(),
            alerts: Vec::new(),
            counters: Counters::default(),
        }
    }
}

/// Whether new runs are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Intake {
    /// They are.
    Open,
    /// An operator paused the queue; jobs are still taken in.
    Paused,
    /// The server is to end: it waits for the runs that go on.
    Draining,
}

/// What a person has to see to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// What it is about, for programs: `forge-away`, `disk`.
    pub key: String,
    /// What is wrong and what to do.
    pub text: String,
    /// Since when.
    pub since: SystemTime,
}
