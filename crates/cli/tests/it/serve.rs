//! The server as a program, the real run as its child, and a stand-in for the forge. No Docker: what the runs meet is a recipe
//! that cannot be read.

use cc_ci_testkit::forge::{Shown, StandIn, StandInDialect, StandInRight};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const REPO: &str = "recipes/shop";

struct Served {
    folder: TempDir,
    forge: StandIn,
    pull: u64,
    head: String,
}

impl Served {
    async fn new() -> Self {
        let forge = StandIn::start(StandInDialect::Forgejo12).await.unwrap();
        for user in ["bot", "member"] {
            forge.user(user);
            forge.organisation("recipes");
            forge.join("recipes", user, Shown::Private);
        }
        forge.repository("recipes", "shop").unwrap();
        forge.grant(REPO, "bot", StandInRight::Write);
        let head = forge.push(REPO, "next", "services: [\n").unwrap();
        let pull = forge.pull(REPO, REPO, "next", "member").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let token = forge
            .token("bot", &["read:user", "read:repository", "write:issue", "read:organization", "write:repository"]);
        fs::create_dir(folder.path().join("credentials")).unwrap();
        for name in ["main-token", "main-status-token"] {
            fs::write(folder.path().join("credentials").join(name), &token).unwrap();
        }
        fs::create_dir(folder.path().join("state")).unwrap();
        let served = Self { folder, forge, pull, head };
        served.settings("");
        served
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn settings(&self, more: &str) {
        let text = format!(
            "{more}\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://ci.example.test\"\nmemory_mib = 0\ndisk_mib = 0\n\
             [forges.main]\nurl = \"{}\"\n",
            self.forge.url()
        );
        fs::write(self.path("state/server.toml"), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cc-ci"));
        command.args(args).env_clear().current_dir(self.folder.path()).env("CC_CI_STATE", self.path("state"));
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.folder.path());
        command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        command.env("CREDENTIALS_DIRECTORY", self.path("credentials"));
        command
    }

    async fn say(&self, args: &[&str]) -> Output {
        let mut command = self.command(args);
        tokio::task::spawn(async move { command.output().unwrap() }).await.unwrap()
    }

    /// Starts the server and waits until it serves.
    fn serve(&self) -> Child {
        let mut child = self.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.starts_with("serving at http://127.0.0.1:"), "{first}");
        // What it says later is read, so that no pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        child
    }

    fn said(&self) -> Vec<String> {
        let all = self.forge.comments(REPO, self.pull);
        all.into_iter().filter(|(author, _)| author == "bot").map(|(_, body)| body).collect()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < Duration::from_secs(30), "{what}: never; said {:#?}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_answers_what_was_asked_meanwhile_by_a_real_run() {
    let served = Served::new().await;
    let mut server = served.serve();
    let enrolled = served.say(&["server", "enrol", REPO]).await;
    assert!(enrolled.status.success(), "{enrolled:?}");
    server.kill().unwrap();
    server.wait().unwrap();
    let refused = served.say(&["server", "status"]).await;
    assert_eq!(refused.status.code(), Some(11), "{refused:?}");
    served.forge.advance(1);
    let comment = served.forge.comment(REPO, served.pull, "member", "!testme");
    let mut server = served.serve();
    let address = format!("{}/{REPO}/pulls/{}#issuecomment-{comment}", served.forge.url(), served.pull);
    let came = served.say(&["server", "status", &address, "--wait"]).await;
    assert_eq!(came.status.code(), Some(10), "{came:?}");
    assert!(String::from_utf8_lossy(&came.stdout).starts_with("it could not be tested as it is: "), "{came:?}");
    served.until("the answer", |served| served.said().iter().any(|body| body.contains("could not be tested"))).await;
    let status = |served: &Served| served.forge.statuses(REPO, &served.head).last().cloned();
    served
        .until("the status", |served| status(served) == Some(("cc-ci/testme".to_owned(), "failure".to_owned())))
        .await;
    let [said] = &served.said()[..] else { panic!("{:#?}", served.said()) };
    assert!(said.contains("compose.yml"), "{said}");
    assert!(said.contains(&format!("--ref {}", served.head)), "{said}");
    let second = served.say(&["serve"]).await;
    assert_eq!(second.status.code(), Some(11), "{second:?}");
    assert!(String::from_utf8_lossy(&second.stderr).contains("another server uses the state folder"), "{second:?}");
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert!(server.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_said_before_anything_is_served() {
    let served = Served::new().await;
    let checked = served.say(&["serve", "--check"]).await;
    let text = String::from_utf8(checked.stdout).unwrap();
    assert!(text.contains("ok      forge `main`: the token is of `bot`"), "{text}");
    assert!(text.contains("missing forge `main`: a secret of webhooks"), "{text}");
    assert_eq!(checked.status.code(), Some(10));
    served.settings("slts = 2");
    let refused = served.say(&["serve"]).await;
    assert_eq!(refused.status.code(), Some(20));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("unknown key `slts`") && text.contains("did you mean `slots`?"), "{text}");
}
