//! An app that takes no connection on the port of its labels, and listens on the one that base's labels named.
//!
//! Base's labels led to a port and head's lead to another one: when head's containers take connections on the old one and on the
//! new one nobody listens, the label is wrong, and waiting is of no use. An app that is on its way listens on neither.

use super::Look;
use crate::route::OpenRoute;
use crate::run::app::Deployable;
use crate::run::route_labels;
use cc_ci_model::contact::Contact;
use cc_ci_model::ids::StackName;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_recipe::traefik::{self, MovedPort, Speaks};

/// The ports that moved from one tree to the other; none where nothing is compared.
#[derive(Debug, Default)]
pub(super) struct Misplaced {
    moved: Vec<(String, MovedPort)>,
    /// What the labels say, with their lines.
    details: Vec<String>,
}

impl Misplaced {
    /// The ports that `tree` moved from where base has them.
    pub(super) fn of(look: &Look<'_>, tree: &Deployable) -> Self {
        let Some(base) = &look.app.base else { return Self::default() };
        let moved = traefik::moved_ports(&base.recipe.routes, &tree.recipe.routes);
        let moved = moved.into_iter().map(|one| (host(&look.plan.stack, &one.service), one)).collect();
        Self { moved, details: route_labels::ports(tree) }
    }

    /// The first service that listens where it did before, and not where its labels say.
    pub(super) async fn found(&self, route: &OpenRoute) -> Option<Finding> {
        for (host, moved) in &self.moved {
            // Who cannot be tried now is asked on, as usual.
            let (Ok(now), Ok(before)) =
                (route.connect(host, moved.now, None).await, route.connect(host, moved.before, None).await)
            else {
                continue;
            };
            if let Some(finding) = judged(moved, &now, &before) {
                return Some(finding.with_details(self.details.clone()));
            }
        }
        None
    }
}

fn host(stack: &StackName, service: &str) -> String {
    format!("tasks.{stack}_{service}")
}

fn judged(moved: &MovedPort, now: &Contact, before: &Contact) -> Option<Finding> {
    let MovedPort { service, before: listens, now: label } = moved;
    let refused = match now {
        Contact::Refused { why } => why,
        Contact::Silent | Contact::Closed | Contact::Said(_) => return None,
    };
    before.judged(&Speaks::Anything).ok()?;
    let summary = format!(
        "not serving: `{service}` takes no connection on port {label} ({refused}), and still listens on {listens}"
    );
    Some(Finding::new(Cause::NotServing, summary).of_service(service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_listens_on_the_old_port_and_not_on_the_new_one_has_a_wrong_label() {
        let moved = MovedPort { service: "app".to_owned(), before: 8000, now: 8080 };
        let refused = || Contact::Refused { why: "connection refused".to_owned() };
        let found = judged(&moved, &refused(), &Contact::Silent).unwrap();
        assert_eq!(
            found.summary,
            "not serving: `app` takes no connection on port 8080 (connection refused), and still listens on 8000"
        );
        assert_eq!(judged(&moved, &refused(), &refused()), None, "it is on its way");
        assert_eq!(judged(&moved, &Contact::Silent, &Contact::Silent), None, "it listens on both");
        assert_eq!(judged(&moved, &Contact::Closed, &Contact::Silent), None);
        assert_eq!(judged(&moved, &refused(), &Contact::Closed), None);
    }
}
