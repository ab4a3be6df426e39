//! What the interval of a health check costs a run, and the change that saves it. It decides nothing.
//!
//! The engine asks a container for the first time one interval after its start, and takes it for starting until the check passes. Swarm
//! goes on with nothing before, so an app that is ready after a second is waited for as long as the interval. (Engines from 25 on ask
//! more often at first where `start_interval` says so; a start that is shorter than the interval has it, and is left alone.)

use super::{Moment, ServiceUsage};
use crate::report::text::seconds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The interval that is proposed, in milliseconds: short for who waits, and rare enough for a check that starts a program.
const PROPOSED: u64 = 5_000;

/// What has to be saved at least, over all starts of a service in a run, in milliseconds.
const LEAST: u64 = 10_000;

/// By how many milliseconds the engine's timer may be early.
const EARLY: u64 = 200;

/// A health check that asks so seldom that a run waits for its next question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalAdvice {
    /// The service, without the stack's name.
    pub service: String,
    /// Milliseconds between two questions of its health check.
    pub interval_ms: u64,
    /// How often it was started in this run, and its health check waited for.
    pub starts: u64,
    /// Milliseconds that these starts took together.
    pub waited_ms: u64,
    /// Milliseconds that they could have taken less at most, with an interval of 5 seconds.
    pub saves_ms: u64,
}

impl IntervalAdvice {
    /// In one sentence: what it costs and what to write.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { service, interval_ms, starts, waited_ms, saves_ms } = self;
        let (proposed, times) = (PROPOSED / 1_000, interval_ms.div_ceil(PROPOSED));
        format!(
            "the health check of `{service}` asks every {}: its {starts} starts here took {}, up to {} of it for the next question; \
             `interval: {proposed}s` saves that, and with {times} times the `retries` it gives up as late as now",
            seconds(*interval_ms),
            seconds(*waited_ms),
            seconds(*saves_ms)
        )
    }
}

/// The services whose health checks are worth a word, by name.
#[must_use]
pub fn advise(seen: &[(Moment, Vec<ServiceUsage>)]) -> Vec<IntervalAdvice> {
    let mut names: Vec<&str> = seen.iter().flat_map(|(_, all)| all).map(|usage| usage.service.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter_map(|name| of_service(name, seen)).collect()
}

fn of_service(name: &str, seen: &[(Moment, Vec<ServiceUsage>)]) -> Option<IntervalAdvice> {
    let mut advice = IntervalAdvice { service: name.to_owned(), interval_ms: 0, starts: 0, waited_ms: 0, saves_ms: 0 };
    let mut known: Vec<&String> = Vec::new();
    for usage in seen.iter().flat_map(|(_, all)| all).filter(|usage| usage.service == name) {
        // A container that went on from one look to the next was started once.
        let is_known = usage.containers.iter().any(|one| known.contains(&one));
        known.extend(&usage.containers);
        let (Some(start), Some(interval)) = (usage.start_ms, usage.interval_ms) else { continue };
        if is_known || start + EARLY < interval {
            continue;
        }
        advice.interval_ms = advice.interval_ms.max(interval);
        advice.starts += 1;
        advice.waited_ms += start;
        advice.saves_ms += interval.saturating_sub(PROPOSED);
    }
    (advice.saves_ms >= LEAST).then_some(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(
        moment: Moment,
        container: &str,
        start_ms: Option<u64>,
        interval_ms: Option<u64>,
    ) -> (Moment, Vec<ServiceUsage>) {
        let containers = vec![container.to_owned()];
        (
            moment,
            vec![ServiceUsage {
                service: "app".to_owned(),
                containers,
                start_ms,
                interval_ms,
                ..ServiceUsage::default()
            }],
        )
    }

    /// Three starts that took `start` each, by a check that asks every `interval`.
    fn three(start: u64, interval: u64) -> [(Moment, Vec<ServiceUsage>); 3] {
        [(Moment::Base, "a"), (Moment::Head, "b"), (Moment::HeadAfresh, "c")]
            .map(|(moment, container)| look(moment, container, Some(start), Some(interval)))
    }

    #[test]
    fn an_interval_of_half_a_minute_costs_each_start_up_to_25_seconds() {
        let [advice] = advise(&three(30_100, 30_000)).try_into().unwrap();
        assert_eq!((advice.starts, advice.waited_ms, advice.saves_ms), (3, 90_300, 75_000));
        assert_eq!(
            advice.line(),
            "the health check of `app` asks every 30.0 s: its 3 starts here took 90.3 s, up to 75.0 s of it for the next question; \
             `interval: 5s` saves that, and with 6 times the `retries` it gives up as late as now"
        );
    }

    #[test]
    fn what_saves_little_is_not_said() {
        assert_eq!(advise(&three(5_100, 5_000)), []);
        assert_eq!(advise(&three(8_100, 8_000)), []);
        assert_eq!(advise(&three(9_100, 9_000)).len(), 1);
        // A slow start with a short interval waits for the app.
        assert_eq!(advise(&three(60_000, 2_000)), []);
    }

    #[test]
    fn a_check_that_asks_sooner_at_first_is_left_alone() {
        assert_eq!(advise(&three(1_100, 30_000)), []);
        // The engine's timer may be early.
        assert_eq!(advise(&three(29_900, 30_000)).len(), 1);
    }

    #[test]
    fn a_container_that_goes_on_was_started_once_and_what_was_not_measured_counts_nothing() {
        let on = [Moment::Base, Moment::Head].map(|moment| look(moment, "a", Some(14_000), Some(14_000)));
        assert_eq!(advise(&on), []);
        let two = [("a", Moment::Base), ("b", Moment::Head)].map(|(id, at)| look(at, id, Some(14_000), Some(14_000)));
        assert_eq!(advise(&two).len(), 1);
        let unknown = [look(Moment::Base, "a", None, Some(60_000)), look(Moment::Head, "b", Some(60_000), None)];
        assert_eq!(advise(&unknown), []);
    }
}
