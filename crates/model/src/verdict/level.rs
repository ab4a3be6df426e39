//! The ladder of five rungs: it may understate, never overstate (VER-2).

use super::Status;
use crate::plan::kind::Kind;
use crate::plan::scrutiny::TreeState;
use crate::plan::step::{Action, Check};
use crate::plan::{Disposition, Plan, Skip};
use crate::tier::Tier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The five rungs, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rungs {
    /// The app comes up and answers.
    pub install: Status,
    /// It moves in place to the commit under test.
    pub upgrade: Status,
    /// It can be backed up, and comes back from the backup.
    pub backup_restore: Status,
    /// The recipe's own tests.
    pub functional: Status,
    /// Lint; never decides between red and green.
    pub lint: Status,
}

impl Rungs {
    /// The rungs with their names, lowest first.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Status); 5] {
        [
            ("install", self.install),
            ("upgrade", self.upgrade),
            ("backup_restore", self.backup_restore),
            ("functional", self.functional),
            ("lint", self.lint),
        ]
    }

    /// The highest rung that passed such that every lower one passed or was skipped; 0 if there is none. The ladder ends
    /// below a rung that holds one of the tiers `left_out`.
    #[must_use]
    pub fn level(&self, left_out: &BTreeSet<Tier>) -> u8 {
        let ends: BTreeSet<&str> = left_out.iter().map(|tier| rung_of(*tier)).collect();
        let mut level = 0;
        for (rung, (name, status)) in (1u8..).zip(self.named()) {
            match status {
                Status::Pass if !ends.contains(name) => level = rung,
                // Climbed past, never earned.
                Status::Skip if !ends.contains(name) => {}
                Status::Pass | Status::Skip | Status::Fail | Status::Unver => return level,
            }
        }
        level
    }
}

/// The rung that a tier is a part of.
#[must_use]
pub fn rung_of(tier: Tier) -> &'static str {
    match tier {
        Tier::Install => "install",
        Tier::Upgrade => "upgrade",
        Tier::Backup | Tier::Restore => "backup_restore",
        Tier::Custom => "functional",
    }
}

/// How much of the ladder a run could climb at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ladder {
    /// All of it.
    Whole,
    /// Up to a tier that was left out, for the reason given.
    Capped {
        /// In words, for the verdict's first line.
        by: String,
    },
    /// Up to the upgrade: a quick run. It has a level and no badge.
    Quick {
        /// In words, for the verdict's first line.
        by: String,
    },
    /// None of it: the run was not asked to prove everything, or not about a commit. It has no level and no badge.
    None {
        /// In words, for the verdict's first line.
        by: String,
    },
}

/// What the plan leaves out, and with it how far the ladder goes: tiers that nobody asked for, that the commit's own settings
/// skip, or that want a published version. Where nothing asks the app over HTTP, only its own tests can show what it answers.
#[must_use]
pub fn ladder(plan: &Plan) -> (Ladder, BTreeSet<Tier>) {
    let skipped = |wanted: Skip| -> Vec<Tier> {
        let tiers = plan.tiers.iter().filter(|planned| match &planned.disposition {
            Disposition::Skip { why, .. } => *why == wanted,
            Disposition::Run => false,
        });
        tiers.map(|planned| planned.tier).collect()
    };
    let (not_asked, own, untagged) = (skipped(Skip::NotAsked), skipped(Skip::OwnSettings), skipped(Skip::NoTags));
    let quick = skipped(Skip::Quick);
    let unheard = if is_heard(plan) { Vec::new() } else { vec![Tier::Custom] };
    let left_out = [&not_asked, &own, &untagged, &quick, &unheard].into_iter().flatten().copied().collect();
    let mut caps = Vec::new();
    if !own.is_empty() {
        caps.push(format!("{} skipped by the settings of the commit under test", are(&own)));
    }
    if !untagged.is_empty() {
        caps.push(format!("{} not tried, since no tag publishes a version", are(&untagged)));
    }
    if !unheard.is_empty() {
        caps.push("no router of the app speaks HTTP, and no test of its own asks it".to_owned());
    }
    (most(plan, &not_asked, caps), left_out)
}

