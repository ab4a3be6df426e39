//! Tells whole runs as the engine would: a plan from the real planner, and every event in its place.

use cc_ci_model::event::{Budget, Event, FORMAT, InventoryWhen, RunEnd, ServiceSeen, Stamped, Triage};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::ids::{Commit, RecipeName, RunId, StackName, StepId};
use cc_ci_model::object::Object;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::base::{Base, NoBase};
use cc_ci_model::plan::build::{BackupPromise, Data, HasConnections, HasOpenings, HasRoute, PlanFacts, plan};
use cc_ci_model::plan::demands::Demands;
use cc_ci_model::plan::limits::Limits;
use cc_ci_model::plan::permit::Purpose;
use cc_ci_model::plan::promotion::Promotion;
use cc_ci_model::plan::scrutiny::Scrutiny;
use cc_ci_model::plan::step::{Action, Check, Operation, Part};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Verdict, judge};
use cc_ci_recipe::lint::{LintFinding, LintReport};
use cc_ci_recipe::source::Severity;
use std::collections::{BTreeMap, BTreeSet};

/// What the planner is told about an app with a database, backups and tests of its own.
pub(crate) fn facts() -> PlanFacts {
    PlanFacts {
        run: RunId::parse("r1").unwrap(),
        recipe: RecipeName::parse("miniflux").unwrap(),
        kind: cc_ci_model::plan::kind::Kind::Cold,
        cold_after_all: None,
        head: Commit::parse(&"b".repeat(40)).unwrap(),
        head_version: Some("2.0.0+2.3.4".to_owned()),
        base: Base::Published {
            version: "1.0.0+2.2.6".to_owned(),
            commit: Commit::parse(&"a".repeat(40)).unwrap(),
            reason: "the newest published version older than head".to_owned(),
        },
        stages: Tier::ALL.into_iter().collect::<BTreeSet<_>>(),
        zone: "ci.test".to_owned(),
        route: HasRoute::Http,
        connections: HasConnections::None,
        openings: HasOpenings::None,
        backup: BackupPromise::Promised,
        uncovered: Vec::new(),
        dropped_addresses: Vec::new(),
        data: Data::Kept,
        tests: BTreeMap::from([
            (Tier::Upgrade, vec!["upgrade.hurl".to_owned()]),
            (Tier::Custom, vec!["custom/feeds.hurl".to_owned(), "custom/login.hurl".to_owned()]),
        ]),
        hooks: BTreeMap::new(),
        limits: Limits::default(),
        demands: Demands::default(),
        ready: Vec::new(),
        not_at_base: BTreeSet::new(),
        verify: None,
        skips: BTreeMap::new(),
        untested: BTreeSet::new(),
        dependencies: Vec::new(),
        customization: BTreeMap::new(),
        scrutiny: Scrutiny::default(),
        promotion: Promotion::default(),
        notes: vec!["no IPVS here: endpoint_mode dnsrr is added".to_owned()],
    }
}

/// The plan for [`facts`].
pub(crate) fn a_plan() -> Plan {
    plan(facts()).plan
}

/// The same app, which starts at head because nothing was published.
pub(crate) fn a_plan_from_head() -> Plan {
    plan(PlanFacts {
        base: Base::Head { reason: "no published version".to_owned(), why: NoBase::NothingOlder },
        ..facts()
    })
    .plan
}

/// A step of the plan by tier and action.
pub(crate) fn step_of(plan: &Plan, tier: Tier, action: &Action) -> StepId {
    plan.tier(tier).unwrap().steps.iter().find(|step| step.action == *action).unwrap().id.clone()
}

/// A check of the plan.
pub(crate) fn check(plan: &Plan, tier: Tier, check: Check) -> StepId {
    step_of(plan, tier, &Action::Check(check))
}

/// An operation of the plan.
pub(crate) fn operation(plan: &Plan, tier: Tier, operation: Operation) -> StepId {
    step_of(plan, tier, &Action::Operate(operation))
}

/// A step that failed for `cause`.
pub(crate) fn failed(cause: Cause) -> Outcome {
    Outcome::Failed(Finding::new(cause, format!("it went wrong: {cause:?}")).of_service("app"))
}

