//! What a forge refuses, and what it says of those who are gone.

use crate::world::{REPO, World, login, repo, token, world};
use cc_ci_forge::{
    Author, CommitStatus, EditAnswer, Forge, ForgeFault, MemberAnswer, PullAnswer, PullHead, PullSource, PullState,
    RepoAccess, RepoStorage, RightsAnswer, SayAnswer, StatusAnswer, StatusState, Thread,
};
use cc_ci_testkit::forge::{Shown, StandInDialect, StandInRight};

const NEW: [StandInDialect; 2] = [StandInDialect::Gitea123, StandInDialect::Forgejo12];

fn status() -> CommitStatus {
    let (target_url, description) = (String::new(), String::new());
    CommitStatus { state: StatusState::Success, target_url, description, context: "cc-ci/testme".to_owned() }
}

async fn author(world: &World, id: i64) -> Author {
    world.bot.comment(&repo(), &id.to_string().parse().unwrap()).await.unwrap().unwrap().author
}

#[tokio::test]
async fn a_bot_that_is_no_member_sees_no_members() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        world.forge.leave("recipes", "bot");
        let ask = async |who: &str| world.bot.membership(&login("recipes"), &login(who)).await;
        assert_eq!(ask("member").await, MemberAnswer::Unseen);
        assert_eq!(ask("stranger").await, MemberAnswer::Unseen);
        // A public member is one, and is still not vouched for here.
        world.forge.join("recipes", "member", Shown::Public);
        assert_eq!(ask("member").await, MemberAnswer::Unseen);
        assert_eq!(ask("bot").await, MemberAnswer::No);
        let asked = world.forge.requests();
        assert!(asked.iter().all(|request| !request.contains("public_members")), "a redirect was followed: {asked:?}");
    }
}

#[tokio::test]
async fn a_stranger_is_no_member() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        let ask = async |who: &str| world.bot.membership(&login("recipes"), &login(who)).await;
        assert_eq!((ask("stranger").await, ask("member").await), (MemberAnswer::No, MemberAnswer::Yes));
        world.forge.leave("recipes", "member");
        assert_eq!(ask("member").await, MemberAnswer::No);
    }
}

#[tokio::test]
async fn an_archived_repository_takes_nothing() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        let id = world.comment("bot", "queued").parse().unwrap();
        world.forge.archive(REPO);
        let archived = NEW.contains(&dialect);
        let said = world.bot.say(&repo(), world.pull, "text").await.unwrap();
        assert_eq!(said, if archived { SayAnswer::Archived } else { SayAnswer::Gone });
        let edited = world.bot.edit(&repo(), &id, "text").await.unwrap();
        assert_eq!(edited, if archived { EditAnswer::Archived } else { EditAnswer::Gone });
        let sent = world.person.status(&repo(), &world.head, &status()).await.unwrap();
        assert_eq!(sent, StatusAnswer::NotAllowed);
        let RightsAnswer::Seen(rights) = world.person.rights(&repo()).await.unwrap() else { panic!("not seen") };
        assert_eq!((rights.access, rights.storage), (RepoAccess::Read, RepoStorage::Archived));
    }
}

#[tokio::test]
async fn a_locked_thread_and_a_blocked_bot_take_nothing() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        world.forge.lock(REPO, world.pull.0);
        assert_eq!(world.bot.say(&repo(), world.pull, "text").await.unwrap(), SayAnswer::Locked);
        // Who may write goes on.
        assert!(matches!(world.person.say(&repo(), world.pull, "text").await.unwrap(), SayAnswer::Said(_)));
        world.forge.block("recipes", "member");
        assert_eq!(world.person.say(&repo(), world.pull, "text").await.unwrap(), SayAnswer::Locked);
    }
}

#[tokio::test]
async fn a_token_without_a_scope_is_told_from_a_locked_thread() {
    for dialect in NEW {
        let world = world(dialect).await;
        let small = world.bot.with_token(token(&world.forge.token("bot", &["read:issue"])));
        let error = |fault: Result<_, cc_ci_forge::ForgeError>| fault.map(|_: SayAnswer| ()).unwrap_err().fault;
        assert_eq!(error(small.say(&repo(), world.pull, "text").await), ForgeFault::ScopeMissing);
        assert_eq!(small.identity().await.unwrap_err().fault, ForgeFault::ScopeMissing);
        let sent = world.bot.status(&repo(), &world.head, &status()).await;
        assert_eq!(sent.unwrap_err().fault, ForgeFault::ScopeMissing);
        let MemberAnswer::Unknown(error) = small.membership(&login("recipes"), &login("member")).await else {
            panic!("known")
        };
        assert_eq!(error.fault, ForgeFault::ScopeMissing);
    }
}

#[tokio::test]
async fn a_status_needs_write_access_to_code() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        let reader = world.bot.with_token(token(&world.forge.token("bot", &["write:repository"])));
        let set = async |by: &Forge| by.status(&repo(), &world.head, &status()).await.unwrap();
        assert_eq!(set(&reader).await, StatusAnswer::NotAllowed);
        world.forge.grant(REPO, "bot", StandInRight::Write);
        assert_eq!(set(&reader).await, StatusAnswer::Sent);
        let kept = world.forge.statuses(REPO, world.head.as_str());
        assert_eq!(kept, [("cc-ci/testme".to_owned(), "success".to_owned())]);
    }
}

