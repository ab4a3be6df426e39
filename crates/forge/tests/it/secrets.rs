//! A token is seen by the forge, and by nobody and nothing else.

use crate::world::{REPO, SCOPES, login, repo, token, world};
use cc_ci_forge::{Forge, ForgeDialect, HookSecret, HookSecrets, MemberAnswer, verify};
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};
use std::error::Error;
use std::fmt::Write;

/// All that an error shows, and what lies below it.
fn shown(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?} ");
    if let Some(source) = error.source() {
        text += &shown(source);
    }
    text
}

#[tokio::test]
async fn no_error_shows_the_token() {
    let world = world(StandInDialect::Forgejo12).await;
    let secret = world.forge.token("bot", &SCOPES);
    let bot = world.hurried().with_token(token(&secret));
    bot.own_comments(&repo(), world.pull).await.unwrap();
    let faults = [200, 201, 400, 401, 403, 404, 422, 500, 503].map(StandInFault::Echo);
    let more = [StandInFault::Hang, StandInFault::Lost, StandInFault::Redirect(302, "http://127.0.0.1:1/elsewhere")];
    let mut seen = format!("{bot:?} ");
    for fault in faults.into_iter().chain(more) {
        world.forge.fail("", Often::Always, fault);
        for error in [bot.identity().await.err(), bot.say(&repo(), world.pull, "text").await.err()] {
            seen += &error.map_or(String::new(), |error| shown(&error));
        }
        for error in [bot.pull(&repo(), world.pull).await.err(), bot.rights(&repo()).await.err()] {
            seen += &error.map_or(String::new(), |error| shown(&error));
        }
        if let MemberAnswer::Unknown(error) = bot.membership(&login("recipes"), &login("member")).await {
            seen += &shown(&error);
        }
        world.forge.heal();
    }
    assert!(seen.len() > 1_000, "the errors were shown");
    assert!(!seen.contains(&secret), "{seen}");
    assert!(seen.contains("Token(..)"));
    // Not in an address either: it stands in a header.
    let asked = world.forge.requests().join("\n");
    assert!(asked.len() > 100 && !asked.contains(&secret));
}

#[tokio::test]
async fn a_redirect_takes_the_token_nowhere() {
    let (first, second) = (world(StandInDialect::Gitea123).await, world(StandInDialect::Gitea123).await);
    let to: &'static str = format!("{}/api/v1/user", second.forge.url()).leak();
    first.forge.fail("GET /user", Often::Always, StandInFault::Redirect(307, to));
    assert!(first.bot.identity().await.is_err());
    assert_eq!(second.forge.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn the_stand_in_signs_as_forges_do() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |text: &str| {
        std::fs::write(folder.path().join("hook"), text).unwrap();
        HookSecret::credential(folder.path(), "hook").unwrap()
    };
    for (dialect, speaks) in [
        (StandInDialect::Gitea2020, ForgeDialect::Gitea),
        (StandInDialect::Gitea123, ForgeDialect::Gitea),
        (StandInDialect::Forgejo12, ForgeDialect::Forgejo),
    ] {
        let world = world(dialect).await;
        world.forge.hook(REPO, "h00k");
        let id = world.comment("stranger", "!testme");
        world.forge.edit_comment(id.parse().unwrap(), "changed");
        world.forge.remove_comment(id.parse().unwrap());
        world.forge.comment(REPO, 77, "member", "on an issue");
        let deliveries = world.forge.deliveries();
        let told = |delivery: &cc_ci_testkit::forge::SignedDelivery, secrets: &HookSecrets| {
            let pairs = delivery.headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let delivery = verify(speaks, &pairs.collect(), delivery.body.as_bytes(), secrets);
            let mut text = String::new();
            write!(text, "{delivery:?}").unwrap();
            assert!(!text.contains("h00k"), "{text}");
            text.replace(&id, "ID")
        };
        let right = HookSecrets::two(secret("other"), secret("h00k"));
        let poke = format!("Poke(Poke {{ repo: {:?}, comment: CommentId(\"ID\") }})", repo());
        let expected = [poke.as_str(), &poke, &poke, "Other"];
        assert_eq!(deliveries.iter().map(|one| told(one, &right)).collect::<Vec<_>>(), expected);
        assert_eq!(told(&deliveries[0].doubled(), &right), poke);
        assert_ne!(deliveries[0].doubled(), deliveries[0]);
        assert_eq!(told(&deliveries[0].forged(), &right), "Forged");
        assert_eq!(told(&deliveries[0], &HookSecrets::one(secret("wrong"))), "Forged");
    }
}

#[test]
fn a_forge_over_http_is_refused() {
    assert!("http://git.example.org".parse::<cc_ci_forge::ForgeUrl>().is_err());
    let url = "https://git.example.org".parse().unwrap();
    assert!(Forge::open(url, ForgeDialect::Gitea, token("abc")).is_ok());
}