/// A step without an answer for `cause`.
pub(crate) fn unverified(cause: Cause) -> Outcome {
    Outcome::Unverified(Finding::new(cause, format!("no answer: {cause:?}")))
}

/// What lint says when it finds one thing of this severity.
pub(crate) fn found(severity: Severity) -> LintReport {
    let finding = LintFinding {
        file: Some("abra.sh".to_owned()),
        line: Some(2),
        rule: "CC101".to_owned(),
        severity,
        message: "`a.conf` changed since 1.0.0+2.2.6, but config `a` still has the version v1".to_owned(),
        hint: Some("raise it".to_owned()),
    };
    LintReport { findings: vec![finding], ..LintReport::default() }
}

/// How a run goes, where it does not go well.
#[derive(Clone)]
pub(crate) struct Story {
    plan: Plan,
    twists: BTreeMap<StepId, Outcome>,
    silent: bool,
    end: RunEnd,
    /// The counts the run takes when its verdict is due.
    budget: Budget,
    left: Vec<Object>,
    leaks: Vec<(String, String)>,
    triage: Option<Triage>,
    lint: Option<LintReport>,
}

impl Story {
    /// Everything goes well.
    pub(crate) fn green(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            twists: BTreeMap::new(),
            silent: false,
            end: RunEnd::Completed,
            budget: Budget { ledger: stacks(plan), witness: stacks(plan), unexplained: Vec::new(), unbroken: true },
            left: Vec::new(),
            leaks: Vec::new(),
            triage: None,
            lint: None,
        }
    }

    /// A step ends differently; what fails or has no answer stops the run there.
    pub(crate) fn but(mut self, step: &StepId, outcome: Outcome) -> Self {
        self.twists.insert(step.clone(), outcome);
        self
    }

    /// Steps that are not reached are not mentioned, instead of being reported as not reached.
    pub(crate) fn silently(mut self) -> Self {
        self.silent = true;
        self
    }

    /// The run ends another way.
    pub(crate) fn ending(mut self, end: RunEnd) -> Self {
        self.end = end;
        self
    }

    /// The three counts are changed.
    pub(crate) fn counting(mut self, change: impl FnOnce(&mut Budget)) -> Self {
        change(&mut self.budget);
        self
    }

    /// Teardown leaves something.
    pub(crate) fn leaving(mut self, object: Object) -> Self {
        self.left.push(object);
        self
    }

    /// A secret is found in an artifact.
    pub(crate) fn leaking(mut self, artifact: &str, secret: &str) -> Self {
        self.leaks.push((artifact.to_owned(), secret.to_owned()));
        self
    }

    /// Lint had its say.
    pub(crate) fn linted(mut self, report: LintReport) -> Self {
        self.lint = Some(report);
        self
    }

    /// A service fails first.
    pub(crate) fn triaging(mut self, triage: Triage) -> Self {
        self.triage = Some(triage);
        self
    }

    /// The record.
    pub(crate) fn told(&self) -> Vec<Stamped> {
        let mut teller = Teller::default();
        self.opening(&mut teller);
        let mut stopped = false;
        for planned in self.plan.tiers.iter().filter(|planned| planned.disposition.runs()) {
            if stopped && self.silent {
                break;
            }
            teller.say(50, Event::TierStarted { tier: planned.tier });
            for step in &planned.steps {
                let not_reached = Outcome::Unverified(Finding::new(Cause::NotReached, "an earlier step did not pass"));
                let outcome = match (stopped, self.twists.get(&step.id)) {
                    (true, _) if self.silent => break,
                    (true, _) => not_reached,
                    (false, Some(twist)) => twist.clone(),
                    (false, None) => Outcome::Passed { note: None },
                };
                teller.say(1, Event::StepStarted { step: step.id.clone() });
                if step.action == Action::Operate(Operation::Deploy) {
                    self.deploying(&mut teller);
                }
                if let Action::Dependency { recipe, part: Part::Deploy } = &step.action {
                    let stack = self.plan.cold().find(|one| one.recipe == *recipe).unwrap().stack.clone();
                    let purpose = Purpose::Dependency { recipe: recipe.to_string() };
                    teller.say(2, Event::Deploying { stack, purpose });
                }
                let stops = matches!(outcome, Outcome::Failed(_) | Outcome::Unverified(_));
                let ms = if stopped { 0 } else { 400 };
                teller.say(ms, Event::StepEnded { step: step.id.clone(), outcome, ms });
                stopped |= stops;
            }
            teller.say(1, Event::TierEnded { tier: planned.tier });
        }
        self.closing(&mut teller);
        teller.record
    }

    /// The verdict on the whole record.
    pub(crate) fn verdict(&self) -> Verdict {
        judge(&self.plan, &Evidence::fold(&self.told()))
    }

    fn opening(&self, teller: &mut Teller) {
        teller.say(
            0,
            Event::RunStarted {
                format: FORMAT.major,
                minor: FORMAT.minor,
                run: self.plan.run.clone(),
                recipe: self.plan.recipe.clone(),
                head: self.plan.head.clone(),
                pr: Some(7),
                started: "2026-11-23T20:00:00Z".to_owned(),
                program: "0.1.0".to_owned(),
            },
        );
        teller.say(3, Event::Planned { plan: Box::new(self.plan.clone()) });
        if let Some(report) = &self.lint {
            teller.say(0, Event::Linted(report.clone()));
        }
        teller.say(1, Event::HostFact { name: "ipvs".to_owned(), value: "not there".to_owned() });
        let image = |image: &str, pulled_ms| Event::ImageResolved {
            image: image.to_owned(),
            digest: "sha256:0123".to_owned(),
            pulled_ms,
        };
        teller.say(1, image("miniflux:2.2.6", None));
        teller.say(2500, image("miniflux:2.3.4", Some(2500)));
        teller.say(10, Event::Inventory { when: InventoryWhen::Before, counts: [1, 2, 4, 0, 0, 0] });
    }

    fn deploying(&self, teller: &mut Teller) {
        teller.say(2, Event::Deploying { stack: self.plan.stack.clone(), purpose: self.plan.kind.purpose() });
        let seen = ServiceSeen {
            service: "app".to_owned(),
            image: "miniflux:2.2.6".to_owned(),
            state: "1/1".to_owned(),
            ready_ms: Some(900),
        };
        let step = operation(&self.plan, Tier::Install, Operation::Deploy);
        teller.say(900, Event::ServicesSeen { step, services: vec![seen] });
    }

    fn closing(&self, teller: &mut Teller) {
        if let Some(triage) = &self.triage {
            teller.say(1, Event::Triage(triage.clone()));
        }
        teller.say(5, Event::Budget(self.budget.clone()));
        teller.say(1, Event::VerdictDue);
        for object in &self.left {
            teller.say(1000, Event::LeftBehind { object: object.clone(), held_by: Vec::new() });
        }
        teller.say(700, Event::Inventory { when: InventoryWhen::After, counts: [1, 2, 4, 0, 0, 0] });
        for (artifact, secret) in &self.leaks {
            teller.say(1, Event::SecretLeaked { artifact: artifact.clone(), secret: secret.clone() });
        }
        teller.say(1, Event::RunEnded { end: self.end.clone() });
    }
}

/// The stacks a plan deploys, in order.
fn stacks(plan: &Plan) -> Vec<StackName> {
    plan.cold().map(|dependency| &dependency.stack).chain([&plan.stack]).cloned().collect()
}

/// Stamps events.
#[derive(Default)]
struct Teller {
    ms: u64,
    record: Vec<Stamped>,
}

impl Teller {
    fn say(&mut self, after: u64, event: Event) {
        self.ms += after;
        self.record.push(Stamped { seq: self.record.len() as u64, ms: self.ms, event });
    }
}

/// The same events with the places a recorder would give them.
pub(crate) fn renumbered(events: Vec<Stamped>) -> Vec<Stamped> {
    events.into_iter().enumerate().map(|(seq, stamped)| Stamped { seq: seq as u64, ..stamped }).collect()
}
