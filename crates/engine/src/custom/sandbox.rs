//! The container untrusted tests run in (TRUST-1): on the app's networks, without engine socket, host mounts,
//! capabilities or a writable system, and with bounded CPU, memory, processes, time and output.
//!
//! One sandbox serves all tests of a run: they come from one commit and may share what they write to the state folder.

use cc_ci_model::ids::RunId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Facts;
use super::contract::{HURL_SECRETS, HURL_VARIABLES, SECRETS, STATE, TESTS};
use super::folder::{File, Mode};
use super::hurl;
use crate::exec::{ExecCommand, ExecError, ExecOutput, ExecStatus, Overflow};
use crate::ledger::Ledger;
use crate::swarm::{Bounds, Launch, Network, Node, Privileges, Root, Swap};
use crate::workbench::{self, WorkError};

/// The most a test may write, both streams together. Bytes.
pub(crate) const OUTPUT_CAP: usize = 1 << 20;

/// Nobody: tests own nothing but what they make.
const USER: &str = "65534:65534";

/// What a sandbox is for, which decides what its tests may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Tests of every kind but those with a browser.
    Ordinary,
    /// Tests with a browser, which is many processes and much memory.
    Browser,
}

impl Size {
    /// Memory and swap together, in bytes.
    #[must_use]
    pub fn memory(self) -> i64 {
        match self {
            Self::Ordinary => 512 << 20,
            Self::Browser => 2 << 30,
        }
    }

    /// CPU time per time, in billionths of one CPU.
    #[must_use]
    pub fn cpus(self) -> i64 {
        match self {
            Self::Ordinary => 1_000_000_000,
            Self::Browser => 2_000_000_000,
        }
    }

    /// The most processes and threads.
    #[must_use]
    pub fn processes(self) -> i64 {
        match self {
            Self::Ordinary => 256,
            Self::Browser => 768,
        }
    }

    /// The size of `/tmp` as a mount option.
    fn scratch(self) -> &'static str {
        match self {
            Self::Ordinary => "128m",
            Self::Browser => "512m",
        }
    }
}

/// What the state folder holds at most, as a mount option.
const STATE_SIZE: &str = "64m";

/// How long the engine waits beyond a test's own limit, which the sandbox keeps.
const GRACE: Duration = Duration::from_secs(10);

/// Ends the test and everything it left behind, then hands on its exit code. `kill -1` spares the caller.
const RUN: &str = r#"limit=$1; shift; cd /tests || exit 126; umask 022
timeout -k 2 "$limit" "$@" </dev/null; code=$?
kill -9 -1 2>/dev/null
exit $code"#;

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

/// How often the kernel refused a process, and how often it killed one for its memory, by either kind of cgroup.
const HITS: &str = r#"cd /sys/fs/cgroup || exit 0
count() { while read -r name value; do [ "$name" = "$1" ] && { echo "$value"; return; }; done; echo 0; }
if [ -f pids.events ]; then count max <pids.events; count oom_kill <memory.events
else count max <pids/pids.events; count oom_kill <memory/memory.oom_control; fi"#;

/// From here on an exit code tells of a signal.
const SIGNALLED: i64 = 128;

/// How long taking them down may take.
const SEAL_LIMIT: Duration = Duration::from_secs(30);

const PREPARE: &str = r#"umask 022
tar -x -f - -C / --no-same-owner || exit 1
cat /etc/ssl/certs/ca-certificates.crt /run/cc-ci/authority.pem >/run/cc-ci/authorities.pem || exit 1"#;

/// What a sandbox is made of.
#[derive(Debug)]
pub struct Furnishing {
    /// The tools image, or the browser's.
    pub image: String,
    /// What it is for.
    pub size: Size,
    /// Networks to join, by name: the `proxy` network and those of the stack that can be joined.
    pub networks: Vec<String>,
    /// The tests folder.
    pub files: Vec<File>,
    /// The app's secrets by id.
    pub secrets: BTreeMap<String, String>,
    /// The run's certificate authority, PEM; empty when the route needs none.
    pub authority: String,
}

