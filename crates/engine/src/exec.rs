//! Runs one command in a running container and tells its own failure apart from the container's.

mod command;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error as EngineError;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use bollard::query_parameters::ListContainersOptionsBuilder;
use cc_ci_model::ids::StackName;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

pub use command::{Command, Output, Overflow, Status};

use crate::labels;
use crate::pace::Tries;

/// Why there is no [`Output`].
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The container was removed, stopped or replaced before the command ended.
    #[error("container {container} went away while `{command}` was to run in it: {why}")]
    Gone {
        /// Its id or name.
        container: String,
        /// The command's first word.
        command: String,
        /// What the engine said.
        why: String,
    },
    /// The container has no such program, or it cannot be executed.
    #[error("`{command}` cannot be started in container {container}: {why}")]
    CannotStart {
        /// Its id or name.
        container: String,
        /// The command's first word.
        command: String,
        /// What the engine said.
        why: String,
    },
    /// The engine's answer made no sense or did not come.
    #[error("the engine failed to run `{command}` in container {container}: {source}")]
    Engine {
        /// Its id or name.
        container: String,
        /// The command's first word.
        command: String,
        /// What went wrong.
        source: Box<EngineError>,
    },
    /// The output ended, yet the engine never reported an exit code.
    #[error("`{command}` in container {container} has no exit code: its output ended but the engine calls it running")]
    NoExitCode {
        /// Its id or name.
        container: String,
        /// The command's first word.
        command: String,
    },
}

/// Runs `command` in `container` and waits for its end.
///
/// A command that fails is an [`Output`] with its exit code; [`ExecError`] means there is no such answer.
pub async fn run(docker: &Docker, container: &str, command: &Command) -> Result<Output, ExecError> {
    let refused = |source| classify(container, command, source);
    let config = ExecConfig {
        attach_stdin: Some(command.input.is_some()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        env: Some(command.env.clone()),
        cmd: Some(command.argv.clone()),
        user: command.user.clone(),
        working_dir: command.folder.clone(),
        ..ExecConfig::default()
    };
    let exec = docker.create_exec(container, config).await.map_err(refused)?.id;
    let options = StartExecOptions { detach: false, tty: false, output_capacity: Some(64 * 1024) };
    let (mut lines, mut stdin) = match docker.start_exec(&exec, Some(options)).await.map_err(refused)? {
        StartExecResults::Attached { output, input } => (output, input),
        StartExecResults::Detached => return Err(no_exit_code(container, command)),
    };
    let mut output = Output { status: Status::TimedOut, stdout: Vec::new(), stderr: Vec::new(), dropped: 0 };
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
                return Ok::<_, EngineError>(Some(Status::TooMuchOutput));
            }
        }
        Ok(None)
    };
    let writing = async {
        if let Some(bytes) = &command.input {
            // A command may end without reading its input; its exit code tells.
            let _closed_early = stdin.write_all(bytes).await;
            let _closed_early = stdin.shutdown().await;
        }
    };
    let both = async { tokio::join!(reading, writing).0 };
    match tokio::time::timeout(command.limit, both).await {
        Err(_elapsed) => return Ok(output),
        Ok(Err(source)) => return Err(lost(docker, container, command, source).await),
        Ok(Ok(Some(status))) => {
            output.status = status;
            return Ok(output);
        }
        Ok(Ok(None)) => {}
    }
    let code = exit_code(docker, container, command, &exec).await?;
    output.status = Status::Exited(code);
    explain(docker, container, command, output, &refusal).await
}

/// The containers of `<stack>_<service>` that run now, newest first.
pub async fn running(docker: &Docker, stack: &StackName, service: &str) -> Result<Vec<String>, EngineError> {
    let mut filters = labels::filter(labels::SERVICE_NAME, &format!("{stack}_{service}"));
    filters.insert("status".to_owned(), vec!["running".to_owned()]);
    let options = ListContainersOptionsBuilder::default().filters(&filters).build();
    let mut found: Vec<(i64, String)> = docker
        .list_containers(Some(options))
        .await?
        .into_iter()
        .filter_map(|summary| Some((summary.created.unwrap_or(0), summary.id?)))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

async fn exit_code(docker: &Docker, container: &str, command: &Command, exec: &str) -> Result<i64, ExecError> {
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
    command: &Command,
    output: Output,
    refusal: &[u8],
) -> Result<Output, ExecError> {
    let code = match output.status {
        Status::Exited(code) => code,
        Status::TimedOut | Status::TooMuchOutput => return Ok(output),
    };
    if code == 126 || code == 127 {
        let all = [refusal, &output.stdout, &output.stderr].concat();
        let text = String::from_utf8_lossy(&all);
        if let Some(why) = oci_refusal(&text) {
            return Err(if why.contains("stopped") || why.contains("not running") {
                gone(container, command, why)
            } else {
                ExecError::CannotStart { container: container.to_owned(), command: command.program().to_owned(), why }
            });
        }
    }
    // A kill, of the command alone or of the whole container, which the engine may note only after the command's end.
    if code == 137 || code == 143 {
        let mut tries = Tries::new(Duration::from_secs(1), Duration::from_millis(50));
        while tries.again().await {
            if !is_running(docker, container).await {
                return Err(gone(
                    container,
                    command,
                    format!("it stopped and the command ended with exit code {code}"),
                ));
            }
        }
    }
    Ok(output)
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

async fn lost(docker: &Docker, container: &str, command: &Command, source: EngineError) -> ExecError {
    if is_running(docker, container).await {
        classify(container, command, source)
    } else {
        gone(container, command, source.to_string())
    }
}

fn classify(container: &str, command: &Command, source: EngineError) -> ExecError {
    let said = match &source {
        EngineError::DockerResponseServerError { status_code, message } => Some((*status_code, message.clone())),
        _ => None,
    };
    match said {
        Some((404 | 409, why)) => gone(container, command, why),
        Some((_, text)) => match oci_refusal(&text) {
            Some(why) => {
                ExecError::CannotStart { container: container.to_owned(), command: command.program().to_owned(), why }
            }
            None => engine(container, command, source),
        },
        None => engine(container, command, source),
    }
}

fn engine(container: &str, command: &Command, source: EngineError) -> ExecError {
    ExecError::Engine {
        container: container.to_owned(),
        command: command.program().to_owned(),
        source: Box::new(source),
    }
}

fn gone(container: &str, command: &Command, why: String) -> ExecError {
    ExecError::Gone { container: container.to_owned(), command: command.program().to_owned(), why }
}

fn no_exit_code(container: &str, command: &Command) -> ExecError {
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
        let command = Command::new(["pg_dump"]);
        for (code, text) in [(404, "No such container: abc"), (409, "Container abc is not running")] {
            assert!(matches!(classify("abc", &command, said(code, text)), ExecError::Gone { .. }));
        }
        let missing = r#"OCI runtime exec failed: exec failed: unable to start: exec: "pg_dump": not found: unknown"#;
        assert!(matches!(classify("abc", &command, said(400, missing)), ExecError::CannotStart { .. }));
        assert!(matches!(classify("abc", &command, said(500, "driver failed")), ExecError::Engine { .. }));
    }
}
