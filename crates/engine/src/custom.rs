//! Runs the recipe's own tests in a sandbox container and reads their results (TIER-custom, CUST-2, CUST-3, TRUST-1).
//!
//! The contract with a test, the same for every language, is data in [`contract`]: it is executed in the tests folder, which
//! it cannot write; exit code 0 passes, 77 skips, anything else fails; the last line it prints goes into the report; it may
//! write to `CC_CI_STATE_DIR`, which lives as long as the run.

pub mod contract;
pub mod folder;
pub mod hurl;
pub mod proofread;
mod pytest;
pub mod sandbox;
pub mod script;
mod withheld;

use cc_ci_model::canonical::SecretValues;
use cc_ci_model::event::Event;
use cc_ci_model::ids::{Domain, StackName, StepId};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::own_tests::Runner;
use cc_ci_model::tier::Tier;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::time::Instant;

use crate::exec::{ExecError, ExecOutput, ExecStatus};
use crate::voice::Voice;
use sandbox::Sandbox;

/// How many lines of a test's output are noted.
const NOTED: usize = 200;

/// How many lines of output a finding keeps.
const KEPT: usize = 20;

/// Exit codes of a runner that could not be started, or was killed.
const NEVER_ITS_OWN: RangeInclusive<i64> = 126..=137;

/// The exit code by which a test says that it does not apply.
pub const SKIPPED: i64 = 77;

/// Everything a test may know about the run.
#[derive(Debug, Clone)]
pub struct Facts {
    /// `https://<domain>`.
    pub base_url: String,
    /// The app's domain.
    pub domain: Domain,
    /// The app's stack.
    pub stack: StackName,
    /// Further variables, such as the versions of base and head. Names are used as they are.
    pub more: BTreeMap<String, String>,
}

/// What a file of the tests folder is run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It asserts.
    Test,
    /// It prepares a tier (RUN-5).
    Hook,
}

/// One call of a test or hook.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Below the tests folder.
    pub path: &'a str,
    /// Test or hook.
    pub role: Role,
    /// The tier it runs with.
    pub tier: Tier,
    /// How long it may take.
    pub limit: Duration,
    /// Whether the values of the app's secrets are known. Where they are not, nothing that is printed can be masked, so none of it
    /// is kept.
    pub secrets: SecretValues,
}

/// A test with how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestEnd {
    /// Below the tests folder.
    pub path: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// Runs one test or hook to its end. Whatever happens to it is an outcome; nothing of it runs on afterwards. What its runner
/// tells of single test cases is said before this returns.
pub async fn run(sandbox: &Sandbox, facts: &Facts, call: Call<'_>, voice: &Voice, step: &StepId) -> TestEnd {
    let outcome = match attempt(sandbox, facts, call, voice, step).await {
        Ok(Outcome::Failed(finding)) => {
            let hit = sandbox.bounds_hit().await;
            let summary = [vec![finding.summary], hit].concat().join("; ");
            Outcome::Failed(Finding { summary, ..finding })
        }
        Ok(outcome) => outcome,
        Err(error) => {
            let cause = match &error {
                ExecError::Gone { .. } | ExecError::CannotStart { .. } => Cause::TestBroken,
                ExecError::Engine { .. } | ExecError::NoExitCode { .. } => Cause::EngineLost,
            };
            Outcome::Unverified(Finding::new(cause, format!("{}: {error}", call.path)))
        }
    };
    TestEnd { path: call.path.to_owned(), outcome }
}

async fn attempt(
    sandbox: &Sandbox,
    facts: &Facts,
    call: Call<'_>,
    voice: &Voice,
    step: &StepId,
) -> Result<Outcome, ExecError> {
    let (runner, junit) = (runner(call), pytest::junit());
    let command = match runner {
        Runner::Hurl => hurl::command(call.path),
        Runner::Pytest | Runner::Browser => pytest::command(call.path, runner, &junit),
        Runner::Executable => script::command(call.path),
    };
    let started = Instant::now();
    let output = sandbox.run(command, &environment(facts, call.tier), call.limit).await?;
    let took = started.elapsed();
    // What the others print about a file that passed is their statistics.
    if runner == Runner::Executable || output.status != ExecStatus::Exited(0) {
        match call.secrets {
            SecretValues::Known => note(voice, step, call.path, &output),
            SecretValues::Unknown => {}
        }
    }
    let outcome = match (runner, output.status) {
        // These never came to an end of their own.
        (Runner::Pytest | Runner::Browser, ExecStatus::Exited(code))
            if took < call.limit && !NEVER_ITS_OWN.contains(&code) =>
        {
            let (outcome, cases) = pytest::outcome(sandbox, call.path, code, &output, &junit).await?;
            let cases = withheld::cases(call.secrets, cases);
            if !cases.is_empty() {
                voice.say(Event::TestCases { step: step.clone(), cases });
            }
            outcome
        }
        (Runner::Pytest | Runner::Browser | Runner::Hurl | Runner::Executable, _) => self::outcome(call, &output, took),
    };
    Ok(withheld::as_told(call, outcome, &output))
}

/// A hook is never a file of test functions.
fn runner(call: Call<'_>) -> Runner {
    runner_of(call.role, call.path)
}

fn runner_of(role: Role, path: &str) -> Runner {
    match (role, Runner::of(path)) {
        (Role::Hook, Runner::Pytest | Runner::Browser) => Runner::Executable,
        (Role::Hook | Role::Test, runner) => runner,
    }
}

