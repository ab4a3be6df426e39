//! Events folded into what was observed: the only thing a verdict is given about a run (VER-1).

use crate::event::{
    Budget, Event, FORMAT, InventoryWhen, Promoted, RecordFormat, RunEnd, Screenshot, ServiceSeen, Stamped, Triage,
};
use crate::ids::{Commit, RecipeName, RunId, StackName, StepId};
use crate::object::Object;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::plan::permit::Purpose;
use crate::testcase::{Count, TestCase};
use crate::tier::Tier;
use crate::usage::{Moment, ServiceUsage};
use crate::verdict::blame::{self, Blame};
use cc_ci_recipe::lint::LintReport;
use std::collections::BTreeMap;

/// Everything a record of a run says. A missing fact is absent here, never invented.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// How many events it was made from.
    added: u64,
    /// From `RunStarted`.
    pub start: Option<Start>,
    /// The plan the run followed, as the record holds it.
    pub plan: Option<Box<Plan>>,
    /// What lint found; `None` in records without it.
    pub lint: Option<LintReport>,
    /// Facts about the host: name and value, in order.
    pub host: Vec<(String, String)>,
    /// Images resolved before the timed part.
    pub images: Vec<ImageSeen>,
    /// Per step, when it ran and how it ended.
    pub steps: BTreeMap<StepId, StepSeen>,
    /// Per step that ran a file of tests, what that consists of.
    pub cases: BTreeMap<StepId, Vec<TestCase>>,
    /// Per tier, when it began and ended.
    pub tiers: BTreeMap<Tier, Span>,
    /// Lines worth keeping, with the step they belong to.
    pub notes: Vec<(Option<StepId>, String)>,
    /// What steps were waiting for: step, words, and when in milliseconds since the start. For display only; `judge` does not look at it.
    pub waits: Vec<(StepId, String, u64)>,
    /// What became of the picture of the app. For display only; `judge` does not look at it.
    pub screenshot: Option<Screenshot>,
    /// Deploys announced before they happened.
    pub deploys: Vec<(StackName, Purpose)>,
    /// Services as steps saw them, in order.
    pub services: Vec<(StepId, Vec<ServiceSeen>)>,
    /// What services used, by when they were looked at. `judge` does not look at it.
    pub usage: Vec<(Moment, Vec<ServiceUsage>)>,
    /// Services that head dropped and that were removed.
    pub pruned: Vec<String>,
    /// The three counts of the deploy budget; `None` when the run never came that far.
    pub budget: Option<Budget>,
    /// Services that failed, the earliest first.
    pub triage: Vec<Triage>,
    /// When the verdict was due: the time to the verdict, in milliseconds.
    pub due_ms: Option<u64>,
    /// What became of the promotion; `None` where there was none. `judge` does not look at it.
    pub promotion: Option<PromotionSeen>,
    /// Objects of each kind before the run.
    pub before: Option<[usize; 6]>,
    /// Objects of each kind after teardown.
    pub after: Option<[usize; 6]>,
    /// Objects teardown could not remove.
    pub left: Vec<Object>,
    /// Those of them that containers of others hold, and by which.
    pub held: BTreeMap<Object, Vec<String>>,
    /// Namespaces that could not be removed from warm providers, each with the reason.
    pub namespaces_left: Vec<String>,
    /// Secrets found in artifacts.
    pub leaks: Vec<Leak>,
    /// How the run ended, and when in milliseconds; `None` while it is still going or if it was killed.
    pub end: Option<(RunEnd, u64)>,
    /// What is wrong with the record itself: gaps, contradictions, an unknown format. Such a record proves nothing.
    pub flaws: Vec<String>,
}

/// Who and what the record is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The run.
    pub run: RunId,
    /// The recipe under test.
    pub recipe: RecipeName,
    /// The commit under test.
    pub head: Commit,
    /// The pull request it comes from.
    pub pr: Option<u64>,
    /// When it started, RFC 3339, UTC.
    pub started: String,
    /// The version of cc-ci that made the record.
    pub program: String,
}

/// What a record says about the promotion of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromotionSeen {
    /// It began, and the record says no more.
    Begun,
    /// The app is the recipe's canonical.
    Done(Promoted),
    /// It is not.
    Refused {
        /// Why.
        why: String,
    },
}

/// An image as it was resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSeen {
    /// As the recipe writes it.
    pub image: String,
    /// What the run is pinned to.
    pub digest: String,
    /// Milliseconds spent pulling; `None` when it was present.
    pub pulled_ms: Option<u64>,
    /// When it was resolved, milliseconds since the start.
    pub at_ms: u64,
}

