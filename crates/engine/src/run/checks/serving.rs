//! The app answers over its route.

use super::Look;
use crate::route::OpenRoute;
use crate::run::conductor::{Answer, Fault, passed};
use crate::run::tools;
use crate::swarm::HttpAnswer;
use crate::voice::Voice;
use cc_ci_model::event::Event;
use cc_ci_model::ids::{Domain, StepId};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use std::time::Duration;
use tokio::time::Instant;

/// How often the app is asked again until it answers.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// Asks the app over its route until it gives an accepted answer on `path`.
pub(in crate::run) async fn check(look: &Look<'_>, path: &str, statuses: &[u16]) -> Result<Answer<()>, Fault> {
    let route = look.tools.route.as_ref().ok_or_else(|| Fault::harness("the route was never opened"))?;
    let scheme = tools::scheme(look.plan, &look.app.head.recipe);
    let question = Question { who: "the app", domain: &look.plan.domain, scheme, path, statuses };
    let limit = Duration::from_secs(look.plan.limits.serving);
    Ok(question.asked(route, look.voice, look.step, limit).await.into())
}

/// A question over HTTP, and what counts as an answer.
pub(in crate::run) struct Question<'a> {
    /// Who is asked, for the reader.
    pub(in crate::run) who: &'a str,
    pub(in crate::run) domain: &'a Domain,
    pub(in crate::run) scheme: &'a str,
    pub(in crate::run) path: &'a str,
    pub(in crate::run) statuses: &'a [u16],
}

impl Question<'_> {
    /// Asks until there is an accepted answer, at most `limit`.
    pub(in crate::run) async fn asked(
        &self,
        route: &OpenRoute,
        voice: &Voice,
        step: &StepId,
        limit: Duration,
    ) -> Outcome {
        let started = Instant::now();
        let mut last = String::new();
        loop {
            let said = match self.once(route).await {
                Ok(status) => return passed(format!("{status} on {}", self.path)),
                Err(said) => said,
            };
            if started.elapsed() >= limit {
                let summary = format!("not serving within {} s: {said}", limit.as_secs());
                return Outcome::Failed(Finding::new(Cause::NotServing, summary));
            }
            if said != last {
                let (on, limit) = (said.clone(), limit.as_secs());
                voice.say(Event::Waiting { step: step.clone(), on, limit });
                last = said;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// Asks once: the accepted status, or what is wrong.
    pub(in crate::run) async fn once(&self, route: &OpenRoute) -> Result<u16, String> {
        let Self { who, domain, scheme, path, statuses } = self;
        match route.ask(domain, scheme, path).await {
            HttpAnswer::App { status, .. } if statuses.contains(&status) => Ok(status),
            HttpAnswer::App { status, .. } => {
                Err(format!("status {status} on {path}, accepted are {}", accepted(statuses)))
            }
            HttpAnswer::Edge { reason, .. } => Err(format!("{who} did not answer: {reason}")),
            HttpAnswer::None { why } => Err(format!("no answer: {why}")),
        }
    }
}

/// `200, 301 and 302`.
fn accepted(statuses: &[u16]) -> String {
    let words: Vec<String> = statuses.iter().map(u16::to_string).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_owned(),
    }
}
