//! The TCP routes of the app lead to ports that take connections.
//!
//! They are tried from the run's edge, on the network and by the name by which the operator's proxy reaches the service.

use super::Look;
use super::serving::Patience;
use crate::run::conductor::{Answer, Fault, passed};
use crate::run::route_labels;
use cc_ci_model::event::Event;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::traefik::{self, Connection, Speaks};
use std::time::Duration;
use tokio::time::Instant;

/// How often a port is tried again until it takes a connection.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// Tries every TCP route of the tree that is deployed in `tier` until it takes a connection.
pub(in crate::run) async fn check(look: &Look<'_>, tier: Tier, patience: Patience) -> Result<Answer<()>, Fault> {
    let tree = look.app.tree(tier);
    let mut notes = Vec::new();
    for one in traefik::connections(&tree.recipe.compose) {
        let connection = match one {
            Ok(connection) => connection,
            Err(dead) => return Ok(Answer::failed(route_labels::dead_end(tree, &dead))),
        };
        match tried(look, &connection, patience).await? {
            Ok(seen) => notes.push(seen),
            Err(finding) => return Ok(Answer::failed(finding)),
        }
    }
    if notes.is_empty() {
        notes.push("this version has no TCP route".to_owned());
    }
    Ok(passed(notes.join("; ")).into())
}

async fn tried(look: &Look<'_>, connection: &Connection, patience: Patience) -> Result<Result<String, Finding>, Fault> {
    let Connection { router, service, port, speaks } = connection;
    let route = look.tools.route.as_ref().ok_or_else(|| Fault::harness("the route was never opened"))?;
    let host = format!("tasks.{}_{service}", look.plan.stack);
    let name = match speaks {
        Speaks::Anything => None,
        Speaks::Tls { name } => Some(name.as_deref().unwrap_or(look.plan.domain.as_str())),
    };
    let limit = look.clock.limit(patience.silence(Duration::from_secs(look.plan.limits.serving)));
    let who = format!("TCP router `{router}`: `{service}` on port {port}");
    let (started, mut last) = (Instant::now(), String::new());
    loop {
        let contact = route.connect(&host, *port, name).await.map_err(Fault::unanswered)?;
        let why = match contact.judged(speaks) {
            Ok(seen) => return Ok(Ok(format!("{who} {seen}"))),
            Err(why) => why,
        };
        if limit.is_over() {
            let summary = format!("not serving within {} s: {who} {why}", started.elapsed().as_secs());
            return Ok(Err(Finding::new(Cause::NotServing, summary).of_service(service)));
        }
        if why != last {
            let on = format!("{who} {why}");
            look.voice.say(Event::Waiting { step: look.step.clone(), on, limit: limit.as_secs() });
            last = why;
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}
