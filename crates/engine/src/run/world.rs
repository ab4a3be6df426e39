//! What a run needs of the world around it.

use crate::custom::proofread::KnownReadable;
use crate::docker::EngineAddress;
use crate::keep::{Artifact, Keep};
use crate::ledger::Ledger;
use crate::pressure::EasedClock;
use crate::promotion::{Begin, Lend};
use crate::provider::Alive;
use crate::screenshot::Camera;
use crate::secrets::Secrets;
use crate::swarm::{Doors, Observe};
use crate::voice::Voice;
use crate::witness::OtherRuns;
use cc_ci_model::canonical::SecretValues;
use cc_ci_model::event::RunEnd;
use cc_ci_model::plan::Plan;
use cc_ci_recipe::overlay::{AppBounds, Endpoint};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What a run needs of the world around it. Whoever starts the run puts it together.
#[derive(Clone)]
pub struct World {
    /// The engine: looking, changing, and containers of our own.
    pub doors: Doors,
    /// Which engine that is, for the programs that a run starts.
    pub engine: EngineAddress,
    /// The record.
    pub voice: Voice,
    /// What the run must not give away.
    pub secrets: Secrets,
    /// Writes what the run leaves besides its record.
    pub keep: Keep,
    /// The run's ledger.
    pub ledger: Arc<Ledger>,
    /// The run's folder.
    pub folder: PathBuf,
    /// Which tests were read already and can be run.
    pub readable: KnownReadable,
    /// The image of the edge, the workbench and the sandbox.
    pub tools_image: String,
    /// The image of the sandbox when a test needs a browser.
    pub browser_image: String,
    /// The browser for the screenshot; `None` turns it off.
    pub camera: Option<Camera>,
    /// How names resolve on this host.
    pub endpoint: Endpoint,
    /// What every container of an app may use up at most.
    pub bounds: AppBounds,
    /// By which limits of waiting are measured.
    pub clock: EasedClock,
    /// Ends the run early.
    pub cancel: Cancel,
    /// True while a process holds the lock of that run's folder, or when this cannot be found out.
    pub alive: Alive,
    /// Knows the stacks of other live runs.
    pub others: OtherRuns,
    /// Asked whether the app becomes its recipe's canonical; `None` where that is out of the question.
    pub promotion: Option<Begin>,
    /// Lends the canonical to a run that begins with it; `None` in all others.
    pub canonical: Option<Lend>,
    /// How long the app is kept up after the verdict; zero in ordinary runs.
    pub hold: Duration,
}

impl World {
    /// The world of a run that follows this plan. Where it begins with secrets of an earlier run, nobody knows their values, and
    /// nothing could be masked: what containers say is not heard, and no picture is taken.
    pub(crate) fn discreet(self, plan: &Plan) -> Self {
        match plan.kind.secrets() {
            SecretValues::Unknown => Self { doors: self.doors.unheard(), camera: None, ..self },
            SecretValues::Known => self,
        }
    }

    /// The read-only door, for checks.
    #[must_use]
    pub fn observe(&self) -> Arc<dyn Observe> {
        Arc::clone(&self.doors.observe)
    }

    /// Writes an artifact. One that cannot be written changes no verdict, but is worth a word.
    pub(crate) fn keep(&self, artifact: Artifact<'_>) {
        if let Err(why) = (self.keep)(artifact) {
            self.voice.note(None, format!("not kept: {why}"));
        }
    }
}

/// Ends a run from outside, once, with the reason.
#[derive(Clone, Default)]
pub struct Cancel {
    token: CancellationToken,
    reason: Arc<OnceLock<RunEnd>>,
}

impl Cancel {
    /// Ends the run; only the first reason counts.
    pub fn end(&self, reason: RunEnd) {
        // A second reason comes too late to matter.
        let _already = self.reason.set(reason);
        self.token.cancel();
    }

    /// The token waits look at.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Why the run was ended, if it was.
    #[must_use]
    pub fn reason(&self) -> Option<RunEnd> {
        self.reason.get().cloned()
    }
}
