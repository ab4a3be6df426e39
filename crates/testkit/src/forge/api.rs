//! The routes below `/api/v1`, with every refusal that a forge has.

use super::dialect::Age;
use super::git;
use super::hooks::Happened;
use super::world::{GHOST, Mark, Remark, Repository, Shown, StandInRight, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A request, with its path in parts.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) method: String,
    pub(super) path: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) token: Option<String>,
    pub(super) body: Value,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

/// A request that ends early does so with its answer.
type Answered = Result<Reply, Reply>;

impl Reply {
    fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    fn refused(status: u16, why: &str) -> Self {
        Self::new(status, json!({ "message": why, "url": "/api/swagger" }))
    }
}

/// Who asks, once the token was looked at.
#[derive(Clone, Copy, Debug)]
struct Asker<'a> {
    user: Option<i64>,
    scopes: Option<&'a [&'static str]>,
}

impl Asker<'_> {
    /// Old forges have no scopes; whoever asks without a token has none that could be missing.
    fn needs(self, kind: &str, what: &str) -> Result<(), Reply> {
        let Some(scopes) = self.scopes else { return Ok(()) };
        let (exact, more) = (format!("{kind}:{what}"), format!("write:{what}"));
        if scopes.contains(&exact.as_str()) || scopes.contains(&more.as_str()) {
            return Ok(());
        }
        Err(Reply::refused(403, &format!("token does not have at least one of required scope(s): [{exact}]")))
    }

    fn somebody(self) -> Result<i64, Reply> {
        self.user.ok_or_else(|| Reply::refused(401, "token is required"))
    }
}

fn nothing() -> Reply {
    Reply::refused(404, "not found")
}

impl World {
    /// Answers a request.
    pub(super) fn answer(&mut self, ask: &Ask) -> Reply {
        self.dispatch(ask).unwrap_or_else(|refused| refused)
    }

    fn dispatch(&mut self, ask: &Ask) -> Answered {
        let known = ask.token.as_ref().map(|token| self.tokens.get(token).cloned());
        let (user, scopes) = match known {
            Some(None) => return Err(Reply::refused(401, "invalid username, password or token")),
            Some(Some((user, scopes))) => (Some(user), Some(scopes)),
            None => (None, None),
        };
        let scopes = scopes.as_deref().filter(|_| self.dialect.age() == Age::New);
        let asker = Asker { user, scopes };
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        match (ask.method.as_str(), path.as_slice()) {
            ("GET", ["version"]) => Ok(Reply::new(200, json!({ "version": self.dialect.version() }))),
            ("GET", ["user"]) => {
                let user = asker.somebody()?;
                asker.needs("read", "user")?;
                Ok(Reply::new(200, self.user_form(user)))
            }
            ("GET", ["orgs", org, "members", login]) => self.member(asker, org, login),
            ("GET", ["orgs", org, "public_members", login]) => Ok(self.public_member(org, login)),
            (_, ["repos", owner, name, rest @ ..]) => {
                let full = format!("{owner}/{name}");
                let repo = self.repos.get(&full).filter(|repo| self.right(user, repo) >= StandInRight::Read);
                let repo = repo.ok_or_else(nothing)?;
                match (ask.method.as_str(), rest) {
                    ("GET", []) => {
                        asker.needs("read", "repository")?;
                        Ok(Reply::new(200, self.repo_form(repo, user)))
                    }
                    ("GET", ["pulls", number]) => {
                        asker.needs("read", "repository")?;
                        let number = number.parse().map_err(|_| nothing())?;
                        let pull = repo.pulls.get(&number).ok_or_else(nothing)?;
                        Ok(Reply::new(200, self.pull_form(repo, number, pull)))
                    }
                    ("GET", ["issues", "comments"]) => {
                        asker.needs("read", "issue")?;
                        Ok(self.list(&full, &ask.query))
                    }
                    (method, ["issues", "comments", id]) => self.one(asker, method, &full, id, ask),
                    (method, ["issues", number, "comments"]) => self.thread(asker, method, &full, number, ask),
                    (method, ["statuses", sha]) => self.statuses(asker, method, &full, sha, ask),
                    _ => Err(nothing()),
                }
            }
            _ => Err(nothing()),
        }
    }

