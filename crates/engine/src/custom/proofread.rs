//! Reads tests and hooks before there is an app: one that cannot be run is found before anything is deployed (RUN-6).
//!
//! What is found here is wrong whatever the app does: a file that its language cannot read, an interpreter or a module that is not
//! there, a file of tests without a test. Everything else is left to the run. A test that asks the app while it is collected, or
//! makes its own modules, is none of these.

mod known;

use super::folder::TestFile;
use super::sandbox::Sandbox;
use super::{Facts, KEPT, environment, hurl, runner_of};
use crate::exec::{ExecError, ExecOutput, ExecStatus};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::hook::HookPlace;
use cc_ci_model::plan::own_tests::Runner;
use cc_ci_model::plan::step::{Action, Step};
use cc_ci_model::tier::Tier;
use serde_json::json;
use std::time::Duration;

pub use known::KnownReadable;
pub(crate) use known::Reading;

/// Reads the files; its own first lines say how it is called.
const READER: &str = include_str!("proofread/reader.py");

/// How long reading all files may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The longest summary that is taken from there, in characters.
const LONGEST: usize = 400;

/// What the reader says against a file: its path, a summary of ours, and what Hurl said.
type Complaint = (String, Option<String>, Option<String>);

/// The tests and hooks among steps, as the reader is asked about them: kind, path, tier, and how Hurl reads it.
fn asked(tier: Tier, step: &Step) -> Option<Vec<String>> {
    let (path, kind) = match &step.action {
        Action::Test { path } => (path, Runner::of(path)),
        Action::Hook { path, place: HookPlace::Sandbox, .. } => (path, runner_of(super::Role::Hook, path)),
        Action::Hook { path, place: HookPlace::Host, .. } => return Some(words("host", path, tier)),
        Action::Operate(_)
        | Action::Check(_)
        | Action::Probe { .. }
        | Action::Verify { .. }
        | Action::Dependency { .. } => return None,
    };
    Some(match kind {
        Runner::Hurl => words("hurl", path, tier).into_iter().chain(hurl::reading(path)).collect(),
        Runner::Pytest | Runner::Browser => words("pytest", path, tier),
        Runner::Executable => words("script", path, tier),
    })
}

fn words(kind: &str, path: &str, tier: Tier) -> Vec<String> {
    vec![kind.to_owned(), path.to_owned(), tier.to_string()]
}

/// What the reader is asked about `steps`; `None` when none of them is a test or a hook.
fn question(steps: &[(Tier, &Step)]) -> Option<String> {
    let asked: Vec<Vec<String>> = steps.iter().filter_map(|(tier, step)| asked(*tier, step)).collect();
    (!asked.is_empty()).then(|| json!(asked).to_string())
}

/// What reading the tests and hooks among `steps` in a sandbox of this image with these files is about.
pub(crate) fn reading(image_id: &str, files: &[TestFile], steps: &[(Tier, &Step)]) -> Reading {
    Reading::of(READER, image_id, &question(steps).unwrap_or_default(), files)
}

/// Reads the tests and hooks among `steps`, which lie in the sandbox, and answers with those that cannot be run. `None`: the reader
/// gave no answer, and what is wrong with a file is said where it runs.
pub async fn read<'s>(
    sandbox: &Sandbox,
    facts: &Facts,
    steps: &[(Tier, &'s Step)],
) -> Result<Option<Vec<(Tier, &'s Step, Finding)>>, ExecError> {
    let Some(question) = question(steps) else { return Ok(Some(Vec::new())) };
    let words = ["python3", "-I", "-c", READER].map(str::to_owned).into_iter().chain([question]);
    let output = sandbox.run(words.collect(), &environment(facts, Tier::Install), LIMIT).await?;
    let answer: Option<Vec<Complaint>> = serde_json::from_slice(&output.stdout).ok();
    let Some(found) = answer.filter(|_| output.succeeded()) else { return Ok(None) };
    let finding = |step: &Step| {
        let path = path(step)?;
        let (_, summary, hurl) = found.iter().find(|(about, ..)| about == path)?;
        Some(finding(path, summary.as_deref(), hurl.as_deref()))
    };
    Ok(Some(steps.iter().filter_map(|&(tier, step)| Some((tier, step, finding(step)?))).collect()))
}

fn path(step: &Step) -> Option<&str> {
    match &step.action {
        Action::Test { path } | Action::Hook { path, .. } => Some(path),
        Action::Operate(_)
        | Action::Check(_)
        | Action::Probe { .. }
        | Action::Verify { .. }
        | Action::Dependency { .. } => None,
    }
}

/// In the words that a run of the file would have had.
fn finding(path: &str, summary: Option<&str>, hurl: Option<&str>) -> Finding {
    let broken = |summary: &str| Finding::new(Cause::TestBroken, summary.chars().take(LONGEST).collect::<String>());
    if let Some(summary) = summary {
        return broken(summary);
    }
    let said = hurl.unwrap_or_default().as_bytes().to_vec();
    let output = ExecOutput { status: ExecStatus::Exited(2), stdout: Vec::new(), stderr: said, dropped: 0 };
    match hurl::outcome(path, 2, &output, Cause::TestBroken) {
        Outcome::Failed(found) => broken(&found.summary).with_details(output.tail(KEPT)),
        Outcome::Passed { .. } | Outcome::Skipped { .. } | Outcome::Unverified(_) => {
            broken(&format!("{path} cannot be read"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::plan::hook::HookTime;
    use cc_ci_model::plan::step::{Check, Pass};

    #[test]
    fn tests_and_hooks_are_asked_about_by_their_kind() {
        let hook = |path: &str, place| {
            let time = Some(HookTime::PreUpgrade);
            Step::new(Tier::Upgrade, Pass::Only, Action::Hook { path: path.to_owned(), place, time })
        };
        let test = |path: &str| Step::new(Tier::Custom, Pass::Only, Action::Test { path: path.to_owned() });
        let kind = |step: &Step| asked(Tier::Custom, step).map(|words| words[0].clone());
        assert_eq!(kind(&test("custom/a.hurl")).as_deref(), Some("hurl"));
        assert_eq!(kind(&test("custom/test_a.py")).as_deref(), Some("pytest"));
        assert_eq!(kind(&test("custom/browser_a.py")).as_deref(), Some("pytest"));
        assert_eq!(kind(&test("custom/a")).as_deref(), Some("script"));
        assert_eq!(kind(&hook("hooks/test_a.py", HookPlace::Sandbox)).as_deref(), Some("script"));
        assert_eq!(kind(&hook("hooks/host/pre_upgrade", HookPlace::Host)).as_deref(), Some("host"));
        assert_eq!(kind(&Step::new(Tier::Install, Pass::Only, Action::Check(Check::Serving))), None);
    }

    #[test]
    fn what_hurl_says_has_the_words_of_a_run() {
        let said = "error: Parsing response section name\n  --> /tests/a.hurl:3:2\n   |\n 3 | [Asertss]\n   |  ^ the section is not valid\n   |\n";
        let found = finding("a.hurl", None, Some(said));
        assert_eq!(found.summary, "a.hurl:3: Parsing response section name: the section is not valid");
        assert_eq!(found.cause, Cause::TestBroken);
        assert_eq!(finding("a.sh", Some("a.sh:2: no"), None).summary, "a.sh:2: no");
    }
}
