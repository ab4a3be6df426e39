//! What a search comes to: stated before it starts, and said at its end.

use super::answer::ProbeAnswer;
use super::{BisectEnd, Stopped};
use crate::exit;
use crate::ids::{Commit, RecipeName, RunId};
use crate::tally::DeployTally;
use crate::tier::Tier;
use serde::Serialize;

/// What is searched, known before anything is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BisectPlan {
    /// The recipe.
    pub recipe: RecipeName,
    /// The tier.
    pub tier: Tier,
    /// The line of commits: GOOD first, BAD last.
    pub line: Vec<LineCommit>,
    /// The version that every run begins at; `None` when at the commit under test.
    pub base: Option<String>,
    /// The most runs that are made.
    pub most_runs: usize,
    /// The most deploys that they make, by the plan for BAD.
    pub most_deploys: usize,
}

/// One commit of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineCommit {
    /// The commit.
    pub commit: Commit,
    /// The first line of its message.
    pub subject: String,
    /// Its parents, the first one first.
    pub parents: Vec<Commit>,
}

/// A commit that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitProbe {
    /// Its place on the line.
    pub place: usize,
    /// The commit.
    pub commit: Commit,
    /// What is known about it.
    #[serde(flatten)]
    pub answer: ProbeAnswer,
    /// Why the tier does not pass, where it does not.
    pub reason: Option<String>,
    /// The run that says so; `None` when none could begin.
    pub run: Option<RunId>,
    /// Where the answer comes from.
    pub source: ProbeSource,
    /// Milliseconds that the run took.
    pub ms: Option<u64>,
    /// The exit code that the run, or the refusal of one, has by itself.
    pub exit_code: u8,
    /// What the run left behind, or let out: what else a reader has to act on.
    pub left: Vec<String>,
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeSource {
    /// A run was made.
    Made,
    /// One was stored that says the same.
    Stored,
    /// No run could begin.
    Refused,
}

/// A search that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BisectReport {
    /// What was searched.
    pub plan: BisectPlan,
    /// What was looked at, in order.
    pub probes: Vec<CommitProbe>,
    /// The deploys that were made.
    pub deploys: DeployTally,
    /// How it ended.
    pub end: BisectEnd,
    /// A commit that fails and a later one that passes, where there are such.
    pub contradiction: Option<(usize, usize)>,
    /// Who ended it, where somebody did.
    pub ended_by: Option<String>,
}

impl BisectReport {
    /// The exit code: 0 when one commit is named and nothing else is wrong.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if let Some(by) = &self.ended_by {
            return exit::of_cancelled_by(by);
        }
        let unanswered = || self.probes.iter().rev().find(|probe| !probe.answer.says_something());
        let of_silent = unanswered().map_or(exit::RED, |probe| match probe.exit_code {
            exit::GREEN => exit::RED,
            code => code,
        });
        let beside = self.probes.iter().find(|probe| !probe.left.is_empty()).map(|probe| probe.exit_code);
        match &self.end {
            BisectEnd::First { .. } if !self.deploys.disagreed.is_empty() => exit::RED,
            BisectEnd::First { .. } => beside.unwrap_or(exit::GREEN),
            BisectEnd::BadPasses | BisectEnd::GoodFails => exit::USAGE,
            BisectEnd::Among { why: Stopped::BoundReached | Stopped::NoAnswer | Stopped::Ended, .. }
            | BisectEnd::BadUnknown { .. } => of_silent,
        }
    }
}
