//! What a run can still reach, given which of its steps did not pass.

use super::step::{Gate, Pass, Step};
use crate::tier::Tier;
use std::collections::BTreeSet;

/// Whether later steps can count on the app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AppState {
    /// They can; so it is until something says otherwise.
    #[default]
    Up,
    /// They cannot: it never came up, or went down and did not come back.
    Down,
}

/// Which steps are still worth a try.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    app: AppState,
    closed: BTreeSet<(Tier, Option<Pass>)>,
}

impl Reach {
    /// Notes that a step of `tier` did not pass, with all that hangs on it.
    pub fn not_passed(&mut self, tier: Tier, step: &Step) {
        match step.gate() {
            Gate::App => self.app_is(AppState::Down),
            Gate::Tier => {
                self.closed.insert((tier, None));
                if tier == Tier::Backup {
                    self.closed.insert((Tier::Restore, None));
                }
            }
            Gate::Pass => {
                self.closed.insert((tier, Some(step.pass)));
            }
            Gate::Nothing => {}
        }
    }

    /// Notes whether the app is up.
    pub fn app_is(&mut self, app: AppState) {
        self.app = app;
    }

    /// Whether anything of a tier can be reached.
    #[must_use]
    pub fn tier(&self, tier: Tier) -> bool {
        self.app == AppState::Up && !self.closed.contains(&(tier, None))
    }

    /// Whether a step of `tier` can be reached.
    #[must_use]
    pub fn step(&self, tier: Tier, step: &Step) -> bool {
        self.tier(tier) && !self.closed.contains(&(tier, Some(step.pass)))
    }
}
