//! Every exit code of the program, as documented constants (VER-4, ISO-3).

use crate::event::RunEnd;
use crate::verdict::blame::Blame;
use crate::verdict::{Color, Verdict};
use serde::{Deserialize, Serialize};

/// The recipe passed.
pub const GREEN: u8 = 0;
/// cc-ci itself failed; nothing was learnt about the recipe.
pub const BUG: u8 = 1;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// Not green, and the recipe, its base, a dependency or its tests are the reason; or `lint` found an error.
pub const RED: u8 = 10;
/// Disk, registry, engine or memory of the host gave out; nothing was learnt about the recipe.
pub const INFRASTRUCTURE: u8 = 11;
/// The run was cancelled.
pub const CANCELLED: u8 = 12;
/// The update of a warm provider did not go well: the old version is up again, with its data.
pub const ROLLED_BACK: u8 = 13;
/// The update of a warm provider waits for a person; nothing was changed.
pub const HELD: u8 = 14;
/// The update of a warm provider did not go well, and neither did the way back: somebody has to look at it.
pub const BROKEN: u8 = 15;
/// Settings that cannot be used.
pub const BAD_SETTINGS: u8 = 20;
/// A recipe that cannot be read.
pub const BAD_RECIPE: u8 = 21;
/// No swarm to run on.
pub const NO_SWARM: u8 = 22;
/// A recipe that asks for what the compose policy does not allow. A code of its own: the recipe can be read, nothing is wrong
/// with it by itself, and an operator can allow it.
pub const REFUSED: u8 = 23;
/// The process of a run ended itself at the run's time limit, as a shell shows a death by SIGALRM.
pub const DEADLINE: u8 = 142;
/// The process of a run was interrupted, as a shell shows a death by SIGINT.
pub const INTERRUPTED: u8 = 130;
/// The process of a run was told to end, as a shell shows a death by SIGTERM.
pub const SIGNALLED: u8 = 143;

/// Every kind of end of a run, by the word that its outcome file has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndKind {
    /// The recipe passed.
    Green,
    /// It did not, and recipe, base, dependency or tests are the reason.
    Red,
    /// What was asked for makes no sense.
    Usage,
    /// Settings that cannot be used.
    Settings,
    /// A recipe that cannot be read.
    Recipe,
    /// A recipe that asks for what the policy does not allow.
    Policy,
    /// No swarm to run on.
    NoSwarm,
    /// Disk, registry, engine or memory gave out.
    Infrastructure,
    /// Somebody ended it.
    Cancelled,
    /// It reached its time limit.
    Deadline,
    /// cc-ci itself failed.
    Internal,
}

/// Every code with its name and meaning, in order, for the reference page.
pub const ALL: [(u8, &str, &str); 16] = [
    (GREEN, "green", "the recipe passed"),
    (BUG, "bug", "cc-ci itself failed; nothing was learnt about the recipe"),
    (USAGE, "usage", "the command line makes no sense"),
    (
        RED,
        "red",
        "not green, and the recipe, its base, a dependency or its tests are the reason; `lint` found an error",
    ),
    (INFRASTRUCTURE, "infrastructure", "disk, registry, engine or memory of the host gave out"),
    (CANCELLED, "cancelled", "the run was cancelled (by a later command such as `judge`)"),
    (
        ROLLED_BACK,
        "rolled back",
        "`warm update`: the new version did not stay up; the old one is up again, with its data",
    ),
    (HELD, "held", "`warm update`: a person has to look first; nothing was changed"),
    (BROKEN, "broken", "`warm update`: neither the new version nor the old one is up as it should be"),
    (BAD_SETTINGS, "bad settings", "settings that cannot be used"),
    (BAD_RECIPE, "bad recipe", "a recipe that cannot be read"),
    (NO_SWARM, "no swarm", "no swarm to run on"),
    (REFUSED, "refused", "a recipe that asks for what the compose policy does not allow"),
    (INTERRUPTED, "interrupted", "the process of a run that was interrupted (Ctrl-C)"),
    (DEADLINE, "deadline", "the process of a run that reached its own time limit"),
    (SIGNALLED, "signalled", "the process of a run that was told to end"),
];

/// The code of a verdict: what `cc-ci judge` answers for ever after.
#[must_use]
pub fn of_verdict(verdict: &Verdict) -> u8 {
    match verdict.color {
        // A run that never ended is no success, however well it went.
        Color::Green if verdict.provisional => BUG,
        color @ (Color::Green | Color::Red | Color::Unverified | Color::Cancelled) => of_color(color, verdict.blame),
    }
}

/// The code of a run that is over, by its colour and whose fault that is.
#[must_use]
pub fn of_color(color: Color, blame: Option<Blame>) -> u8 {
    match (color, blame) {
        (Color::Green, _) => GREEN,
        (Color::Cancelled, _) => CANCELLED,
        (Color::Red | Color::Unverified, Some(blame)) => match blame {
            Blame::Recipe | Blame::Base | Blame::Dependency | Blame::Test => RED,
            Blame::Infrastructure => INFRASTRUCTURE,
            Blame::Harness => BUG,
            Blame::Cancelled => CANCELLED,
        },
        (Color::Red | Color::Unverified, None) => BUG,
    }
}

/// The code of a process that somebody ended in an orderly way: by a signal of this name, or otherwise.
#[must_use]
pub fn of_cancelled_by(name: &str) -> u8 {
    if name == "SIGINT" { INTERRUPTED } else { SIGNALLED }
}

/// The code of the process that performed the run. It differs from the verdict's only where the process was told to end
/// or reached its time limit.
#[must_use]
pub fn of_process(verdict: &Verdict, end: Option<&RunEnd>) -> u8 {
    match end {
        Some(RunEnd::Cancelled { by }) => of_cancelled_by(by),
        Some(RunEnd::Deadline) => DEADLINE,
        Some(RunEnd::Completed | RunEnd::Infrastructure { .. } | RunEnd::Broken { .. }) | None => of_verdict(verdict),
    }
}
