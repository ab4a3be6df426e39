//! The `git` program as the server calls it: no hooks, no configuration of anybody's, one transport, and the token in the
//! environment of the one program that needs it.

use super::{MirrorError, nowhere};
use cc_ci_forge::Token;
use process_wrap::tokio::{CommandWrap, KillOnDrop, ProcessSession};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// The longest that one call may take.
pub(super) const LIMIT: Duration = Duration::from_secs(300);

/// The largest file that a fetch may write.
const LARGEST: u64 = 1 << 30;

/// As much of what git says is read.
const SAID: u64 = 1 << 20;

/// Settings that count more than those of the repository.
const OFF: [(&str, &str); 11] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.alternateRefsCommand", "true"),
    ("core.askPass", "/bin/false"),
    ("credential.helper", ""),
    ("fetch.recurseSubmodules", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("transfer.fsckObjects", "true"),
    ("http.followRedirects", "false"),
    ("safe.directory", "*"),
];

/// One call of git.
pub(super) struct Git {
    dir: PathBuf,
    settings: Vec<(String, String)>,
    transports: &'static str,
}

impl Git {
    /// A call that needs no network.
    pub(super) fn offline(dir: &Path) -> Self {
        let settings = OFF.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        Self { dir: dir.to_owned(), settings, transports: "" }
    }

    /// A call that speaks to one address with a token, and to no other with it.
    pub(super) fn online(dir: &Path, address: &str, token: &Token) -> Self {
        let mut git = Self { transports: "https:http", ..Self::offline(dir) };
        git.settings.push((format!("http.{address}.extraHeader"), token.for_git().as_str().to_owned()));
        git
    }

    /// Calls it and gives what it printed.
    pub(super) async fn run(self, words: &[&str]) -> Result<String, MirrorError> {
        let mut wrap = CommandWrap::with_new("git", |command| {
            command.args(words).current_dir(&self.dir).env_clear();
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let fixed = [
                ("PATH", "/usr/local/bin:/usr/bin:/bin"),
                ("LC_ALL", "C"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_ATTR_NOSYSTEM", "1"),
                ("GIT_TERMINAL_PROMPT", "0"),
                ("GIT_ASKPASS", "/bin/false"),
                ("GIT_NO_REPLACE_OBJECTS", "1"),
                ("GIT_ALLOW_PROTOCOL", self.transports),
            ];
            command.envs(fixed).env("HOME", nowhere());
            command.env("GIT_CONFIG_COUNT", self.settings.len().to_string());
            for (number, (key, value)) in self.settings.iter().enumerate() {
                command.env(format!("GIT_CONFIG_KEY_{number}"), key).env(format!("GIT_CONFIG_VALUE_{number}"), value);
            }
        });
        let mut child = wrap.wrap(ProcessSession).wrap(KillOnDrop).spawn()?;
        if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            let most = Rlimit { current: Some(LARGEST), maximum: Some(LARGEST) };
            // One that ended already writes nothing more.
            let _ended = prlimit(Some(pid), Resource::Fsize, most);
        }
        let (out, err) = (child.stdout().take(), child.stderr().take());
        let work = async {
            let (said, complaint) = tokio::join!(text(out), text(err));
            child.wait().await.map(|status| (status.success(), said, complaint))
        };
        let ended = tokio::time::timeout(LIMIT, work).await;
        let (good, said, complaint) = ended.map_err(|_late| MirrorError::Late(LIMIT.as_secs()))??;
        let last = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("git said nothing").to_owned();
        if good { Ok(said) } else { Err(MirrorError::Git(last)) }
    }
}

/// What is said on a pipe, up to a limit.
async fn text(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What was said until the pipe broke is all there is.
        drop(pipe.take(SAID).read_to_end(&mut bytes).await);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
