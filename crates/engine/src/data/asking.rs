//! Asks a database a question from inside its own container until there is an answer for good or patience ends.

use cc_ci_model::ids::StackName;
use std::time::Duration;

use crate::exec::{ExecCommand, ExecError, ExecOutput, ExecStatus};
use crate::pace::Tries;
use crate::swarm::Containers;
use crate::workbench::{WorkError, Workbench};

/// How long a database may refuse before it counts as not answering: it may still be starting or replaying its log.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is asked meanwhile.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long one try may take.
pub(super) const TRY: Duration = Duration::from_secs(20);

/// The exit code by which a script of ours says that the container lacks the client program.
pub(super) const NO_CLIENT: i64 = 78;

/// One try: an answer for good, or a reason to ask again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// What the database said.
    Answer(String),
    /// Why there will be no answer.
    Refused(String),
    /// Why there is none yet.
    NotYet(String),
}

/// What a database answered; the error is what it or its container said instead.
pub(super) type DatabaseAnswer = Result<String, String>;

/// Whose container the question is asked in.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    /// The container of this service that runs now.
    Service(&'a Containers, &'a StackName, &'a str),
    /// The bench, which has the volumes.
    Workbench(&'a Workbench),
}

/// Asks; `judge` says what came of a command that ran to its end.
pub(super) async fn ask(
    asked: Asked<'_>,
    command: &ExecCommand,
    judge: fn(&ExecOutput, String) -> Tried,
) -> Result<DatabaseAnswer, WorkError> {
    let mut last = String::new();
    let mut tries = Tries::new(PATIENCE, INTERVAL);
    while tries.again().await {
        match try_once(asked, command, judge).await? {
            Tried::Answer(text) => return Ok(Ok(text)),
            Tried::Refused(why) => return Ok(Err(why)),
            Tried::NotYet(why) => last = why,
        }
    }
    Ok(Err(format!("no answer within {} s: {last}", PATIENCE.as_secs())))
}

async fn try_once(
    asked: Asked<'_>,
    command: &ExecCommand,
    judge: fn(&ExecOutput, String) -> Tried,
) -> Result<Tried, WorkError> {
    let output = match asked {
        Asked::Workbench(bench) => bench.exec(command).await?,
        Asked::Service(containers, stack, service) => {
            let running = containers.observe.running(stack, service).await?;
            let Some(container) = running.first() else {
                return Ok(Tried::NotYet(format!("service {service} has no running container")));
            };
            match containers.node.exec(container, command).await {
                Ok(output) => output,
                Err(ExecError::Gone { why, .. }) => return Ok(Tried::NotYet(why)),
                Err(ExecError::CannotStart { why, .. }) => return Ok(Tried::Refused(why)),
                Err(error @ (ExecError::Engine { .. } | ExecError::NoExitCode { .. })) => return Err(error.into()),
            }
        }
    };
    let said = output.tail(6).join(" | ");
    Ok(match output.status {
        ExecStatus::Exited(NO_CLIENT) | ExecStatus::TooMuchOutput => Tried::Refused(said),
        ExecStatus::TimedOut => Tried::NotYet(format!("the client did not end within {} s", TRY.as_secs())),
        ExecStatus::Exited(_) => judge(&output, said),
    })
}
