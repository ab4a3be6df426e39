//! Runs a recipe's backup and restore hooks in its running containers, with their real exit codes (BAK-2).

use cc_ci_model::ids::{StackName, StepId};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::demands::Verify;
use cc_ci_recipe::backup::Hooks;
use std::time::Duration;

use crate::exec::{ExecCommand, ExecError, ExecOutput, ExecStatus};
use crate::pace::Tries;
use crate::swarm::Containers;
use crate::voice::Voice;
use crate::workbench::WorkError;

/// How long a service may be without a running container before its hook counts as impossible.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many lines of a hook's output are noted.
const NOTED: usize = 40;

/// Which of the four moments a hook belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupHookTime {
    /// Before the snapshot.
    BackupPre,
    /// After the snapshot.
    BackupPost,
    /// Before files are put back.
    RestorePre,
    /// After files were put back.
    RestorePost,
}

impl BackupHookTime {
    /// The label without its `backupbot.` prefix.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::BackupPre => "backup.pre-hook",
            Self::BackupPost => "backup.post-hook",
            Self::RestorePre => "restore.pre-hook",
            Self::RestorePost => "restore.post-hook",
        }
    }

    /// The hook of a service at this time, if it has one.
    #[must_use]
    pub fn of(self, hooks: &Hooks) -> Option<&str> {
        match self {
            Self::BackupPre => hooks.backup_pre.as_deref(),
            Self::BackupPost => hooks.backup_post.as_deref(),
            Self::RestorePre => hooks.restore_pre.as_deref(),
            Self::RestorePost => hooks.restore_post.as_deref(),
        }
    }
}

/// How a hook ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Well,
    Failed(Finding),
    /// Its container went away meanwhile; the whole operation may be tried again.
    Replaced(String),
}

/// A failure anywhere in a pipe is the hook's failure. bash knows how; so do newer shells; an older one runs it as it is.
const SHELL: &str = r#"
if command -v bash >/dev/null 2>&1; then exec bash -o pipefail -c "$1"; fi
if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi
eval "$1"
"#;

/// Runs one hook in the running container of `service`.
pub(crate) async fn run(
    containers: &Containers,
    stack: &StackName,
    (service, time, hook): (&str, BackupHookTime, &str),
    limit: Duration,
    (voice, step): (&Voice, &StepId),
) -> Result<Ended, WorkError> {
    let word = time.word();
    let failed = |summary: String, details: Vec<String>| {
        Ended::Failed(Finding::new(Cause::HookFailed, summary).of_service(service).with_details(details))
    };
    let Some(container) = container(containers, stack, service).await? else {
        return Ok(failed(format!("{word} of {service}: the service has no running container"), Vec::new()));
    };
    let command = ExecCommand::new(["sh", "-c", SHELL, "hook", hook]).limit(limit);
    let output = match containers.node.exec(&container, &command).await {
        Ok(output) => output,
        Err(ExecError::Gone { why, .. }) => return Ok(Ended::Replaced(why)),
        Err(ExecError::CannotStart { why, .. }) => {
            return Ok(failed(format!("{word} of {service}: {why}"), Vec::new()));
        }
        Err(error @ (ExecError::Engine { .. } | ExecError::NoExitCode { .. })) => return Err(error.into()),
    };
    note(voice, step, &format!("{service} {word}"), &output);
    Ok(match output.status {
        ExecStatus::Exited(0) => Ended::Well,
        ExecStatus::Exited(_) | ExecStatus::TimedOut | ExecStatus::TooMuchOutput => {
            failed(format!("{word} of {service} (`{hook}`) ended with {}", output.ending()), output.tail(10))
        }
    })
}

/// Runs a check of the backup in the running container of its service; what it finds, if anything.
pub(crate) async fn verify(
    containers: &Containers,
    stack: &StackName,
    verify: &Verify,
    limit: Duration,
    (voice, step): (&Voice, &StepId),
) -> Result<Option<Finding>, WorkError> {
    let Verify { service, command: line } = verify;
    let finding = |summary: String| Finding::new(Cause::BackupIncomplete, summary).of_service(service);
    let Some(container) = container(containers, stack, service).await? else {
        return Ok(Some(finding(format!("backup.verify: {service} has no running container"))));
    };
    let command = ExecCommand::new(["sh", "-c", SHELL, "verify", line]).limit(limit);
    let output = match containers.node.exec(&container, &command).await {
        Ok(output) => output,
        Err(error @ (ExecError::Gone { .. } | ExecError::CannotStart { .. })) => {
            return Ok(Some(finding(format!("backup.verify: {error}"))));
        }
        Err(error @ (ExecError::Engine { .. } | ExecError::NoExitCode { .. })) => return Err(error.into()),
    };
    note(voice, step, &format!("{service} backup.verify"), &output);
    Ok((!output.succeeded()).then(|| {
        finding(format!("backup.verify (`{line}`) ended with {}", output.ending())).with_details(output.tail(10))
    }))
}

/// The container of a service, which may be about to come back.
async fn container(containers: &Containers, stack: &StackName, service: &str) -> Result<Option<String>, WorkError> {
    let mut tries = Tries::new(PATIENCE, Duration::from_millis(100));
    while tries.again().await {
        let found = containers.observe.running(stack, service).await?;
        if let Some(newest) = found.into_iter().next() {
            return Ok(Some(newest));
        }
    }
    Ok(None)
}

fn note(voice: &Voice, step: &StepId, what: &str, output: &ExecOutput) {
    let lines = output.tail(NOTED);
    if lines.is_empty() {
        voice.note(Some(step), format!("{what}: {}", output.ending()));
    }
    voice.note_lines(step, what, lines);
}