/// A step as the record shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepSeen {
    /// When it began, milliseconds since the start.
    pub began_ms: Option<u64>,
    /// When it ended, milliseconds since the start.
    pub ended_ms: Option<u64>,
    /// How it ended; `None` when it never did.
    pub outcome: Option<Outcome>,
    /// How long it took by its own count, in milliseconds.
    pub ms: u64,
}

/// Begin and end in milliseconds since the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Begin.
    pub began_ms: Option<u64>,
    /// End.
    pub ended_ms: Option<u64>,
}

impl Span {
    /// The time between, if both ends are known.
    #[must_use]
    pub fn ms(self) -> Option<u64> {
        Some(self.ended_ms?.saturating_sub(self.began_ms?))
    }
}

/// A secret's value found where it must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// File, relative to the run folder.
    pub artifact: String,
    /// The secret's name.
    pub secret: String,
}

impl Evidence {
    /// Folds a record. Total: whatever the events are, there is an answer, and what does not fit becomes a flaw.
    #[must_use]
    pub fn fold(events: &[Stamped]) -> Self {
        let mut evidence = Self::default();
        for stamped in events {
            evidence.add(stamped);
        }
        evidence
    }

    /// Adds the next event of a record. Whoever follows a run while it goes on folds it by this, too.
    pub fn add(&mut self, stamped: &Stamped) {
        let position = self.added;
        self.added += 1;
        self.check_place(position, stamped);
        self.take(stamped);
    }

    /// The number of the last event; a record that is whole numbers them from 0.
    #[must_use]
    pub fn last_seq(&self) -> Option<u64> {
        self.added.checked_sub(1)
    }

    /// How a step ended, if it did.
    #[must_use]
    pub fn outcome(&self, step: &StepId) -> Option<&Outcome> {
        self.steps.get(step)?.outcome.as_ref()
    }

    /// Whether the record shows that the engine or the host gave out: then a blind witness or an object that could not be
    /// removed says nothing about anyone else.
    #[must_use]
    pub fn host_gave_out(&self) -> bool {
        let by_end = match &self.end {
            Some((RunEnd::Infrastructure { .. }, _)) => true,
            Some((RunEnd::Completed | RunEnd::Cancelled { .. } | RunEnd::Deadline | RunEnd::Broken { .. }, _))
            | None => false,
        };
        by_end
            || self.steps.values().any(|seen| match &seen.outcome {
                Some(Outcome::Failed(finding) | Outcome::Unverified(finding)) => {
                    blame::of(finding.cause) == Some(Blame::Infrastructure)
                }
                Some(Outcome::Passed { .. } | Outcome::Skipped { .. }) | None => false,
            })
    }

    fn check_place(&mut self, position: u64, stamped: &Stamped) {
        if stamped.seq != position && self.flaws.is_empty() {
            self.flaws.push(format!(
                "the record has a gap or is out of order: event {} stands at place {position}",
                stamped.seq
            ));
        }
        let opens = matches!(stamped.event, Event::RunStarted { .. });
        if (position == 0) != opens {
            self.flaw(if opens {
                "the run starts twice"
            } else {
                "the record does not begin with the start of the run"
            });
        }
        if self.end.is_some() {
            self.flaw("the record goes on after the end of the run");
        }
    }

    fn flaw(&mut self, text: &str) {
        if !self.flaws.iter().any(|known| known == text) {
            self.flaws.push(text.to_owned());
        }
    }

