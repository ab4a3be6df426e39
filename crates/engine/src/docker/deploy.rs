//! `docker stack deploy`, the reference loader: hands a stack over, and tells whose fault it is when that does not go well.

use super::Swarm;
use super::login_folder::LoginFolder;
use super::stack_command::stack_command;
use crate::process::{self, Command};
use crate::swarm::{Rendered, SwarmError};
use std::path::Path;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// How long the command may take to hand the stack to the engine; it does not wait for convergence.
const HAND_OVER: Duration = Duration::from_secs(120);

/// How long the command may take to tell its version.
const TELLING: Duration = Duration::from_secs(10);

/// The first version of the command that knows `--detach`. A later one will wait for the tasks unless it is told not to.
const KNOWS_DETACH: u32 = 26;

/// The major version of the `docker` command, asked for once; `None` when it tells none.
pub(super) type ClientVersion = OnceCell<Option<u32>>;

/// Deploys or updates a stack.
pub(super) async fn stack_deploy(swarm: &Swarm, stack: &Rendered) -> Result<(), SwarmError> {
    let verb = format!("deploy stack {}", stack.stack);
    let failed = |error: process::ProcessError| SwarmError::Command { verb: verb.clone(), text: error.to_string() };
    let detach: &[&str] = match swarm.client.get_or_init(client_version).await {
        Some(major) if *major >= KNOWS_DETACH => &["--detach=true"],
        Some(_) | None => &[],
    };
    let logins = LoginFolder::make(&swarm.credentials, stack).map_err(|error| SwarmError::Command {
        verb: verb.clone(),
        text: format!("write registry credentials: {error}"),
    })?;
    let with_logins: &[&str] = if logins.is_some() { &["--with-registry-auth"] } else { &[] };
    let words = [&["deploy", "--resolve-image", "never"], detach, with_logins].concat();
    let mut command = stack_command(Path::new("docker"), &swarm.address, &words, stack, &stack.files);
    if let Some(folder) = &logins {
        command = command.env("DOCKER_CONFIG", folder.path());
    }
    let command = command.arg(stack.stack.as_str()).deadline(HAND_OVER);
    let output = process::run(&command, &CancellationToken::new()).await.map_err(failed)?;
    if output.success() {
        return Ok(());
    }
    let said = output.stderr_text();
    let text = if said.trim().is_empty() { output.last_words() } else { without_notices(&said) };
    Err(if is_of_engine(&text) {
        SwarmError::Command { verb, text }
    } else {
        SwarmError::Refused { by: "docker stack deploy", text }
    })
}

async fn client_version() -> Option<u32> {
    let command = Command::new("docker").arg("--version").deadline(TELLING);
    let output = process::run(&command, &CancellationToken::new()).await.ok()?;
    major(&output.stdout_text())
}

/// `Docker version 28.2.2, build e6534b4` is 28.
fn major(text: &str) -> Option<u32> {
    text.strip_prefix("Docker version ")?.split('.').next()?.parse().ok()
}

/// What the command says besides its error: remarks on options and on the command's own future.
const NOTICES: [&str; 3] =
    ["Since --detach=false was not specified", "In a future release, --detach=false", "Ignoring unsupported options:"];

/// A remark that goes on up to the next empty line but one.
const BLOCK: &str = "Ignoring deprecated options:";

/// The text without the command's own remarks, so that the reason comes first. All of it when it is nothing but remarks.
fn without_notices(text: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with(BLOCK) {
            while lines.next_if(|line| line.trim().is_empty()).is_some() {}
            while lines.next_if(|line| !line.trim().is_empty()).is_some() {}
        } else if !line.trim().is_empty() && !NOTICES.iter().any(|notice| line.starts_with(notice)) {
            kept.push(line);
        }
    }
    let kept = kept.join("\n");
    if kept.is_empty() { text.trim().to_owned() } else { kept.trim().to_owned() }
}

/// Beginnings of what the command says when it cannot speak to a manager of a swarm, or has no room.
const NO_ENGINE: [&str; 7] = [
    "Cannot connect to the Docker daemon",
    "error during connect",
    "permission denied while trying to connect",
    "context deadline exceeded",
    "request returned ",
    "this node is not a swarm manager",
    "unexpected EOF",
];

/// Beginnings of what the engine says when it understood the files and does not take them. It answers "not implemented" to a
/// change that no service can make in place, as from replicated to global.
const NOT_TAKEN: [&str; 3] = ["rpc error: code = InvalidArgument", "rpc error: code = Unimplemented", "invalid "];

