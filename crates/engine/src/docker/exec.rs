//! Runs one command in a running container and tells its own failure apart from the container's.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error as EngineError;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::{Stream, StreamExt};
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::exec::{ExecCommand, ExecError, ExecOutput, ExecStatus, Overflow};
use crate::pace::Tries;

/// A process of ours in a container, and the way to it.
pub(super) struct Entered {
    docker: Docker,
    container: String,
    exec: String,
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, EngineError>> + Send>>,
    input: Pin<Box<dyn AsyncWrite + Send>>,
}

/// Runs `command` in `container` and waits for its end.
///
/// A command that fails is an [`ExecOutput`] with its exit code; [`ExecError`] means there is no such answer.
pub(super) async fn run(docker: &Docker, container: &str, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
    match Entered::start(docker, container, config(command)).await {
        Ok(Some(entered)) => entered.run(command, command.input.as_deref()).await,
        Ok(None) => Err(no_exit_code(container, command)),
        Err(source) => Err(classify(container, command, source)),
    }
}

impl Entered {
    /// Starts a process; `None` when the engine does not hand its output over.
    pub(super) async fn start(
        docker: &Docker,
        container: &str,
        config: ExecConfig,
    ) -> Result<Option<Self>, EngineError> {
        let exec = docker.create_exec(container, config).await?.id;
        let options = StartExecOptions { detach: false, tty: false, output_capacity: Some(64 * 1024) };
        Ok(match docker.start_exec(&exec, Some(options)).await? {
            StartExecResults::Attached { output, input } => {
                Some(Self { docker: docker.clone(), container: container.to_owned(), exec, output, input })
            }
            StartExecResults::Detached => None,
        })
    }

    /// Feeds it, reads what it writes within the bounds of `command`, and waits for its end.
    pub(super) async fn run(self, command: &ExecCommand, fed: Option<&[u8]>) -> Result<ExecOutput, ExecError> {
        let Self { docker, container, exec, output: mut lines, input: mut stdin } = self;
        let mut output =
            ExecOutput { status: ExecStatus::TimedOut, stdout: Vec::new(), stderr: Vec::new(), dropped: 0 };
        let mut refusal = Vec::new();
        let reading = async {
            while let Some(item) = lines.next().await {
                let kept = output.stdout.len() + output.stderr.len();
                let (target, bytes) = match item? {
                    LogOutput::StdOut { message } | LogOutput::StdIn { message } => (&mut output.stdout, message),
                    LogOutput::StdErr { message } => (&mut output.stderr, message),
                    LogOutput::Console { message } => {
                        refusal.extend_from_slice(&message);
                        (&mut output.stderr, message)
                    }
                };
                let fits = bytes.len().min(command.output.saturating_sub(kept));
                target.extend_from_slice(&bytes[..fits]);
                output.dropped += bytes.len() - fits;
                if output.dropped > 0 && command.overflow == Overflow::Stop {
                    return Ok::<_, EngineError>(Some(ExecStatus::TooMuchOutput));
                }
            }
            Ok(None)
        };
        let writing = async {
            if let Some(bytes) = fed {
                // A command may end without reading its input; its exit code tells.
                let _closed_early = stdin.write_all(bytes).await;
                let _closed_early = stdin.shutdown().await;
            }
        };
        let both = async { tokio::join!(reading, writing).0 };
        match tokio::time::timeout(command.limit, both).await {
            Err(_elapsed) => return Ok(output),
            Ok(Err(source)) => return Err(lost(&docker, &container, command, source).await),
            Ok(Ok(Some(status))) => {
                output.status = status;
                return Ok(output);
            }
            Ok(Ok(None)) => {}
        }
        let code = exit_code(&docker, &container, command, &exec).await?;
        output.status = ExecStatus::Exited(code);
        explain(&docker, &container, command, output, &refusal).await
    }
}

