//! Everything that can happen in any order: afterwards each comment has one answer with its end, and each green answer one run.

use crate::house::{House, deliver};
use cc_ci_server::{Points, RunningServer};
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    Comment,
    Stranger,
    Edit,
    Delete,
    Push,
    ForcePush,
    Close,
    Hooks,
    Poll,
    Kill,
    Away,
    Back,
    /// The forge's clock goes two days forward.
    Ahead,
    /// It is put back by three days.
    PutBack,
}

const STEPS: [Step; 12] = [
    Step::Comment,
    Step::Comment,
    Step::Stranger,
    Step::Edit,
    Step::Delete,
    Step::Push,
    Step::ForcePush,
    Step::Hooks,
    Step::Poll,
    Step::Kill,
    Step::Away,
    Step::Back,
];

/// Closing ends all that can be asked for, so it is drawn seldom; and clocks seldom jump.
const CLOSES: u8 = 8;
const AHEAD: u8 = 18;
const PUT_BACK: u8 = 28;

/// A day in seconds.
const DAY: i64 = 24 * 3600;

/// The tiers that are asked for, one in each comment, so that a run tells whose it is.
const TIERS: [&str; 3] = ["install", "upgrade", "backup"];

/// What was asked for, and what may have come in between.
#[derive(Default)]
struct Asked {
    comments: Vec<i64>,
    deleted: BTreeSet<i64>,
    strangers: usize,
    closed: bool,
    /// The clock went forward, so that a comment may have become old before it was seen.
    aged: bool,
}

/// How the answer to a comment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Green,
    Withdrawn,
    Closed,
    TooOld,
}

impl Asked {
    /// The ends of the answers to a comment.
    fn ends(house: &House, id: i64) -> Vec<Option<End>> {
        let line = format!("<!-- cc-ci: answer to comment {id} -->");
        let end = |body: &String| match body {
            body if body.contains("green") => Some(End::Green),
            body if body.contains("Withdrawn: the comment that asked for it was deleted") => Some(End::Withdrawn),
            body if body.contains("the pull request was closed") => Some(End::Closed),
            body if body.contains("Not tested: the pull request is closed") => Some(End::Closed),
            body if body.contains("this comment waited for more than a day") => Some(End::TooOld),
            _ => None,
        };
        house.said().iter().filter(|body| body.starts_with(&line)).map(end).collect()
    }

    /// Whether each comment has the answer that it must have.
    fn answered(&self, house: &House) -> bool {
        let fits = |id: &i64| match (&Self::ends(house, *id)[..], self.deleted.contains(id)) {
            ([Some(End::Green)], _) | ([Some(End::Withdrawn)] | [], true) => true,
            ([Some(End::Closed)], _) => self.closed,
            // That is said once to each author.
            ([Some(End::TooOld)] | [], _) => self.aged,
            _ => false,
        };
        let told = house.said().iter().filter(|body| body.contains("only members")).count();
        let aged = self.aged && told < self.strangers;
        self.comments.iter().all(fits) && (told == self.strangers || aged)
    }

    /// Whether each green answer has its one run, and nothing else has one.
    fn runs_fit(&self, house: &House) -> bool {
        let green = |(_, id): &(usize, &i64)| Self::ends(house, **id) == [Some(End::Green)];
        let wanted = self.comments.iter().enumerate().filter(green).map(|(at, _)| format!("--stages={}", TIERS[at]));
        let ran = house.ran().into_iter().filter_map(|line| line.split(' ').nth(1).map(str::to_owned));
        let (mut wanted, mut ran) = (wanted.collect::<Vec<_>>(), ran.collect::<Vec<_>>());
        wanted.sort();
        ran.sort();
        wanted == ran
    }
}

