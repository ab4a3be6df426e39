//! What every forge does, whichever it is: run against the stand-in in three dialects, and against a real one.

mod asking;
mod saying;

use crate::world::{World, repo, world};
use cc_ci_forge::{CommitSha, Forge, Login, PullNumber, RepoName};
use cc_ci_testkit::forge::StandInDialect;

/// All that a forge has to have for the suite: an open pull request, the bot as a member without write access, and a member
/// with it.
pub(crate) struct Ground {
    pub(crate) bot: Forge,
    pub(crate) person: Forge,
    pub(crate) organisation: Login,
    pub(crate) repo: RepoName,
    pub(crate) pull: PullNumber,
    pub(crate) head: CommitSha,
}

/// The whole suite. Order does not matter: each part writes comments of its own.
pub(crate) async fn suite(ground: &Ground) {
    asking::whose_token_it_is(ground).await;
    asking::what_may_be_done(ground).await;
    asking::who_is_a_member(ground).await;
    asking::what_is_to_be_tested(ground).await;
    saying::a_comment_is_found_from_the_cursor(ground).await;
    saying::a_comment_is_read_by_its_id(ground).await;
    saying::a_lost_comment_is_found_among_our_own(ground).await;
    saying::an_edit_keeps_the_id(ground).await;
    saying::what_cannot_be_said(ground).await;
    saying::a_status_needs_write_access(ground).await;
}

async fn on(dialect: StandInDialect) {
    let World { bot, person, pull, head, forge: _forge } = world(dialect).await;
    suite(&Ground { bot, person, organisation: "recipes".parse().unwrap(), repo: repo(), pull, head }).await;
}

#[tokio::test]
async fn gitea_of_2020() {
    on(StandInDialect::Gitea2020).await;
}

#[tokio::test]
async fn gitea_1_23() {
    on(StandInDialect::Gitea123).await;
}

#[tokio::test]
async fn forgejo_12() {
    on(StandInDialect::Forgejo12).await;
}
