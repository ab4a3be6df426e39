//! What a run knows, and the parts of it that its steps change.
//!
//! They lie beside each other rather than in one struct, so that a step can hold the conductor, look through one part and
//! change another.

use super::after::After;
use super::app::{App, DependencyApp};
use super::conductor::{Conductor, Fault};
use super::guard::SpecGuard;
use super::images::Images;
use super::measuring::Measuring;
use super::stack_files::StackFiles;
use super::watch::Watch;
use super::world::World;
use crate::backup::{BackupRepository, Snapshot};
use crate::data::Seeded;
use crate::data::outside::Occupied;
use crate::pulse::Pulse;
use crate::route::OpenRoute;
use crate::swarm::{Deployed, EngineTime, Rendered, Since};
use crate::witness::Sight;
use cc_ci_model::convergence::{History, StackView};
use cc_ci_model::data::DataIndex;
use cc_ci_model::data::outside::{Located, Written};
use cc_ci_model::data::rows::RowCounts;
use cc_ci_model::ids::StackName;
use cc_ci_model::outcome::Finding;
use cc_ci_model::outcome::Outcome;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::dependency::{Dependency, Outputs};
use cc_ci_model::watch::UnorderedEnd;
use cc_ci_recipe::backup::BackupSpec;
use cc_ci_recipe::opening::OpeningAddress;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::time::Instant;

/// What stays the same throughout a run.
pub(in crate::run) struct Known<'a> {
    pub(in crate::run) plan: Arc<Plan>,
    pub(in crate::run) world: &'a World,
    pub(in crate::run) images: Images,
    pub(in crate::run) conductor: Conductor,
    pub(in crate::run) sight: Sight,
}

/// The trees of the run, and what its dependencies gave for them.
pub(in crate::run) struct Trees {
    pub(in crate::run) app: App,
    pub(in crate::run) outputs: Outputs,
}

impl Trees {
    /// The dependencies of the plan, each with what the run needs of it.
    pub(in crate::run) fn dependencies<'t>(
        &'t self,
        plan: &'t Plan,
    ) -> impl Iterator<Item = (&'t Dependency, &'t DependencyApp)> {
        plan.dependencies.iter().zip(&self.app.providers)
    }

    /// The bundle of certificate authorities that the app's services are to trust; `None` without dependencies.
    pub(in crate::run) fn authorities(&self, plan: &Plan) -> Option<PathBuf> {
        (!plan.dependencies.is_empty()).then(|| self.app.head.folder.with_file_name("authorities.pem"))
    }
}

/// The app's stack.
pub(in crate::run) struct AppStack {
    pub(in crate::run) pulse: Pulse,
    pub(in crate::run) guard: SpecGuard,
    /// When hooks ran on the host.
    pub(in crate::run) hooks: Vec<HookSpan>,
    /// The proof of the one deploy.
    pub(in crate::run) deployed: Option<Deployed>,
    /// Head as it will be deployed; `None` before the deploy, and where there is no upgrade.
    pub(in crate::run) head: Option<Result<StackFiles, Fault>>,
    /// Head as it was redeployed last, until it converges.
    pub(in crate::run) redeploying: Option<Rendered>,
    /// What the next wait for convergence waits for.
    pub(in crate::run) coming: Option<Coming>,
    /// How it was before the redeploy.
    pub(in crate::run) before: Option<StackView>,
    /// The watch over what converged last.
    pub(in crate::run) watch: Option<Watch>,
    /// When head was begun to be brought up in place of base.
    pub(in crate::run) redeployed: Since,
    /// What its services use.
    pub(in crate::run) measuring: Measuring,
    /// Whether it answered over its route when it was asked last.
    pub(in crate::run) serves: Option<bool>,
    /// Whether its TCP routes took connections when they were tried last.
    pub(in crate::run) connects: Option<bool>,
    /// Where something listened at base that is neither an HTTP nor a TCP route.
    pub(in crate::run) listened: BTreeSet<OpeningAddress>,
    /// Whether something listened there when it was looked at last.
    pub(in crate::run) listens: Option<bool>,
    /// How it was when it had converged on restored volumes.
    pub(in crate::run) restored: Option<StackView>,
    /// What the watch over that saw.
    pub(in crate::run) restored_watch: Option<Outcome>,
    /// What ended while the run did something that may end it.
    pub(in crate::run) forgiven: Vec<UnorderedEnd>,
}

impl AppStack {
    /// A stack that nothing was done to yet.
    pub(in crate::run) fn new(pulse: Pulse) -> Self {
        Self {
            pulse,
            guard: SpecGuard::default(),
            hooks: Vec::new(),
            deployed: None,
            head: None,
            redeploying: None,
            coming: None,
            before: None,
            watch: None,
            redeployed: None,
            measuring: Measuring::default(),
            serves: None,
            connects: None,
            listened: BTreeSet::new(),
            listens: None,
            restored: None,
            restored_watch: None,
            forgiven: Vec::new(),
        }
    }
}

