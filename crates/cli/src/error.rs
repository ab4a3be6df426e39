//! Errors as a user sees them: what, where, what now; and the exit code of each kind.

use cc_ci_model::exit;
use cc_ci_runner::error::{ErrorKind, RunnerError};

/// The exit code of a kind of error.
#[must_use]
pub fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => exit::USAGE,
        ErrorKind::Settings => exit::BAD_SETTINGS,
        ErrorKind::Recipe => exit::BAD_RECIPE,
        ErrorKind::Refused => exit::REFUSED,
        ErrorKind::NoSwarm => exit::NO_SWARM,
        ErrorKind::Infrastructure => exit::INFRASTRUCTURE,
        ErrorKind::Cancelled => exit::CANCELLED,
        ErrorKind::Internal => exit::BUG,
    }
}

/// An error for a person.
#[must_use]
pub fn shown(error: &RunnerError) -> String {
    let places = error.problems.iter().map(|problem| format!("\n  {problem}"));
    let hint = error.hint.iter().map(|hint| format!("\nhint: {hint}"));
    format!("error: {}{}", error.message, places.chain(hint).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_what_now() {
        let error = RunnerError::new(ErrorKind::Recipe, "cannot read the recipe `ghost`")
            .at("compose.yml, line 7: unknown service `dbb`")
            .hint("did you mean `db`?");
        insta::assert_snapshot!(shown(&error), @r"
        error: cannot read the recipe `ghost`
          compose.yml, line 7: unknown service `dbb`
        hint: did you mean `db`?
        ");
    }

    #[test]
    fn each_kind_has_a_code_of_its_own() {
        use ErrorKind::{Cancelled, Infrastructure, Internal, NoSwarm, Recipe, Refused, Settings, Usage};
        let codes = [Usage, Settings, Recipe, Refused, NoSwarm, Infrastructure, Cancelled, Internal].map(exit_code);
        assert_eq!(codes, [2, 20, 21, 23, 22, 11, 12, 1]);
    }
}
