//! Everything that can happen in any order: afterwards each accepted comment has one run and one answer with its end.

use crate::house::{House, REPO, deliver};
use cc_ci_server::Points;
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    Comment,
    Stranger,
    Edit,
    Push,
    Hooks,
    Kill,
    Away,
    Back,
}

const STEPS: [Step; 8] =
    [Step::Comment, Step::Stranger, Step::Edit, Step::Push, Step::Hooks, Step::Kill, Step::Away, Step::Back];

/// Lets it happen, and then waits until nothing is open.
async fn play(steps: &[Step]) {
    let house = House::new(StandInDialect::Forgejo12).await;
    let mut server = house.start().await;
    let mut asked = Vec::new();
    let mut strangers = 0;
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Comment if asked.len() < 3 => {
                let tier = ["install", "upgrade", "backup"][asked.len()];
                asked.push(house.comment("member", &format!("!testme only={tier}")));
            }
            Step::Comment => {}
            Step::Stranger => {
                house.comment("stranger", "!testme");
                strangers = 1;
            }
            // Whether it was seen or not.
            Step::Edit => {
                let id = house.comment("member", "nothing");
                house.forge.advance(2);
                house.forge.edit_comment(id, "nothing at all");
            }
            Step::Push => drop(house.forge.push("stranger/ghost", "next", &format!("{number}\n")).unwrap()),
            Step::Hooks => {
                for hint in house.forge.deliveries().iter().rev() {
                    assert_eq!(deliver(&server, hint).await, 202);
                    assert_eq!(deliver(&server, &hint.doubled()).await, 202);
                }
            }
            Step::Kill => {
                server.stop().await;
                server = house.start_at(Points::default());
            }
            Step::Away => house.forge.fail("/", Often::Always, StandInFault::Status(502)),
            Step::Back => house.forge.heal(),
        }
    }
    house.forge.heal();
    let ends = |house: &House| {
        let ends = |id: &i64| {
            let line = format!("<!-- cc-ci: answer to comment {id} -->");
            house.said().iter().filter(|body| body.starts_with(&line) && body.contains("green")).count() == 1
        };
        asked.iter().all(ends) && house.said().len() == asked.len() + strangers
    };
    house.until(&format!("the end of {steps:?}"), ends).await;
    house.settled().await;
    assert_eq!(house.ran().len(), asked.len(), "{steps:?}: {:?}", house.ran());
    assert!(ends(&house), "{steps:?}: {:#?}", house.said());
    assert_eq!(house.status(&house.head, "cc-ci/testme"), None, "{REPO}: nothing whole was asked for");
}

/// How many orders are tried: `CC_CI_ORDERS`, else a few.
fn many() -> usize {
    std::env::var("CC_CI_ORDERS").ok().and_then(|text| text.parse().ok()).unwrap_or(12)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_any_order_each_comment_has_one_run_and_one_answer() {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let orders = proptest::collection::vec(any::<u8>(), 4..14);
    for _order in 0..many() {
        let drawn = orders.new_tree(&mut runner).unwrap().current();
        let steps: Vec<Step> = drawn.iter().map(|number| STEPS[usize::from(*number) % STEPS.len()]).collect();
        Box::pin(play(&steps)).await;
    }
}
