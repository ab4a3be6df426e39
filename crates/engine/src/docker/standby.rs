//! Processes that wait in a container of ours for the command that they are to become.
//!
//! The engine takes some fifty milliseconds to enter a container. That can be done before there is anything to run.

use async_trait::async_trait;
use bollard::Docker;
use bollard::models::ExecConfig;

use super::exec::Entered;
use crate::exec::{ExecCommand, ExecError, ExecOutput};
use crate::swarm::StandBy;

/// Reads how many variables there are, the variables, and the words of a command, each with a zero byte behind it, up to the end of
/// its input; then it becomes that command. So a secret variable is in no process's arguments.
const BECOME: &str = r#"
mapfile -d '' -t given
count=${given[0]}
for pair in "${given[@]:1:count}"; do export "$pair"; done
exec "${given[@]:count+1}"
"#;

/// One such process.
struct Waiting(Entered);

/// Starts one; `None` when it cannot be, which whoever runs the command in the ordinary way is told.
pub(super) async fn start(docker: &Docker, container: &str) -> Option<Box<dyn StandBy>> {
    let config = ExecConfig {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        cmd: Some(["bash", "-c", BECOME].map(str::to_owned).to_vec()),
        ..ExecConfig::default()
    };
    let entered = Entered::start(docker, container, config).await.ok().flatten()?;
    Some(Box::new(Waiting(entered)))
}

#[async_trait]
impl StandBy for Waiting {
    async fn run(self: Box<Self>, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        let count = command.env.len().to_string();
        let fields = [&count].into_iter().chain(&command.env).chain(&command.argv);
        let given: Vec<u8> = fields.flat_map(|field| field.bytes().chain([0])).collect();
        self.0.run(command, Some(&given)).await
    }
}
