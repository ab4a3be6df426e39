//! A small world: a recipe of an organisation, a fork, a pull request, and a server over a state folder that can be killed.

use cc_ci_forge::{Forge, ForgeDialect, HookSecret, HookSecrets, Token};
use cc_ci_server::{Ask, KnownForge, Pace, Points, RunProgram, RunningServer, RunsKept, ServerPlan, Told};
use cc_ci_store::retention::RetentionPolicy;
use cc_ci_store::state::StateFolder;
use cc_ci_testkit::forge::{Shown, SignedDelivery, StandIn, StandInDialect, StandInRight};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Whatever is waited for comes within this time, on a machine that has much else to do, too.
const LIMIT: Duration = Duration::from_secs(120);

pub(crate) const REPO: &str = "recipes/ghost";

/// What the guide tells an operator to give the bot's token.
const SCOPES: [&str; 4] = ["read:user", "read:repository", "write:issue", "read:organization"];

/// A run in a few milliseconds, with hardly a program started: it notes that it ran, waits as long as a file `hold` lies there, obeys SIGTERM, and ends as a
/// file `kind` says. A green one leaves the record of a run that was green.
const CHILD: &str = r#"#!/bin/sh
world=WORLD
while [ $# -gt 0 ]; do
  case $1 in
    --state) state=$2; shift ;;
    --run-id) run=$2; shift ;;
    --outcome) outcome=$2; shift ;;
    --ref) sha=$2; shift ;;
    run) mirror=$2; shift ;;
    --quick|--stages=*|--base=*) more="$more $1" ;;
  esac
  shift
done
end() {
  message='as told'
  [ ! -e "$world/message" ] || read -r message < "$world/message"
  printf '{"schema":1,"run":"%s","exit_code":%s,"kind":"%s","message":"%s","problems":[],"hint":null,"folder":null}' \
    "$run" "$1" "$2" "$message" > "$outcome"
  exit "$1"
}
trap 'end 143 cancelled' TERM
git --git-dir="$mirror" cat-file -e "$sha^{commit}" || end 21 recipe
export -p > "$world/env-$run"
echo "$sha$more" >> "$world/ran"
while [ -e "$world/hold" ]; do sleep 0.01; done
kind=green
[ ! -e "$world/kind" ] || read -r kind < "$world/kind"
case $kind in
  green) install -D RECORD "$state/runs/$run/events.jsonl"; end 0 green ;;
  lingers)
    install -D RECORD "$state/runs/$run/events.jsonl"
    while [ -e "$world/kind" ]; do sleep 0.01; done
    end 0 green ;;
  red) [ ! -e "$world/record" ] || install -D "$world/record" "$state/runs/$run/events.jsonl"; end 10 red ;;
  silent) kill -9 $$ ;;
  dies) mkdir -p "$state/runs/$run"; kill -9 $$ ;;
  *) end 22 "$kind" ;;
esac
"#;

/// The record of a run that was green.
const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../store/tests/runs/green/events.jsonl");

/// Everything that a test plays with.
pub(crate) struct House {
    pub(crate) forge: StandIn,
    pub(crate) folder: TempDir,
    pub(crate) dialect: StandInDialect,
    pub(crate) pull: u64,
    pub(crate) head: String,
    pub(crate) bot_token: String,
    pub(crate) status_token: String,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
    pub(crate) kept: RunsKept,
}

fn secret<T>(text: &str, read: impl Fn(&std::path::Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, text).unwrap();
    read(&file)
}

