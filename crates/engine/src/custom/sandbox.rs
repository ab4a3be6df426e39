//! The container untrusted tests run in (TRUST-1): on the app's networks, without engine socket, host mounts,
//! capabilities or a writable system, and with bounded CPU, memory, processes, time and output.
//!
//! One sandbox serves all tests of one origin in a run: they come from one commit, or from the operator, and may share what
//! they write to the state folder. Tests of different origins never share one (SAND-1).

mod furnishing;
mod size;

use cc_ci_model::ids::RunId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Facts;
use super::contract::{STATE, TESTS};
use crate::exec::{ExecCommand, ExecError, ExecOutput, ExecStatus, Overflow};
use crate::ledger::Ledger;
use crate::swarm::{Bounds, Launch, LaunchNetwork, Node, Privileges, Root, Swap};
use crate::workbench::{self, WorkError};
pub use furnishing::Furnishing;
use furnishing::archive;
pub use size::Size;

/// The most a test may write, both streams together. Bytes.
pub(crate) const OUTPUT_CAP: usize = 1 << 20;

/// Nobody: tests own nothing but what they make.
const USER: &str = "65534:65534";

/// What the state folder holds at most, as a mount option.
const STATE_SIZE: &str = "64m";

/// How long the engine waits beyond a test's own limit, which the sandbox keeps.
const GRACE: Duration = Duration::from_secs(10);

/// What runs a test, ends everything of it, and says which bounds it ran into. It is root in the container, so that no test
/// can signal or trace it, and may do no more than become nobody.
const KEEPER: &str = include_str!("sandbox/keeper.py");

/// What the keeper needs to become nobody for good.
const OF_THE_KEEPER: &[&str] = &["SETGID", "SETPCAP", "SETUID"];

