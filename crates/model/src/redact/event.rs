//! Masks the free texts of an event. Names that evidence hangs on (steps, stacks, objects) are never touched.

use super::Redactor;
use crate::event::{Budget, Event, RunEnd, Screenshot, ServiceSeen, Shot, Stamped, Triage};
use crate::outcome::{Finding, Outcome};
use crate::plan::Plan;
use crate::testcase::{CaseEnd, TestCase};
use cc_ci_recipe::abra::opinion::SecondOpinion;
use cc_ci_recipe::lint::{LintFinding, LintReport};

impl Redactor {
    /// The event with every free text masked.
    #[must_use]
    pub fn stamped(&self, stamped: &Stamped) -> Stamped {
        Stamped { seq: stamped.seq, ms: stamped.ms, event: self.event(stamped.event.clone()) }
    }

    /// The event with every free text masked.
    #[must_use]
    pub fn event(&self, event: Event) -> Event {
        match event {
            Event::Planned { plan } => Event::Planned { plan: Box::new(self.plan(*plan)) },
            Event::Linted(report) => Event::Linted(self.lint(report)),
            Event::HostFact { name, value } => Event::HostFact { name, value: self.mask_owned(value) },
            Event::Waiting { step, on, limit } => Event::Waiting { step, on: self.mask_owned(on), limit },
            Event::Noted { step, text } => Event::Noted { step, text: self.mask_owned(text) },
            Event::TestCases { step, cases } => {
                Event::TestCases { step, cases: cases.into_iter().map(|case| self.case(case)).collect() }
            }
            Event::StepEnded { step, outcome, ms } => Event::StepEnded { step, outcome: self.outcome(outcome), ms },
            Event::ServicesSeen { step, services } => Event::ServicesSeen {
                step,
                services: services
                    .into_iter()
                    .map(|seen| ServiceSeen {
                        image: self.mask_owned(seen.image),
                        state: self.mask_owned(seen.state),
                        ..seen
                    })
                    .collect(),
            },
            Event::Budget(budget) => Event::Budget(Budget { unexplained: self.lines(budget.unexplained), ..budget }),
            Event::Triage(triage) => Event::Triage(Triage {
                finding: self.finding(triage.finding),
                health: triage.health.map(|text| self.mask_owned(text)),
                log: self.lines(triage.log),
                then: self.lines(triage.then),
                ..triage
            }),
            Event::SecretLeaked { artifact, secret } => {
                Event::SecretLeaked { artifact: self.mask_owned(artifact), secret }
            }
            Event::Screenshot(Screenshot { path, shot }) => {
                Event::Screenshot(Screenshot { path: self.mask_owned(path), shot: self.shot(shot) })
            }
            Event::NamespaceLeft { provider, namespace, why } => {
                Event::NamespaceLeft { provider, namespace, why: self.mask_owned(why) }
            }
            Event::NotPromoted { why } => Event::NotPromoted { why: self.mask_owned(why) },
            Event::RunEnded { end } => Event::RunEnded { end: self.end(end) },
            same @ (Event::RunStarted { .. }
            | Event::Pulling { .. }
            | Event::ImageResolved { .. }
            | Event::TierStarted { .. }
            | Event::StepStarted { .. }
            | Event::TierEnded { .. }
            | Event::Deploying { .. }
            | Event::Measured { .. }
            | Event::Pruned { .. }
            | Event::VerdictDue
            | Event::Promoting { .. }
            | Event::Promoted(_)
            | Event::Inventory { .. }
            | Event::LeftBehind { .. }) => same,
        }
    }

    fn plan(&self, plan: Plan) -> Plan {
        let customization = plan.customization.into_iter();
        let customization = customization.map(|(name, value)| (name, self.mask_owned(value))).collect();
        Plan { notes: self.lines(plan.notes), customization, ..plan }
    }

    fn lint(&self, report: LintReport) -> LintReport {
        let findings = report.findings.into_iter().map(|finding| LintFinding {
            message: self.mask_owned(finding.message),
            hint: finding.hint.map(|text| self.mask_owned(text)),
            ..finding
        });
        // Lint is said before any secret is made, and abra's words on it are about rules: only an error quotes the recipe.
        let second = report.second.map(|second| match second {
            SecondOpinion::NotGiven { version, why } => SecondOpinion::NotGiven { version, why: self.mask_owned(why) },
            given @ SecondOpinion::Given { .. } => given,
        });
        LintReport { findings: findings.collect(), second, ..report }
    }

    fn shot(&self, shot: Shot) -> Shot {
        match shot {
            Shot::Taken => Shot::Taken,
            Shot::Refused { why } => Shot::Refused { why: self.mask_owned(why) },
            Shot::Missed { why } => Shot::Missed { why: self.mask_owned(why) },
        }
    }

    fn case(&self, case: TestCase) -> TestCase {
        let end = match case.end {
            CaseEnd::Passed => CaseEnd::Passed,
            CaseEnd::Failed { message, details } => {
                CaseEnd::Failed { message: self.mask_owned(message), details: self.lines(details) }
            }
            CaseEnd::Skipped { reason } => CaseEnd::Skipped { reason: self.mask_owned(reason) },
        };
        // A parameter of a test can be a secret, and is part of its name.
        TestCase { name: self.mask_owned(case.name), end, ..case }
    }

    fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Passed { note } => Outcome::Passed { note: note.map(|text| self.mask_owned(text)) },
            Outcome::Failed(finding) => Outcome::Failed(self.finding(finding)),
            Outcome::Skipped { reason } => Outcome::Skipped { reason: self.mask_owned(reason) },
            Outcome::Unverified(finding) => Outcome::Unverified(self.finding(finding)),
        }
    }

    fn finding(&self, finding: Finding) -> Finding {
        Finding { summary: self.mask_owned(finding.summary), details: self.lines(finding.details), ..finding }
    }

    fn end(&self, end: RunEnd) -> RunEnd {
        match end {
            RunEnd::Infrastructure { finding } => RunEnd::Infrastructure { finding: self.finding(finding) },
            RunEnd::Broken { error } => RunEnd::Broken { error: self.mask_owned(error) },
            same @ (RunEnd::Completed | RunEnd::Cancelled { .. } | RunEnd::Deadline) => same,
        }
    }

    fn lines(&self, lines: Vec<String>) -> Vec<String> {
        self.mask_lines(lines)
    }
}