/// Lets one thing happen.
async fn happen(
    house: &House,
    mut server: RunningServer,
    asked: &mut Asked,
    step: Step,
    number: usize,
) -> RunningServer {
    match step {
        Step::Comment => {
            if let Some(tier) = TIERS.get(asked.comments.len()) {
                asked.comments.push(house.comment("member", &format!("!testme only={tier}")));
            }
        }
        Step::Stranger => {
            house.comment("stranger", "!testme");
            asked.strangers = 1;
        }
        // Whether it was seen or not.
        Step::Edit => {
            let id = house.comment("member", "nothing");
            house.forge.advance(2);
            house.forge.edit_comment(id, "nothing at all");
        }
        Step::Delete => {
            if let Some(last) = asked.comments.last() {
                house.forge.remove_comment(*last);
                asked.deleted.insert(*last);
            }
        }
        Step::Push => drop(house.forge.push("stranger/ghost", "next", &format!("{number}\n")).unwrap()),
        Step::ForcePush => {
            drop(house.forge.force_push("stranger/ghost", "next", &format!("other {number}\n")).unwrap());
        }
        Step::Close => {
            house.forge.close(crate::house::REPO, house.pull);
            asked.closed = true;
        }
        Step::Hooks => {
            for hint in house.forge.deliveries().iter().rev() {
                assert_eq!(deliver(&server, hint).await, 202);
                assert_eq!(deliver(&server, &hint.doubled()).await, 202);
                assert_eq!(deliver(&server, &hint.forged()).await, 401);
            }
        }
        // Once all that stood there was read, or nobody reads.
        Step::Poll => tokio::time::sleep(std::time::Duration::from_millis(40)).await,
        Step::Kill => {
            server.stop().await;
            server = house.start_at(Points::default());
        }
        Step::Away => house.forge.fail("/", Often::Always, StandInFault::Status(502)),
        Step::Back => house.forge.heal(),
        Step::Ahead => {
            house.forge.advance(2 * DAY);
            asked.aged = true;
        }
        Step::PutBack => house.forge.advance(-3 * DAY),
    }
    server
}

/// Lets it all happen, and then waits until nothing is open.
async fn play(steps: &[Step]) {
    let house = House::new(StandInDialect::Forgejo12).await;
    let mut server = house.start().await;
    let mut asked = Asked::default();
    for (number, step) in steps.iter().enumerate() {
        server = Box::pin(happen(&house, server, &mut asked, *step, number)).await;
    }
    house.forge.heal();
    house.until(&format!("the end of {steps:?}"), |house| asked.answered(house)).await;
    house.settled().await;
    assert!(asked.answered(&house) && asked.runs_fit(&house), "{steps:?}: {:?}, {:#?}", house.ran(), house.said());
    assert_eq!(house.status(&house.head, "cc-ci/testme"), None, "nothing whole was asked for");
}

/// A number that the environment gives, else this one.
fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// An order of things, by chance.
fn order(runner: &mut TestRunner) -> Vec<Step> {
    let drawn = proptest::collection::vec(any::<u8>(), 4..14).new_tree(runner).unwrap().current();
    let step = |number: &u8| match *number {
        ..CLOSES => Step::Close,
        CLOSES..AHEAD => Step::Ahead,
        AHEAD..PUT_BACK => Step::PutBack,
        number => STEPS[usize::from(number) % STEPS.len()],
    };
    drawn.iter().map(step).collect()
}

/// `CC_CI_ORDERS` orders, else a few; so many at once as `CC_CI_AT_ONCE` says; another series with `CC_CI_SEED`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_any_order_each_comment_has_one_answer_and_each_green_one_run() {
    let seed = u8::try_from(number("CC_CI_SEED", 7)).unwrap();
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let at_once = Arc::new(Semaphore::new(number("CC_CI_AT_ONCE", 4)));
    let mut played = JoinSet::new();
    for _order in 0..number("CC_CI_ORDERS", 12) {
        let steps = order(&mut runner);
        let turn = Arc::clone(&at_once).acquire_owned().await.unwrap();
        played.spawn(async move {
            play(&steps).await;
            drop(turn);
        });
        while let Some(ended) = played.try_join_next() {
            ended.unwrap();
        }
    }
    while let Some(ended) = played.join_next().await {
        ended.unwrap();
    }
}
