//! The JSON of what a forge shows.

use super::dialect::Age;
use super::world::{GHOST, Mark, Pulled, Remark, Repository, StandInRight, World, text};
use serde_json::{Value, json};

/// A time that no account has.
const NEVER: &str = "1970-01-01T00:00:00Z";

impl World {
    pub(super) fn user_form(&self, id: i64) -> Value {
        let login = match id {
            GHOST => "Ghost",
            -2 => "gitea-actions",
            _ => self.users.get(&id).map_or("Ghost", String::as_str),
        };
        let id = if id > 0 && !self.users.contains_key(&id) { GHOST } else { id };
        json!({
            "id": id, "login": login, "full_name": "", "email": format!("{login}@example.test"),
            "avatar_url": format!("{}/avatars/{login}", self.base), "language": "", "is_admin": false,
            "last_login": NEVER, "created": NEVER,
        })
    }

    pub(super) fn owner_form(&self, owner: &str) -> Value {
        self.user(owner).map_or_else(
            || {
                // An organisation is shown as an account.
                let id = 1_000 + self.orgs.keys().position(|name| name == owner).unwrap_or(0);
                json!({ "id": id, "login": owner, "full_name": "", "email": "", "avatar_url": "", "language": "",
                        "is_admin": false, "last_login": NEVER, "created": NEVER })
            },
            |id| self.user_form(id),
        )
    }

    pub(super) fn repo_form(&self, repo: &Repository, user: Option<i64>) -> Value {
        let right = self.right(user, repo);
        let full = format!("{}/{}", repo.owner, repo.name);
        json!({
            "id": repo.id, "owner": self.owner_form(&repo.owner), "name": repo.name, "full_name": full,
            "description": "", "empty": false, "private": repo.private, "fork": repo.parent.is_some(),
            "html_url": format!("{}/{full}", self.base), "clone_url": format!("{}/{full}.git", self.base),
            "default_branch": "main", "archived": repo.archived, "has_issues": true, "has_pull_requests": true,
            "created_at": NEVER, "updated_at": NEVER,
            "permissions": {
                "admin": right >= StandInRight::Admin,
                "push": right >= StandInRight::Write,
                "pull": right >= StandInRight::Read,
            },
        })
    }

    pub(super) fn remark_form(&self, remark: &Remark) -> Value {
        let pull = format!("{}/{}/pulls/{}", self.base, remark.repo, remark.number);
        let is_pull = self.repos.get(&remark.repo).is_some_and(|repo| repo.pulls.contains_key(&remark.number));
        let issue = format!("{}/{}/issues/{}", self.base, remark.repo, remark.number);
        let (pull, issue, page) = if is_pull { (pull.as_str(), "", &pull) } else { ("", issue.as_str(), &issue) };
        json!({
            "id": remark.id, "html_url": format!("{page}#issuecomment-{}", remark.id),
            "pull_request_url": pull, "issue_url": issue, "user": self.user_form(remark.author),
            "original_author": remark.original, "original_author_id": if remark.original.is_empty() { 0 } else { 77 },
            "body": remark.body, "created_at": text(remark.made), "updated_at": text(remark.changed),
        })
    }

    pub(super) fn pull_form(&self, repo: &Repository, number: u64, pull: &Pulled) -> Value {
        let from = pull.from.as_ref().and_then(|from| self.repos.get(from));
        if from.is_none() && self.dialect.age() == Age::Old {
            return Value::Null;
        }
        let page = format!("{}/{}/{}/pulls/{number}", self.base, repo.owner, repo.name);
        let base = super::git::tip(&self.dir(&format!("{}/{}", repo.owner, repo.name)), "refs/heads/main");
        json!({
            "id": number, "url": page, "number": number, "user": self.user_form(pull.author), "title": "next",
            "body": "", "labels": [], "milestone": null, "assignee": null, "assignees": null,
            "state": if pull.open { "open" } else { "closed" }, "comments": 0, "html_url": page,
            "mergeable": pull.open, "merged": pull.merged, "merged_at": null, "merge_commit_sha": null,
            "merged_by": null, "due_date": null, "closed_at": null, "merge_base": "",
            "created_at": text(pull.made), "updated_at": text(pull.changed),
            "head": {
                "label": pull.branch, "ref": pull.branch, "sha": pull.sha, "repo_id": from.map_or(0, |from| from.id),
                "repo": from.map(|from| self.repo_form(from, None)),
            },
            "base": {
                "label": "main", "ref": "main", "sha": base.unwrap_or_default(), "repo_id": repo.id,
                "repo": self.repo_form(repo, None),
            },
        })
    }

    pub(super) fn mark_form(&self, mark: &Mark) -> Value {
        json!({
            "id": mark.id, "status": mark.state, "context": mark.context, "description": mark.description,
            "target_url": mark.target_url, "creator": self.user_form(mark.author),
            "url": format!("{}/api/v1/repos/{}/statuses/{}", self.base, mark.repo, mark.sha),
            "created_at": text(mark.made), "updated_at": text(mark.made),
        })
    }
}
