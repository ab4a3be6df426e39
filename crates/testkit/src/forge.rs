//! A forge to test with: it listens on a port of this machine, remembers, refuses what a forge refuses, and fails as told.
//!
//! Its clock stands still until a test moves it, and its webhooks wait in a list until a test sends them: nothing in it
//! happens by itself, unless it is told to live.

mod api;
mod delivery;
mod dialect;
mod faults;
mod forms;
mod git;
mod hooks;
mod page;
mod post;
mod serve;
mod world;

pub use delivery::SignedDelivery;
pub use dialect::StandInDialect;
pub use faults::{Often, StandInFault};
pub use world::{Shown, StandInRight};

use git::Parent;
use hooks::Happened;
use serve::{Shared, accept, lock};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use world::{Clock, Pulled, Remark, Repository, World};

/// A forge that lives as long as this value.
#[derive(Debug)]
pub struct StandIn {
    world: Shared,
    url: String,
    accepting: JoinHandle<()>,
    _folder: TempDir,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl StandIn {
    /// Starts an empty forge.
    pub async fn start(dialect: StandInDialect) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let folder = tempfile::tempdir()?;
        let world = World::new(dialect, url.clone(), folder.path().to_owned());
        let world = Arc::new(Mutex::new(world));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&world)));
        Ok(Self { world, url, accepting, _folder: folder })
    }

    /// Ends it. From then on its port takes no connection.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // Aborted is how it ends.
        drop((&mut self.accepting).await);
    }

    /// Its address. Repositories are at `<url>/<owner>/<name>.git`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    // ---- who is there

    /// Adds an account and gives its id.
    pub fn user(&self, login: &str) -> i64 {
        let mut world = self.world();
        let id = world.id();
        world.users.insert(id, login.to_owned());
        id
    }

    /// Removes an account; its comments become the ghost's.
    pub fn remove_user(&self, login: &str) {
        let mut world = self.world();
        if let Some(id) = world.user(login) {
            world.forget_user(id);
        }
    }

    /// Makes a token of an account, with scopes such as `read:user`.
    pub fn token(&self, login: &str, scopes: &[&'static str]) -> String {
        let mut world = self.world();
        let user = world.user(login).unwrap_or_default();
        let token = format!("{:040x}", 0x5ec2_e700_0000_u64 + world.id().unsigned_abs());
        world.tokens.insert(token.clone(), (user, scopes.to_vec()));
        token
    }

    /// Makes a token worthless.
    pub fn revoke(&self, token: &str) {
        self.world().tokens.remove(token);
    }

    /// Adds an organisation.
    pub fn organisation(&self, name: &str) {
        self.world().orgs.entry(name.to_owned()).or_default();
    }

    /// Makes an account a member.
    pub fn join(&self, organisation: &str, login: &str, shown: Shown) {
        let mut world = self.world();
        let user = world.user(login).unwrap_or_default();
        world.orgs.entry(organisation.to_owned()).or_default().insert(user, shown);
    }

    /// Ends a membership.
    pub fn leave(&self, organisation: &str, login: &str) {
        let mut world = self.world();
        let user = world.user(login).unwrap_or_default();
        world.orgs.entry(organisation.to_owned()).or_default().remove(&user);
    }

    /// Keeps an account from commenting in what an owner has.
    pub fn block(&self, owner: &str, login: &str) {
        let mut world = self.world();
        let user = world.user(login).unwrap_or_default();
        world.blocked.insert((owner.to_owned(), user));
    }

    // ---- repositories

    /// Makes a repository with one commit on `main`.
    pub fn repository(&self, owner: &str, name: &str) -> io::Result<()> {
        let full = format!("{owner}/{name}");
        git::create(&self.world().dir(&full))?;
        self.add(owner, name, None);
        Ok(())
    }

    /// Makes a repository of one that lies on this machine: its tags, and as `main` what stands before its newest commit.
    pub fn import(&self, owner: &str, name: &str, from: &Path) -> io::Result<()> {
        git::import(&self.world().dir(&format!("{owner}/{name}")), from)?;
        self.add(owner, name, None);
        Ok(())
    }

    /// Puts the newest commit of a repository on this machine into a branch, and gives its id.
    pub fn bring(&self, repo: &str, branch: &str, from: &Path) -> io::Result<String> {
        git::bring(&self.world().dir(repo), branch, from)
    }

    /// Has a repository forget every commit that no branch, tag or pull request names any more.
    pub fn forget_objects(&self, repo: &str) -> io::Result<()> {
        git::forget(&self.world().dir(repo))
    }

    /// Copies a repository for somebody.
    pub fn fork(&self, repo: &str, login: &str) -> io::Result<()> {
        let name = repo.split_once('/').map_or(repo, |(_, name)| name);
        {
            let world = self.world();
            git::copy(&world.dir(repo), &world.dir(&format!("{login}/{name}")))?;
        }
        self.add(login, name, Some(repo.to_owned()));
        Ok(())
    }

    fn add(&self, owner: &str, name: &str, parent: Option<String>) {
        let mut world = self.world();
        let repo = Repository {
            id: world.id(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            private: false,
            archived: false,
            parent,
            rights: std::collections::BTreeMap::new(),
            pulls: std::collections::BTreeMap::new(),
            hook_secret: None,
        };
        world.repos.insert(format!("{owner}/{name}"), repo);
    }

    /// Changes a repository that is there.
    fn change(&self, repo: &str, change: impl FnOnce(&mut Repository)) {
        if let Some(repo) = self.world().repos.get_mut(repo) {
            change(repo);
        }
    }

    /// Hides a repository from everybody without a right.
    pub fn make_private(&self, repo: &str) {
        self.change(repo, |repo| repo.private = true);
    }

    /// Archives a repository.
    pub fn archive(&self, repo: &str) {
        self.change(repo, |repo| repo.archived = true);
    }

    /// Gives an account a right.
    pub fn grant(&self, repo: &str, login: &str, right: StandInRight) {
        let user = self.world().user(login).unwrap_or_default();
        self.change(repo, |repo| {
            repo.rights.insert(user, right);
        });
    }

    /// Has comments in a repository told by webhooks that are signed with this secret.
    pub fn hook(&self, repo: &str, secret: &str) {
        self.change(repo, |repo| repo.hook_secret = Some(secret.to_owned()));
    }

    /// Removes a repository. Pull requests from it stay.
    pub fn remove_repository(&self, repo: &str) -> io::Result<()> {
        let mut world = self.world();
        world.remove(repo);
        std::fs::remove_dir_all(world.dir(repo))
    }

    /// Commits a file on top of a branch, or begins the branch at `main`, and gives the commit's id.
    pub fn push(&self, repo: &str, branch: &str, text: &str) -> io::Result<String> {
        self.commit(repo, branch, text, Parent::Tip)
    }

    /// Puts another commit in the place of a branch.
    pub fn force_push(&self, repo: &str, branch: &str, text: &str) -> io::Result<String> {
        self.commit(repo, branch, text, Parent::Main)
    }

    fn commit(&self, repo: &str, branch: &str, text: &str, parent: Parent) -> io::Result<String> {
        let mut world = self.world();
        let dir = world.dir(repo);
        let is_new = git::tip(&dir, &format!("refs/heads/{branch}")).is_err();
        let sha = git::commit(&dir, branch, "compose.yml", text, if is_new { Parent::Main } else { parent })?;
        world.follow_pulls()?;
        Ok(sha)
    }

    // ---- pull requests

    /// Opens a pull request from a branch of `from` to `main` of `repo`, and gives its number.
    pub fn pull(&self, repo: &str, from: &str, branch: &str, author: &str) -> io::Result<u64> {
        let mut world = self.world();
        let author = world.user(author).unwrap_or_default();
        let number = world.repos.get(repo).map_or(1, |repo| repo.pulls.len() as u64 + 1);
        let sha = git::follow(&world.dir(repo), number, &world.dir(from), branch)?;
        let (from, branch, now) = (Some(from.to_owned()), branch.to_owned(), world.now);
        let (open, merged, locked) = (true, false, false);
        let pull = Pulled { author, from, branch, sha, open, merged, locked, made: now, changed: now };
        let repo = world.repos.get_mut(repo).ok_or_else(|| io::Error::other("no such repository"))?;
        repo.pulls.insert(number, pull);
        Ok(number)
    }

    fn change_pull(&self, repo: &str, number: u64, change: impl FnOnce(&mut Pulled)) {
        let now = self.world().now;
        self.change(repo, |repo| {
            if let Some(pull) = repo.pulls.get_mut(&number) {
                change(pull);
                pull.changed = now;
            }
        });
    }

    /// Closes a pull request.
    pub fn close(&self, repo: &str, number: u64) {
        self.change_pull(repo, number, |pull| pull.open = false);
    }

    /// Takes a pull request. What git has is not changed.
    pub fn merge(&self, repo: &str, number: u64) {
        self.change_pull(repo, number, |pull| (pull.open, pull.merged) = (false, true));
    }

    /// Has `main` be the head of a pull request, as one does that is merged without a commit of its own.
    pub fn fast_forward(&self, repo: &str, number: u64) -> io::Result<()> {
        {
            let world = self.world();
            let head = git::tip(&world.dir(repo), &format!("refs/pull/{number}/head"))?;
            git::set_branch(&world.dir(repo), "main", &head)?;
        }
        self.merge(repo, number);
        Ok(())
    }

    /// Keeps everybody without write access from commenting.
    pub fn lock(&self, repo: &str, number: u64) {
        self.change_pull(repo, number, |pull| pull.locked = true);
    }

    /// Has the forge not know the head, as some versions do when a fork is gone.
    pub fn forget_head(&self, repo: &str, number: u64) {
        self.change_pull(repo, number, |pull| pull.sha.clear());
    }

    // ---- comments and statuses

    /// Comments as somebody, and gives the comment's id.
    pub fn comment(&self, repo: &str, number: u64, author: &str, body: &str) -> i64 {
        let mut world = self.world();
        let author = world.user(author).unwrap_or_default();
        world.say(repo, number, author, body)
    }

    /// Adds a comment of an account by its id, such as -2 for the forge's automation.
    pub fn comment_by_id(&self, repo: &str, number: u64, author: i64, body: &str) -> i64 {
        self.world().say(repo, number, author, body)
    }

    /// Adds a comment that was brought from another forge, as an account of this one.
    pub fn migrated_comment(&self, repo: &str, number: u64, author: &str, original: &str, body: &str) -> i64 {
        let mut world = self.world();
        let author = world.user(author).unwrap_or(world::GHOST);
        let (repo, original, body) = (repo.to_owned(), original.to_owned(), body.to_owned());
        world.remark(Remark { id: 0, repo, number, author, original, ordinary: true, body, made: 0, changed: 0 })
    }

    /// Adds a note that something happened, which has an id like a comment's and is none.
    pub fn note(&self, repo: &str, number: u64, author: &str) -> i64 {
        let mut world = self.world();
        let author = world.user(author).unwrap_or_default();
        let (repo, original, body) = (repo.to_owned(), String::new(), String::new());
        world.remark(Remark { id: 0, repo, number, author, original, ordinary: false, body, made: 0, changed: 0 })
    }

    /// Gives a comment another text.
    pub fn edit_comment(&self, id: i64, body: &str) {
        self.world().edit(id, body.to_owned());
    }

    /// Removes a comment.
    pub fn remove_comment(&self, id: i64) {
        let mut world = self.world();
        world.tell(id, Happened::Deleted);
        world.remarks.remove(&id);
    }

    /// The texts on a pull request, each with its author.
    #[must_use]
    pub fn comments(&self, repo: &str, number: u64) -> Vec<(String, String)> {
        let world = self.world();
        let here = world.remarks.values().filter(|one| one.repo == repo && one.number == number && one.ordinary);
        let login = |id: i64| world.users.get(&id).cloned().unwrap_or_default();
        here.map(|one| (login(one.author), one.body.clone())).collect()
    }

    /// All statuses of a commit in the order in which they were set: context and state.
    #[must_use]
    pub fn statuses(&self, repo: &str, sha: &str) -> Vec<(String, String)> {
        let world = self.world();
        let here = world.marks.iter().filter(|mark| mark.repo == repo && mark.sha == sha);
        here.map(|mark| (mark.context.clone(), mark.state.clone())).collect()
    }

    // ---- time, faults, and what went over the wire

    /// Has its clock show the time of this machine, and sends its webhooks to an address by itself.
    pub fn live(&self, hooks_to: &str) {
        let post = post::post_to(hooks_to.to_owned());
        let mut world = self.world();
        world.clock = Clock::OfTheMachine;
        world.post = Some(post);
    }

    /// Moves the forge's clock; back, too.
    pub fn advance(&self, seconds: i64) {
        self.world().now += seconds;
    }

    /// Gives pages of at most so many entries.
    pub fn page(&self, size: usize) {
        self.world().page = size;
    }

    /// Has requests go wrong that contain `route`, such as `POST /repos/a/b/issues`.
    pub fn fail(&self, route: &str, often: Often, fault: StandInFault) {
        self.world().faults.add(route, often, fault);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.world().faults.heal();
    }

    /// What was asked since the last look, such as `GET /user`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.world().requests)
    }

    /// The webhooks that wait, the oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<SignedDelivery> {
        std::mem::take(&mut self.world().deliveries)
    }
}

impl World {
    /// Makes the refs of open pull requests name the heads of their branches.
    fn follow_pulls(&mut self) -> io::Result<()> {
        let mut heads = Vec::new();
        for (full, repo) in &self.repos {
            for (number, pull) in repo.pulls.iter().filter(|(_, pull)| pull.open) {
                let Some(from) = &pull.from else { continue };
                let tip = git::tip(&self.dir(from), &format!("refs/heads/{}", pull.branch));
                if tip.is_ok_and(|tip| tip != pull.sha) {
                    let sha = git::follow(&self.dir(full), *number, &self.dir(from), &pull.branch)?;
                    heads.push((full.clone(), *number, sha));
                }
            }
        }
        let now = self.now;
        for (full, number, sha) in heads {
            if let Some(pull) = self.repos.get_mut(&full).and_then(|repo| repo.pulls.get_mut(&number)) {
                (pull.sha, pull.changed) = (sha, now);
            }
        }
        Ok(())
    }
}
