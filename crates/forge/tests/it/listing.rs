//! Lists of comments: pages, the cursor, and what would make it lose one.

use crate::world::{REPO, World, repo, world};
use cc_ci_forge::{Comments, Completeness, Cursor};
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};
use std::collections::BTreeSet;
use std::time::Duration;

async fn since(world: &World, cursor: Cursor) -> Comments {
    world.bot.comments_since(&repo(), &cursor).await.unwrap()
}

async fn now(world: &World) -> Cursor {
    Cursor::at(world.bot.now().await.unwrap())
}

/// Every comment that is found until nothing more is there, and how many answers that took.
async fn all(world: &World, mut cursor: Cursor) -> (BTreeSet<String>, Cursor) {
    let mut found = BTreeSet::new();
    loop {
        let answer = since(world, cursor).await;
        found.extend(answer.list.iter().map(|one| one.id.to_string()));
        cursor = answer.cursor;
        if answer.completeness == Completeness::Whole {
            return (found, cursor);
        }
    }
}

#[tokio::test]
async fn pages_are_read_to_their_end_and_once() {
    for (dialect, expected) in
        [(StandInDialect::Gitea2020, 2), (StandInDialect::Gitea123, 3), (StandInDialect::Forgejo12, 3)]
    {
        let world = world(dialect).await;
        let begin = now(&world).await;
        world.forge.page(3);
        let made: BTreeSet<String> = (0..8).map(|number| world.comment("member", &number.to_string())).collect();
        drop(world.bot.comments_since(&repo(), &begin).await);
        drop(world.forge.requests());
        let found = since(&world, begin).await;
        let texts: Vec<&str> = found.list.iter().map(|one| one.body.as_str()).collect();
        assert_eq!(texts, ["0", "1", "2", "3", "4", "5", "6", "7"]);
        assert_eq!(found.list.iter().map(|one| one.id.to_string()).collect::<BTreeSet<_>>(), made);
        // The old forge gives everything twice; the new ones say how many there are.
        assert_eq!(world.forge.requests().len(), expected, "{dialect:?}");
    }
}

#[tokio::test]
async fn nothing_new_costs_one_request() {
    for dialect in [StandInDialect::Gitea123, StandInDialect::Forgejo12] {
        let world = world(dialect).await;
        world.comment("member", "old");
        let (_, cursor) = all(&world, now(&world).await).await;
        drop(world.forge.requests());
        since(&world, cursor).await;
        assert_eq!(world.forge.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_comment_that_shows_late_is_found() {
    let world = world(StandInDialect::Gitea123).await;
    world.forge.advance(100);
    let (_, cursor) = all(&world, now(&world).await).await;
    // It has the time of half a minute ago, when a transaction began.
    world.forge.advance(-30);
    let late = world.comment("member", "!testme");
    world.forge.advance(30);
    assert!(all(&world, cursor).await.0.contains(&late));
}

#[tokio::test]
async fn an_edit_of_an_old_comment_is_found() {
    let world = world(StandInDialect::Forgejo12).await;
    let old = world.forge.comment(REPO, world.pull.0, "member", "text");
    world.forge.advance(3_600);
    let (found, cursor) = all(&world, now(&world).await).await;
    assert!(!found.contains(&old.to_string()));
    world.forge.edit_comment(old, "!testme");
    let found = since(&world, cursor).await;
    assert_eq!(found.list.len(), 1);
    assert!(found.list[0].updated > found.list[0].written);
}

#[tokio::test]
async fn a_clock_that_is_put_back_loses_nothing() {
    let world = world(StandInDialect::Gitea123).await;
    world.forge.advance(3_600);
    world.comment("member", "by a wrong clock");
    let (_, mut cursor) = all(&world, now(&world).await).await;
    world.forge.advance(-3_600);
    let mut made = BTreeSet::new();
    let mut found = BTreeSet::new();
    for _ in 0..3 {
        world.forge.advance(20);
        made.insert(world.comment("member", "!testme"));
        let seen;
        (seen, cursor) = all(&world, cursor).await;
        found.extend(seen);
    }
    assert!(found.is_superset(&made), "{made:?} of {found:?}");
}

#[tokio::test]
async fn a_long_list_comes_in_parts() {
    let world = world(StandInDialect::Gitea123).await;
    let begin = now(&world).await;
    world.forge.page(2);
    let mut made = BTreeSet::new();
    for number in 0..100 {
        world.forge.advance(30);
        made.insert(world.comment("member", &number.to_string()));
    }
    let first = since(&world, begin).await;
    assert_eq!((first.completeness, first.list.len()), (Completeness::More, 40));
    assert_eq!(all(&world, begin).await.0, made);
}

#[tokio::test]
async fn a_page_that_fails_moves_nothing() {
    let world = world(StandInDialect::Gitea123).await;
    let begin = now(&world).await;
    world.forge.page(2);
    let made: BTreeSet<String> = (0..5).map(|number| world.comment("member", &number.to_string())).collect();
    world.forge.fail("issues/comments", Often::After(1), StandInFault::Cut);
    assert!(world.bot.comments_since(&repo(), &begin).await.is_err());
    assert_eq!(all(&world, begin).await.0, made);
}

#[tokio::test]
async fn long_comments_of_one_hide_none_of_another() {
    let world = world(StandInDialect::Forgejo12).await;
    let mut cursor = now(&world).await;
    // More than is read of one answer.
    let long = "x".repeat(4 << 20);
    for _ in 0..9 {
        world.forge.advance(1);
        world.comment("stranger", &long);
    }
    world.forge.advance(1);
    let asked = world.comment("member", "!testme");
    // The stand-in writes all of it for each page, which a busy machine takes long for.
    let bot = world.within(Duration::from_secs(120));
    let mut found = BTreeSet::new();
    loop {
        let part = bot.comments_since(&repo(), &cursor).await.unwrap();
        let fits = |body: &str| body.len() < 5_000 && (body == "!testme" || body.ends_with('…'));
        assert!(part.list.iter().all(|one| fits(&one.body)), "what is long is cut, and what is cut says so");
        found.extend(part.list.iter().map(|one| one.id.to_string()));
        cursor = part.cursor;
        if part.completeness == Completeness::Whole {
            break;
        }
    }
    assert!(found.contains(&asked) && found.len() == 10, "{found:?}");
}