/// A running sandbox.
#[derive(Clone)]
pub struct Sandbox {
    node: Arc<dyn Node>,
    ledger: Arc<Ledger>,
    run: RunId,
    image: String,
    size: Size,
    hits: Arc<Mutex<[u64; 2]>>,
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
        let sandbox = Self {
            node: Arc::clone(node),
            ledger,
            run: run.clone(),
            image,
            size,
            hits: Arc::default(),
            container: name,
        };
        sandbox.join(furnishing.networks.get(1..).unwrap_or_default()).await?;
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
        let fixed = ["bash", "-c", RUN, "test"].map(str::to_owned).into_iter();
        let fixed = fixed.chain([limit.as_secs_f64().to_string()]);
        let command =
            ExecCommand::new(fixed.chain(words)).user(USER).limit(limit + GRACE).cap(OUTPUT_CAP, Overflow::Stop);
        let command = environment.iter().fold(command, |command, (name, value)| command.env(name, value));
        let output = self.node.exec(&self.container, &command).await?;
        match output.status {
            // What ends everything else did not end itself, so it is still there to end what is left.
            ExecStatus::Exited(code) if code < SIGNALLED => {}
            ExecStatus::Exited(_) | ExecStatus::TimedOut | ExecStatus::TooMuchOutput => self.end_all().await,
        }
        Ok(output)
    }

    /// Which bounds were run into since this was last asked.
    pub(crate) async fn bounds_hit(&self) -> Vec<String> {
        let command = ExecCommand::new(["bash", "-c", HITS]).limit(GRACE);
        // Only words for the reader hang on it.
        let Ok(output) = self.node.exec(&self.container, &command).await else { return Vec::new() };
        let mut counts = output.text().split_whitespace().map(|word| word.parse().unwrap_or(0)).collect::<Vec<u64>>();
        counts.resize(2, 0);
        let now = [counts[0], counts[1]];
        let before = std::mem::replace(&mut *self.hits.lock().unwrap_or_else(PoisonError::into_inner), now);
        let words = [
            format!("it wanted more than {} processes", self.size.processes()),
            format!("it wanted more than {} MiB of memory", self.size.memory() >> 20),
        ];
        let hit = words.into_iter().zip(now.into_iter().zip(before)).filter(|(_, (now, before))| now > before);
        hit.map(|(words, _)| words).collect()
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
        let kill = ExecCommand::new(["bash", "-c", "kill -9 -1; true"]).user(USER).limit(GRACE);
        let ended = self.node.exec(&self.container, &kill).await;
        if !ended.is_ok_and(|output| matches!(output.status, ExecStatus::Exited(_))) {
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

/// The sandbox's container, on the first of its networks.
pub(crate) fn launch_of(run: &RunId, furnishing: &Furnishing) -> Launch {
    let size = furnishing.size;
    let first = furnishing.networks.first().cloned();
    Launch {
        user: Some("0:0"),
        network: first.map_or(Network::None, |name| Network::Named { name, aliases: Vec::new() }),
        scratch: scratch(size),
        root: Root::ReadOnly,
        privileges: Privileges::Only(&[]),
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
        network: Network::OfContainer(sandbox.to_owned()),
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

/// Everything that goes into the sandbox, as one archive: nothing secret is ever an argument or a variable.
fn archive(facts: &Facts, furnishing: &Furnishing) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for File { path, mode, bytes } in &furnishing.files {
        let mode = match mode {
            Mode::Executable => 0o755,
            Mode::Plain => 0o644,
        };
        append(&mut archive, &format!("tests/{path}"), mode, bytes)?;
    }
    for (id, value) in &furnishing.secrets {
        append(&mut archive, &format!("{}/{id}", &SECRETS[1..]), 0o644, value.as_bytes())?;
    }
    append(&mut archive, "run/cc-ci/authority.pem", 0o644, furnishing.authority.as_bytes())?;
    append(&mut archive, &HURL_VARIABLES[1..], 0o644, hurl_variables(facts).as_bytes())?;
    // A value of more than one line cannot be told in this format; it is there as a file.
    let secrets = furnishing.secrets.iter().filter(|(id, value)| hurl::is_variable(id) && !value.contains('\n'));
    let secrets: Vec<String> = secrets.map(|(id, value)| format!("secret_{id}={value}\n")).collect();
    append(&mut archive, &HURL_SECRETS[1..], 0o644, secrets.concat().as_bytes())?;
    archive.into_inner()
}

/// The environment's facts as Hurl names them: `CC_CI_BASE_VERSION` is `base_version`.
fn hurl_variables(facts: &Facts) -> String {
    let fixed = [
        ("base_url".to_owned(), facts.base_url.as_str()),
        ("domain".to_owned(), facts.domain.as_str()),
        ("stack".to_owned(), facts.stack.as_str()),
    ];
    let more = facts
        .more
        .iter()
        .map(|(name, value)| (name.strip_prefix("CC_CI_").unwrap_or(name).to_ascii_lowercase(), value.as_str()));
    let all = fixed.into_iter().chain(more).filter(|(name, value)| hurl::is_variable(name) && !value.contains('\n'));
    all.map(|(name, value)| format!("{name}={value}\n")).collect::<Vec<_>>().concat()
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, bytes: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    archive.append_data(&mut header, path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::ids::{Domain, StackName};
    use std::io::Read;

    #[test]
    fn secrets_travel_as_files_and_each_file_keeps_its_mode() {
        let stack = StackName::observed("mini-1");
        let more = BTreeMap::from([("CC_CI_BASE_VERSION".to_owned(), "1.0.0".to_owned())]);
        let domain = Domain::of_stack(&stack, "cc-ci.test");
        let facts = Facts { base_url: format!("https://{domain}"), domain, stack, more };
        let files = [File { path: "custom/a.sh".into(), mode: Mode::Executable, bytes: b"#!/bin/sh".to_vec() }];
        let secrets = BTreeMap::from([
            ("db_password".to_owned(), "p=w d".to_owned()),
            ("key".to_owned(), "two\nlines".to_owned()),
        ]);
        let authority = "PEM".to_owned();
        let furnishing = Furnishing {
            image: String::new(),
            size: Size::Ordinary,
            networks: vec![],
            files: files.into(),
            secrets,
            authority,
        };
        let mut text = String::new();
        let bytes = archive(&facts, &furnishing).unwrap();
        for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let head = format!("{:o} {}: ", entry.header().mode().unwrap(), entry.path().unwrap().display());
            text.push_str(&head);
            entry.read_to_string(&mut text).unwrap();
            text.push('\n');
        }
        assert_eq!(
            text,
            "755 tests/custom/a.sh: #!/bin/sh\n\
             644 run/cc-ci/secrets/db_password: p=w d\n\
             644 run/cc-ci/secrets/key: two\nlines\n\
             644 run/cc-ci/authority.pem: PEM\n\
             644 run/cc-ci/hurl.variables: base_url=https://mini-1.cc-ci.test\ndomain=mini-1.cc-ci.test\nstack=mini-1\nbase_version=1.0.0\n\n\
             644 run/cc-ci/hurl.secrets: secret_db_password=p=w d\n\n"
        );
    }
}