impl House {
    pub(crate) async fn new(dialect: StandInDialect) -> Self {
        let forge = StandIn::start(dialect).await.unwrap();
        for user in ["bot", "marker", "member", "stranger"] {
            forge.user(user);
        }
        forge.organisation("recipes");
        for user in ["bot", "member"] {
            forge.join("recipes", user, Shown::Private);
        }
        forge.repository("recipes", "ghost").unwrap();
        forge.grant(REPO, "marker", StandInRight::Write);
        forge.hook(REPO, "hook-secret");
        forge.fork(REPO, "stranger").unwrap();
        let head = forge.push("stranger/ghost", "next", "one\n").unwrap();
        let pull = forge.pull(REPO, "stranger/ghost", "next", "stranger").unwrap();
        let bot_token = forge.token("bot", &SCOPES);
        let status_token = forge.token("marker", &["write:repository", "read:user"]);
        let folder = tempfile::tempdir().unwrap();
        let child = folder.path().join("child.sh");
        let text = CHILD.replace("WORLD", &folder.path().display().to_string()).replace("RECORD", RECORD);
        fs::write(&child, text).unwrap();
        fs::set_permissions(&child, fs::Permissions::from_mode(0o755)).unwrap();
        let kept = RunsKept { policy: RetentionPolicy::default(), uncleaned: Arc::new(|_dir| false) };
        Self { forge, folder, dialect, pull, head, bot_token, status_token, log: Arc::default(), kept }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn known(&self) -> KnownForge {
        let dialect = match self.dialect {
            StandInDialect::Gitea2020 | StandInDialect::Gitea123 => ForgeDialect::Gitea,
            StandInDialect::Forgejo12 => ForgeDialect::Forgejo,
        };
        let token = |text: &str| secret(text, |file| Token::read(file).unwrap());
        let door = Forge::open(self.forge.url().parse().unwrap(), dialect, token(&self.bot_token)).unwrap();
        let statuses = door.with_token(token(&self.status_token));
        let hooks = secret("hook-secret", |file| HookSecret::read(file).unwrap());
        KnownForge {
            name: "main".to_owned(),
            url: self.forge.url().parse().unwrap(),
            door,
            token: token(&self.bot_token),
            statuses: Some(statuses),
            hooks: Some(HookSecrets::one(hooks)),
            organisation: None,
        }
    }

    pub(crate) fn start_at(&self, points: Points) -> RunningServer {
        let milliseconds = Duration::from_millis;
        let pace = Pace {
            lively: milliseconds(30),
            quiet: milliseconds(60),
            tick: milliseconds(40),
            first_wait: milliseconds(20),
            longest_wait: milliseconds(100),
            swarm: milliseconds(100),
            reaper: milliseconds(500),
            forget: milliseconds(50),
            ..Pace::default()
        };
        self.start_with(points, pace)
    }

    /// Starts a server as fast as `pace` says.
    pub(crate) fn start_with(&self, points: Points, pace: Pace) -> RunningServer {
        let log = Arc::clone(&self.log);
        let plan = ServerPlan {
            state: StateFolder::open(&self.path("state")).unwrap(),
            forges: vec![self.known()],
            program: RunProgram {
                file: self.path("child.sh"),
                path: std::env::var_os("PATH").unwrap(),
                engine: vec![("DOCKER_HOST".into(), "unix:///nowhere".into())],
            },
            slots: 1,
            memory: 1,
            disk: 1,
            public: Some(cc_ci_pages::comment::Address::parse("https://ci.example.test").unwrap()),
            pace,
            log: Arc::new(move |line: &str| log.lock().unwrap().push(line.to_owned())),
            points,
            kept: self.kept.clone(),
        };
        RunningServer::start(plan).unwrap()
    }

    /// Starts a server that looks after the recipe.
    pub(crate) async fn start(&self) -> RunningServer {
        let server = self.start_at(Points::default());
        assert!(self.ask(Ask::Enrol(None, REPO.to_owned())).await.done);
        // What is written from now on is ours.
        self.forge.advance(1);
        server
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Told {
        cc_ci_server::ask(&self.path("state"), &ask).await.unwrap()
    }

    /// Comments on the pull request a little later than everything before.
    pub(crate) fn comment(&self, author: &str, body: &str) -> i64 {
        self.forge.advance(1);
        self.forge.comment(REPO, self.pull, author, body)
    }

    /// Another recipe of the organisation, with a pull request of its own: its repository, the number, and the commit.
    pub(crate) fn another(&self, name: &str) -> (String, u64, String) {
        let repo = format!("recipes/{name}");
        self.forge.repository("recipes", name).unwrap();
        self.forge.grant(&repo, "marker", StandInRight::Write);
        let head = self.forge.push(&repo, "next", &format!("{name}\n")).unwrap();
        let pull = self.forge.pull(&repo, &repo, "next", "member").unwrap();
        (repo, pull, head)
    }

    /// What the bot says on the pull request.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said_on(REPO, self.pull)
    }

    /// What the bot says on any pull request.
    pub(crate) fn said_on(&self, repo: &str, pull: u64) -> Vec<String> {
        let all = self.forge.comments(repo, pull);
        all.into_iter().filter(|(author, _)| author == "bot").map(|(_, body)| body).collect()
    }

    /// The last state of each context on a commit.
    pub(crate) fn status(&self, sha: &str, context: &str) -> Option<String> {
        let all = self.forge.statuses(REPO, sha);
        all.into_iter().rfind(|(one, _)| one == context).map(|(_, state)| state)
    }

    /// The commits that runs were started on, with what was asked for besides.
    pub(crate) fn ran(&self) -> Vec<String> {
        fs::read_to_string(self.path("ran")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    pub(crate) fn hold(&self) {
        fs::write(self.path("hold"), "").unwrap();
    }

    pub(crate) fn release(&self) {
        fs::remove_file(self.path("hold")).unwrap();
    }

    pub(crate) fn kind(&self, kind: &str) {
        fs::write(self.path("kind"), format!("{kind}\n")).unwrap();
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            if began.elapsed() > LIMIT {
                panic!(
                    "{what}: never; said {:#?}, ran {:?}, log {:#?}",
                    self.said(),
                    self.ran(),
                    self.log.lock().unwrap().clone()
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until nothing is open any more: no job, no report, no request that is not decided.
    pub(crate) async fn settled(&self) {
        let began = Instant::now();
        loop {
            let stands = self.ask(Ask::Status).await.text;
            let open = ["job ", "reports are still"].iter().any(|word| stands.contains(word));
            if !open {
                return;
            }
            assert!(began.elapsed() < LIMIT, "{stands}\n{:#?}", self.log.lock().unwrap().clone());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether something is said with these words.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.said().iter().any(|body| body.contains(words))
    }
}

/// Sends a webhook to a server and gives the status of the answer.
pub(crate) async fn deliver(server: &RunningServer, delivery: &SignedDelivery) -> u16 {
    use tower_service::Service as _;
    let mut request = http::Request::builder().method("POST").uri("/hook/main");
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    let body = axum::body::Body::from(delivery.body.clone());
    let answer = server.router().call(request.body(body).unwrap()).await.unwrap();
    answer.status().as_u16()
}
