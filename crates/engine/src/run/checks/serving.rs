//! The app answers over its route.

use super::Look;
use super::misplaced::Misplaced;
use crate::pressure::{EasedClock, TimeLimit};
use crate::route::OpenRoute;
use crate::run::conductor::{Answer, Fault, passed};
use crate::run::route_labels;
use crate::run::tools;
use crate::swarm::HttpAnswer;
use crate::voice::Voice;
use cc_ci_edge::Mark;
use cc_ci_model::event::Event;
use cc_ci_model::front;
use cc_ci_model::ids::{Domain, StepId};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::limits;
use cc_ci_model::tier::Tier;
use std::time::Duration;
use tokio::time::Instant;

/// How often the app is asked again until it answers.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// So many accepted answers in a row show that the app serves: one of several tasks may be broken, or every fifth request fail.
const IN_A_ROW: u32 = 5;

/// So many do where they take longer than [`LONG_ROW`].
const IN_A_LONG_ROW: u32 = 3;

/// How long a row of answers is waited for that an app gives slowly.
const LONG_ROW: Duration = Duration::from_secs(1);

/// How long a wrong answer has to last before it counts, where a right one is only waited for once more.
const SHORT: Duration = Duration::from_secs(10);

/// The same for an app that did not serve when it was asked last: its tier is red, whatever it says now.
const AGAIN: Duration = Duration::from_secs(4);

/// How long nobody may listen on the port that a label names before the port is tried that it named before.
const SILENT_SO_LONG: Duration = Duration::from_secs(8);

/// The same where nothing was done to an app since it did not serve.
const GLANCE: Duration = Duration::from_secs(2);

/// How long an app is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) enum Patience {
    /// As long as the plan allows: it was just started or changed.
    Whole,
    /// It served, and nothing but the backup's hooks ran since.
    AfterBackup,
    /// It did not serve when it was asked last, for which its tier is red already.
    Short,
    /// The same, and nothing but the backup's hooks ran since.
    Glance,
}

impl Patience {
    /// The patience with an app in `tier` that answered, or did not, when it was asked last.
    pub(in crate::run) fn of(tier: Tier, served: Option<bool>) -> Self {
        match (served, tier) {
            (Some(false), Tier::Backup) => Self::Glance,
            (Some(false), Tier::Install | Tier::Upgrade | Tier::Restore | Tier::Custom) => Self::Short,
            (Some(true) | None, Tier::Backup) => Self::AfterBackup,
            (Some(true) | None, Tier::Install | Tier::Upgrade | Tier::Restore | Tier::Custom) => Self::Whole,
        }
    }

    /// How long an app may say nothing.
    pub(in crate::run) fn silence(self, whole: Duration) -> Duration {
        self.limits(whole).none
    }

    /// How long answers and silence are waited out.
    fn limits(self, whole: Duration) -> Limits {
        match self {
            Self::Whole => Limits { settled: last_word(front::LAST_WORD, whole), ..Limits::all(whole) },
            Self::Short => Limits::all(AGAIN.min(whole)),
            Self::Glance => Limits::all(GLANCE.min(whole)),
            // A hook may restart the app, which then is silent for a while. One that answers is up.
            Self::AfterBackup => Limits { none: whole, ..Limits::all(SHORT.min(whole)) },
        }
    }
}

/// How long an answer has to stay the same to be the app's last word; who gives it more time to serve than is usual gets that.
pub(in crate::run) fn last_word(usual: Duration, whole: Duration) -> Duration {
    let given = whole > Duration::from_secs(limits::Limits::default().serving);
    if given { whole } else { usual.min(whole) }
}

/// How long an app may give an answer that is not accepted, and how long none at all.
#[derive(Debug, Clone, Copy)]
pub(in crate::run) struct Limits {
    /// Answers that are not accepted, whichever.
    wrong: Duration,
    /// The same one all the time, with a status that no app gives which is on its way.
    settled: Duration,
    none: Duration,
}

impl Limits {
    fn all(limit: Duration) -> Self {
        Self { wrong: limit, settled: limit, none: limit }
    }
}