    fn member(&self, asker: Asker<'_>, org: &str, login: &str) -> Answered {
        asker.needs("read", "organization")?;
        let members = self.orgs.get(org).ok_or_else(nothing)?;
        let asked = self.user(login).ok_or_else(nothing)?;
        let is_member = members.contains_key(&asked);
        if asker.user.is_some_and(|user| members.contains_key(&user)) {
            return if is_member { Ok(Reply::empty(204)) } else { Err(nothing()) };
        }
        if asker.user == Some(asked) {
            return Err(nothing());
        }
        let to = format!("{}/api/v1/orgs/{org}/public_members/{login}", self.base);
        Ok(Reply { headers: vec![("Location", to)], ..Reply::empty(self.dialect.elsewhere()) })
    }

    fn public_member(&self, org: &str, login: &str) -> Reply {
        let shown = self.user(login).and_then(|user| self.orgs.get(org)?.get(&user));
        if shown == Some(&Shown::Public) { Reply::empty(204) } else { nothing() }
    }

    fn list(&self, repo: &str, query: &BTreeMap<String, String>) -> Reply {
        let since = query.get("since").and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
        let since = since.map_or(i64::MIN, |since| since.timestamp());
        let wanted = |one: &&Remark| one.repo == repo && one.ordinary && one.changed >= since;
        let mut found: Vec<&Remark> = self.remarks.values().filter(wanted).collect();
        found.sort_by_key(|one| (one.made, one.id));
        let total = found.len();
        let forms = found.iter().map(|one| self.remark_form(one));
        if self.dialect.age() == Age::Old {
            return Reply::new(200, forms.collect());
        }
        let number = |key: &str| query.get(key).and_then(|text| text.parse::<usize>().ok());
        let size = number("limit").unwrap_or(self.page).min(self.page);
        let page = number("page").unwrap_or(1).max(1);
        let forms: Value = forms.skip((page - 1) * size).take(size).collect();
        Reply { headers: vec![("X-Total-Count", total.to_string())], ..Reply::new(200, forms) }
    }

    fn one(&mut self, asker: Asker<'_>, method: &str, repo: &str, id: &str, ask: &Ask) -> Answered {
        let id = id.parse().map_err(|_| nothing())?;
        let found = self.remarks.get(&id).filter(|one| one.repo == repo).cloned().ok_or_else(nothing)?;
        match method {
            "GET" => {
                asker.needs("read", "issue")?;
                Ok(if found.ordinary { Reply::new(200, self.remark_form(&found)) } else { Reply::empty(204) })
            }
            "PATCH" => {
                let user = asker.somebody()?;
                asker.needs("write", "issue")?;
                let within = self.repos.get(repo).ok_or_else(nothing)?;
                self.open_to(within)?;
                if found.author != user && self.right(Some(user), within) < StandInRight::Write {
                    return Err(Reply::refused(403, "the comment is not yours"));
                }
                if !found.ordinary {
                    return Ok(Reply::empty(204));
                }
                let body = text(&ask.body)?;
                self.edit(id, body);
                Ok(Reply::new(200, self.remark_form(&self.remarks[&id])))
            }
            _ => Err(Reply::empty(405)),
        }
    }

