//! Checks look and never change anything: what they get is a [`Look`], which has no way to change the swarm (RUN-5).

pub(super) mod backup;
pub(super) mod connects;
pub(super) mod converged;
pub(super) mod data;
pub(super) mod front;
pub(super) mod housed;
pub(super) mod listening;
mod misplaced;
pub(super) mod moved;
mod peers;
pub(super) mod ready;
pub(super) mod routed;
pub(super) mod serving;
pub(super) mod stable;
pub(super) mod volumes;

use super::app::App;
use super::conductor::Fault;
use super::images::Images;
use super::parts::Known;
use super::tools::Tools;
use crate::pressure::EasedClock;
use crate::pulse::Pulse;
use crate::swarm::Observe;
use crate::voice::Voice;
use crate::workbench::{BenchUse, Workbench};
use cc_ci_model::ids::StepId;
use cc_ci_model::plan::Plan;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What a check may look at.
pub(in crate::run) struct Look<'a> {
    pub(in crate::run) plan: &'a Plan,
    /// The step that looks.
    pub(in crate::run) step: &'a StepId,
    pub(in crate::run) observe: &'a dyn Observe,
    pub(in crate::run) voice: &'a Voice,
    /// By which waits are limited.
    pub(in crate::run) clock: &'a EasedClock,
    pub(in crate::run) cancel: &'a CancellationToken,
    pub(in crate::run) images: &'a Images,
    /// The trees that were deployed.
    pub(in crate::run) app: &'a App,
    pub(in crate::run) pulse: &'a mut Pulse,
    /// The benches, the sandboxes, and the way to the app.
    pub(in crate::run) tools: &'a mut Tools,
}

impl<'a> Look<'a> {
    /// What `step` may look at: the app's trees and its stack, and the containers beside it.
    pub(in crate::run) fn of(
        known: &'a Known<'_>,
        app: &'a App,
        pulse: &'a mut Pulse,
        tools: &'a mut Tools,
        step: &'a StepId,
    ) -> Self {
        Self {
            plan: &known.plan,
            step,
            observe: known.world.doors.observe.as_ref(),
            voice: &known.world.voice,
            clock: &known.world.clock,
            cancel: known.conductor.cancel(),
            images: &known.images,
            app,
            pulse,
            tools,
        }
    }

    /// The time limit of one command.
    fn command_limit(&self) -> Duration {
        Duration::from_secs(self.plan.limits.command)
    }

    /// A bench with every volume the stack has now.
    async fn bench(&mut self, what: BenchUse) -> Result<Workbench, Fault> {
        self.tools.benches.take(what).await
    }
}
