//! A small world to ask about: a recipe of an organisation, a fork, a pull request, a member, a stranger and the bot.

use cc_ci_forge::{CommitSha, Forge, ForgeDialect, ForgeLimits, Login, PullNumber, RepoName, Token};
use cc_ci_testkit::forge::{Shown, StandIn, StandInDialect, StandInRight};
use std::fs;
use std::time::Duration;

pub(crate) const REPO: &str = "recipes/ghost";

/// What the guide tells an operator to give the bot's token.
pub(crate) const SCOPES: [&str; 4] = ["read:user", "read:repository", "write:issue", "read:organization"];

/// A forge, and two who ask it.
pub(crate) struct World {
    pub(crate) forge: StandIn,
    pub(crate) bot: Forge,
    pub(crate) person: Forge,
    pub(crate) pull: PullNumber,
    pub(crate) head: CommitSha,
}

pub(crate) fn repo() -> RepoName {
    REPO.parse().unwrap()
}

pub(crate) fn login(text: &str) -> Login {
    text.parse().unwrap()
}

/// A token as it comes: from a file.
pub(crate) fn token(text: &str) -> Token {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, text).unwrap();
    Token::read(&file).unwrap()
}

pub(crate) const fn speaks(dialect: StandInDialect) -> ForgeDialect {
    match dialect {
        StandInDialect::Gitea2020 | StandInDialect::Gitea123 => ForgeDialect::Gitea,
        StandInDialect::Forgejo12 => ForgeDialect::Forgejo,
    }
}

/// A stand-in with the small world in it.
pub(crate) async fn world(dialect: StandInDialect) -> World {
    let forge = StandIn::start(dialect).await.unwrap();
    for user in ["bot", "member", "stranger"] {
        forge.user(user);
    }
    forge.organisation("recipes");
    forge.join("recipes", "bot", Shown::Private);
    forge.join("recipes", "member", Shown::Private);
    forge.repository("recipes", "ghost").unwrap();
    forge.grant(REPO, "member", StandInRight::Write);
    forge.fork(REPO, "stranger").unwrap();
    let head = forge.push("stranger/ghost", "next", "one\n").unwrap();
    let pull = forge.pull(REPO, "stranger/ghost", "next", "stranger").unwrap();
    let door = |secret: &str| Forge::open(forge.url().parse().unwrap(), speaks(dialect), token(secret)).unwrap();
    let bot = door(&forge.token("bot", &SCOPES));
    let person = door(&forge.token("member", &["write:issue", "write:repository", "read:user"]));
    World { bot, person, pull: PullNumber(pull), head: head.parse().unwrap(), forge }
}

impl World {
    /// The bot with a limit that a test can wait for.
    pub(crate) fn hurried(&self) -> Forge {
        self.within(Duration::from_millis(150))
    }

    /// The bot, which waits so long for an answer.
    pub(crate) fn within(&self, answer: Duration) -> Forge {
        let limits = ForgeLimits { connect: Duration::from_secs(5), answer };
        let secret = token(&self.forge.token("bot", &SCOPES));
        Forge::open_within(self.forge.url().parse().unwrap(), self.bot.dialect(), secret, limits).unwrap()
    }

    pub(crate) fn comment(&self, author: &str, body: &str) -> String {
        self.forge.comment(REPO, self.pull.0, author, body).to_string()
    }
}