    fn thread(&mut self, asker: Asker<'_>, method: &str, repo: &str, number: &str, ask: &Ask) -> Answered {
        let number: u64 = number.parse().map_err(|_| nothing())?;
        let within = self.repos.get(repo).ok_or_else(nothing)?;
        let pull = within.pulls.get(&number).ok_or_else(nothing)?;
        match method {
            "GET" => {
                asker.needs("read", "issue")?;
                // Whatever page is asked for, this is the whole list.
                let here = |one: &&Remark| one.repo == repo && one.number == number && one.ordinary;
                let mut found: Vec<&Remark> = self.remarks.values().filter(here).collect();
                found.sort_by_key(|one| (one.made, one.id));
                Ok(Reply::new(200, found.iter().map(|one| self.remark_form(one)).collect()))
            }
            "POST" => {
                let user = asker.somebody()?;
                asker.needs("write", "issue")?;
                self.open_to(within)?;
                if pull.locked && self.right(Some(user), within) < StandInRight::Write {
                    return Err(Reply::refused(403, "the conversation is locked"));
                }
                if self.blocked.contains(&(within.owner.clone(), user)) {
                    return Err(Reply::refused(403, "you are blocked"));
                }
                let body = text(&ask.body)?;
                let id = self.say(repo, number, user, &body);
                Ok(Reply::new(201, self.remark_form(&self.remarks[&id])))
            }
            _ => Err(Reply::empty(405)),
        }
    }

    fn statuses(&mut self, asker: Asker<'_>, method: &str, repo: &str, sha: &str, ask: &Ask) -> Answered {
        if method == "GET" {
            asker.needs("read", "repository")?;
            let here = self.marks.iter().rev().filter(|mark| mark.repo == repo && mark.sha == sha);
            return Ok(Reply::new(200, here.map(|mark| self.mark_form(mark)).collect()));
        }
        let author = asker.somebody()?;
        asker.needs("write", "repository")?;
        let within = self.repos.get(repo).ok_or_else(nothing)?;
        if self.right(Some(author), within) < StandInRight::Write {
            return Err(Reply::refused(403, "user should have a permission to write to a repo"));
        }
        if git::tip(&self.dir(repo), sha).is_err() {
            return Err(Reply::refused(500, &format!("object does not exist [id: {sha}, rel_path: ]")));
        }
        let word = |key: &str| ask.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let state = word("state");
        let known = ["pending", "success", "error", "failure", "warning"].contains(&state.as_str());
        if !known && self.dialect.age() == Age::New {
            return Err(Reply::refused(422, "unknown state"));
        }
        let (repo, sha, made) = (repo.to_owned(), sha.to_owned(), self.now);
        let (context, description, target_url) = (word("context"), word("description"), word("target_url"));
        let mark = Mark { id: self.id(), repo, sha, author, state, context, description, target_url, made };
        let form = self.mark_form(&mark);
        self.marks.push(mark);
        Ok(Reply::new(201, form))
    }

    fn open_to(&self, repo: &Repository) -> Result<(), Reply> {
        let archived = || Reply::refused(self.dialect.archived(), "the repository is archived");
        if repo.archived { Err(archived()) } else { Ok(()) }
    }

    /// A new comment of somebody, and the webhook that tells of it.
    pub(super) fn say(&mut self, repo: &str, number: u64, author: i64, body: &str) -> i64 {
        let (repo, original, body) = (repo.to_owned(), String::new(), body.to_owned());
        let new = Remark { id: 0, repo, number, author, original, ordinary: true, body, made: 0, changed: 0 };
        let id = self.remark(new);
        self.tell(id, Happened::Created);
        id
    }

    /// Another text for a comment, and the webhook that tells of it.
    pub(super) fn edit(&mut self, id: i64, body: String) {
        let now = self.now;
        if let Some(remark) = self.remarks.get_mut(&id) {
            remark.body = body;
            remark.changed = now;
        }
        self.tell(id, Happened::Edited);
    }

    /// Comments of somebody who is gone are the ghost's.
    pub(super) fn forget_user(&mut self, user: i64) {
        self.users.remove(&user);
        for remark in self.remarks.values_mut().filter(|remark| remark.author == user) {
            remark.author = GHOST;
        }
    }
}

/// The text of a comment, which may not be empty.
fn text(body: &Value) -> Result<String, Reply> {
    let text = body.get("body").and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| Reply::refused(422, "[Body]: Required"))
}
