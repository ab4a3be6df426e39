//! What a forge remembers, and who may do what in it.

use super::delivery::SignedDelivery;
use super::dialect::StandInDialect;
use super::faults::Faults;
use chrono::{DateTime, SecondsFormat};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::SystemTime;
use tokio::sync::mpsc::UnboundedSender;

/// How far the rights of an account go in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StandInRight {
    /// The repository is not there for it.
    Nothing,
    /// Reading, and commenting.
    Read,
    /// Writing code, and in other people's comments.
    Write,
    /// Everything.
    Admin,
}

/// Who sees that somebody is a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Everybody.
    Public,
    /// Members.
    Private,
}

/// The account of who is gone.
pub(super) const GHOST: i64 = -1;

/// What a forge's clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// What a test set it to.
    Standing,
    /// The time of this machine.
    OfTheMachine,
}

#[derive(Debug)]
pub(super) struct Repository {
    pub(super) id: i64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) private: bool,
    pub(super) archived: bool,
    pub(super) parent: Option<String>,
    pub(super) rights: BTreeMap<i64, StandInRight>,
    pub(super) pulls: BTreeMap<u64, Pulled>,
    pub(super) hook_secret: Option<String>,
}

#[derive(Debug)]
pub(super) struct Pulled {
    pub(super) author: i64,
    pub(super) from: Option<String>,
    pub(super) branch: String,
    pub(super) sha: String,
    pub(super) open: bool,
    pub(super) merged: bool,
    pub(super) locked: bool,
    pub(super) made: i64,
    pub(super) changed: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Remark {
    pub(super) id: i64,
    pub(super) repo: String,
    pub(super) number: u64,
    pub(super) author: i64,
    /// Who wrote it elsewhere, when it was brought here.
    pub(super) original: String,
    /// A comment that somebody wrote, and not a note that something happened.
    pub(super) ordinary: bool,
    pub(super) body: String,
    pub(super) made: i64,
    pub(super) changed: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) id: i64,
    pub(super) repo: String,
    pub(super) sha: String,
    pub(super) author: i64,
    pub(super) state: String,
    pub(super) context: String,
    pub(super) description: String,
    pub(super) target_url: String,
    pub(super) made: i64,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) dialect: StandInDialect,
    pub(super) base: String,
    pub(super) folder: PathBuf,
    pub(super) now: i64,
    pub(super) clock: Clock,
    pub(super) page: usize,
    pub(super) users: BTreeMap<i64, String>,
    pub(super) orgs: BTreeMap<String, BTreeMap<i64, Shown>>,
    pub(super) blocked: BTreeSet<(String, i64)>,
    /// Whose a token is, and its scopes.
    pub(super) tokens: BTreeMap<String, (i64, Vec<&'static str>)>,
    pub(super) repos: BTreeMap<String, Repository>,
    pub(super) remarks: BTreeMap<i64, Remark>,
    pub(super) marks: Vec<Mark>,
    pub(super) next: i64,
    pub(super) faults: Faults,
    pub(super) requests: Vec<String>,
    pub(super) deliveries: Vec<SignedDelivery>,
    /// Who takes webhooks to their receiver; nobody leaves them in the list.
    pub(super) post: Option<UnboundedSender<SignedDelivery>>,
}

impl World {
    pub(super) fn new(dialect: StandInDialect, base: String, folder: PathBuf) -> Self {
        Self {
            dialect,
            base,
            folder,
            now: 1_795_867_200,
            clock: Clock::Standing,
            page: 50,
            users: BTreeMap::new(),
            orgs: BTreeMap::new(),
            blocked: BTreeSet::new(),
            tokens: BTreeMap::new(),
            repos: BTreeMap::new(),
            remarks: BTreeMap::new(),
            marks: Vec::new(),
            next: 1,
            faults: Faults::default(),
            requests: Vec::new(),
            deliveries: Vec::new(),
            post: None,
        }
    }

    /// Looks at the clock, before anything is done that has a time.
    pub(super) fn look_at_clock(&mut self) {
        match self.clock {
            Clock::Standing => {}
            Clock::OfTheMachine => self.now = chrono::DateTime::<chrono::Utc>::from(SystemTime::now()).timestamp(),
        }
    }

    /// Hands a webhook to whoever takes it away.
    pub(super) fn hand_over(&mut self, delivery: SignedDelivery) {
        let left = match &self.post {
            Some(post) => post.send(delivery).err().map(|unsent| unsent.0),
            None => Some(delivery),
        };
        self.deliveries.extend(left);
    }

    /// An id that nothing else has.
    pub(super) fn id(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    pub(super) fn user(&self, login: &str) -> Option<i64> {
        self.users.iter().find(|(_, name)| name.as_str() == login).map(|(id, _)| *id)
    }

    /// Where a repository lies, so that git's own server finds it by its address.
    pub(super) fn dir(&self, repo: &str) -> PathBuf {
        self.folder.join(format!("{repo}.git"))
    }

    pub(super) fn right(&self, user: Option<i64>, repo: &Repository) -> StandInRight {
        let all = if repo.private { StandInRight::Nothing } else { StandInRight::Read };
        let Some(user) = user else { return all };
        let own = self.users.get(&user).is_some_and(|login| *login == repo.owner);
        let given = repo.rights.get(&user).copied().unwrap_or(all).max(all);
        let most = if own { StandInRight::Admin } else { given };
        // Nobody writes to what is archived.
        if repo.archived { most.min(StandInRight::Read) } else { most }
    }

    /// Adds a comment and notes the webhook that says so.
    pub(super) fn remark(&mut self, remark: Remark) -> i64 {
        let id = self.id();
        let remark = Remark { id, made: self.now, changed: self.now, ..remark };
        self.remarks.insert(id, remark);
        id
    }

    /// Takes a repository away. Pull requests from it keep the commit that they had.
    pub(super) fn remove(&mut self, repo: &str) {
        self.repos.remove(repo);
        for pull in self.repos.values_mut().flat_map(|repo| repo.pulls.values_mut()) {
            if pull.from.as_deref() == Some(repo) {
                pull.from = None;
            }
        }
    }
}

/// A time as a forge writes it.
pub(super) fn text(time: i64) -> String {
    DateTime::from_timestamp(time, 0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time as HTTP writes it.
pub(super) fn http_date(time: i64) -> String {
    DateTime::from_timestamp(time, 0).unwrap_or_default().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
