//! The app under test: a web shop with a database, at a base and at a head, on a swarm in memory.

use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::ledger::Ledger;
use cc_ci_engine::run::app::{App, Deployable};
use cc_ci_engine::run::{self, Cancel, World};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::{Event, FORMAT, Listener, RunEnd, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::ids::{Commit, RecipeName, RunId, StackName, StepId};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::base::{Base, NoBase};
use cc_ci_model::plan::build::{PlanFacts, plan};
use cc_ci_model::plan::limits::Limits;
use cc_ci_model::redact::Vault;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::{Color, Status, Verdict, judge};
use cc_ci_recipe::Recipe;
use cc_ci_recipe::overlay::{AppBounds, Endpoint, TreeLabel};
use cc_ci_recipe::source::Files;
use cc_ci_testkit::plan::plain_facts;
use cc_ci_testkit::swarm::FakeSwarm;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SAMPLE: &str = "DOMAIN=shop.example.com\nSECRET_TOKEN_VERSION=v1\n";

const COMPOSE: &str = r#"version: "3.8"
services:
  app:
    image: shop:IMAGE
    networks: [proxy, inside]
    secrets: [token]
    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)"
        - "traefik.http.routers.${STACK_NAME}.entrypoints=web-secure"
        - "traefik.http.routers.${STACK_NAME}.tls=true"
        - "traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80"
  db:
    image: db:IMAGE
    networks: [inside]
  migrate:
    image: migrate:IMAGE
    networks: [inside]
    deploy:
      restart_policy: {condition: none}
networks:
  proxy: {external: true}
  inside:
secrets:
  token: {external: true, name: "${STACK_NAME}_token_${SECRET_TOKEN_VERSION}"}
"#;

/// What a run of the shop is asked to do.
pub(crate) struct Shop {
    swarm: FakeSwarm,
    base: Option<&'static str>,
    head: &'static str,
    cancel: Cancel,
    twist: Box<dyn Fn(Doors) -> Doors>,
}

/// What a run came to.
pub(crate) struct Told {
    pub(crate) plan: Plan,
    pub(crate) events: Vec<Event>,
    pub(crate) verdict: Verdict,
    pub(crate) swarm: FakeSwarm,
    evidence: Evidence,
}

#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<Stamped>>>);

impl Listener for Record {
    fn on_event(&mut self, event: &Stamped) {
        self.0.lock().unwrap().push(event.clone());
    }
}

fn run_id() -> RunId {
    RunId::parse("r1").unwrap()
}

fn recipe_name() -> RecipeName {
    RecipeName::parse("shop").unwrap()
}

fn head_commit() -> Commit {
    Commit::parse(&"b".repeat(40)).unwrap()
}

/// The name of the stack of every run here.
pub(crate) fn stack() -> StackName {
    StackName::of_run(&recipe_name(), &head_commit(), &run_id())
}

impl Shop {
    /// An upgrade from the first version to the second one.
    pub(crate) fn on(swarm: FakeSwarm) -> Self {
        Self { swarm, base: Some("1"), head: "2", cancel: Cancel::default(), twist: Box::new(|doors| doors) }
    }

    /// Without a base, so that the app starts at head.
    pub(crate) fn without_base(self) -> Self {
        Self { base: None, ..self }
    }

