//! Errors as a user sees them: what, where, what now.

use cc_ci_runner::error::RunnerError;

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
    use cc_ci_runner::error::ErrorKind;

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
}
