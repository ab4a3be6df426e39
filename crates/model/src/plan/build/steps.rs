//! Which steps each tier has, and in which order: what a run performs and a floor measures.

use super::{BackupPromise, Data, HasConnections, HasOpenings, HasRoute, PlanFacts, tests};
use crate::plan::demands::Probe;
use crate::plan::dependency::{Dependency, Mode};
use crate::plan::hook::{HookPlace, HookTime};
use crate::plan::kind::Kind;
use crate::plan::step::{Action, Check, Operation, Part, Pass, Step};
use crate::tier::Tier;

/// Makes the steps of one tier.
struct Steps<'a> {
    facts: &'a PlanFacts,
    tier: Tier,
    steps: Vec<Step>,
}

impl Steps<'_> {
    fn add(&mut self, pass: Pass, action: Action) {
        self.steps.push(Step::new(self.tier, pass, action));
    }

    fn operate(&mut self, operation: Operation) {
        let pass = match operation {
            Operation::RestoreInPlace => Pass::InPlace,
            Operation::RestoreOntoEmpty => Pass::OntoEmpty,
            Operation::Restart => Pass::Restarted,
            Operation::BringBack
            | Operation::Deploy
            | Operation::Redeploy
            | Operation::Seed
            | Operation::Snapshot
            | Operation::Mutate => Pass::Only,
        };
        self.add(pass, Action::Operate(operation));
    }

    fn check(&mut self, pass: Pass, check: Check) {
        self.add(pass, Action::Check(check));
    }

    fn serving(&mut self, pass: Pass) {
        match self.facts.route {
            HasRoute::Http => self.check(pass, Check::Serving),
            HasRoute::None => {}
        }
        match self.facts.connections {
            HasConnections::Some => self.check(pass, Check::Connects),
            HasConnections::None => {}
        }
        match self.facts.openings {
            HasOpenings::Some => self.check(pass, Check::Listening),
            HasOpenings::None => {}
        }
    }

    fn ready(&mut self, pass: Pass) {
        for probe in &self.facts.ready {
            if self.comes_later(probe) {
                continue;
            }
            match (probe, self.facts.route) {
                (Probe::Tcp { .. }, _) | (Probe::Http { .. }, HasRoute::Http) => {
                    self.add(pass, Action::Probe { probe: probe.clone() });
                }
                // Without a route there is nothing to ask; planning refuses such settings before it comes to this.
                (Probe::Http { .. }, HasRoute::None) => {}
            }
        }
    }

    /// Whether a probe is about a service that only head has, in the tier that runs at base.
    fn comes_later(&self, probe: &Probe) -> bool {
        match probe {
            Probe::Tcp { service, .. } => self.tier == Tier::Install && self.facts.not_at_base.contains(service),
            Probe::Http { .. } => false,
        }
    }

    fn verified(&mut self) {
        if let Some(verify) = &self.facts.verify {
            self.add(Pass::Only, Action::Verify { verify: verify.clone() });
        }
    }

    fn data(&mut self, add: impl FnOnce(&mut Self)) {
        match self.facts.data {
            Data::Kept => add(self),
            Data::None => {}
        }
    }

    /// On the host first: what it prepares there is there for the other.
    fn hooks(&mut self, time: HookTime) {
        for place in [HookPlace::Host, HookPlace::Sandbox] {
            if let Some(path) = self.facts.hooks.get(&(time, place)) {
                self.add(Pass::Only, Action::Hook { path: path.clone(), place, time: Some(time) });
            }
        }
    }

    fn dependencies(&mut self) {
        for dependency in &self.facts.dependencies {
            let Dependency { recipe, mode, route, provides, .. } = dependency;
            let mut add = |part| self.add(Pass::Only, Action::Dependency { recipe: recipe.clone(), part });
            match mode {
                Mode::Cold => add(Part::Deploy),
                Mode::Warm => {}
            }
            add(Part::Converged);
            if route.is_some() {
                add(Part::Serving);
            }
            for taken in provides {
                add(Part::Capability { name: taken.capability.clone() });
            }
        }
    }

    fn own_tests(&mut self, pass: Pass) {
        for path in tests(self.facts, self.tier) {
            self.add(pass, Action::Test { path: path.clone() });
        }
    }

    /// What is known beforehand first: a promise that head does not keep. The rest is about what it does promise.
    fn backup(&mut self) {
        let only = Pass::Only;
        if !self.facts.uncovered.is_empty() {
            self.check(only, Check::Covered);
        }
        match self.facts.backup {
            BackupPromise::Not { .. } => return,
            BackupPromise::Promised => {}
        }
        // Swarm goes on watching its update for some seconds, in which there is time to seed.
        self.operate(Operation::Seed);
        self.check(only, Check::Settled);
        self.hooks(HookTime::PreBackup);
        self.operate(Operation::Snapshot);
        // Users go on with the app that the hooks leave.
        self.serving(only);
        self.check(only, Check::SnapshotComplete);
        self.verified();
        self.hooks(HookTime::BackupVerify);
        self.at_last();
    }

    fn upgrade(&mut self) {
        let only = Pass::Only;
        self.data(|steps| steps.operate(Operation::Seed));
        self.hooks(HookTime::PreUpgrade);
        self.operate(Operation::Redeploy);
        self.check(only, Check::Converged);
        self.check(only, Check::Moved);
        self.routed();
        self.up(only);
        self.data(|steps| {
            steps.check(only, Check::Markers);
            steps.check(only, Check::Volumes);
        });
        self.check(only, Check::Housed);
        self.at_last();
        match (self.facts.data, &self.facts.backup) {
            (Data::Kept, BackupPromise::Not { .. }) => self.restarted(),
            // Those that a backup brings back are restarted with what it brought.
            (Data::Kept, BackupPromise::Promised) | (Data::None, _) => {}
        }
    }

    fn restore(&mut self) {
        self.operate(Operation::Mutate);
        self.hooks(HookTime::PreRestore);
        self.operate(Operation::RestoreInPlace);
        self.up(Pass::InPlace);
        self.check(Pass::InPlace, Check::Markers);
        self.check(Pass::InPlace, Check::Volumes);
        self.own_tests(Pass::InPlace);
        self.operate(Operation::RestoreOntoEmpty);
        self.check(Pass::OntoEmpty, Check::Converged);
        self.up(Pass::OntoEmpty);
        self.check(Pass::OntoEmpty, Check::Markers);
        self.check(Pass::OntoEmpty, Check::Volumes);
        self.own_tests(Pass::OntoEmpty);
        self.restarted();
        // The last look at the app.
        self.check(Pass::Only, Check::Stable);
    }

    /// What is known beforehand: addresses that head gives up.
    fn routed(&mut self) {
        if !self.facts.dropped_addresses.is_empty() {
            self.check(Pass::Only, Check::Routed);
        }
    }

    /// What a tier ends with: the recipe's own tests, and that nothing died.
    fn at_last(&mut self) {
        self.own_tests(Pass::Only);
        self.check(Pass::Only, Check::Stable);
    }

    /// At the end of what changes the app's data: after a restart it has to be there again, with all of them.
    fn restarted(&mut self) {
        let pass = Pass::Restarted;
        self.operate(Operation::Restart);
        self.check(pass, Check::Converged);
        self.up(pass);
        self.check(pass, Check::Markers);
        self.check(pass, Check::Volumes);
        self.check(pass, Check::Stable);
    }

    /// What an app that came up has to show, in whichever pass.
    fn up(&mut self, pass: Pass) {
        self.serving(pass);
        self.ready(pass);
    }
}

/// The steps of a tier in the order in which they are performed. A hook's time says where it stands.
pub(super) fn steps(facts: &PlanFacts, tier: Tier) -> Vec<Step> {
    let mut steps = Steps { facts, tier, steps: Vec::new() };
    let only = Pass::Only;
    match tier {
        Tier::Install => match facts.kind {
            Kind::Cold => {
                steps.dependencies();
                steps.hooks(HookTime::PreInstall);
                steps.operate(Operation::Deploy);
                steps.check(only, Check::Converged);
                steps.hooks(HookTime::InstallSteps);
                steps.up(only);
                steps.at_last();
            }
            // What hooks did to the app when it was installed is in what was kept, and its tests have passed on it.
            Kind::Verify { .. } | Kind::Quick { .. } => {
                steps.dependencies();
                steps.operate(Operation::BringBack);
                steps.operate(Operation::Deploy);
                steps.check(only, Check::Converged);
                steps.up(only);
                steps.check(only, Check::Stable);
            }
        },
        Tier::Upgrade => steps.upgrade(),
        Tier::Backup => steps.backup(),
        Tier::Restore => steps.restore(),
        Tier::Custom => steps.at_last(),
    }
    steps.steps
}
