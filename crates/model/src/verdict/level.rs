//! The ladder of five rungs: it may understate, never overstate (VER-2).

use super::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

    /// The highest rung that passed such that every lower one passed or was skipped; 0 if there is none.
    #[must_use]
    pub fn level(&self) -> u8 {
        let mut level = 0;
        for (rung, (_, status)) in (1u8..).zip(self.named()) {
            match status {
                Status::Pass => level = rung,
                // Climbed past, never earned.
                Status::Skip => {}
                Status::Fail | Status::Unver => return level,
            }
        }
        level
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
        Rungs { install, upgrade, backup_restore, functional, lint }.level()
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