#[tokio::test]
async fn a_private_repository_is_not_there() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        world.forge.make_private(REPO);
        assert_eq!(world.bot.rights(&repo()).await.unwrap(), RightsAnswer::NotSeen);
        assert_eq!(world.bot.pull(&repo(), world.pull).await.unwrap(), PullAnswer::NotFound);
        let list = world.bot.comments_since(&repo(), &"2026-01-01T00:00:00Z".parse().unwrap()).await;
        assert_eq!(list.unwrap_err().fault, ForgeFault::NotFound);
        world.forge.grant(REPO, "bot", StandInRight::Read);
        assert!(matches!(world.bot.rights(&repo()).await.unwrap(), RightsAnswer::Seen(_)));
    }
}

#[tokio::test]
async fn a_pull_request_outlives_its_fork() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        world.forge.remove_repository("stranger/ghost").unwrap();
        match world.bot.pull(&repo(), world.pull).await.unwrap() {
            PullAnswer::OnlyInGit(name) => {
                assert_eq!((dialect, name.as_str()), (StandInDialect::Gitea2020, "refs/pull/1/head"));
            }
            PullAnswer::Found(pull) => {
                assert!(NEW.contains(&dialect));
                assert_eq!((pull.source, pull.head), (PullSource::Gone, PullHead::At(world.head.clone())));
            }
            PullAnswer::NotFound => panic!("it is there"),
        }
    }
}

#[tokio::test]
async fn a_pull_request_is_seen_as_it_is_now() {
    let world = world(StandInDialect::Gitea123).await;
    let read = async |number| match world.bot.pull(&repo(), number).await.unwrap() {
        PullAnswer::Found(pull) => pull,
        other => panic!("{other:?}"),
    };
    assert_eq!(read(world.pull).await.source, PullSource::Fork);
    world.forge.advance(5);
    let pushed = world.forge.force_push("stranger/ghost", "next", "two\n").unwrap();
    let now = read(world.pull).await;
    assert_eq!((now.head, now.updated), (PullHead::At(pushed.parse().unwrap()), world.bot.now().await.unwrap()));
    world.forge.close(REPO, world.pull.0);
    assert_eq!(read(world.pull).await.state, PullState::Closed);
    world.forge.merge(REPO, world.pull.0);
    assert_eq!(read(world.pull).await.state, PullState::Merged);
    world.forge.forget_head(REPO, world.pull.0);
    assert_eq!(read(world.pull).await.head, PullHead::OnlyInGit);
    world.forge.push(REPO, "inside", "three\n").unwrap();
    let inside = world.forge.pull(REPO, REPO, "inside", "member").unwrap();
    assert_eq!(read(cc_ci_forge::PullNumber(inside)).await.source, PullSource::Here);
}

#[tokio::test]
async fn authors_are_told_apart() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        let (forge, pull) = (&world.forge, world.pull.0);
        let migrated = forge.migrated_comment(REPO, pull, "member", "somebody-else", "!testme");
        assert_eq!(author(&world, migrated).await, Author::Migrated);
        let orphaned = forge.migrated_comment(REPO, pull, "nobody", "somebody-else", "!testme");
        assert_eq!(author(&world, orphaned).await, Author::Migrated);
        assert_eq!(author(&world, forge.comment_by_id(REPO, pull, -2, "!testme")).await, Author::Actions);
        assert_eq!(author(&world, forge.comment(REPO, pull, "bot", "!testme")).await, Author::Own);
        let person = forge.comment(REPO, pull, "stranger", "!testme");
        let Author::Person(account) = author(&world, person).await else { panic!("a person") };
        assert_eq!(account.login, login("stranger"));
        forge.remove_user("stranger");
        assert_eq!(author(&world, person).await, Author::Ghost);
        // Somebody who calls himself so is a person.
        forge.user("ghost");
        let named = forge.comment(REPO, pull, "ghost", "!testme");
        assert!(matches!(author(&world, named).await, Author::Person(_)));
    }
}

#[tokio::test]
async fn what_is_no_comment_here_is_none() {
    for dialect in StandInDialect::ALL {
        let world = world(dialect).await;
        let read = async |id: i64| world.bot.comment(&repo(), &id.to_string().parse().unwrap()).await.unwrap();
        let note = world.forge.note(REPO, world.pull.0, "member");
        assert_eq!(read(note).await, None);
        let comment = world.forge.comment(REPO, world.pull.0, "member", "!testme");
        let elsewhere = "stranger/ghost".parse().unwrap();
        let id = comment.to_string().parse().unwrap();
        assert_eq!(world.bot.comment(&elsewhere, &id).await.unwrap(), None);
        world.forge.remove_comment(comment);
        assert_eq!(read(comment).await, None);
        assert_eq!(world.bot.edit(&repo(), &id, "text").await.unwrap(), EditAnswer::Gone);
        let issue = world.forge.comment(REPO, 77, "member", "!testme");
        assert_eq!(read(issue).await.unwrap().thread, Thread::Elsewhere);
    }
}
