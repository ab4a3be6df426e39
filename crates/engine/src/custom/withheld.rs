//! What is told of a test or hook whose words nobody may read: how it ended, and none of them.
//!
//! A run that begins with secrets of an earlier one does not know their values, so it could not mask them in what a test prints
//! (SEC-1).

use super::Call;
use crate::exec::ExecOutput;
use crate::swarm::UNHEARD;
use cc_ci_model::canonical::SecretValues;
use cc_ci_model::outcome::{Finding, Outcome};
use cc_ci_model::testcase::{CaseEnd, TestCase};

/// How a call ended, as it may be told.
pub(super) fn as_told(call: Call<'_>, outcome: Outcome, output: &ExecOutput) -> Outcome {
    match call.secrets {
        SecretValues::Known => return outcome,
        SecretValues::Unknown => {}
    }
    let wordless = |finding: Finding| {
        let summary = format!("{} did not pass: {}", call.path, output.ending());
        Finding::new(finding.cause, summary).with_details(vec![UNHEARD.to_owned()])
    };
    match outcome {
        Outcome::Passed { .. } => Outcome::Passed { note: None },
        Outcome::Skipped { .. } => Outcome::Skipped { reason: UNHEARD.to_owned() },
        Outcome::Failed(finding) => Outcome::Failed(wordless(finding)),
        Outcome::Unverified(finding) => Outcome::Unverified(wordless(finding)),
    }
}

/// The test cases of a file, as they may be told. What a name has in brackets is a value.
pub(super) fn cases(secrets: SecretValues, cases: Vec<TestCase>) -> Vec<TestCase> {
    match secrets {
        SecretValues::Known => return cases,
        SecretValues::Unknown => {}
    }
    let told = |case: TestCase| TestCase {
        name: case.name.split('[').next().unwrap_or_default().to_owned(),
        ms: case.ms,
        end: match case.end {
            CaseEnd::Passed => CaseEnd::Passed,
            CaseEnd::Failed { .. } => CaseEnd::Failed { message: UNHEARD.to_owned(), details: Vec::new() },
            CaseEnd::Skipped { .. } => CaseEnd::Skipped { reason: UNHEARD.to_owned() },
        },
    };
    cases.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::*;
    use crate::exec::ExecStatus;
    use cc_ci_model::outcome::Cause;
    use cc_ci_model::tier::Tier;
    use std::time::Duration;

    const VALUE: &str = "s3cr3t";

    fn check(outcome: Outcome, secrets: SecretValues) -> String {
        let limit = Duration::from_secs(1);
        let call = Call { path: "custom/login", role: Role::Test, tier: Tier::Custom, limit, secrets };
        let said = VALUE.as_bytes().to_vec();
        let output = ExecOutput { status: ExecStatus::Exited(3), stdout: said.clone(), stderr: said, dropped: 0 };
        format!("{:?}", as_told(call, outcome, &output))
    }

    #[test]
    fn nothing_that_was_said_is_told_and_how_it_ended_is() {
        let finding = || Finding::new(Cause::TestFailed, VALUE).of_service(VALUE).with_details(vec![VALUE.to_owned()]);
        let all = || {
            [
                Outcome::Passed { note: Some(VALUE.to_owned()) },
                Outcome::Skipped { reason: VALUE.to_owned() },
                Outcome::Failed(finding()),
                Outcome::Unverified(finding()),
            ]
        };
        for outcome in all() {
            let told = check(outcome.clone(), SecretValues::Unknown);
            assert!(!told.contains(VALUE), "{told}");
            assert!(check(outcome, SecretValues::Known).contains(VALUE));
        }
        let failed = check(Outcome::Failed(finding()), SecretValues::Unknown);
        assert!(failed.contains("TestFailed") && failed.contains("custom/login did not pass: exit code 3"), "{failed}");
    }

    #[test]
    fn of_test_cases_names_and_ends_are_told() {
        let case = |name: &str, end| TestCase { name: format!("{name}[{VALUE}]"), ms: 1, end };
        let all = || {
            vec![
                case("a", CaseEnd::Passed),
                case("b", CaseEnd::Failed { message: VALUE.to_owned(), details: vec![VALUE.to_owned()] }),
                case("c", CaseEnd::Skipped { reason: VALUE.to_owned() }),
            ]
        };
        assert_eq!(cases(SecretValues::Known, all()), all());
        let told = cases(SecretValues::Unknown, all());
        assert!(!format!("{told:?}").contains(VALUE), "{told:?}");
        let names: Vec<&str> = told.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
