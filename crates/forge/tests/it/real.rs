//! The same suite on a real forge that somebody prepared.

mod described;

use crate::contract::{Ground, suite};
use cc_ci_forge::{Forge, ForgeDialect, PullAnswer, PullHead, PullNumber, RepoName, Token};
use std::env;
use std::path::PathBuf;

/// What has to be said of the forge. Tokens lie in files named `bot` and `member`; the bot is a member without write access,
/// the member may write.
const URL: &str = "CC_CI_FORGE_URL";
const TOKENS: &str = "CC_CI_FORGE_TOKENS";
const REPO: &str = "CC_CI_FORGE_REPO";
const PULL: &str = "CC_CI_FORGE_PULL";

#[tokio::test]
#[ignore = "real forge: make forge, with CC_CI_FORGE_URL, CC_CI_FORGE_TOKENS, CC_CI_FORGE_REPO and CC_CI_FORGE_PULL"]
async fn a_real_forge_does_the_same() {
    let said = |name: &str| env::var(name).unwrap_or_else(|_| panic!("no real forge was asked: {name} is not set"));
    let url = said(URL);
    let folder = PathBuf::from(said(TOKENS));
    let token = |name: &str| Token::credential(&folder, name).unwrap();
    let bot = Forge::open(url.parse().unwrap(), ForgeDialect::Forgejo, token("bot")).unwrap();
    let person = bot.with_token(token("member"));
    let repo: RepoName = said(REPO).parse().unwrap();
    let pull = PullNumber(said(PULL).parse().unwrap());
    let PullAnswer::Found(found) = bot.pull(&repo, pull).await.unwrap() else { panic!("no pull request {pull}") };
    let PullHead::At(head) = found.head else { panic!("the forge does not know the head of {pull}") };
    let organisation = repo.owner().parse().unwrap();
    suite(&Ground { bot, person, organisation, repo, pull, head }).await;
}
