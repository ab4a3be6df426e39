//! What happens to a comment is told by a webhook.

use super::delivery::SignedDelivery;
use super::dialect::Age;
use super::world::World;
use serde_json::json;

/// What happened to a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    Created,
    Edited,
    Deleted,
}

impl World {
    /// Notes what happened to a comment for whoever listens at its repository.
    pub(super) fn tell(&mut self, id: i64, happened: Happened) {
        let number = self.id();
        let Some(remark) = self.remarks.get(&id) else { return };
        let Some(repo) = self.repos.get(&remark.repo) else { return };
        let Some(secret) = &repo.hook_secret else { return };
        let action = match happened {
            Happened::Created => "created",
            Happened::Edited => "edited",
            Happened::Deleted => "deleted",
        };
        let pull = repo.pulls.get(&remark.number);
        let mut body = json!({
            "action": action, "comment": self.remark_form(remark), "is_pull": pull.is_some(),
            "repository": self.repo_form(repo, None), "sender": self.user_form(remark.author),
            "issue": { "number": remark.number },
        });
        match (self.dialect.age(), pull) {
            (Age::Old, _) => body["secret"] = json!(secret),
            (Age::New, Some(pull)) => body["pull_request"] = self.pull_form(repo, remark.number, pull),
            (Age::New, None) => {}
        }
        let delivery = SignedDelivery::new(self.dialect, number, secret, body.to_string());
        self.hand_over(delivery);
    }
}
