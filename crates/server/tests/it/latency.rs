//! How soon comments are seen: by reading alone, and by webhooks. `CC_CI_LATENCY=1` has it at the pace of the product, and holds
//! the figures against what is promised; else it is ten times as fast, and shows only that each comment is answered.

use crate::house::House;
use cc_ci_server::{Ask, Pace, Points};
use cc_ci_testkit::forge::StandInDialect;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const REPOSITORIES: usize = 20;
const COMMENTS: u64 = 50;

/// The comments are spread over this time.
const OVER: Duration = Duration::from_secs(100);

/// How many times faster than the product everything goes.
fn haste() -> u32 {
    if std::env::var("CC_CI_LATENCY").is_ok() { 1 } else { 10 }
}

/// The pace of the product, or a faster one.
fn pace() -> Pace {
    let usual = Pace::default();
    let haste = haste();
    Pace { lively: usual.lively / haste, quiet: usual.quiet / haste, tick: usual.tick / haste, ..usual }
}

/// What is promised, where the pace is the product's.
fn promised(holds: bool, figures: &dyn std::fmt::Debug) {
    assert!(holds || haste() > 1, "{figures:.1?}");
}

/// A house with more recipes, each with a pull request, whose forge lives.
async fn world(hooks_to: &str) -> (Arc<House>, Vec<(String, u64)>) {
    let house = House::new(StandInDialect::Forgejo12).await;
    let mut pulls = Vec::new();
    for number in 0..REPOSITORIES {
        let (name, repo) = (format!("app-{number}"), format!("recipes/app-{number}"));
        house.forge.repository("recipes", &name).unwrap();
        house.forge.push(&repo, "next", "one\n").unwrap();
        house.forge.hook(&repo, "hook-secret");
        pulls.push((repo.clone(), house.forge.pull(&repo, &repo, "next", "member").unwrap()));
    }
    house.forge.live(hooks_to);
    (Arc::new(house), pulls)
}

async fn enrol(house: &House, pulls: &[(String, u64)]) {
    for (repo, _) in pulls {
        assert!(house.ask(Ask::Enrol(None, repo.clone())).await.done);
    }
}

/// How long it took until a comment had its answer.
async fn answered(house: Arc<House>, repo: String, pull: u64, wait: Duration) -> Duration {
    tokio::time::sleep(wait).await;
    let began = Instant::now();
    let id = house.forge.comment(&repo, pull, "member", "!testme help");
    let line = format!("<!-- cc-ci: answer to comment {id} -->");
    while !house.forge.comments(&repo, pull).iter().any(|(_, body)| body.starts_with(&line)) {
        assert!(began.elapsed() < Duration::from_secs(60), "no answer to comment {id}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

/// The times of all answers, in their order.
async fn times(house: &Arc<House>, pulls: &[(String, u64)]) -> Vec<Duration> {
    let mut asking = JoinSet::new();
    for number in 0..COMMENTS {
        // Nothing of it falls together with a time at which the server looks.
        let wait = (OVER / haste()).mul_f64((number * 37 % COMMENTS) as f64 / COMMENTS as f64);
        let (repo, pull) = pulls[usize::try_from(number).unwrap() % pulls.len()].clone();
        asking.spawn(answered(Arc::clone(house), repo, pull, wait));
    }
    let mut times = asking.join_all().await;
    times.sort();
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stderr, reason = "figures, for people")]
async fn by_reading_alone_a_comment_is_seen_within_half_a_minute_and_an_idle_server_asks_little() {
    // Nobody listens there: every webhook is lost.
    let (house, pulls) = world("http://127.0.0.1:9/hook/main").await;
    let _server = house.start_with(Points::default(), pace());
    enrol(&house, &pulls).await;
    drop(house.forge.requests());
    let idle = Duration::from_secs(50) / haste();
    tokio::time::sleep(idle).await;
    let asked = house.forge.requests().len();
    eprintln!("idle, {REPOSITORIES} repositories: {asked} requests in {} s", idle.as_secs());
    promised(asked <= 50, &asked);
    let times = times(&house, &pulls).await;
    let (median, last) = (times[times.len() / 2], times[times.len() - 1]);
    eprintln!("{} comments, read: median {median:.1?}, slowest {last:.1?}", times.len());
    promised(median <= Duration::from_secs(15) && last <= Duration::from_secs(30), &times);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stderr, reason = "figures, for people")]
async fn by_webhooks_a_comment_is_seen_within_a_second() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at: SocketAddr = listener.local_addr().unwrap();
    let (house, pulls) = world(&format!("http://{at}/hook/main")).await;
    let server = house.start_with(Points::default(), pace());
    let (end, ends) = oneshot::channel::<()>();
    let served = tokio::spawn(server.serve(listener, ends));
    enrol(&house, &pulls).await;
    let times = times(&house, &pulls).await;
    let most = times[times.len() * 95 / 100];
    eprintln!("{} comments, told: median {:.0?}, 95 % within {most:.0?}", times.len(), times[times.len() / 2]);
    promised(most <= Duration::from_secs(1), &times);
    drop(end);
    drop(served.await.unwrap());
}