/// When a hook ran on the host.
#[derive(Debug, Clone)]
pub(in crate::run) struct HookSpan {
    /// Before it was started.
    pub(in crate::run) from: EngineTime,
    /// When it and all that it had started were ended, and the engine was looked at.
    pub(in crate::run) to: EngineTime,
    /// Stacks that came into being meanwhile and are of other runs that are alive.
    pub(in crate::run) of_others: BTreeSet<StackName>,
}

impl HookSpan {
    /// Whether this stack, which came into being at that time, can be the hook's.
    pub(in crate::run) fn can_have_made(&self, stack: &StackName, at: EngineTime) -> bool {
        self.from <= at && at <= self.to && !self.of_others.contains(stack)
    }
}

/// Something the stack is coming to.
pub(in crate::run) struct Coming {
    pub(in crate::run) history: History,
    /// When the operation began that it comes of.
    pub(in crate::run) since: Instant,
}

/// What steps found in the app's data, for later ones to hold it against.
#[derive(Default)]
pub(in crate::run) struct Data {
    /// Before the redeploy.
    pub(in crate::run) before_upgrade: Option<Kept>,
    /// What it held at head, when the upgrade was looked at.
    pub(in crate::run) upgraded: Option<Holdings>,
    /// What base's containers held beside their volumes.
    pub(in crate::run) housing: Option<Housing>,
    /// Where the backup goes, and the markers it has to hold.
    pub(in crate::run) prepared: Option<Prepared>,
    /// What it held when its markers were looked for last.
    pub(in crate::run) seen: Option<Holdings>,
    /// What the app held when everything had settled before the backup.
    pub(in crate::run) settled: Option<Holdings>,
    /// Before the restart: what has to outlive it.
    pub(in crate::run) before_restart: Option<Kept>,
    /// The snapshot.
    pub(in crate::run) saved: Option<Saved>,
}

/// What the app held at one time.
pub(in crate::run) struct Kept {
    pub(in crate::run) seeded: Seeded,
    pub(in crate::run) holdings: Holdings,
}

impl Kept {
    fn parts(&self) -> (&Seeded, &Holdings) {
        (&self.seeded, &self.holdings)
    }
}

/// What containers of base hold beside their volumes.
pub(in crate::run) enum Housing {
    /// They can be looked into after the redeploy.
    Kept(Occupied),
    /// They will be gone by then, so they were looked into before.
    Seen(Housed),
}

/// What was found in containers.
#[derive(Debug, Clone)]
pub(in crate::run) struct Housed {
    /// Files that were written into them.
    pub(in crate::run) written: Written,
    /// Those that are databases.
    pub(in crate::run) files: Vec<Located>,
}

/// What is in the app's volumes and databases.
#[derive(Debug)]
pub(in crate::run) struct Holdings {
    pub(in crate::run) index: DataIndex,
    pub(in crate::run) rows: RowCounts,
}

/// What is there before the snapshot is taken.
#[derive(Clone)]
pub(in crate::run) struct Prepared {
    pub(in crate::run) seeded: Seeded,
    pub(in crate::run) repository: BackupRepository,
    /// What the app held before a hook of any backup ran; `None` where there are none.
    pub(in crate::run) untouched: Option<Arc<Holdings>>,
    /// What an earlier backup's hooks made, by volume and path, or what they failed of.
    pub(in crate::run) rehearsed: Result<BTreeSet<(String, String)>, Finding>,
    pub(in crate::run) spec: BackupSpec,
}

/// A backup, and what it has to bring back.
pub(in crate::run) struct Saved {
    pub(in crate::run) prepared: Prepared,
    pub(in crate::run) snapshot: Snapshot,
    /// What the app held before the backup's hooks ran.
    pub(in crate::run) holdings: Holdings,
    /// What it held just before the restore.
    pub(in crate::run) later: Option<Holdings>,
}

impl Data {
    /// What the app's data are held against, after what they came through.
    pub(in crate::run) fn expected(&self, after: After) -> Option<(&Seeded, &Holdings)> {
        match after {
            After::Upgrade => self.before_upgrade.as_ref().map(Kept::parts),
            After::Restore => self.saved.as_ref().map(|saved| (&saved.prepared.seeded, &saved.holdings)),
            After::Restart => self.before_restart.as_ref().map(Kept::parts),
        }
    }
}

/// A dependency while the run goes on.
pub(in crate::run) struct LiveDependency {
    /// Follows its stack.
    pub(in crate::run) pulse: Pulse,
    /// How it is reached, where that is not by the run's own route.
    pub(in crate::run) door: Option<OpenRoute>,
    /// When its deploy began.
    pub(in crate::run) since: Option<Instant>,
    /// How many of its containers had failed when it was ready.
    pub(in crate::run) failures: usize,
}

impl LiveDependency {
    /// Starts following the stack of a dependency.
    pub(in crate::run) fn follow(pulse: Pulse) -> Self {
        Self { pulse, door: None, since: None, failures: 0 }
    }

    /// How many of its containers have failed.
    pub(in crate::run) fn failed(&self) -> usize {
        self.pulse.deaths().iter().filter(|death| death.is_failure()).count()
    }
}
