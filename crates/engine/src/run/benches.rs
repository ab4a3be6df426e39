//! The benches of a run: a new one for each operation on the app's data, started while the operation before it goes on.

use super::conductor::Fault;
use super::starting::Starting;
use crate::ledger::Ledger;
use crate::swarm::Containers;
use crate::workbench::{BenchUse, WorkError, Workbench};
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::step::{Action, Check, Operation};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::task::JoinSet;

/// What benches are made of.
#[derive(Clone)]
pub(in crate::run) struct BenchMaker {
    pub(in crate::run) containers: Containers,
    pub(in crate::run) ledger: Arc<Ledger>,
    pub(in crate::run) run: RunId,
    pub(in crate::run) stack: StackName,
    pub(in crate::run) image: String,
}

impl BenchMaker {
    /// Starts a bench with every volume the stack has now.
    fn start(&self, what: BenchUse) -> Starting<Workbench> {
        let Self { containers, ledger, run, stack, image } = self.clone();
        Starting::start(async move {
            let volumes = containers.observe.volumes(&stack).await?;
            Workbench::start(&containers, &ledger, &run, &image, (&volumes, what)).await
        })
    }
}

/// The bench in use, and the one that comes next.
pub(in crate::run) struct Benches {
    maker: BenchMaker,
    /// What the rest of the plan needs benches for, in order.
    coming: VecDeque<BenchUse>,
    next: Option<(BenchUse, Starting<Workbench>)>,
    now: Option<(BenchUse, Workbench)>,
    /// Benches that are being removed.
    leaving: JoinSet<Result<(), WorkError>>,
}

impl Benches {
    /// None is started yet.
    pub(in crate::run) fn new(plan: &Plan, maker: BenchMaker) -> Self {
        let actions = plan.tiers.iter().flat_map(|tier| &tier.steps).map(|step| &step.action);
        Self { maker, coming: uses(actions), next: None, now: None, leaving: JoinSet::new() }
    }

    /// Starts the first bench that the plan has work for, if any.
    pub(in crate::run) fn start(&mut self) {
        self.next = self.coming.front().map(|what| (*what, self.maker.start(*what)));
    }

    /// A bench with every volume the stack has now, on which nothing was done yet. Looks that follow each other share one: none of
    /// them leaves anything behind.
    pub(in crate::run) async fn take(&mut self, what: BenchUse) -> Result<Workbench, Fault> {
        let volumes = self.maker.containers.observe.volumes(&self.maker.stack).await?;
        if let Some((BenchUse::Look, bench)) = &self.now
            && what == BenchUse::Look
            && volumes.is_subset(bench.volumes())
        {
            return Ok(bench.clone());
        }
        if let Some((_, done)) = self.now.take() {
            self.leave(done);
        }
        if let Some(at) = self.coming.iter().position(|one| *one == what) {
            self.coming.drain(..=at);
        }
        let mut bench = self.fetch(what).await?;
        if !volumes.is_subset(bench.volumes()) {
            // Volumes that head brought: the bench was started before.
            self.leave(bench);
            self.next = None;
            bench = self.fetch(what).await?;
        }
        self.now = Some((what, bench.clone()));
        self.start();
        Ok(bench)
    }

    /// The next bench, which becomes another one if it is not for `what`. It stays where it is until it is here, so that a step that is
    /// broken off loses none.
    async fn fetch(&mut self, what: BenchUse) -> Result<Workbench, Fault> {
        // A step was skipped.
        if let Some((_, mut unused)) = self.next.take_if(|(other, _)| *other != what) {
            self.leaving.spawn(async move {
                unused.settle().await;
                match unused {
                    Starting::Here(bench) => bench.remove().await,
                    Starting::Never | Starting::Coming(_) | Starting::Lost(_) => Ok(()),
                }
            });
        }
        let (_, next) = self.next.get_or_insert_with(|| (what, self.maker.start(what)));
        next.get().await.cloned()
    }

    /// Removes a bench beside what goes on. One that stays is removed with everything else of the run.
    fn leave(&mut self, bench: Workbench) {
        self.leaving.spawn(async move { bench.remove().await });
    }

    /// Waits for what is being started or removed: it has to exist, or be gone, before the run is torn down.
    pub(in crate::run) async fn settle(&mut self) {
        if let Some((_, next)) = &mut self.next {
            next.settle().await;
        }
        while self.leaving.join_next().await.is_some() {}
    }
}

/// What a plan needs benches for, in order.
fn uses<'a>(actions: impl Iterator<Item = &'a Action>) -> VecDeque<BenchUse> {
    let mut uses = VecDeque::new();
    for what in actions.flat_map(uses_of) {
        if *what != BenchUse::Look || uses.back() != Some(what) {
            uses.push_back(*what);
        }
    }
    uses
}

fn uses_of(action: &Action) -> &'static [BenchUse] {
    match action {
        Action::Operate(Operation::Seed | Operation::Mutate) => &[BenchUse::Change],
        Action::Operate(Operation::Snapshot) => &[BenchUse::Save],
        Action::Operate(Operation::RestoreInPlace) => &[BenchUse::Restore],
        Action::Operate(Operation::RestoreOntoEmpty) => &[BenchUse::Change, BenchUse::Restore],
        Action::Check(Check::Markers | Check::Volumes | Check::Settled) => &[BenchUse::Look],
        Action::Check(Check::SnapshotComplete) => &[BenchUse::ReadBack],
        Action::Operate(Operation::Deploy | Operation::Redeploy)
        | Action::Check(
            Check::Converged
            | Check::Serving
            | Check::Connects
            | Check::Stable
            | Check::Moved
            | Check::Housed
            | Check::Covered,
        )
        | Action::Probe { .. }
        | Action::Verify { .. }
        | Action::Dependency { .. }
        | Action::Hook { .. }
        | Action::Test { .. } => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_gets_a_bench_and_looks_in_a_row_share_one() {
        let plan = [
            Action::Operate(Operation::Seed),
            Action::Operate(Operation::Redeploy),
            Action::Check(Check::Markers),
            Action::Check(Check::Serving),
            Action::Check(Check::Volumes),
            Action::Operate(Operation::RestoreOntoEmpty),
            Action::Check(Check::Markers),
        ];
        use BenchUse::{Change, Look, Restore};
        assert_eq!(uses(plan.iter()), [Change, Look, Change, Restore, Look]);
    }
}
