//! The benches of a run: a new one for each operation on the app's data, started while operations before it go on.

use super::conductor::Fault;
use super::starting::Starting;
use crate::ledger::Ledger;
use crate::swarm::Containers;
use crate::workbench::{BenchUse, WorkError, Workbench};
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::step::{Action, Check, Operation};
use cc_ci_recipe::Recipe;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

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
    async fn start(&self, what: BenchUse) -> Result<Workbench, WorkError> {
        let Self { containers, ledger, run, stack, image } = self;
        let volumes = containers.observe.volumes(stack).await?;
        Workbench::start(containers, ledger, run, image, (&volumes, what)).await
    }

    /// Waits until the stack has these volumes: the engine makes each with the first container that mounts it, and a bench from
    /// before has to be made anew. One that no container mounts never comes.
    async fn has(&self, expected: &BTreeSet<String>) -> Result<(), WorkError> {
        while !expected.is_subset(&self.containers.observe.volumes(&self.stack).await?) {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

/// How often volumes are looked for that are to come.
const LOOK: Duration = Duration::from_millis(100);

/// How many benches wait at most for the operations that come: as many as a plan has after the redeploy, so that all are started
/// while head comes up and none while data is worked on.
const AHEAD: usize = 12;

/// What the rest of a plan brings for benches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ahead {
    /// An operation, which needs one.
    Bench(BenchUse),
    /// Head, whose volumes are not known before.
    Redeploy,
}

/// A bench that was asked for.
struct Waiting {
    what: BenchUse,
    bench: Starting<Workbench>,
    /// It is needed now, whichever volumes there are.
    needed: CancellationToken,
    /// Nobody needs it any more: it is not begun.
    dropped: CancellationToken,
}

/// The bench in use, and those that come next.
pub(in crate::run) struct Benches {
    maker: BenchMaker,
    /// What the rest of the plan brings, in order.
    coming: VecDeque<Ahead>,
    /// Benches for what comes next, in order, started one after the other.
    waiting: VecDeque<Waiting>,
    /// The volumes that what is deployed will have.
    expected: BTreeSet<String>,
    /// Whose turn it is to be started: the engine has the app to start, too.
    turns: Arc<Semaphore>,
    now: Option<(BenchUse, Workbench)>,
    /// Benches that are done with. They stay until the app is waited for: removing one takes the engine's time.
    done: Vec<Workbench>,
    /// Benches that are being removed.
    leaving: JoinSet<Result<(), WorkError>>,
}

impl Benches {
    /// None is started yet.
    pub(in crate::run) fn new(plan: &Plan, maker: BenchMaker) -> Self {
        let actions = plan.tiers.iter().flat_map(|tier| &tier.steps).map(|step| &step.action);
        Self {
            maker,
            coming: uses(actions),
            waiting: VecDeque::new(),
            expected: BTreeSet::new(),
            turns: Arc::new(Semaphore::new(1)),
            now: None,
            done: Vec::new(),
            leaving: JoinSet::new(),
        }
    }

    /// Starts the benches that the plan has work for before head is deployed, if any, once the volumes of what was deployed are
    /// there.
    pub(in crate::run) fn deployed(&mut self, recipe: &Recipe) {
        let own = recipe.volumes.values().filter(|volume| !volume.external);
        self.expected = own.map(|volume| volume.name.clone()).collect();
        self.start();
    }

    fn start(&mut self) {
        while self.waiting.len() < AHEAD
            && let Some(Ahead::Bench(what)) = self.coming.front().copied()
        {
            self.coming.pop_front();
            self.begin(what);
        }
    }

    /// Starts those for what comes after head was deployed.
    pub(in crate::run) fn redeployed(&mut self, recipe: &Recipe) {
        if let Some(at) = self.coming.iter().position(|one| *one == Ahead::Redeploy) {
            self.coming.drain(..=at);
        }
        self.clear_away();
        self.deployed(recipe);
    }

    /// Removes the benches that are done with, one after the other, beside what goes on. Those of the last steps are removed with
    /// everything else of the run.
    pub(in crate::run) fn clear_away(&mut self) {
        let done = std::mem::take(&mut self.done);
        self.leaving.spawn(async move {
            for bench in done {
                bench.remove().await?;
            }
            Ok(())
        });
    }

    fn begin(&mut self, what: BenchUse) {
        let (maker, turns, expected) = (self.maker.clone(), Arc::clone(&self.turns), self.expected.clone());
        let (needed, dropped) = (CancellationToken::new(), CancellationToken::new());
        let (hurry, unneeded) = (needed.clone(), dropped.clone());
        let bench = Starting::start(async move {
            let _turn = turns.acquire().await.map_err(|_| WorkError::Unneeded)?;
            tokio::select! {
                biased;
                () = unneeded.cancelled() => return Err(WorkError::Unneeded),
                () = hurry.cancelled() => {}
                there = maker.has(&expected) => there?,
            }
            maker.start(what).await
        });
        self.waiting.push_back(Waiting { what, bench, needed, dropped });
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
        self.done.extend(self.now.take().map(|(_, bench)| bench));
        self.pass_to(what);
        let mut bench = self.wait_for(0).await?;
        if !volumes.is_subset(bench.volumes()) {
            // Volumes that head brought: what waits was started before.
            self.renew();
            bench = self.wait_for(0).await?;
        }
        self.waiting.pop_front();
        self.now = Some((what, bench.clone()));
        self.start();
        Ok(bench)
    }

    /// The bench that waits for the next operation of this kind, for what can be done beforehand.
    pub(in crate::run) async fn ahead(&mut self, what: BenchUse) -> Result<Workbench, Fault> {
        while !self.waiting.iter().any(|one| one.what == what) {
            match self.coming.pop_front() {
                Some(Ahead::Bench(next)) => self.begin(next),
                Some(Ahead::Redeploy) => {}
                None => self.begin(what),
            }
        }
        let at = self.waiting.iter().position(|one| one.what == what);
        self.wait_for(at.unwrap_or(usize::MAX)).await
    }

    /// Makes a bench for `what` the first that waits: the steps between were skipped.
    fn pass_to(&mut self, what: BenchUse) {
        let skipped = self.waiting.iter().position(|one| one.what == what).unwrap_or(self.waiting.len());
        for unused in self.waiting.drain(..skipped).collect::<Vec<_>>() {
            self.leave(unused);
        }
        if self.waiting.is_empty() {
            if let Some(at) = self.coming.iter().position(|one| *one == Ahead::Bench(what)) {
                self.coming.drain(..=at);
            }
            self.begin(what);
        }
    }

    /// One of those that wait, as soon as it can be had. It stays where it is until it is here, so that a step that is broken off
    /// loses none.
    async fn wait_for(&mut self, at: usize) -> Result<Workbench, Fault> {
        // It is not begun before its turn, so that those before it are needed, too.
        self.waiting.iter().take(at.saturating_add(1)).for_each(|one| one.needed.cancel());
        match self.waiting.get_mut(at) {
            Some(one) => one.bench.get().await.cloned(),
            None => Err(Fault::harness("a bench is waited for that was not started")),
        }
    }

    /// Starts what waits anew.
    fn renew(&mut self) {
        for old in std::mem::take(&mut self.waiting) {
            self.begin(old.what);
            self.leave(old);
        }
    }

    /// Gives up a bench that was asked for.
    fn leave(&mut self, unused: Waiting) {
        unused.dropped.cancel();
        self.remove(unused.bench);
    }

    /// Removes a bench beside what goes on. One that stays is removed with everything else of the run.
    fn remove(&mut self, mut bench: Starting<Workbench>) {
        self.leaving.spawn(async move {
            bench.settle().await;
            match bench {
                Starting::Here(bench) => bench.remove().await,
                Starting::Never | Starting::Coming(_) | Starting::Lost(_) => Ok(()),
            }
        });
    }

    /// Waits for what is being started or removed: it has to exist, or be gone, before the run is torn down.
    pub(in crate::run) async fn settle(&mut self) {
        self.turns.close();
        for one in &mut self.waiting {
            one.dropped.cancel();
            one.bench.settle().await;
        }
        while self.leaving.join_next().await.is_some() {}
    }
}

/// What a plan needs benches for, in order.
fn uses<'a>(actions: impl Iterator<Item = &'a Action>) -> VecDeque<Ahead> {
    let mut uses = VecDeque::new();
    for action in actions {
        if *action == Action::Operate(Operation::Redeploy) {
            uses.push_back(Ahead::Redeploy);
        }
        for what in uses_of(action).iter().map(|what| Ahead::Bench(*what)) {
            if what != Ahead::Bench(BenchUse::Look) || uses.back() != Some(&what) {
                uses.push_back(what);
            }
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
        Action::Operate(Operation::Restart) | Action::Check(Check::Markers | Check::Volumes | Check::Settled) => {
            &[BenchUse::Look]
        }
        Action::Check(Check::SnapshotComplete) => &[BenchUse::ReadBack],
        // What brings a canonical back needs a bench with another repository, and makes its own.
        Action::Operate(Operation::BringBack | Operation::Deploy | Operation::Redeploy)
        | Action::Check(
            Check::Converged
            | Check::Serving
            | Check::Connects
            | Check::Listening
            | Check::Stable
            | Check::Moved
            | Check::Routed
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
        use Ahead::{Bench, Redeploy};
        use BenchUse::{Change, Look, Restore};
        let expected = [Bench(Change), Redeploy, Bench(Look), Bench(Change), Bench(Restore), Bench(Look)];
        assert_eq!(uses(plan.iter()), expected);
    }
}
