//! Tries many cases, several at once, and sums up.

use crate::case::Case;
use crate::trial::{Bench, CaseOutcome, Trial};
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeMap;
use std::fmt::Write;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What came of all cases.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Every case that was tried, sorted.
    pub trials: Vec<Trial>,
}

/// Tries `cases`, at most `at_once` at the same time, and tells of each as it ends. Of those with strangers on the engine one goes on at a
/// time.
pub async fn try_all(
    bench: &Bench,
    cases: &[Case],
    at_once: usize,
    cancel: &CancellationToken,
    mut tell: impl FnMut(&Trial),
) -> Score {
    let strangers = Semaphore::new(1);
    let tried = async |case: &Case| {
        let _alone = match case.question.has_strangers() {
            true => strangers.acquire().await.ok(),
            false => None,
        };
        bench.try_case(case, cancel).await
    };
    let mut running = stream::iter(cases).map(tried).buffer_unordered(at_once.max(1));
    let mut trials = Vec::with_capacity(cases.len());
    while let Some(trial) = running.next().await {
        tell(&trial);
        trials.push(trial);
    }
    trials.sort_by(|a, b| a.id.cmp(&b.id));
    Score { trials }
}

impl Score {
    /// How many cases came out right.
    #[must_use]
    pub fn right(&self) -> usize {
        self.trials.iter().filter(|trial| trial.outcome == CaseOutcome::Right).count()
    }

    /// Whether there were cases, and all of them came out right.
    #[must_use]
    pub fn is_full(&self) -> bool {
        !self.trials.is_empty() && self.right() == self.trials.len()
    }

    /// The score of each group and of all, as a table in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for trial in &self.trials {
            let (right, all) = groups.entry(&trial.id.group).or_default();
            *right += usize::from(trial.outcome == CaseOutcome::Right);
            *all += 1;
        }
        let mut text = String::from("| group | right | cases |\n|---|---|---|\n");
        for (group, (right, all)) in groups {
            // Writing to a text cannot fail.
            let _infallible = writeln!(text, "| {group} | {right} | {all} |");
        }
        let _infallible = writeln!(text, "| all | {} | {} |", self.right(), self.trials.len());
        text
    }
}

/// The lines that tell how one case came out.
#[must_use]
pub fn line(trial: &Trial) -> String {
    let (word, details) = match &trial.outcome {
        CaseOutcome::Right => ("right", Vec::new()),
        CaseOutcome::Wrong(differences) => ("WRONG", differences.clone()),
        CaseOutcome::NotTried(why) => ("not tried", vec![why.clone()]),
    };
    let mut text = format!("{word:<9} {:>6.1} s  {}", trial.took.as_secs_f64(), trial.id);
    if !trial.first_line.is_empty() {
        let _infallible = write!(text, ": {}", trial.first_line);
    }
    for detail in details {
        let _infallible = write!(text, "\n            {detail}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseId;
    use std::time::Duration;

    fn trial(name: &str, outcome: CaseOutcome) -> Trial {
        Trial { id: CaseId::new("data", name), outcome, first_line: String::new(), took: Duration::ZERO }
    }

    #[test]
    fn nothing_tried_is_no_full_score_and_neither_is_a_case_that_could_not_be_tried() {
        assert!(!Score::default().is_full());
        let mut score = Score { trials: vec![trial("a", CaseOutcome::Right)] };
        assert!(score.is_full());
        score.trials.push(trial("b", CaseOutcome::NotTried("no image".to_owned())));
        assert!(!score.is_full());
        assert_eq!(score.table(), "| group | right | cases |\n|---|---|---|\n| data | 1 | 2 |\n| all | 1 | 2 |\n");
    }
}
