//! `cc-ci serve` as a program beside a stand-in for its forge, which lives: what `make server-demo` shows, and tests kill.

#![expect(clippy::disallowed_methods, reason = "a test world is driven from outside, not through the product")]

mod live;

pub use live::{LiveEvent, LivePage};

use crate::forge::{Shown, StandIn, StandInDialect, StandInRight};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// The organisation that owns the recipes.
const ORGANISATION: &str = "recipes";

/// What a member writes.
pub const MEMBER: &str = "maintainer";

/// Who offers changes from a fork, and is no member.
const CONTRIBUTOR: &str = "contributor";

/// What signs webhooks.
const HOOK_SECRET: &str = "a-secret-of-webhooks";

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(100);

/// A server's folder, its settings, and a forge in which it is a member.
#[derive(Debug)]
pub struct Served {
    /// The forge.
    pub forge: StandIn,
    program: PathBuf,
    folder: PathBuf,
    address: String,
}

/// A pull request.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Where.
    pub repo: String,
    /// Its number.
    pub pull: u64,
    /// Its newest commit.
    pub sha: String,
}

impl Served {
    /// Starts a forge and writes a server's settings into an empty folder.
    pub async fn new(program: &Path, folder: &Path) -> io::Result<Self> {
        let forge = StandIn::start(StandInDialect::Forgejo12).await?;
        forge.organisation(ORGANISATION);
        for user in ["bot", MEMBER] {
            forge.user(user);
            forge.join(ORGANISATION, user, Shown::Private);
        }
        forge.user(CONTRIBUTOR);
        let scopes = ["read:user", "read:repository", "write:issue", "read:organization"];
        let secrets = [
            ("token", forge.token("bot", &scopes)),
            ("status-token", forge.token("bot", &["read:user", "write:repository"])),
            ("hook-secret", HOOK_SECRET.to_owned()),
        ];
        let mut private = fs::DirBuilder::new();
        private.recursive(true).mode(0o700);
        private.create(folder.join("state"))?;
        private.create(folder.join("secrets"))?;
        for (name, value) in &secrets {
            let file = folder.join("secrets").join(name);
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
            io::Write::write_all(&mut file, value.as_bytes())?;
        }
        // Free now; its address has to be known before the server takes it.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("http://127.0.0.1:{port}");
        let at = folder.join("secrets").display().to_string();
        let settings = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"{address}\"\n\n[forges.main]\nurl = \"{}\"\nkind = \"forgejo\"\n\
             token_file = \"{at}/token\"\nstatus_token_file = \"{at}/status-token\"\nhook_secret_file = \"{at}/hook-secret\"\n",
            forge.url()
        );
        fs::write(folder.join("state/server.toml"), settings)?;
        forge.live(&format!("{address}/hook/main"));
        Ok(Self { forge, program: program.to_owned(), folder: folder.to_owned(), address })
    }

    /// Where the server's pages are.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The server's state folder.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// What the server says.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("serve.log")
    }

    /// The values that no file of the server and no run may hold.
    pub fn secrets(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.folder.join("secrets"))?;
        entries.map(|entry| fs::read_to_string(entry?.path())).collect()
    }

    /// Gives the organisation a recipe that lies on this machine, as it was before its newest commit.
    pub fn recipe(&self, name: &str, from: &Path) -> io::Result<String> {
        self.forge.import(ORGANISATION, name, from)?;
        let repo = format!("{ORGANISATION}/{name}");
        self.forge.grant(&repo, "bot", StandInRight::Write);
        self.forge.hook(&repo, HOOK_SECRET);
        self.forge.fork(&repo, CONTRIBUTOR)?;
        Ok(repo)
    }

    /// Has the contributor offer the newest commit of a repository on this machine, from the fork.
    pub fn offer(&self, repo: &str, branch: &str, from: &Path) -> io::Result<Offered> {
        let fork = format!("{CONTRIBUTOR}/{}", repo.rsplit('/').next().unwrap_or_default());
        let sha = self.forge.bring(&fork, branch, from)?;
        let pull = self.forge.pull(repo, &fork, branch, CONTRIBUTOR)?;
        Ok(Offered { repo: repo.to_owned(), pull, sha })
    }

    /// A command of the program on the server's state folder.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--state").arg(self.state()).args(args).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Starts the server, and waits until it serves.
    pub async fn start(&self) -> io::Result<Child> {
        let mut command = self.command(&["serve"]);
        // Ctrl-C on this terminal is for whoever looks on.
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let said = child.stderr.take().ok_or_else(|| io::Error::other("it has no standard error"))?;
        let mut lines = BufReader::new(said).lines();
        let first = lines.next_line().await?.unwrap_or_default();
        if !first.starts_with("serving at ") {
            return Err(io::Error::other(format!("the server does not serve: {first}")));
        }
        let mut log = tokio::fs::OpenOptions::new().create(true).append(true).open(self.log()).await?;
        tokio::spawn(async move {
            // What it says later is read, so that no pipe is full.
            while let Ok(Some(line)) = lines.next_line().await {
                drop(log.write_all(format!("{line}\n").as_bytes()).await);
                drop(log.flush().await);
            }
        });
        Ok(child)
    }

    /// Has the server look after a repository.
    pub async fn enrol(&self, repo: &str) -> io::Result<()> {
        let output = self.command(&["server", "enrol", repo]).output().await?;
        let said = || String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned();
        if output.status.success() { Ok(()) } else { Err(io::Error::other(said())) }
    }

    /// What the bot says on a pull request.
    #[must_use]
    pub fn said(&self, offered: &Offered) -> Vec<String> {
        let all = self.forge.comments(&offered.repo, offered.pull);
        all.into_iter().filter(|(author, _)| author == "bot").map(|(_, body)| body).collect()
    }

    /// Waits until the first comment of the bot fits, and tells every text of it on the way.
    pub async fn until_said(
        &self,
        offered: &Offered,
        within: Duration,
        mut each: impl FnMut(&str),
        fits: impl Fn(&str) -> bool,
    ) -> io::Result<String> {
        let began = Instant::now();
        let mut last = String::new();
        loop {
            let now = self.said(offered).into_iter().next().unwrap_or_default();
            if now != last {
                each(&now);
                last = now;
            }
            if fits(&last) {
                return Ok(last);
            }
            if began.elapsed() > within {
                return Err(io::Error::other(format!("not within {} s; it says: {last}", within.as_secs())));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the last status of a context on a commit is this one.
    pub async fn until_status(&self, offered: &Offered, context: &str, wanted: &str) -> io::Result<()> {
        let began = Instant::now();
        loop {
            let all = self.forge.statuses(&offered.repo, &offered.sha);
            let last = all.into_iter().rfind(|(one, _)| one == context).map(|(_, state)| state);
            if last.as_deref() == Some(wanted) {
                return Ok(());
            }
            if began.elapsed() > Duration::from_secs(30) {
                return Err(io::Error::other(format!("the status is {last:?} and not {wanted}")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The live page of a run, from the beginning or from where a reader was.
    pub async fn live(&self, run: &str, seen: Option<u64>) -> io::Result<LivePage> {
        LivePage::open(&format!("{}/run/{run}/live", self.address), seen).await
    }

    /// Asks the server for a page or a file: its status, what it is, and what is in it.
    pub async fn get(&self, path: &str) -> io::Result<(u16, String, Bytes)> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
        let address = format!("{}{path}", self.address).parse().map_err(io::Error::other)?;
        let answer = client.get(address).await.map_err(io::Error::other)?;
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.to_owned();
        let body = answer.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        Ok((status, kind, body))
    }
}
