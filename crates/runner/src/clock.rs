//! The calendar time of this machine, for names and records, and ids of runs that sort like it.

use crate::error::RunnerError;
use cc_ci_model::ids::RunId;
use chrono::{DateTime, SecondsFormat, Utc};

/// Now, RFC 3339, UTC: `2026-11-23T20:15:00Z`.
#[must_use]
pub fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The id of a new run. It sorts like the time, and two runs that start in the same second differ.
pub fn new_run() -> Result<RunId, RunnerError> {
    run_at(Utc::now(), rand::random())
}

fn run_at(time: DateTime<Utc>, chance: u32) -> Result<RunId, RunnerError> {
    let text = format!("{}-{:06x}", time.format("%Y%m%d-%H%M%S"), chance & 0x00ff_ffff);
    RunId::parse(&text).map_err(|error| RunnerError::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_run_begins_with_its_time() {
        let time = DateTime::from_timestamp(1_795_464_900, 0).unwrap();
        assert_eq!(run_at(time, 0xff00_00a1).unwrap().as_str(), "20261123-201500-0000a1");
        assert!(now().ends_with('Z'));
        assert_ne!(new_run().unwrap(), new_run().unwrap());
    }
}
