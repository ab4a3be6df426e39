//! What can be said on every forge, and how it is found again.

use super::Ground;
use cc_ci_forge::{
    Author, Comment, CommentId, CommitStatus, Cursor, EditAnswer, Forge, PullNumber, SayAnswer, StatusAnswer,
    StatusState, Thread,
};

async fn said(by: &Forge, ground: &Ground, body: &str) -> CommentId {
    match by.say(&ground.repo, ground.pull, body).await.unwrap() {
        SayAnswer::Said(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn since(ground: &Ground, cursor: &Cursor) -> (Vec<Comment>, Cursor) {
    let found = ground.bot.comments_since(&ground.repo, cursor).await.unwrap();
    (found.list, found.cursor)
}

pub(super) async fn a_comment_is_found_from_the_cursor(ground: &Ground) {
    let begin = Cursor::at(ground.bot.now().await.unwrap());
    let text = "!testme <b>&amp; ü 🦀\nsecond line";
    let theirs = said(&ground.person, ground, text).await;
    let ours = said(&ground.bot, ground, "queued").await;
    let (list, cursor) = since(ground, &begin).await;
    let find = |id: &CommentId| list.iter().find(|one| one.id == *id).unwrap();
    assert_eq!((find(&theirs).body.as_str(), find(&theirs).thread), (text, Thread::Pull(ground.pull)));
    assert_eq!(find(&theirs).author, Author::Person(ground.person.identity().await.unwrap()));
    assert_eq!(find(&ours).author, Author::Own);
    assert!(cursor >= begin);
    // The cursor is inclusive: what bears its time is there again.
    let (again, still) = since(ground, &cursor).await;
    assert!(again.iter().any(|one| one.id == ours));
    assert_eq!(still, cursor);
}

pub(super) async fn a_comment_is_read_by_its_id(ground: &Ground) {
    let id = said(&ground.person, ground, "read me").await;
    let comment = ground.bot.comment(&ground.repo, &id).await.unwrap().unwrap();
    assert_eq!((comment.id, comment.body.as_str()), (id, "read me"));
    let none = "999999999".parse().unwrap();
    assert_eq!(ground.bot.comment(&ground.repo, &none).await.unwrap(), None);
}

pub(super) async fn a_lost_comment_is_found_among_our_own(ground: &Ground) {
    let marker = "<!-- cc-ci: request 4711 -->";
    let theirs = said(&ground.person, ground, marker).await;
    let ours = said(&ground.bot, ground, marker).await;
    let own = ground.bot.own_comments(&ground.repo, ground.pull).await.unwrap();
    assert!(own.iter().any(|one| one.id == ours && one.body == marker));
    assert!(own.iter().all(|one| one.id != theirs && one.author == Author::Own));
}

pub(super) async fn an_edit_keeps_the_id(ground: &Ground) {
    let id = said(&ground.bot, ground, "queued").await;
    let long = "running ".repeat(4_000);
    assert_eq!(ground.bot.edit(&ground.repo, &id, &long).await.unwrap(), EditAnswer::Edited);
    let now = ground.bot.comment(&ground.repo, &id).await.unwrap().unwrap();
    assert_eq!(now.body.trim_end(), long.trim_end());
    assert!(now.updated >= now.written);
    assert_eq!(ground.bot.edit(&ground.repo, &id, "").await.unwrap(), EditAnswer::BadText);
    let theirs = said(&ground.person, ground, "mine").await;
    assert_eq!(ground.bot.edit(&ground.repo, &theirs, "yours").await.unwrap(), EditAnswer::NotOurs);
    let none = "999999999".parse().unwrap();
    assert_eq!(ground.bot.edit(&ground.repo, &none, "text").await.unwrap(), EditAnswer::Gone);
}

pub(super) async fn what_cannot_be_said(ground: &Ground) {
    assert_eq!(ground.bot.say(&ground.repo, PullNumber(999_999), "text").await.unwrap(), SayAnswer::Gone);
    assert_eq!(ground.bot.say(&ground.repo, ground.pull, "").await.unwrap(), SayAnswer::BadText);
}

pub(super) async fn a_status_needs_write_access(ground: &Ground) {
    let status = |state| CommitStatus {
        state,
        target_url: "https://ci.example.org/runs/1".to_owned(),
        description: "level 5".to_owned(),
        context: "cc-ci/testme".to_owned(),
    };
    for state in [StatusState::Pending, StatusState::Success, StatusState::Error, StatusState::Failure] {
        let sent = ground.person.status(&ground.repo, &ground.head, &status(state)).await.unwrap();
        assert_eq!(sent, StatusAnswer::Sent);
    }
    let unknown = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
    let sent = ground.person.status(&ground.repo, &unknown, &status(StatusState::Pending)).await.unwrap();
    assert_eq!(sent, StatusAnswer::NoSuchCommit);
}
