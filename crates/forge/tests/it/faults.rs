//! What comes instead of an answer, and what the error says of it.

use crate::world::{REPO, World, login, repo, world};
use cc_ci_forge::{Again, Author, ForgeFault, MemberAnswer, SayAnswer};
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};
use std::time::Duration;

const ANY: StandInDialect = StandInDialect::Forgejo12;

/// What a membership and a comment come to when the forge fails.
async fn fails(world: &World, fault: StandInFault) -> (ForgeFault, (ForgeFault, Again)) {
    let hurried = world.hurried();
    world.forge.fail("", Often::Always, fault);
    let member = match hurried.membership(&login("recipes"), &login("member")).await {
        MemberAnswer::Unknown(error) => error.fault,
        known => panic!("{known:?} while the forge failed"),
    };
    let said = hurried.say(&repo(), world.pull, "text").await.unwrap_err();
    world.forge.heal();
    let again = said.again();
    (member, (said.fault, again))
}

#[tokio::test]
async fn each_fault_has_a_name_and_a_time_to_come_back() {
    let world = world(ANY).await;
    let cases = [
        (StandInFault::Status(401), ForgeFault::TokenRefused, Again::NotByItself),
        (StandInFault::Status(500), ForgeFault::Broken(500), Again::LookFirst),
        (StandInFault::Status(502), ForgeFault::Broken(502), Again::LookFirst),
        (StandInFault::Status(503), ForgeFault::Broken(503), Again::LookFirst),
        (StandInFault::Status(418), ForgeFault::Strange(418), Again::LookFirst),
        (StandInFault::Status(200), ForgeFault::Strange(200), Again::LookFirst),
        (StandInFault::Redirect(302, "https://sign-in.example.org/"), ForgeFault::Moved(302), Again::NotByItself),
        (StandInFault::Redirect(307, "/api/v1/repos/recipes/renamed"), ForgeFault::Moved(307), Again::NotByItself),
        (StandInFault::Text("<html>sign in</html>".to_owned()), ForgeFault::Strange(200), Again::LookFirst),
        (StandInFault::Hang, ForgeFault::Late(Duration::from_millis(150)), Again::LookFirst),
        (StandInFault::Lost, ForgeFault::Cut, Again::LookFirst),
    ];
    for (fault, expected, again) in cases {
        let (member, said) = fails(&world, fault.clone()).await;
        assert_eq!((member, said), (expected.clone(), (expected, again)), "{fault:?}");
    }
}

#[tokio::test]
async fn a_forge_that_is_busy_says_for_how_long() {
    let world = world(ANY).await;
    let after = |seconds| Some(Duration::from_secs(seconds));
    let cases = [
        (429, "30", after(30)),
        (503, "5", after(5)),
        (429, "", None),
        (429, "soon", None),
        (429, "-1", None),
        // A date is held against the forge's own; a day is the most.
        (429, "Sat, 28 Nov 2026 12:01:00 GMT", after(60)),
        (429, "Fri, 27 Nov 2026 12:01:00 GMT", after(0)),
        (429, "99999999999", after(86_400)),
        (429, "99999999999999999999999", None),
    ];
    for (status, words, after) in cases {
        let (_, (fault, again)) = fails(&world, StandInFault::Busy(status, words)).await;
        assert_eq!(fault, ForgeFault::Busy { status, after }, "{words}");
        assert_eq!(again, after.map_or(Again::Later, Again::After), "{words}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let world = world(ANY).await;
    world.comment("member", "a comment that is long enough to be cut in two");
    let cursor = "2026-11-01T00:00:00Z".parse().unwrap();
    for (fault, expected) in
        [(StandInFault::Cut, ForgeFault::Cut), (StandInFault::Stall, ForgeFault::Late(Duration::from_millis(150)))]
    {
        let hurried = world.hurried();
        world.forge.fail("issues/comments", Often::Times(1), fault);
        assert_eq!(hurried.comments_since(&repo(), &cursor).await.unwrap_err().fault, expected);
        assert_eq!(hurried.comments_since(&repo(), &cursor).await.unwrap().list.len(), 1);
    }
    world.forge.fail("issues/comments", Often::Times(1), StandInFault::Drip);
    assert_eq!(world.bot.comments_since(&repo(), &cursor).await.unwrap().list.len(), 1);
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_stands_there() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        world.forge.fail("POST", Often::Times(1), StandInFault::Lost);
        let error = world.bot.say(&repo(), world.pull, "<!-- cc-ci: request 1 -->").await.unwrap_err();
        assert_eq!(error.again(), Again::LookFirst);
        let own = world.bot.own_comments(&repo(), world.pull).await.unwrap();
        assert_eq!(own.len(), 1, "and it was sent once");
        assert_eq!(own[0].author, Author::Own);
        assert_eq!(world.forge.comments(REPO, world.pull.0).len(), 1);
        assert!(matches!(world.bot.say(&repo(), world.pull, "next").await.unwrap(), SayAnswer::Said(_)));
    }
}

#[tokio::test]
async fn a_forge_that_is_not_there_was_asked_nothing() {
    let world = world(ANY).await;
    let World { forge, bot, .. } = world;
    forge.stop().await;
    let error = bot.say(&repo(), cc_ci_forge::PullNumber(1), "text").await.unwrap_err();
    assert!(matches!(error.fault, ForgeFault::Unreachable(_)), "{error}");
    assert_eq!(error.again(), Again::Later);
}
