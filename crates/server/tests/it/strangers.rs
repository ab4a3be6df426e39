//! Who is not obeyed, and what they are told: once, or nothing.

use crate::house::{House, REPO, deliver};
use cc_ci_server::Ask;
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_told_once_and_start_nothing() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    for _again in 0..3 {
        house.comment("stranger", "!testme");
    }
    house.comment("stranger", "!testme nonsense");
    house.comment("member", "!testme help");
    house.until("the help", |house| house.says("is for me")).await;
    house.settled().await;
    assert_eq!(house.said().iter().filter(|body| body.contains("only members")).count(), 1, "{:?}", house.said());
    assert_eq!(house.said().len(), 2);
    assert!(house.ran().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_wrote_here_starts_nothing() {
    let house = House::new(StandInDialect::Gitea123).await;
    // Before anybody looked after the repository.
    house.comment("member", "!testme");
    house.forge.advance(5);
    let _server = house.start().await;
    house.forge.advance(1);
    house.forge.migrated_comment(REPO, house.pull, "member", "somebody", "!testme");
    house.forge.comment_by_id(REPO, house.pull, -1, "!testme");
    house.forge.comment_by_id(REPO, house.pull, -2, "!testme");
    house.comment("bot", "!testme");
    house.comment("member", "!testmexyz");
    let edited = house.comment("member", "nothing");
    house.comment("member", "!testme help");
    house.until("the help", |house| house.says("is for me")).await;
    house.forge.advance(3);
    house.forge.edit_comment(edited, "!testme");
    house.comment("member", "!testme status");
    house.until("the list", |house| house.says("Nothing was tested")).await;
    house.settled().await;
    assert!(house.ran().is_empty(), "{:?}", house.ran());
    // The bot's own word among them.
    assert_eq!(house.said().len(), 3, "{:?}", house.said());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_comment_and_an_unknown_word_are_answered() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let server = house.start().await;
    server.stop().await;
    let edited = house.comment("member", "nothing");
    house.forge.advance(3);
    house.forge.edit_comment(edited, "!testme");
    house.comment("member", "!testme --quik");
    let _server = house.start().await;
    house.until("the edit", |house| house.says("was edited before it was seen")).await;
    house.until("the word", |house| house.says("did you mean `!testme --quick`?")).await;
    house.settled().await;
    assert!(house.ran().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_cannot_see_the_members_obeys_nobody_and_tells_its_operator() {
    for dialect in StandInDialect::ALL {
        let house = House::new(dialect).await;
        house.forge.leave("recipes", "bot");
        let _server = house.start().await;
        house.comment("member", "!testme");
        house.until("the answer", |house| house.says("cannot see the members")).await;
        assert!(house.ask(Ask::Alerts).await.text.starts_with("membership-unseen"));
        assert!(house.ran().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_membership_that_nobody_knows_is_asked_again_and_grants_nothing_meanwhile() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    for fault in
        [StandInFault::Status(500), StandInFault::Text("{}".to_owned()), StandInFault::Redirect(302, "/user/login")]
    {
        house.forge.fail("GET /orgs", Often::Times(2), fault);
    }
    house.comment("member", "!testme");
    house.until("the verdict", |house| house.says("green")).await;
    house.settled().await;
    let asked = house.forge.requests().iter().filter(|line| line.starts_with("GET /orgs")).count();
    assert_eq!((house.ran().len(), asked), (1, 7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_nobody_enrolled_gets_one_answer() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let server = house.start_at(cc_ci_server::Points::default());
    house.comment("member", "!testme");
    house.comment("member", "!testme");
    house.comment("member", "hello");
    for hint in house.forge.deliveries() {
        assert_eq!(deliver(&server, &hint).await, 202);
    }
    house.until("the answer", |house| house.says("is not enrolled here")).await;
    house.settled().await;
    assert_eq!((house.said().len(), house.ran().len()), (1, 0));
}