/// Says the last refusal at the time limit, and how many tries it took before.
const CONNECT: &str = r#"row=0; tries=0; said=
trap 'echo "after $tries tries: ${said:-no answer}" >&2; exit 1' TERM
while [ "$row" -lt "$3" ]; do
  tries=$((tries + 1))
  if said=$(timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1); then row=$((row + 1)); else row=0; fi
  said=${said##*: }
  sleep 0.1
done
echo "after $tries tries""#;

/// Takes down the interfaces that lead out of the app's networks: to the host itself, its neighbours and the internet. The
/// names of the app's networks go on being answered by the engine.
pub(crate) const SEAL: &str = r#"
import fcntl, socket, struct
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
routes = [line.split() for line in open("/proc/net/route").read().splitlines()[1:]]
for device in {route[0] for route in routes if route[2] != "00000000"}:
    request = struct.pack("16sH14x", device.encode(), 0)
    flags = struct.unpack("16xH14x", fcntl.ioctl(control, GET_FLAGS, request))[0]
    fcntl.ioctl(control, SET_FLAGS, struct.pack("16sH14x", device.encode(), flags & ~UP))
left = [line.split()[0] for line in open("/proc/net/route").read().splitlines()[1:] if line.split()[2] != "00000000"]
if left:
    raise SystemExit("there still is a way out by " + " ".join(left))
"#;

/// From here on an exit code tells of a signal.
const SIGNALLED: i64 = 128;

/// How long taking them down may take.
const SEAL_LIMIT: Duration = Duration::from_secs(30);

const PREPARE: &str = r#"umask 022
tar -x -f - -C / --no-same-owner || exit 1
cat /etc/ssl/certs/ca-certificates.crt /run/cc-ci/authority.pem >/run/cc-ci/authorities.pem || exit 1"#;

/// A running sandbox.
#[derive(Clone)]
pub struct Sandbox {
    node: Arc<dyn Node>,
    ledger: Arc<Ledger>,
    run: RunId,
    image: String,
    size: Size,
    container: String,
}

impl Sandbox {
    /// Starts a sandbox and puts everything into it. It can be started as soon as its networks exist.
    pub async fn start(
        node: &Arc<dyn Node>,
        ledger: &Arc<Ledger>,
        run: &RunId,
        facts: &Facts,
        furnishing: &Furnishing,
    ) -> Result<Self, WorkError> {
        let size = furnishing.size;
        let name = format!("cc-ci-{run}-sandbox-{:08x}", rand::random::<u32>());
        workbench::launch(node.as_ref(), ledger, &name, &launch_of(run, furnishing)).await?;
        let (ledger, image) = (Arc::clone(ledger), furnishing.image.clone());
        let sandbox = Self { node: Arc::clone(node), ledger, run: run.clone(), image, size, container: name };
        // Without a network there is no way out to be closed.
        if let [_first, others @ ..] = furnishing.networks.as_slice() {
            sandbox.join(others).await?;
        }
        sandbox.furnish(facts, furnishing).await?;
        Ok(sandbox)
    }

    /// Joins further networks, as after an upgrade that added one; the ways out of them are closed before this returns.
    pub async fn join(&self, networks: &[String]) -> Result<(), WorkError> {
        for network in networks {
            self.node.join(&self.container, network).await?;
        }
        self.seal().await
    }

    /// Closes every way out of the sandbox's networks, from outside: in here nobody has the right to open one again.
    async fn seal(&self) -> Result<(), WorkError> {
        let name = format!("{}-seal-{:08x}", self.container, rand::random::<u32>());
        let sealing = seal_of(&self.run, &self.image, &self.container);
        workbench::launch(self.node.as_ref(), &self.ledger, &name, &sealing).await?;
        let ended = tokio::time::timeout(SEAL_LIMIT, self.node.finished(&name)).await;
        let said = match ended {
            Ok(Ok(0)) => Ok(()),
            Ok(Ok(code)) => Err(format!("the sandbox's networks could not be closed: exit code {code}")),
            Ok(Err(error)) => return Err(error.into()),
            Err(_elapsed) => Err(format!("the sandbox's networks were not closed within {} s", SEAL_LIMIT.as_secs())),
        };
        self.node.discard(&name).await?;
        said.map_err(|text| WorkError::Answer { what: "close the sandbox's networks".to_owned(), text })
    }

    /// What a file in the sandbox holds, at most one byte more than `most`; `None` if there is no such plain file.
    pub(crate) async fn file(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, ExecError> {
        const READ: &str = r#"[ -f "$1" ] && [ ! -L "$1" ] || exit 44; exec head -c "$2" -- "$1""#;
        let words = ["bash", "-c", READ, "read", path].map(str::to_owned).into_iter();
        let command = ExecCommand::new(words.chain([(most + 1).to_string()])).user(USER).limit(GRACE);
        let output = self.node.exec(&self.container, &command.cap(most + 1, Overflow::Discard)).await?;
        Ok(output.succeeded().then_some(output.stdout))
    }

    /// Runs words in the sandbox as nobody, in the tests folder. When this returns, nothing of it runs any more.
    pub(crate) async fn run(
        &self,
        words: Vec<String>,
        environment: &[(String, String)],
        limit: Duration,
    ) -> Result<ExecOutput, ExecError> {
        let words = ["run".to_owned(), limit.as_secs_f64().to_string()].into_iter().chain(words);
        let command = keeper(words).limit(limit + GRACE).cap(OUTPUT_CAP, Overflow::Stop);
        let command = environment.iter().fold(command, |command, (name, value)| command.env(name, value));
        let output = self.node.exec(&self.container, &command).await?;
        match output.status {
            // The keeper itself said so, after nothing was left.
            ExecStatus::Exited(code) if code < SIGNALLED => {}
            ExecStatus::Exited(_) | ExecStatus::TimedOut | ExecStatus::TooMuchOutput => self.end_all().await,
        }
        Ok(output)
    }

    /// Which bounds the last test ran into.
    pub(crate) async fn bounds_hit(&self) -> Vec<String> {
        let command = keeper(["hits".to_owned()]).limit(GRACE);
        // Only words for the reader hang on it.
        let Ok(output) = self.node.exec(&self.container, &command).await else { return Vec::new() };
        let text = output.text();
        let counts = text.split_whitespace().map(|word| word.parse().unwrap_or(0_u64));
        let words = [
            format!("it wanted more than {} processes", self.size.processes()),
            format!("it wanted more than {} MiB of memory", self.size.memory() >> 20),
        ];
        words.into_iter().zip(counts).filter(|(_, hits)| *hits > 0).map(|(words, _)| words).collect()
    }

    /// Connects to a port again and again until it took `stable` connections in a row, or until the limit.
    pub(crate) async fn connects(
        &self,
        host: &str,
        port: u16,
        stable: u32,
        limit: Duration,
    ) -> Result<ExecOutput, ExecError> {
        let words = ["bash", "-c", CONNECT, "connect", host].map(str::to_owned).into_iter();
        self.run(words.chain([port.to_string(), stable.to_string()]).collect(), &[], limit).await
    }

    /// Ends every process of the tests. Where that cannot be done, as when they hold every process there may be, the whole
    /// sandbox is ended: later tests then say that it is gone.
    async fn end_all(&self) {
        let ended = self.node.exec(&self.container, &keeper(["end".to_owned()]).limit(GRACE)).await;
        if !ended.is_ok_and(|output| output.succeeded()) {
            // Teardown removes it, and tells, if this does not.
            let _discarded = self.node.discard(&self.container).await;
        }
    }

    /// Removes the sandbox with everything in it.
    pub async fn remove(&self) -> Result<(), WorkError> {
        Ok(self.node.discard(&self.container).await?)
    }

    /// Puts tests, secrets and facts into the sandbox; what is there under the same name is replaced.
    pub async fn furnish(&self, facts: &Facts, furnishing: &Furnishing) -> Result<(), WorkError> {
        let what = "put the tests into the sandbox";
        let archive = archive(facts, furnishing)
            .map_err(|error| WorkError::Answer { what: what.to_owned(), text: error.to_string() })?;
        let output = self.node.exec(&self.container, &ExecCommand::new(["bash", "-c", PREPARE]).input(archive)).await?;
        if output.succeeded() { Ok(()) } else { Err(WorkError::failed(what, &output)) }
    }
}

/// The keeper, told what to do; nothing in the folders or the environment of tests changes what it is.
fn keeper(words: impl IntoIterator<Item = String>) -> ExecCommand {
    let fixed = ["python3", "-I", "-S", "-c", KEEPER].map(str::to_owned);
    ExecCommand::new(fixed.into_iter().chain(words)).user("0:0")
}

/// The sandbox's container, on the first of its networks.
pub(crate) fn launch_of(run: &RunId, furnishing: &Furnishing) -> Launch {
    let size = furnishing.size;
    let first = furnishing.networks.first().cloned();
    Launch {
        user: Some("0:0"),
        network: first.map_or(LaunchNetwork::None, |name| LaunchNetwork::Named { name, aliases: Vec::new() }),
        scratch: scratch(size),
        root: Root::ReadOnly,
        privileges: Privileges::Only(OF_THE_KEEPER),
        bounds: Bounds {
            memory: Some(size.memory()),
            swap: Swap::None,
            cpus: Some(size.cpus()),
            weight: None,
            processes: Some(size.processes()),
        },
        ..Launch::idle(run, &furnishing.image)
    }
}

/// The container that closes the ways out of a sandbox: it is on the same networks, and may change them.
pub(crate) fn seal_of(run: &RunId, image: &str, sandbox: &str) -> Launch {
    Launch {
        user: Some("0:0"),
        network: LaunchNetwork::OfContainer(sandbox.to_owned()),
        root: Root::ReadOnly,
        privileges: Privileges::Only(&["NET_ADMIN"]),
        ..Launch::new(run, image, ["python3", "-c", SEAL])
    }
}

/// What of the sandbox can be written to, all in memory.
fn scratch(size: Size) -> BTreeMap<String, String> {
    let folders = [
        (TESTS, "755", "64m"),
        ("/run/cc-ci", "755", "4m"),
        (STATE, "1777", STATE_SIZE),
        ("/tmp", "1777", size.scratch()),
    ];
    let options = |mode, size| format!("rw,exec,nosuid,nodev,mode={mode},size={size}");
    folders.into_iter().map(|(path, mode, size)| (path.to_owned(), options(mode, size))).collect()
}
