//! The stand-in's git over HTTP: what a server fetches from.

use crate::world::{REPO, SCOPES, world};
use cc_ci_testkit::forge::{StandInDialect, StandInRight};
use cc_ci_testkit::repo::Repo;
use std::path::Path;

fn clone(folder: &Path) -> Repo {
    Repo::create(folder, "clone").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_pull_request_is_fetched_from_the_base() {
    let world = world(StandInDialect::Forgejo12).await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("{}/{REPO}.git", world.forge.url());
    let repo = clone(folder.path());
    repo.git(&["fetch", "--quiet", &url, "refs/pull/1/head"]).unwrap();
    assert_eq!(repo.git(&["rev-parse", "FETCH_HEAD"]).unwrap(), world.head.as_str());
    // The commit stays after a force-push, and after its fork is gone.
    let pushed = world.forge.force_push("stranger/ghost", "next", "other\n").unwrap();
    world.forge.remove_repository("stranger/ghost").unwrap();
    repo.git(&["fetch", "--quiet", &url, "refs/pull/1/head"]).unwrap();
    assert_eq!(repo.git(&["rev-parse", "FETCH_HEAD"]).unwrap(), pushed);
    assert_ne!(pushed, world.head.as_str());
    repo.git(&["fetch", "--quiet", &url, world.head.as_str()]).unwrap();
    assert!(repo.git(&["fetch", "--quiet", &url, "refs/pull/2/head"]).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_needs_a_token_that_may_write() {
    let world = world(StandInDialect::Gitea123).await;
    let folder = tempfile::tempdir().unwrap();
    let repo = clone(folder.path());
    repo.write("compose.yml", "mine\n").unwrap();
    let sha = repo.commit("mine").unwrap();
    let host = world.forge.url().trim_start_matches("http://");
    let push = |token: &str, to: &str| {
        let url = format!("http://x:{token}@{host}/{to}.git");
        repo.git(&["push", "--quiet", "--force", &url, "HEAD:refs/heads/next"])
    };
    let bot = world.forge.token("bot", &SCOPES);
    assert!(push(&bot, REPO).is_err());
    world.forge.grant("stranger/ghost", "bot", StandInRight::Write);
    push(&bot, "stranger/ghost").unwrap();
    // The pull request follows.
    let url = format!("{}/{REPO}.git", world.forge.url());
    assert!(repo.git(&["ls-remote", &url, "refs/pull/1/head"]).unwrap().starts_with(&sha));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_for_those_with_a_right() {
    let world = world(StandInDialect::Gitea123).await;
    world.forge.make_private(REPO);
    let folder = tempfile::tempdir().unwrap();
    let repo = clone(folder.path());
    let host = world.forge.url().trim_start_matches("http://");
    let list = |token: &str| repo.git(&["ls-remote", &format!("http://x:{token}@{host}/{REPO}.git")]);
    assert!(list(&world.forge.token("stranger", &[])).is_err());
    assert!(list(&world.forge.token("member", &[])).unwrap().contains("refs/pull/1/head"));
}
