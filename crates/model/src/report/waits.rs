//! What steps waited for, and which service held them up: drawn from progress, so it shows and proves nothing.

use crate::evidence::Evidence;
use crate::ids::StepId;

/// A stretch of time in which a step waited for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The step.
    pub step: StepId,
    /// The service it waited for; `None` when it waited for something else.
    pub service: Option<String>,
    /// What it waited for, in words: `0/1 starting`.
    pub on: String,
    /// When it began, milliseconds since the start.
    pub began_ms: u64,
    /// How long, in milliseconds.
    pub ms: u64,
}

/// Every stretch, in order of its begin. A step waits for what it said last, until it says something else or ends.
#[must_use]
pub fn of(evidence: &Evidence) -> Vec<Wait> {
    let mut waits: Vec<Wait> = Vec::new();
    for (at, (step, on, began)) in evidence.waits.iter().enumerate() {
        let next = evidence.waits.iter().skip(at + 1).find(|(other, ..)| other == step).map(|(.., at)| *at);
        let seen = evidence.steps.get(step);
        let end = next.or_else(|| seen?.ended_ms).or(evidence.due_ms).unwrap_or(*began);
        for (service, state) in parts(on) {
            let (service, on) = (service.map(str::to_owned), state.to_owned());
            waits.push(Wait { step: step.clone(), service, on, began_ms: *began, ms: end.saturating_sub(*began) });
        }
    }
    waits
}

/// Progress names services in front: `db: 0/1 starting; app: 0/1 pending`.
fn parts(on: &str) -> Vec<(Option<&str>, &str)> {
    let named = |part: &'_ str| part.split_once(": ").is_some_and(|(name, _)| is_service(name));
    if !on.split("; ").next().is_some_and(named) {
        return vec![(None, on)];
    }
    let mut parts: Vec<(Option<&str>, &str)> = Vec::new();
    for part in on.split("; ") {
        match part.split_once(": ") {
            Some((name, state)) if is_service(name) => parts.push((Some(name), state)),
            Some(_) | None => parts.push((None, part)),
        }
    }
    parts
}

fn is_service(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Stamped};
    use crate::outcome::Outcome;

    #[test]
    fn each_service_waits_until_it_is_no_longer_named() {
        let step = || StepId::new(crate::tier::Tier::Install, "converged");
        let waiting = |on: &str| Event::Waiting { step: step(), on: on.to_owned(), limit: 300 };
        let told = [
            (0, Event::StepStarted { step: step() }),
            (10, waiting("db: 0/1 starting; app: 0/1 pending")),
            (40, waiting("app: 0/1 (health: starting)")),
            (90, Event::StepEnded { step: step(), outcome: Outcome::Passed { note: None }, ms: 90 }),
        ];
        let events: Vec<_> = told.into_iter().zip(0..).map(|((ms, event), seq)| Stamped { seq, ms, event }).collect();
        let waits = of(&Evidence::fold(&events));
        let short: Vec<_> =
            waits.iter().map(|wait| (wait.service.as_deref(), wait.on.as_str(), wait.began_ms, wait.ms)).collect();
        assert_eq!(
            short,
            [
                (Some("db"), "0/1 starting", 10, 30),
                (Some("app"), "0/1 pending", 10, 30),
                (Some("app"), "0/1 (health: starting)", 40, 50),
            ]
        );
    }

    #[test]
    fn other_words_are_one_wait_without_a_service() {
        assert_eq!(
            parts("no answer: connection refused; and more"),
            [(None, "no answer: connection refused; and more")]
        );
        assert_eq!(parts(""), [(None, "")]);
    }
}
