//! The door to Gitea and Forgejo: what cc-ci asks of a forge and what it says there, with every answer as a type.
//!
//! [`Forge`] has one function for each call. It follows no redirect, repeats nothing and keeps nothing: who calls decides
//! when to ask again, and [`ForgeError::again`] says whether that makes sense.
//!
//! ```no_run
//! use cc_ci_forge::{Cursor, Forge, ForgeDialect, ForgeUrl, RepoName, Token};
//! use std::path::Path;
//!
//! # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
//! let url: ForgeUrl = "https://git.example.org".parse()?;
//! let forge = Forge::open(url, ForgeDialect::Forgejo, Token::read(Path::new("forge-token"))?)?;
//! let repo: RepoName = "recipes/ghost".parse()?;
//!
//! let mut cursor = Cursor::at(forge.now().await?);
//! let found = forge.comments_since(&repo, &cursor).await?;
//! for comment in &found.list {
//!     println!("{:?} wrote {:?}", comment.author, comment.body);
//! }
//! cursor = found.cursor;
//! # drop(cursor);
//! # Ok(())
//! # }
//! ```
//!
//! A test of a program that uses this crate needs no forge: `cc-ci-testkit` has a stand-in that refuses what a forge refuses.

mod dialect;
mod names;
mod secret;
mod time;

mod call;
mod error;
mod json;
mod room;

mod door;
mod forge;

mod author;
mod comments;
mod identity;
mod membership;
mod pull;
mod rights;
mod say;
mod since;
mod status;

mod webhook;

pub use author::{Account, Author};
pub use call::ForgeCall;
pub use comments::{Comment, Thread};
pub use dialect::ForgeDialect;
pub use door::{ForgeLimits, ForgeUrl, OpenError, UrlError};
pub use error::{Again, ForgeError, ForgeFault};
pub use forge::Forge;
pub use membership::MemberAnswer;
pub use names::{AccountId, BadName, CommentId, CommitSha, Login, PullNumber, RepoName};
pub use pull::{Pull, PullAnswer, PullBase, PullHead, PullRef, PullSource, PullState};
pub use rights::{RepoAccess, RepoPulls, RepoStorage, Rights, RightsAnswer};
pub use say::{EditAnswer, SayAnswer};
pub use secret::{HookSecret, HookSecrets, SecretFileError, Token};
pub use since::{Comments, Completeness};
pub use status::{CommitStatus, StatusAnswer, StatusState};
pub use time::{Cursor, ForgeTime};
pub use webhook::{BODY_LIMIT, Delivery, Poke, verify};
