//! What the environment says about the machine.

use crate::environment::variable;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::request::Cores;
use std::ffi::{OsStr, OsString};

/// The variable with how many cores the runs of a machine share, where that is not what it has.
const CORES: &str = "CC_CI_CORES";

/// How many cores the runs of this machine share.
pub fn cores() -> Result<Cores, RunnerError> {
    read(variable(CORES).as_ref())
}

/// What programs of ours are told that are to go on so many at a time, each against its own limit of time: no fewer have a place.
#[must_use]
pub fn places_for(jobs: usize) -> (OsString, OsString) {
    let here = std::thread::available_parallelism().map_or(1, usize::from);
    (CORES.into(), here.max(jobs).to_string().into())
}

fn read(value: Option<&OsString>) -> Result<Cores, RunnerError> {
    let Some(value) = value else { return Ok(Cores::OfThisMachine) };
    let number = OsStr::to_str(value).and_then(|text| text.parse().ok()).filter(|cores| *cores > 0);
    number.map(Cores::Given).ok_or_else(|| {
        let what = format!("`{CORES}` is no number of cores: `{}`", value.to_string_lossy());
        RunnerError::new(ErrorKind::Usage, what)
            .hint("give a whole number from 1 on, or none for those of this machine")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_cores_is_one_at_least() {
        let check = |text: &str, expected| assert_eq!(read(Some(&text.into())).ok(), expected, "{text}");
        check("4", Some(Cores::Given(4)));
        for text in ["0", "-1", "1.5", "many", " 2"] {
            check(text, None);
        }
        assert_eq!(read(None).ok(), Some(Cores::OfThisMachine));
    }
}
