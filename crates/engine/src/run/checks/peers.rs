//! Whether services still find those that they name, as at base.

use super::Look;
use crate::run::route_labels::place;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_recipe::peers::{Peer, cut_off, lost, peers};
use std::collections::BTreeSet;

/// A service that names another one and found it at base, and cannot at head: it may notice only when somebody needs it to.
pub(super) fn lost_at_head(look: &Look<'_>) -> Option<Finding> {
    let (base, head, stack) =
        (&look.app.first().recipe.compose, &look.app.head.recipe.compose, look.plan.stack.as_str());
    let unreached = cut_off(base, stack);
    let found: BTreeSet<(&str, &str)> = peers(base, stack)
        .into_iter()
        .filter(|peer| !unreached.contains(peer))
        .map(|peer| (peer.service, peer.other))
        .collect();
    let apart = cut_off(head, stack).into_iter().find(|peer| found.contains(&(peer.service, peer.other)));
    if let Some(peer) = apart {
        let Peer { service, variable, other } = peer;
        let summary = format!(
            "{}`{service}` cannot find `{other}` any more, which it names in {variable}: they are on no network together, as they \
             were at base",
            at(look, &peer)
        );
        let hint = format!("give both the same network: services.{service}.networks, services.{other}.networks");
        return Some(Finding::new(Cause::Unstable, summary).of_service(service).with_details(vec![hint]));
    }
    let mut gone = lost(base, head, stack).into_iter();
    let (peer, host) = gone.find(|(peer, _)| found.contains(&(peer.service, peer.other)))?;
    let Peer { service, variable, other } = peer;
    let summary = format!(
        "{}`{service}` names `{host}` in {variable}, and no service is called so; at base it found `{other}` there",
        at(look, &peer)
    );
    let hint = "write the service's present name, or give it the old one as an alias on their network".to_owned();
    Some(Finding::new(Cause::Unstable, summary).of_service(service).with_details(vec![hint]))
}

fn at(look: &Look<'_>, peer: &Peer<'_>) -> String {
    place(&look.app.head, &format!("services.{}.environment.{}", peer.service, peer.variable))
}
