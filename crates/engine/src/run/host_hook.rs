//! Runs a trusted hook on the host (TRUST-1): the plan holds one only when the caller said `--trust-hooks`.
//!
//! A hook may do anything its user may. What it does on the engine is noticed by [`super::traces`], not prevented.

use super::conductor::{Fault, passed};
use crate::custom::Facts;
use crate::docker::EngineAddress;
use crate::process::{self, Command, Ended, LeftRunning, ProcessError, Stream};
use crate::swarm::UNHEARD;
use crate::voice::Voice;
use cc_ci_model::canonical::SecretValues;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::redact::LineMasker;
use cc_ci_model::tier::Tier;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The most a hook may write to one stream, in bytes; the rest is dropped.
const OUTPUT_CAP: usize = 1 << 20;

/// How many lines of output are noted.
const NOTED: usize = 200;

/// One hook with where it runs.
pub(crate) struct HostHook<'a> {
    /// The tests folder: its working directory.
    pub(crate) folder: &'a Path,
    /// Below that folder.
    pub(crate) path: &'a str,
    /// The tier whose operation it precedes.
    pub(crate) tier: Tier,
    /// How long it may take.
    pub(crate) limit: Duration,
    /// The engine it may speak to.
    pub(crate) engine: &'a EngineAddress,
    /// What it may write to.
    pub(crate) state: &'a Path,
    /// Whether the values of the app's secrets are known; where they are not, none of its words is kept.
    pub(crate) secrets: SecretValues,
}

impl HostHook<'_> {
    /// Its text, as far as it is any.
    pub(crate) fn text(&self) -> String {
        let bytes = std::fs::read(self.folder.join(self.path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A hook that has ended.
pub(crate) struct HookEnd {
    /// How.
    pub(crate) outcome: Outcome,
    /// Everything it printed that was kept.
    pub(crate) said: String,
    /// What it had left running, and what of that could not be ended.
    pub(crate) left_running: LeftRunning,
}

impl HookEnd {
    fn unstarted(outcome: Outcome) -> Self {
        Self { outcome, said: String::new(), left_running: LeftRunning::default() }
    }
}

/// Runs the hook to its end, and ends with it whatever it started.
pub(crate) async fn run(
    hook: &HostHook<'_>,
    facts: &Facts,
    voice: &Voice,
    step: &StepId,
    cancel: &CancellationToken,
) -> Result<HookEnd, Fault> {
    std::fs::create_dir_all(hook.state).map_err(|error| Fault::unwritten(hook.state, &error))?;
    let command = command(hook, facts);
    let mut lines = 0;
    let mut note = |line: &str| {
        lines += 1;
        if lines <= NOTED && hook.secrets == SecretValues::Known {
            voice.note(Some(step), format!("{}: {line}", hook.path));
        }
    };
    let (mut out, mut err) = (LineMasker::new(voice.vault()), LineMasker::new(voice.vault()));
    let mut said = |stream: Stream, line: &str| {
        let masker = match stream {
            Stream::Out => &mut out,
            Stream::Err => &mut err,
        };
        masker.push(line).iter().for_each(|line| note(line));
    };
    let ended = process::run_lines(&command, cancel, &mut said).await;
    out.finish().iter().chain(&err.finish()).for_each(|line| note(line));
    let output = match ended {
        Ok(output) => output,
        Err(error @ ProcessError::Cancelled { .. }) => {
            return Err(Fault::unanswered(Finding::new(Cause::Cancelled, error.to_string())));
        }
        // It does not start: the hook's own doing.
        Err(error) => {
            let outcome = failed(hook, Cause::TestBroken, &error.to_string(), Vec::new());
            return Ok(HookEnd::unstarted(outcome));
        }
    };
    let words = || match hook.secrets {
        SecretValues::Known => output.last_words().lines().map(str::to_owned).collect(),
        SecretValues::Unknown => vec![UNHEARD.to_owned()],
    };
    let outcome = match output.ended {
        Ended::Exited(0) => passed(format!("{} ended well", hook.path)),
        Ended::Exited(code) => failed(hook, Cause::HookFailed, &format!("ended with exit code {code}"), words()),
        Ended::Signalled(signal) => failed(hook, Cause::HookFailed, &format!("died of signal {signal}"), words()),
        Ended::TimedOut => {
            let how = format!("did not end within {} s and was killed", hook.limit.as_secs());
            failed(hook, Cause::HookFailed, &how, words())
        }
    };
    let said = format!("{}\n{}", output.stdout_text(), output.stderr_text());
    Ok(HookEnd { outcome, said, left_running: output.left_running })
}

fn failed(hook: &HostHook<'_>, cause: Cause, how: &str, details: Vec<String>) -> Outcome {
    Outcome::Failed(Finding::new(cause, format!("{} {how}", hook.path)).with_details(details))
}

fn command(hook: &HostHook<'_>, facts: &Facts) -> Command {
    let fixed = [
        ("CC_CI_BASE_URL", facts.base_url.as_str()),
        ("CC_CI_DOMAIN", facts.domain.as_str()),
        ("CC_CI_STACK", facts.stack.as_str()),
        ("CC_CI_TIER", hook.tier.word()),
    ];
    let command = Command::new(hook.folder.join(hook.path).into_os_string())
        .envs(hook.engine.env())
        .cwd(hook.folder)
        .deadline(hook.limit)
        .output_cap(OUTPUT_CAP)
        .with_everything_it_starts()
        .env("CC_CI_STATE_DIR", hook.state.as_os_str());
    let command = fixed.into_iter().fold(command, |command, (name, value)| command.env(name, value));
    facts.more.iter().fold(command, |command, (name, value)| command.env(name, value))
}