/// The command in the engine's own terms.
fn config(command: &ExecCommand) -> ExecConfig {
    ExecConfig {
        attach_stdin: Some(command.input.is_some()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        env: Some(command.env.clone()),
        cmd: Some(command.argv.clone()),
        user: command.user.clone(),
        working_dir: command.folder.clone(),
        ..ExecConfig::default()
    }
}

async fn exit_code(docker: &Docker, container: &str, command: &ExecCommand, exec: &str) -> Result<i64, ExecError> {
    // The stream can end a moment before the engine has noted the exit.
    let mut tries = Tries::new(Duration::from_secs(5), Duration::from_millis(5));
    while tries.again().await {
        match docker.inspect_exec(exec).await {
            Ok(state) if state.running == Some(true) => {}
            Ok(state) => {
                if let Some(code) = state.exit_code {
                    return Ok(code);
                }
            }
            Err(source) => return Err(lost(docker, container, command, source).await),
        }
    }
    Err(no_exit_code(container, command))
}

/// Turns the engine's own refusals, which it delivers as output with an exit code, into errors.
async fn explain(
    docker: &Docker,
    container: &str,
    command: &ExecCommand,
    output: ExecOutput,
    refusal: &[u8],
) -> Result<ExecOutput, ExecError> {
    let code = match output.status {
        ExecStatus::Exited(code) => code,
        ExecStatus::TimedOut | ExecStatus::TooMuchOutput => return Ok(output),
    };
    if code == 126 || code == 127 {
        let all = [refusal, &output.stdout, &output.stderr].concat();
        let text = String::from_utf8_lossy(&all);
        if let Some(why) = oci_refusal(&text) {
            let dying = says_stopped(&why) || (!names_program(&why) && stops(docker, container).await);
            return Err(if dying { gone(container, command, why) } else { cannot_start(container, command, why) });
        }
    }
    // A kill, of the command alone or of the whole container.
    if (code == 137 || code == 143) && stops(docker, container).await {
        return Err(gone(container, command, format!("it stopped and the command ended with exit code {code}")));
    }
    Ok(output)
}

/// Whether a refusal of the runtime says itself that the container is not there any more.
fn says_stopped(why: &str) -> bool {
    why.contains("stopped") || why.contains("not running")
}

/// Whether a refusal of the runtime is about the program, which it then names. Any other may be that of a container which dies
/// while the command enters it: the runtime's process ends with it, and nothing more is said than that.
fn names_program(why: &str) -> bool {
    why.contains("exec: \"")
}

/// Whether the container has stopped, or does so now: the engine may note that only after the command's end.
async fn stops(docker: &Docker, container: &str) -> bool {
    let mut tries = Tries::new(Duration::from_secs(1), Duration::from_millis(50));
    while tries.again().await {
        if !is_running(docker, container).await {
            return true;
        }
    }
    false
}

fn oci_refusal(text: &str) -> Option<String> {
    let at = text.find("OCI runtime exec failed")?;
    text[at..].lines().next().map(|line| line.trim().to_owned())
}

async fn is_running(docker: &Docker, container: &str) -> bool {
    match docker.inspect_container(container, None).await {
        Ok(found) => found.state.and_then(|state| state.running).unwrap_or(false),
        Err(_) => false,
    }
}

async fn lost(docker: &Docker, container: &str, command: &ExecCommand, source: EngineError) -> ExecError {
    if is_running(docker, container).await {
        classify(container, command, source)
    } else {
        gone(container, command, source.to_string())
    }
}

fn classify(container: &str, command: &ExecCommand, source: EngineError) -> ExecError {
    let said = match &source {
        EngineError::DockerResponseServerError { status_code, message } => Some((*status_code, message.clone())),
        _ => None,
    };
    match said {
        Some((404 | 409, why)) => gone(container, command, why),
        Some((_, text)) => match oci_refusal(&text) {
            Some(why) => cannot_start(container, command, why),
            None => engine(container, command, source),
        },
        None => engine(container, command, source),
    }
}

fn engine(container: &str, command: &ExecCommand, source: EngineError) -> ExecError {
    ExecError::Engine {
        container: container.to_owned(),
        command: command.program().to_owned(),
        source: Box::new(source),
    }
}

fn cannot_start(container: &str, command: &ExecCommand, why: String) -> ExecError {
    ExecError::CannotStart { container: container.to_owned(), command: command.program().to_owned(), why }
}

fn gone(container: &str, command: &ExecCommand, why: String) -> ExecError {
    ExecError::Gone { container: container.to_owned(), command: command.program().to_owned(), why }
}

fn no_exit_code(container: &str, command: &ExecCommand) -> ExecError {
    ExecError::NoExitCode { container: container.to_owned(), command: command.program().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status_code: u16, message: &str) -> EngineError {
        EngineError::DockerResponseServerError { status_code, message: message.to_owned() }
    }

    #[test]
    fn a_replaced_container_is_not_a_failed_command() {
        let command = ExecCommand::new(["pg_dump"]);
        for (code, text) in [(404, "No such container: abc"), (409, "Container abc is not running")] {
            assert!(matches!(classify("abc", &command, said(code, text)), ExecError::Gone { .. }));
        }
        let missing = r#"OCI runtime exec failed: exec failed: unable to start: exec: "pg_dump": not found: unknown"#;
        assert!(matches!(classify("abc", &command, said(400, missing)), ExecError::CannotStart { .. }));
        assert!(matches!(classify("abc", &command, said(500, "driver failed")), ExecError::Engine { .. }));
    }

    #[test]
    fn a_runtime_that_dies_with_the_container_names_no_program() {
        let dying = "OCI runtime exec failed: exec failed: unable to start container process: error executing setns process: exit status 1";
        let missing = r#"OCI runtime exec failed: exec failed: unable to start container process: exec: "no": executable file not found"#;
        assert!(!names_program(dying) && names_program(missing));
        assert!(says_stopped("OCI runtime exec failed: cannot exec in a stopped container"));
    }
}
