//! A board on which there is something of everything.

use cc_ci_model::ids::{Commit, RecipeName, RunId};
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_pages::comment::Address;
use cc_ci_web::board::counters::{Counters, RunsEnded};
use cc_ci_web::board::forge::{Failing, ForgeRow, RepositoryRow};
use cc_ci_web::board::job::{EndedRow, Job, JobEnd, JobId, Lane, Phase, PullPage, QueuedRow, RunningRow, WaitsFor};
use cc_ci_web::board::request::{JobState, RequestRow, RequestState};
use cc_ci_web::board::{AlertRow, Board};
use std::time::{Duration, SystemTime};

fn job(id: i64, recipe: &str, lane: Lane, pull: Option<u64>) -> Job {
    let pull = pull.map(|number| PullPage { owner: "coop-cloud".into(), repo: recipe.into(), number });
    let commit = Commit::parse(&"a".repeat(40)).unwrap();
    Job { id: JobId(id), recipe: RecipeName::parse(recipe).unwrap(), commit, lane, pull }
}

fn run(id: &str) -> RunId {
    RunId::parse(id).unwrap()
}

fn ended(id: i64, recipe: &str, of: Option<&str>, at: SystemTime, end: JobEnd) -> EndedRow {
    EndedRow { job: job(id, recipe, Lane::Pull, Some(12)), run: of.map(run), at, end }
}

/// The board; `going` is the id of a run that goes on, `over` of one that is over.
pub(crate) fn full(now: SystemTime, going: &str, over: &str) -> Board {
    let ago = |seconds| now - Duration::from_secs(seconds);
    let address = |path: &str| Some(Address::parse(&format!("https://forge.example.org/{path}")).unwrap());
    let request =
        |comment: &str, seconds, command: &str, state: RequestState, answer: Option<&str>, runs: Vec<RunId>| {
            RequestRow {
                comment: comment.into(),
                pull: PullPage { owner: "coop-cloud".into(), repo: "miniflux".into(), number: 12 },
                address: address("coop-cloud/miniflux/pulls/12"),
                author: "ada".into(),
                command: command.into(),
                written: ago(seconds),
                state,
                commit: Some(Commit::parse(&"a".repeat(40)).unwrap()),
                answer: answer.map(str::to_owned),
                runs,
            }
        };
    let green = JobEnd::Judged { color: Color::Green, level: Some(5), blame: None };
    let failing = Failing { since: ago(900), why: "503 from the forge, for 15 min".into() };
    let repository = |name: &str, failing: Option<Failing>| RepositoryRow {
        forge: "forge.example.org".into(),
        owner: "coop-cloud".into(),
        name: name.into(),
        recipe: RecipeName::parse(name).unwrap(),
        address: address(&format!("coop-cloud/{name}")),
        polled: Some(ago(14)),
        failing,
    };
    Board {
        not_ready: Vec::new(),
        slots: 2,
        queued: vec![
            QueuedRow {
                job: job(7, "nextcloud", Lane::Pull, Some(31)),
                before: 0,
                since: ago(130),
                waits: WaitsFor::Memory { missing: 1_288_490_189 },
                estimate: Some(Duration::from_secs(240)),
            },
            QueuedRow {
                job: job(8, "ghost", Lane::Sweep, None),
                before: 1,
                since: ago(5_000),
                waits: WaitsFor::Slot,
                estimate: None,
            },
        ],
        running: vec![RunningRow {
            job: job(6, "miniflux", Lane::Pull, Some(12)),
            run: run(going),
            attempt: 2,
            since: ago(95),
            limit: Some(Duration::from_secs(3_600)),
            phase: Phase::Running,
            node: None,
        }],
        ended: vec![
            ended(5, "miniflux", Some(over), ago(700), green.clone()),
            ended(
                4,
                "wordpress",
                None,
                ago(4_000),
                JobEnd::Refused { why: "compose.yml: the policy forbids `privileged`".into() },
            ),
            ended(3, "keycloak", None, ago(8_000), JobEnd::Lost { why: "the machine went away".into() }),
        ],
        requests: vec![
            request(
                "4711",
                95,
                "!testme",
                RequestState::Accepted { job: JobId(6), state: JobState::Running },
                Some("running, install passed"),
                vec![run(over), run(going)],
            ),
            request(
                "4700",
                800,
                "!testme",
                RequestState::Accepted { job: JobId(5), state: JobState::Ended(green) },
                Some("green, level 5"),
                vec![run(over)],
            ),
            request(
                "4690",
                9_000,
                "!testme faster",
                RequestState::Refused { why: "`faster` is no word of a request: did you mean `status`?".into() },
                Some("one answer"),
                Vec::new(),
            ),
        ],
        repositories: vec![repository("miniflux", None), repository("nextcloud", Some(failing.clone()))],
        forges: vec![ForgeRow { name: "forge.example.org".into(), answered: Some(ago(14)), failing: None, ahead_s: 1 }],
        alerts: vec![AlertRow {
            key: "forge-away".into(),
            text: "The comments of coop-cloud/nextcloud cannot be read since 15 minutes.".into(),
            since: ago(900),
        }],
        counters: Counters {
            runs: vec![
                RunsEnded { color: Color::Green, blame: None, count: 41 },
                RunsEnded { color: Color::Red, blame: Some(Blame::Recipe), count: 3 },
            ],
            forge_answers: [(200, 1_234), (503, 4)].into(),
            reports_pending: 1,
            free_bytes: Some(21 << 30),
            last_sweep: Some(ago(90_000)),
        },
        ..Board::starting(now)
    }
}
