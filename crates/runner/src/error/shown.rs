//! Errors as a user sees them: what, where, what now.

use super::RunnerError;

/// An error for a person.
#[must_use]
pub fn shown(error: &RunnerError) -> String {
    let own = |hint: &Option<String>| hint.iter().map(|hint| format!("\n    hint: {hint}")).collect::<String>();
    let places = error.problems.iter().map(|problem| format!("\n  {problem}{}", own(&problem.hint)));
    let hint = error.hint.iter().map(|hint| format!("\nhint: {hint}"));
    format!("error: {}{}", error.message, places.chain(hint).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use cc_ci_recipe::source::Problem;

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
    fn of_several_hints_each_stands_below_its_own_place() {
        let problem = |what: &str, hint: &str| Problem::error("compose.yml", what).hint(hint);
        let said =
            |problems: &[Problem]| shown(&RunnerError::of_problems(ErrorKind::Recipe, "cannot read it", problems));
        insta::assert_snapshot!(said(&[problem("no `a`", "add `a`"), problem("no `b`", "add `b`")]), @r"
        error: cannot read it
          compose.yml: no `a`
            hint: add `a`
          compose.yml: no `b`
            hint: add `b`
        ");
        insta::assert_snapshot!(said(&[problem("no `a`", "add both"), problem("no `b`", "add both")]), @r"
        error: cannot read it
          compose.yml: no `a`
          compose.yml: no `b`
        hint: add both
        ");
    }
}