    /// Ends the run when this is cancelled.
    pub(crate) fn ended_by(self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self }
    }

    /// With other doors to the swarm.
    pub(crate) fn through(self, twist: impl Fn(Doors) -> Doors + 'static) -> Self {
        Self { twist: Box::new(twist), ..self }
    }

    fn facts(&self) -> PlanFacts {
        let base = match self.base {
            Some(_) => Base::Published {
                version: "1.0.0+1".to_owned(),
                commit: Commit::parse(&"a".repeat(40)).unwrap(),
                reason: "the newest published version".to_owned(),
            },
            None => Base::Head { reason: "no published version".to_owned(), why: NoBase::NothingOlder },
        };
        PlanFacts {
            base,
            limits: Limits { converge: 30, serving: 5, ..Limits::default() },
            ..plain_facts(run_id(), recipe_name(), head_commit())
        }
    }

    /// Performs the run and judges it.
    pub(crate) async fn run(self) -> Told {
        let approved = plan(self.facts());
        let plan = approved.plan.clone();
        let folder = tempfile::tempdir().unwrap();
        let record = Record::default();
        let voice = Voice::new(vec![Box::new(record.clone())]);
        voice.say(Event::RunStarted {
            format: FORMAT.major,
            minor: FORMAT.minor,
            run: plan.run.clone(),
            recipe: plan.recipe.clone(),
            head: plan.head.clone(),
            pr: None,
            started: "2026-11-28T20:00:00Z".to_owned(),
            program: "test".to_owned(),
        });
        voice.say(Event::Planned { plan: Box::new(plan.clone()) });
        let tree = |image, name| tree(folder.path(), &plan, image, name);
        let head = tree(self.head, TreeLabel::Chaos { short: plan.head.short().to_owned() });
        let base = self.base.map(|image| tree(image, TreeLabel::Published { version: "1.0.0+1".to_owned() }));
        let app = App {
            base,
            head,
            tests: None,
            catalogue: None,
            given_secrets: BTreeMap::new(),
            withheld: BTreeSet::new(),
            providers: Vec::new(),
        };
        let world = World {
            doors: (self.twist)(self.swarm.doors()),
            engine: EngineAddress::parse(None).unwrap(),
            voice: voice.clone(),
            secrets: Secrets::new(Vault::new(Vec::new())),
            keep: Arc::new(|_| Ok(())),
            ledger: Arc::new(Ledger::create(folder.path(), &plan.run).unwrap()),
            folder: folder.path().to_owned(),
            tools_image: "cc-ci/tools:1".to_owned(),
            browser_image: "cc-ci/browser:1".to_owned(),
            camera: None,
            endpoint: Endpoint::AsWritten,
            bounds: AppBounds::NONE,
            cancel: self.cancel,
            alive: Arc::new(|_| true),
            others: Arc::new(|_, _| false),
            hold: Duration::ZERO,
        };
        let end = Box::pin(run::run(approved, app, &world)).await;
        voice.say(Event::RunEnded { end });
        let told = record.0.lock().unwrap().clone();
        let evidence = Evidence::fold(&told);
        let verdict = judge(&plan, &evidence);
        Told { plan, events: told.into_iter().map(|told| told.event).collect(), verdict, swarm: self.swarm, evidence }
    }
}

fn tree(run: &Path, plan: &Plan, image: &str, label: TreeLabel) -> Deployable {
    let name = match &label {
        TreeLabel::Published { .. } => "base",
        TreeLabel::Chaos { .. } => "head",
    };
    let folder = run.join("trees").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let texts = [(".env.sample", SAMPLE.to_owned()), ("compose.yml", COMPOSE.replace("IMAGE", image))];
    let mut files = Files::default();
    for (path, text) in texts {
        std::fs::write(folder.join(path), &text).unwrap();
        files.texts.insert(path.to_owned(), text);
    }
    let given = [("STACK_NAME", plan.stack.to_string()), ("DOMAIN", plan.domain.to_string())];
    let environment = given.map(|(name, value)| (name.to_owned(), value)).into();
    let (recipe, _) = Recipe::read(plan.recipe.as_str(), &files, &environment, &[]).unwrap();
    Deployable { folder, recipe, tree: label, source: None }
}

impl Told {
    /// What a step ended with.
    pub(crate) fn outcome(&self, step: &str) -> &Outcome {
        let ended = self.events.iter().find_map(|event| match event {
            Event::StepEnded { step: id, outcome, .. } if id.as_str() == step => Some(outcome),
            _ => None,
        });
        ended.unwrap_or_else(|| panic!("{step} never ended: {:#?}", self.steps()))
    }

    /// Every step that ended, with how.
    pub(crate) fn steps(&self) -> Vec<(StepId, Outcome)> {
        let ended = self.events.iter().filter_map(|event| match event {
            Event::StepEnded { step, outcome, .. } => Some((step.clone(), outcome.clone())),
            _ => None,
        });
        ended.collect()
    }

    /// What a step found.
    #[track_caller]
    pub(crate) fn found(&self, step: &str) -> &Finding {
        match self.outcome(step) {
            Outcome::Failed(finding) | Outcome::Unverified(finding) => finding,
            other @ (Outcome::Passed { .. } | Outcome::Skipped { .. }) => panic!("{step}: {other:?}"),
        }
    }

    /// The run is not green for this alone.
    #[track_caller]
    pub(crate) fn comes_to(&self, step: &str, cause: Cause, color: Color, blame: Blame) {
        let finding = self.found(step);
        assert_eq!((finding.cause, self.verdict.color), (cause, color), "{finding:?}: {:?}", self.verdict.reasons);
        assert_eq!(self.verdict.blame, Some(blame), "{:?}", self.verdict.reasons);
    }

    /// How a tier stands.
    pub(crate) fn tier(&self, tier: Tier) -> Status {
        self.verdict.tier(tier).unwrap().status
    }

    /// How the run ended.
    pub(crate) fn end(&self) -> &RunEnd {
        &self.evidence.end.as_ref().unwrap().0
    }

    /// What is on the swarm afterwards, besides what was there before.
    pub(crate) fn left(&self) -> Vec<String> {
        let all = self.swarm.left().objects.into_keys().map(|object| object.to_string());
        all.filter(|object| object != "network proxy").collect()
    }
}
