//! What can be asked of every forge.

use super::Ground;
use crate::world::token;
use cc_ci_forge::{
    ForgeFault, MemberAnswer, PullAnswer, PullHead, PullNumber, PullState, RepoAccess, RepoStorage, RightsAnswer,
};

pub(super) async fn whose_token_it_is(ground: &Ground) {
    let (bot, person) = (ground.bot.identity().await.unwrap(), ground.person.identity().await.unwrap());
    assert_ne!(bot.id, person.id);
    assert_ne!(bot.login, person.login);
    assert!(!ground.bot.version().await.unwrap().is_empty());
    assert!(ground.bot.now().await.unwrap().seconds() > 1_700_000_000);
    let unknown = ground.bot.with_token(token("0123456789abcdef0123456789abcdef01234567"));
    assert_eq!(unknown.identity().await.unwrap_err().fault, ForgeFault::TokenRefused);
}

pub(super) async fn what_may_be_done(ground: &Ground) {
    let RightsAnswer::Seen(bot) = ground.bot.rights(&ground.repo).await.unwrap() else { panic!("not seen") };
    assert_eq!((bot.access, bot.storage), (RepoAccess::Read, RepoStorage::Live));
    let RightsAnswer::Seen(person) = ground.person.rights(&ground.repo).await.unwrap() else { panic!("not seen") };
    assert!(person.access >= RepoAccess::Write);
    let none = format!("{}/no-such-repository", ground.repo.owner()).parse().unwrap();
    assert_eq!(ground.bot.rights(&none).await.unwrap(), RightsAnswer::NotSeen);
}

pub(super) async fn who_is_a_member(ground: &Ground) {
    let person = ground.person.identity().await.unwrap().login;
    assert_eq!(ground.bot.membership(&ground.organisation, &person).await, MemberAnswer::Yes);
    let nobody = "no-such-person-here".parse().unwrap();
    assert_eq!(ground.bot.membership(&ground.organisation, &nobody).await, MemberAnswer::No);
    let none = "no-such-organisation".parse().unwrap();
    assert_eq!(ground.bot.membership(&none, &person).await, MemberAnswer::No);
}

pub(super) async fn what_is_to_be_tested(ground: &Ground) {
    let PullAnswer::Found(pull) = ground.bot.pull(&ground.repo, ground.pull).await.unwrap() else { panic!("none") };
    assert_eq!(pull.head, PullHead::At(ground.head.clone()));
    assert_eq!(pull.fetch.as_str(), format!("refs/pull/{}/head", ground.pull));
    assert_eq!((pull.number, pull.state), (ground.pull, PullState::Open));
    assert!(!pull.base.branch.is_empty());
    assert_eq!(ground.bot.pull(&ground.repo, PullNumber(999_999)).await.unwrap(), PullAnswer::NotFound);
}