/// Whether the engine is at fault, and not the files. Only how the text *begins* counts: a loader's message quotes the files,
/// and a recipe must not be able to call its own fault the engine's.
fn is_of_engine(text: &str) -> bool {
    let text = of_object(text.lines().next().unwrap_or_default());
    let text = text.strip_prefix("ERROR: ").unwrap_or(text);
    match text.strip_prefix("Error response from daemon: ") {
        // The engine looked at what the files say, and does not take it, or cannot change what is there into it.
        Some(said) => !NOT_TAKEN.iter().any(|beginning| said.starts_with(beginning)),
        None => NO_ENGINE.iter().any(|beginning| text.starts_with(beginning)) || is_own_full_disk(text),
    }
}

/// `open /tmp/x: no space left on device`: how a program says that its own file has no room. Nothing of a compose file begins
/// with the name of a system call.
fn is_own_full_disk(text: &str) -> bool {
    let calls = ["open ", "write ", "mkdir ", "create "];
    calls.iter().any(|call| text.starts_with(call)) && text.ends_with(": no space left on device")
}

/// The text behind `failed to create service mini_app: `. Names of objects have no spaces.
fn of_object(text: &str) -> &str {
    let Some(rest) = ["failed to create ", "failed to update "].iter().find_map(|verb| text.strip_prefix(verb)) else {
        return text;
    };
    match rest.split_once(": ") {
        Some((object, said)) if object.split(' ').count() == 2 => said,
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::outcome::Cause;

    const LEADER: &str = "Error response from daemon: rpc error: code = Unknown desc = The swarm does not have a leader. It's \
                          possible that too few managers are online. Make sure more than half of the managers are online.";

    /// What a text of the command is evidence of.
    fn cause(said: &str) -> Cause {
        let text = without_notices(said);
        let error = if is_of_engine(&text) {
            SwarmError::Command { verb: "deploy stack s".to_owned(), text }
        } else {
            SwarmError::Refused { by: "docker stack deploy", text }
        };
        error.cause()
    }

    #[test]
    fn every_text_is_blamed_on_whom_it_is_about() {
        let engine = [
            LEADER,
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "error during connect: Post \"http://x/services/create\": EOF",
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
            "this node is not a swarm manager. Use \"docker swarm init\" to connect this node to swarm and try again",
            "Error response from daemon: This node is not a swarm manager. Worker nodes can't be used to view or modify state.",
            "failed to create service s_app: Error response from daemon: rpc error: code = DeadlineExceeded desc = context \
             deadline exceeded",
            "failed to create network s_default: Error response from daemon: could not find an available, non-overlapping \
             IPv4 address pool",
            "context deadline exceeded",
        ];
        for said in engine {
            assert_eq!(cause(said), Cause::EngineLost, "{said}");
        }
        let disk = [
            "failed to create secret s_a: Error response from daemon: rpc error: code = Unknown desc = write \
             /var/lib/docker/swarm/raft/wal: no space left on device",
            "open /tmp/x: no space left on device",
        ];
        for said in disk {
            assert_eq!(cause(said), Cause::DiskFull, "{said}");
        }
        let recipe = [
            "services.app.ports must be a list",
            "network \"other\" is declared as external, but could not be found.",
            "failed to update config s_conf: Error response from daemon: rpc error: code = InvalidArgument desc = only updates \
             to Labels are allowed",
            "failed to create service s_app: Error response from daemon: invalid mount config for type \"bind\"",
            "failed to update service s_app: Error response from daemon: rpc error: code = Unimplemented desc = service mode \
             change is not allowed",
            // Recipes that would like to be forgiven.
            "service \"Error response from daemon: x\" depends on undefined service",
            "services.app: Error response from daemon: rpc error: no leader",
            "failed to create my own Error: Error response from daemon: it is lost",
            "services.app.image: no space left on device",
            "yaml: Cannot connect to the Docker daemon",
        ];
        for said in recipe {
            assert_eq!(cause(said), Cause::DeployRefused, "{said}");
        }
    }

    #[test]
    fn a_notice_never_stands_where_the_reason_should() {
        let notice = "Since --detach=false was not specified, tasks will be created in the background.\nIn a future release, \
                      --detach=false will become the default.\n";
        let other = "Ignoring unsupported options: build, restart\n\n";
        let old = "Ignoring deprecated options:\n\ncontainer_name: Setting the container name is not supported.\n\n";
        assert_eq!(without_notices(&format!("{other}{old}{notice}{LEADER}\n")), LEADER);
        assert_eq!(without_notices(notice), notice.trim(), "a text of notices alone is still a text");
        assert_eq!(cause(&format!("{notice}{LEADER}")), Cause::EngineLost);
        assert_eq!(
            without_notices("services.app Since --detach=false was not"),
            "services.app Since --detach=false was not"
        );
    }

    #[test]
    fn only_a_client_that_knows_detach_is_given_it() {
        assert_eq!(major("Docker version 28.2.2, build e6534b4"), Some(28));
        assert_eq!(major("Docker version 20.10.24+dfsg1, build 297e128"), Some(20));
        assert_eq!(major("Docker version dev, build x"), None);
        assert_eq!(major("podman version 4.3.1"), None);
    }
}