/// How far the ladder goes, given tiers that nobody asked for and what else keeps it short.
fn most(plan: &Plan, not_asked: &[Tier], mut caps: Vec<String>) -> Ladder {
    let is_quick = match plan.kind {
        Kind::Quick { .. } => true,
        Kind::Cold | Kind::Verify { .. } => false,
    };
    if is_quick {
        caps.insert(0, AT_MOST.to_owned());
    }
    match plan.state {
        TreeState::Uncommitted if is_quick => {
            Ladder::None { by: format!("the work tree was tested, not a commit; {AT_MOST}") }
        }
        TreeState::Uncommitted => Ladder::None { by: "the work tree was tested, not a commit".to_owned() },
        TreeState::Committed if !not_asked.is_empty() => {
            Ladder::None { by: format!("{} not asked for", are(not_asked)) }
        }
        TreeState::Committed if is_quick => Ladder::Quick { by: caps.join("; ") },
        TreeState::Committed if caps.is_empty() => Ladder::Whole,
        TreeState::Committed => Ladder::Capped { by: caps.join("; ") },
    }
}

/// How far a quick run comes, in words.
pub const AT_MOST: &str = "quick, at most level 2";

/// Whether anything that the app answers is looked at: its route is asked over HTTP, or a test of its own runs.
fn is_heard(plan: &Plan) -> bool {
    let mut steps = plan.tiers.iter().flat_map(|planned| &planned.steps);
    steps.any(|step| step.action == Action::Check(Check::Serving) || step.action.as_test().is_some())
}

/// `upgrade was`, `upgrade, backup and restore were`.
fn are(tiers: &[Tier]) -> String {
    let words: Vec<&str> = tiers.iter().map(|tier| tier.word()).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => format!("{one} was"),
        [most @ .., last] => format!("{} and {last} were", most.join(", ")),
    }
}

/// One rung made of two tiers: as good as the worse, and a skip of either is not a pass of both.
#[must_use]
pub fn both(one: Status, other: Status) -> Status {
    match (one, other) {
        (Status::Fail, _) | (_, Status::Fail) => Status::Fail,
        (Status::Unver, _) | (_, Status::Unver) => Status::Unver,
        (Status::Skip, _) | (_, Status::Skip) => Status::Skip,
        (Status::Pass, Status::Pass) => Status::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{Fail, Pass, Skip, Unver};
    use super::*;

    fn level(rungs: [Status; 5]) -> u8 {
        let [install, upgrade, backup_restore, functional, lint] = rungs;
        Rungs { install, upgrade, backup_restore, functional, lint }.level(&BTreeSet::new())
    }

    #[test]
    fn the_ladder_ends_below_what_was_left_out() {
        let rungs = Rungs { install: Pass, upgrade: Skip, backup_restore: Pass, functional: Pass, lint: Pass };
        assert_eq!(rungs.level(&BTreeSet::from([Tier::Upgrade])), 1);
        assert_eq!(rungs.level(&BTreeSet::from([Tier::Restore])), 1);
        assert_eq!(rungs.level(&BTreeSet::from([Tier::Custom])), 3);
        assert_eq!(rungs.level(&BTreeSet::from([Tier::Upgrade, Tier::Custom])), 1);
    }

    #[test]
    fn tiers_are_named_in_one_sentence() {
        assert_eq!(are(&[Tier::Upgrade]), "upgrade was");
        assert_eq!(are(&[Tier::Upgrade, Tier::Backup, Tier::Restore]), "upgrade, backup and restore were");
    }

    #[test]
    fn fail_and_unver_block_and_a_skip_is_climbed_past_but_never_earned() {
        assert_eq!(level([Pass, Pass, Pass, Pass, Unver]), 4);
        assert_eq!(level([Pass, Pass, Pass, Pass, Pass]), 5);
        assert_eq!(level([Pass, Fail, Pass, Pass, Pass]), 1);
        assert_eq!(level([Pass, Skip, Pass, Skip, Unver]), 3);
        assert_eq!(level([Pass, Skip, Skip, Skip, Unver]), 1);
        assert_eq!(level([Skip, Skip, Skip, Skip, Skip]), 0);
        assert_eq!(level([Unver, Pass, Pass, Pass, Pass]), 0);
        assert_eq!(level([Pass, Pass, Skip, Pass, Pass]), 5);
    }

    #[test]
    fn no_rung_made_worse_raises_the_level() {
        let all = [Pass, Skip, Unver, Fail];
        for code in 0..4usize.pow(5) {
            let rungs: [Status; 5] = std::array::from_fn(|at| all[code / 4usize.pow(at as u32) % 4]);
            for at in 0..5 {
                for worse in [Unver, Fail] {
                    let mut changed = rungs;
                    changed[at] = worse;
                    assert!(level(changed) <= level(rungs), "{rungs:?} -> {changed:?}");
                }
            }
        }
    }

    #[test]
    fn half_of_backup_and_restore_is_not_the_whole() {
        assert_eq!(both(Pass, Skip), Skip);
        assert_eq!(both(Pass, Pass), Pass);
        assert_eq!(both(Skip, Unver), Unver);
        assert_eq!(both(Unver, Fail), Fail);
    }
}
