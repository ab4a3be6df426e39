//! Answers that no forge gives: each is an error that says where, none is a panic, and none is believed.

use crate::world::{World, login, repo, world};
use cc_ci_forge::{Cursor, ForgeError, ForgeFault, MemberAnswer};
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};

const TIME: &str = "2026-11-28T12:00:00Z";

fn cursor() -> Cursor {
    TIME.parse().unwrap()
}

fn comment(id: &str, user: &str) -> String {
    format!(r#"[{{"id":{id},"user":{user},"body":"b","created_at":"{TIME}","updated_at":"{TIME}"}}]"#)
}

async fn told(world: &World, text: &str) -> Result<usize, ForgeError> {
    world.forge.fail("issues/comments", Often::Always, StandInFault::Text(text.to_owned()));
    let answer = world.bot.comments_since(&repo(), &cursor()).await;
    world.forge.heal();
    answer.map(|found| found.list.len())
}

#[tokio::test]
async fn a_wrong_list_is_an_error_that_says_where() {
    let world = world(StandInDialect::Gitea123).await;
    let user = r#"{"id":7,"login":"member"}"#;
    let cases = [
        (comment("1", r#"{"id":"7"}"#), "[0].user.id", "i64"),
        (comment("1", r#""member""#), "[0].user", "struct RawUser"),
        (comment("-1", user), "[0].id", "an id above zero"),
        (comment("1.5", user), "[0].id", "i64"),
        (comment("99999999999999999999", user), "[0].id", "i64"),
        (comment("\"s3cret, expected s3cret\"", user), "[0].id", "i64"),
        (comment("1", user).replace(TIME, "yesterday"), "[0].created_at", "a time of RFC 3339"),
        (comment("1", user).replace("created_at", "made"), "[0]", "a field `created_at`"),
        (comment("1", user).replace("\"b\"", "[]"), "[0].body", "a string"),
        ("null".to_owned(), ".", "a sequence"),
        ("{}".to_owned(), ".", "a sequence"),
        ("[null]".to_owned(), "[0]", "struct RawComment"),
        ("[[[[".to_owned(), "[0][0]", "i64"),
        ("<html></html>".to_owned(), ".", "JSON"),
        (String::new(), ".", "JSON"),
        (format!("[{}", "[".repeat(100_000)), "[0][0]", "i64"),
    ];
    for (text, at, expected) in cases {
        let error = told(&world, &text).await.unwrap_err();
        let senseless = ForgeFault::Senseless { at: at.to_owned(), expected: expected.to_owned() };
        let start: String = text.chars().take(150).collect();
        assert_eq!(error.fault, senseless, "{start}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn an_odd_comment_does_not_hide_the_others() {
    let world = world(StandInDialect::Gitea123).await;
    for user in ["null", r#"{"id":0}"#, r#"{"id":7,"login":"../../admin"}"#, r#"{"id":7,"login":null}"#, r#"{"id":-3}"#]
    {
        assert_eq!(told(&world, &comment("1", user)).await, Ok(1), "{user}");
    }
    let deep = format!(r#"{{"id":7,"login":"a","more":{}1{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    assert_eq!(told(&world, &comment("1", &deep)).await, Ok(1));
}

#[tokio::test]
async fn an_answer_is_not_read_beyond_its_bound() {
    let world = world(StandInDialect::Gitea123).await;
    let huge = " ".repeat((32 << 20) + 1);
    assert_eq!(told(&world, &huge).await.unwrap_err().fault, ForgeFault::TooLong(32 << 20));
    world.forge.fail("GET /version", Often::Times(1), StandInFault::Text(" ".repeat((8 << 20) + 1)));
    assert_eq!(world.bot.version().await.unwrap_err().fault, ForgeFault::TooLong(8 << 20));
}

#[tokio::test]
async fn a_pull_request_is_the_one_that_was_asked_for() {
    let world = world(StandInDialect::Gitea123).await;
    let pull = |number: &str, sha: &str, state: &str| {
        format!(
            r#"{{"number":{number},"state":"{state}","head":{{"ref":"a","sha":"{sha}"}},"base":{{"ref":"main"}},
            "updated_at":"{TIME}"}}"#
        )
    };
    let good = "a".repeat(40);
    for (text, at) in [
        (pull("2", &good, "open"), "number"),
        (pull("1", "main", "open"), "head.sha"),
        (pull("1", &"A".repeat(40), "open"), "head.sha"),
        (pull("1", "--upload-pack=touch", "open"), "head.sha"),
        (pull("1", &good, "odd"), "state"),
        ("[]".to_owned(), "."),
    ] {
        world.forge.fail("pulls/1", Often::Times(1), StandInFault::Text(text.clone()));
        match world.bot.pull(&repo(), world.pull).await.unwrap_err().fault {
            ForgeFault::Senseless { at: seen, .. } => assert_eq!(seen, at, "{text}"),
            other => panic!("{other:?} for {text}"),
        }
    }
}

#[tokio::test]
async fn only_204_is_a_member() {
    let world = world(StandInDialect::Gitea123).await;
    let ask = async |fault| {
        world.forge.fail("members/member", Often::Times(1), fault);
        world.bot.membership(&login("recipes"), &login("member")).await
    };
    for status in [200, 201, 202, 205, 206, 301, 304, 307, 400, 403, 410, 500] {
        let answer = ask(StandInFault::Status(status)).await;
        assert!(matches!(answer, MemberAnswer::Unknown(_)), "{status}: {answer:?}");
    }
    assert!(matches!(ask(StandInFault::Text("true".to_owned())).await, MemberAnswer::Unknown(_)));
    // A redirect is the forge's own only if it leads to the public members.
    for status in [302, 303] {
        assert!(matches!(ask(StandInFault::Redirect(status, "/login")).await, MemberAnswer::Unknown(_)));
        let to = "/api/v1/orgs/recipes/public_members/member";
        assert_eq!(ask(StandInFault::Redirect(status, to)).await, MemberAnswer::Unseen);
    }
    assert_eq!(ask(StandInFault::Status(404)).await, MemberAnswer::No);
    assert_eq!(ask(StandInFault::Status(204)).await, MemberAnswer::Yes);
}