/// The documented variables of a test.
fn environment(facts: &Facts, tier: Tier) -> Vec<(String, String)> {
    let fixed = [
        ("CC_CI_BASE_URL", facts.base_url.clone()),
        ("CC_CI_DOMAIN", facts.domain.to_string()),
        ("CC_CI_STACK", facts.stack.to_string()),
        ("CC_CI_TIER", tier.to_string()),
        ("CC_CI_STATE_DIR", contract::STATE.to_owned()),
        ("CC_CI_SECRETS_DIR", contract::SECRETS.to_owned()),
        ("CURL_CA_BUNDLE", contract::AUTHORITIES.to_owned()),
        ("SSL_CERT_FILE", contract::AUTHORITIES.to_owned()),
        ("REQUESTS_CA_BUNDLE", contract::AUTHORITIES.to_owned()),
        ("HOME", "/tmp".to_owned()),
    ];
    let fixed = fixed.into_iter().map(|(name, value)| (name.to_owned(), value));
    let fixed = fixed.chain(pytest::environment(&facts.base_url));
    fixed.chain(facts.more.iter().map(|(name, value)| (name.clone(), value.clone()))).collect()
}

fn outcome(call: Call<'_>, output: &ExecOutput, took: Duration) -> Outcome {
    let Call { path, role, limit, .. } = call;
    let failed = |cause, summary: String| Outcome::Failed(Finding::new(cause, summary).with_details(output.tail(KEPT)));
    let broken = match role {
        Role::Test => Cause::TestFailed,
        Role::Hook => Cause::HookFailed,
    };
    match output.status {
        ExecStatus::Exited(0) => match runner(call) {
            Runner::Hurl => hurl::passed(path, output),
            Runner::Pytest | Runner::Browser | Runner::Executable => {
                Outcome::Passed { note: script::last_word(output) }
            }
        },
        ExecStatus::Exited(SKIPPED) => {
            let said = script::last_word(output).unwrap_or_else(|| "the test gave no reason".to_owned());
            Outcome::Skipped { reason: said }
        }
        // A test that itself ends with 124 in time has failed like any other.
        ExecStatus::Exited(124 | 137) | ExecStatus::TimedOut if took >= limit => {
            failed(Cause::TimedOut, format!("{path} did not end within {} s", limit.as_secs()))
        }
        ExecStatus::TooMuchOutput => {
            let most = sandbox::OUTPUT_CAP >> 10;
            failed(Cause::TestBroken, format!("{path} was ended: it wrote more than {most} KiB"))
        }
        ExecStatus::Exited(code) => match runner(call) {
            Runner::Hurl => hurl::outcome(path, code, output, broken),
            Runner::Pytest | Runner::Browser | Runner::Executable => script::outcome(path, code, output, broken),
        },
        ExecStatus::TimedOut => failed(Cause::TimedOut, format!("{path} gave no answer")),
    }
}

fn note(voice: &Voice, step: &StepId, path: &str, output: &ExecOutput) {
    voice.note_lines(step, path, output.tail(NOTED));
    if output.dropped > 0 {
        voice.note(Some(step), format!("{path}: and {} bytes more that were not kept", output.dropped));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(path: &str) -> Call<'_> {
        let (limit, secrets) = (Duration::from_secs(5), SecretValues::Known);
        Call { path, role: Role::Test, tier: Tier::Custom, limit, secrets }
    }

    fn output(status: ExecStatus, stdout: &str) -> ExecOutput {
        ExecOutput { status, stdout: stdout.into(), stderr: Vec::new(), dropped: 0 }
    }

    fn cause(outcome: &Outcome) -> Option<Cause> {
        match outcome {
            Outcome::Failed(finding) | Outcome::Unverified(finding) => Some(finding.cause),
            Outcome::Passed { .. } | Outcome::Skipped { .. } => None,
        }
    }

    #[test]
    fn the_environment_is_the_contract() {
        let names = ["CC_CI_RUN", "CC_CI_RECIPE", "CC_CI_HEAD_VERSION", "CC_CI_BASE_VERSION"];
        let stack = StackName::observed("mini-1");
        let domain = Domain::of_stack(&stack, "cc-ci.test");
        let more = names.map(|name| (name.to_owned(), "x".to_owned())).into();
        let facts = Facts { base_url: "https://x".to_owned(), domain, stack, more };
        let mut given: Vec<String> = environment(&facts, Tier::Install).into_iter().map(|(name, _)| name).collect();
        let mut told: Vec<&str> = contract::VARIABLES.iter().map(|variable| variable.name).collect();
        given.sort_unstable();
        told.sort_unstable();
        assert_eq!(given, told);
    }

    #[test]
    fn exit_codes_mean_what_the_contract_says() {
        let (soon, late) = (Duration::from_secs(1), Duration::from_secs(6));
        let ended = |code, said: &str, took| outcome(call("custom/a"), &output(ExecStatus::Exited(code), said), took);
        assert_eq!(
            ended(0, "x\nschema 104 -> 135\n", soon),
            Outcome::Passed { note: Some("schema 104 -> 135".into()) }
        );
        assert_eq!(ended(77, "no mail here\n", soon), Outcome::Skipped { reason: "no mail here".into() });
        assert_eq!(cause(&ended(1, "", soon)), Some(Cause::TestFailed));
        assert_eq!(cause(&ended(124, "", soon)), Some(Cause::TestFailed));
        assert_eq!(cause(&ended(124, "", late)), Some(Cause::TimedOut));
        assert_eq!(cause(&ended(126, "", soon)), Some(Cause::TestBroken));
        let much = outcome(call("a"), &output(ExecStatus::TooMuchOutput, ""), soon);
        assert_eq!(cause(&much), Some(Cause::TestBroken));
        let hook = Call { role: Role::Hook, ..call("hooks/pre_backup") };
        assert_eq!(cause(&outcome(hook, &output(ExecStatus::Exited(3), ""), soon)), Some(Cause::HookFailed));
    }
}