    fn take(&mut self, stamped: &Stamped) {
        let at = stamped.ms;
        match &stamped.event {
            Event::RunStarted { format, minor, run, recipe, head, pr, started, program } => {
                let format = RecordFormat { major: *format, minor: *minor };
                if !FORMAT.reads(format) {
                    self.flaws.push(format!("the record has format {format}, this program reads {FORMAT}"));
                }
                self.start = Some(Start {
                    run: run.clone(),
                    recipe: recipe.clone(),
                    head: head.clone(),
                    pr: *pr,
                    started: started.clone(),
                    program: program.clone(),
                });
            }
            Event::Planned { plan } => {
                if self.plan.is_some() {
                    self.flaw("the record holds two plans");
                } else {
                    self.plan = Some(plan.clone());
                }
            }
            Event::Linted(report) => {
                if self.lint.is_some() {
                    self.flaw("the recipe was linted twice");
                } else {
                    self.lint = Some(report.clone());
                }
            }
            Event::HostFact { name, value } => self.host.push((name.clone(), value.clone())),
            Event::ImageResolved { image, digest, pulled_ms } => self.images.push(ImageSeen {
                image: image.clone(),
                digest: digest.clone(),
                pulled_ms: *pulled_ms,
                at_ms: at,
            }),
            Event::TierStarted { tier } => self.tiers.entry(*tier).or_default().began_ms = Some(at),
            Event::TierEnded { tier } => self.tiers.entry(*tier).or_default().ended_ms = Some(at),
            Event::StepStarted { step } => self.steps.entry(step.clone()).or_default().began_ms = Some(at),
            Event::TestCases { step, cases } => {
                let ended = self.outcome(step).is_some();
                if ended || self.cases.insert(step.clone(), cases.clone()).is_some() {
                    self.flaws.push(format!("the test cases of step {step} came twice, or after its end"));
                }
            }
            Event::StepEnded { step, outcome, ms } => self.step_ended(step, outcome, *ms, at),
            Event::Waiting { step, on, limit: _ } => self.waits.push((step.clone(), on.clone(), at)),
            Event::Pulling { .. } => {}
            Event::Screenshot(screenshot) => self.screenshot = Some(screenshot.clone()),
            Event::Noted { step, text } => self.notes.push((step.clone(), text.clone())),
            Event::Deploying { stack, purpose } => {
                if self.plan.is_none() {
                    self.flaw("something was deployed before there was a plan");
                }
                self.deploys.push((stack.clone(), purpose.clone()));
            }
            Event::ServicesSeen { step, services } => self.services.push((step.clone(), services.clone())),
            Event::Measured { moment, services } => self.usage.push((*moment, services.clone())),
            Event::Pruned { service } => self.pruned.push(service.clone()),
            Event::Budget(budget) => {
                if self.budget.is_some() {
                    self.flaw("the deploy budget was taken twice");
                } else {
                    self.budget = Some(budget.clone());
                }
            }
            Event::Triage(triage) => self.triage.push(triage.clone()),
            Event::VerdictDue => {
                if self.due_ms.is_some() {
                    self.flaw("the verdict was due twice");
                } else {
                    self.due_ms = Some(at);
                }
            }
            Event::Promoting { version: _ } => self.promotion = Some(PromotionSeen::Begun),
            Event::Promoted(promoted) => self.promotion = Some(PromotionSeen::Done(promoted.clone())),
            Event::NotPromoted { why } => self.promotion = Some(PromotionSeen::Refused { why: why.clone() }),
            Event::Inventory { when: InventoryWhen::Before, counts } => self.before = Some(*counts),
            Event::Inventory { when: InventoryWhen::After, counts } => self.after = Some(*counts),
            Event::LeftBehind { object, held_by } => {
                self.left.push(object.clone());
                if !held_by.is_empty() {
                    self.held.insert(object.clone(), held_by.clone());
                }
            }
            Event::NamespaceLeft { provider, namespace, why } => {
                self.namespaces_left.push(format!("{namespace} in {provider}: {why}"));
            }
            Event::SecretLeaked { artifact, secret } => {
                self.leaks.push(Leak { artifact: artifact.clone(), secret: secret.clone() });
            }
            Event::RunEnded { end } => {
                if self.end.is_none() {
                    self.end = Some((end.clone(), at));
                }
            }
        }
    }

    fn step_ended(&mut self, step: &StepId, outcome: &Outcome, ms: u64, at: u64) {
        if self.due_ms.is_some() {
            self.flaws.push(format!("step {step} ended after the verdict was due"));
        }
        if let (Outcome::Passed { .. } | Outcome::Skipped { .. }, Some(cases)) = (outcome, self.cases.get(step))
            && Count::of(cases).failed > 0
        {
            self.flaws.push(format!("step {step} ended well, but test cases of it failed"));
        }
        let seen = self.steps.entry(step.clone()).or_default();
        match &seen.outcome {
            None => {
                *seen = StepSeen { began_ms: seen.began_ms, ended_ms: Some(at), outcome: Some(outcome.clone()), ms };
            }
            Some(known) => {
                // Of two answers the worse one counts.
                if badness(outcome) > badness(known) {
                    seen.outcome = Some(outcome.clone());
                }
                self.flaws.push(format!("step {step} ended twice"));
            }
        }
    }
}

fn badness(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Passed { .. } => 0,
        Outcome::Skipped { .. } => 1,
        Outcome::Unverified(_) => 2,
        Outcome::Failed(_) => 3,
    }
}