/// Asks the app over its route until it gives an accepted answer on `path`. `tier` says which tree is deployed.
pub(in crate::run) async fn check(
    look: &Look<'_>,
    tier: Tier,
    path: &str,
    statuses: &[u16],
    patience: Patience,
) -> Result<Answer<()>, Fault> {
    let route = look.tools.route.as_ref().ok_or_else(|| Fault::harness("the route was never opened"))?;
    let scheme = tools::scheme_at(look.plan, look.app, tier);
    let tree = look.app.tree(tier);
    let misplaced = Misplaced::of(look, tree);
    let question = Question { who: "the app", domain: &look.plan.domain, scheme, path, statuses };
    if let Some(finding) = route_labels::unreadable(tree)
        && !question.reaches_the_app(route).await
    {
        return Ok(Answer::failed(finding));
    }
    let limits = patience.limits(Duration::from_secs(look.plan.limits.serving));
    let asked = question.asked_within(route, (look.voice, look.step, look.clock), limits, &misplaced).await;
    let Outcome::Failed(finding) = asked else { return Ok(asked.into()) };
    let summary = match patience {
        Patience::AfterBackup => format!("the app served before the backup and does not after it: {}", finding.summary),
        Patience::Whole | Patience::Short | Patience::Glance => finding.summary,
    };
    Ok(Answer::failed(Finding { summary, ..finding }.with_details(route_labels::ports(tree))))
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

/// Accepted answers without another one between them.
struct Row {
    began: Instant,
    answers: u32,
}

impl Row {
    fn new() -> Self {
        Self { began: Instant::now(), answers: 0 }
    }

    fn is_long_enough(&self) -> bool {
        let enough = if self.began.elapsed() < LONG_ROW { IN_A_ROW } else { IN_A_LONG_ROW };
        self.answers >= enough
    }
}

impl Question<'_> {
    /// Asks until there is an accepted answer, at most `limit`.
    pub(in crate::run) async fn asked(
        &self,
        route: &OpenRoute,
        asking: (&Voice, &StepId, &EasedClock),
        limit: Duration,
    ) -> Outcome {
        self.asked_within(route, asking, Limits::all(limit), &Misplaced::default()).await
    }

    async fn asked_within(
        &self,
        route: &OpenRoute,
        (voice, step, clock): (&Voice, &StepId, &EasedClock),
        limits: Limits,
        misplaced: &Misplaced,
    ) -> Outcome {
        let started = Instant::now();
        let silence = clock.limit(limits.none);
        let (mut last, mut same, mut wrong) = (String::new(), clock.limit(limits.settled), None);
        let (mut tried_beside, mut accepted, mut row) = (false, 0_u32, Row::new());
        loop {
            let Unaccepted { text: said, by } = match self.once(route).await {
                Ok(status) => {
                    (accepted, row.answers) = (accepted + 1, row.answers + 1);
                    if row.is_long_enough() {
                        let all = accepted == row.answers;
                        let between = if all { String::new() } else { format!("; not every answer: {last}") };
                        return passed(format!("{status} on {}{between}", self.path));
                    }
                    continue;
                }
                Err(said) => said,
            };
            row = Row::new();
            // The edge follows the labels that are deployed before anybody asks: waiting makes no router.
            if by == Some(By::NoRouter) {
                return Outcome::Failed(Finding::new(Cause::NotServing, said));
            }
            if said != last {
                same.again();
            }
            wrong = by.map(|_| wrong.unwrap_or_else(|| clock.limit(limits.wrong)));
            let over = wrong.is_some_and(|wrong: TimeLimit<'_>| wrong.is_over());
            let settled = by == Some(By::Running) && same.is_over();
            if over || settled || silence.is_over() {
                let seconds = started.elapsed().as_secs();
                let summary = match accepted {
                    0 => format!("not serving within {seconds} s: {said}"),
                    _ => format!(
                        "not serving steadily within {seconds} s: some answers are accepted, others are not: {said}"
                    ),
                };
                return Outcome::Failed(Finding::new(Cause::NotServing, summary));
            }
            if by.is_none() && same.has_lasted(SILENT_SO_LONG) && !tried_beside {
                tried_beside = true;
                if let Some(finding) = misplaced.found(route).await {
                    return Outcome::Failed(finding);
                }
            }
            if said != last {
                let (on, limit) = (said.clone(), limits.none.as_secs());
                voice.say(Event::Waiting { step: step.clone(), on, limit });
                last = said;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// Whether the app itself answers, be it with an error.
    async fn reaches_the_app(&self, route: &OpenRoute) -> bool {
        match route.ask(self.domain, self.scheme, self.path).await {
            HttpAnswer::App { .. } => true,
            HttpAnswer::Edge { .. } | HttpAnswer::None { .. } => false,
        }
    }

    /// Asks once: the accepted status, or what is wrong.
    pub(in crate::run) async fn once(&self, route: &OpenRoute) -> Result<u16, Unaccepted> {
        let Self { who, domain, scheme, path, statuses } = self;
        match route.ask(domain, scheme, path).await {
            HttpAnswer::App { status, .. } if statuses.contains(&status) => Ok(status),
            HttpAnswer::App { status, .. } => {
                let text = format!("status {status} on {path}, accepted are {}", accepted(statuses));
                let by = if front::may_be_starting(status) { By::Starting } else { By::Running };
                Err(Unaccepted { text, by: Some(by) })
            }
            HttpAnswer::Edge { mark: Some(Mark::NoRoute), reason, .. } => {
                Err(Unaccepted { text: format!("no route leads to {who}: {reason}"), by: Some(By::NoRouter) })
            }
            HttpAnswer::Edge { reason, .. } => {
                Err(Unaccepted { text: format!("{who} did not answer: {reason}"), by: None })
            }
            HttpAnswer::None { why } => Err(Unaccepted { text: format!("no answer: {why}"), by: None }),
        }
    }
}

/// What came in place of an accepted answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Unaccepted {
    /// What was said, or that nothing was.
    pub(in crate::run) text: String,
    /// Who is sure of it; nobody of a silence.
    by: Option<By>,
}

/// Who gave an answer that is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The edge, which has no router for it.
    NoRouter,
    /// An app that may be on its way.
    Starting,
    /// An app that is up.
    Running,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_after_a_backup_is_not_waited_out_and_a_restart_is() {
        let whole = Duration::from_secs(60);
        let limits = |tier, served| {
            let Limits { wrong, settled, none } = Patience::of(tier, served).limits(whole);
            (settled.as_secs(), wrong.as_secs(), none.as_secs())
        };
        assert_eq!(limits(Tier::Upgrade, None), (20, 60, 60));
        assert_eq!(limits(Tier::Restore, Some(true)), (20, 60, 60));
        assert_eq!(limits(Tier::Backup, Some(true)), (10, 10, 60));
        assert_eq!(limits(Tier::Backup, Some(false)), (2, 2, 2));
        assert_eq!(limits(Tier::Restore, Some(false)), (4, 4, 4));
    }

    #[test]
    fn an_app_that_is_given_more_time_to_serve_gets_it() {
        let seconds = |whole| last_word(front::LAST_WORD, Duration::from_secs(whole)).as_secs();
        assert_eq!([seconds(5), seconds(60), seconds(61), seconds(300)], [5, 20, 61, 300]);
    }
}
