//! Performs a run of the shop: its plan, its files, and everything that a run is given.

use super::host_hook::{self, Meanwhile};
use super::{Shop, ZONE, base_commit, domain, head_commit, recipe, recipe_name, run_id, stack};
use crate::told::Told;
use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::ledger::{self, Ledger};
use cc_ci_engine::pressure::EasedClock;
use cc_ci_engine::run::app::{App, DependencyApp, Scripts};
use cc_ci_engine::run::{self, Cancel, World};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::{Event, FORMAT, Listener, RunEnd, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::ids::{Domain, RecipeName, StackName};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::base::{Base, NoBase};
use cc_ci_model::plan::build::{PlanFacts, plan};
use cc_ci_model::plan::dependency::{Dependency, Mode, TakenCapability};
use cc_ci_model::plan::hook::{HookPlace, HookTime};
use cc_ci_model::plan::kind::Kind;
use cc_ci_model::plan::limits::Limits;
use cc_ci_model::plan::promotion::Promotion;
use cc_ci_model::redact::Vault;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::judge;
use cc_ci_recipe::Environment;
use cc_ci_recipe::overlay::{AppBounds, Endpoint, TreeLabel};
use cc_ci_testkit::plan::plain_facts;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<Stamped>>>);

impl Listener for Record {
    fn on_event(&mut self, event: &Stamped) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// Ends a run when a step begins.
struct EndsAt {
    step: String,
    cancel: Cancel,
}

impl Listener for EndsAt {
    fn on_event(&mut self, event: &Stamped) {
        if matches!(&event.event, Event::StepStarted { step } if step.as_str() == self.step) {
            self.cancel.end(RunEnd::Cancelled { by: "somebody".to_owned() });
        }
    }
}

fn environment(stack: &StackName) -> Environment {
    let given = [("STACK_NAME", stack.to_string()), ("DOMAIN", domain().to_string())];
    given.map(|(name, value)| (name.to_owned(), value)).into()
}

impl Shop {
    fn facts(&self, app: &App) -> PlanFacts {
        let base = match self.base {
            Some(_) => Base::Published {
                version: "1.0.0+1".to_owned(),
                commit: base_commit(),
                reason: "the newest published version".to_owned(),
            },
            None => Base::Head { reason: "no published version".to_owned(), why: NoBase::NothingOlder },
        };
        let test = self.test.map(|path| (self.test_of, vec![path.to_owned()]));
        let hook = self.hook.map(|(time, path)| ((time, HookPlace::Sandbox), path.to_owned()));
        let on_host =
            self.acted.as_ref().map(|_| ((HookTime::PreUpgrade, HookPlace::Host), host_hook::PATH.to_owned()));
        PlanFacts {
            base,
            zone: ZONE.to_owned(),
            data: self.variety.data(),
            dropped_addresses: self.dropped.clone(),
            openings: recipe::openings(&app.head.recipe),
            backup: recipe::promise(&app.head.recipe),
            tests: test.into_iter().collect(),
            hooks: hook.into_iter().chain(on_host).collect(),
            dependencies: self.needs.map(|mode| self.logins(mode)).into_iter().collect(),
            limits: Limits { converge: 30, serving: 5, command: 10, ..Limits::default() },
            kind: self.canonical.as_ref().map(|(kind, _)| kind.clone()).unwrap_or_default(),
            stages: match self.canonical {
                Some((Kind::Verify { .. }, _)) => [Tier::Install].into(),
                Some((Kind::Cold | Kind::Quick { .. }, _)) | None => Tier::ALL.into(),
            },
            promotion: match self.promotion {
                Some(_) => Promotion::IfGreen { version: "2.0.0+2".to_owned() },
                None => Promotion::NotEnrolled,
            },
            ..plain_facts(run_id(), recipe_name(), head_commit())
        }
    }

    /// What the plan says of the dependency.
    fn logins(&self, mode: Mode) -> Dependency {
        let stack = StackName::observed("auth-1");
        Dependency {
            recipe: RecipeName::parse("auth").unwrap(),
            commit: base_commit(),
            version: None,
            domain: Domain::of_stack(&stack, ZONE),
            stack,
            mode,
            why: "asked for".to_owned(),
            route: None,
            limits: Limits { converge: 30, ..Limits::default() },
            provides: vec![TakenCapability {
                capability: "login".to_owned(),
                service: "server".to_owned(),
                inputs: BTreeMap::new(),
                outputs: vec!["issuer".to_owned()],
                secret_outputs: Vec::new(),
                env: BTreeMap::new(),
                secrets: BTreeMap::new(),
                tests: self.test.map(str::to_owned).into_iter().collect(),
            }],
        }
    }

    /// Checks everything out below the run's folder.
    fn app(&self, folder: &Path) -> App {
        let environment = environment(&stack());
        let tree = |image, label| self.variety.tree(folder, &environment, image, label);
        let head = tree(self.head, TreeLabel::Chaos { short: head_commit().short().to_owned() });
        let base = self.base.map(|image| tree(image, TreeLabel::Published { version: "1.0.0+1".to_owned() }));
        let script = |name: &str| format!("# {name} a login");
        let logins = || DependencyApp {
            tree: recipe::provider(folder, &self::environment(&StackName::observed("auth-1"))),
            scripts: BTreeMap::from([(
                "login".to_owned(),
                Scripts {
                    service: "server".to_owned(),
                    create: script("create"),
                    delete: script("delete"),
                    list: script("list"),
                },
            )]),
            warm: None,
        };
        App {
            base,
            head,
            tests: self.tests(folder),
            catalogue: None,
            given_secrets: BTreeMap::new(),
            withheld: BTreeSet::new(),
            providers: self.needs.map(|_| logins()).into_iter().collect(),
        }
    }

    /// The tests folder; what is in the files does not matter, since the swarm says how they end.
    fn tests(&self, folder: &Path) -> Option<PathBuf> {
        let files = self.test.into_iter().chain(self.hook.map(|(_, path)| path));
        let tests = folder.join("trees/head/tests");
        for path in files.map(|path| tests.join(path)) {
            std::fs::create_dir_all(path.parent()?).unwrap();
            std::fs::write(&path, "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        if let Some(acted) = &self.acted {
            acted.write(&tests);
        }
        tests.is_dir().then_some(tests)
    }

    /// Performs the run and judges it.
    pub(crate) async fn run(self) -> Told {
        let folder = folder();
        let app = self.app(folder.path());
        let approved = plan(self.facts(&app));
        let plan = approved.plan.clone();
        let record = Record::default();
        let mut listeners: Vec<Box<dyn Listener + Send>> = vec![Box::new(record.clone())];
        let on_host = plan.tiers.iter().flat_map(|planned| &planned.steps).find(|step| Meanwhile::is_of(step));
        if let (Some(acted), Some(step)) = (self.acted.clone(), on_host.cloned()) {
            let state = folder.path().join(run::HOOK_STATE);
            listeners.push(Box::new(Meanwhile { acted, swarm: self.swarm.clone(), state, step }));
        }
        if let Some(step) = self.ends_at.clone() {
            listeners.push(Box::new(EndsAt { step, cancel: self.cancel.clone() }));
        }
        let voice = Voice::new(listeners);
        begin(&voice, &plan);
        let world = World {
            doors: (self.twist)(self.swarm.doors()),
            engine: EngineAddress::parse(None).unwrap(),
            voice: voice.clone(),
            secrets: Secrets::new(Vault::new(Vec::new())),
            keep: Arc::new(|_| Ok(())),
            ledger: Arc::new(Ledger::create(folder.path(), &plan.run).unwrap()),
            folder: folder.path().to_owned(),
            readable: self.readable,
            tools_image: "cc-ci/tools:1".to_owned(),
            browser_image: "cc-ci/browser:1".to_owned(),
            camera: None,
            endpoint: Endpoint::AsWritten,
            bounds: AppBounds::NONE,
            clock: EasedClock::new(self.stalls),
            cancel: self.cancel,
            alive: Arc::new(|_| true),
            others: Arc::clone(&self.others),
            promotion: self.promotion,
            canonical: self.canonical.map(|(_, lend)| lend),
            hold: Duration::ZERO,
        };
        let ledger = world.ledger.path().to_owned();
        let run::Performed { end, draft } = Box::pin(run::run(approved, app, world)).await;
        voice.say(Event::RunEnded { end });
        let told = record.0.lock().unwrap().clone();
        let evidence = Evidence::fold(&told);
        let verdict = judge(&plan, &evidence);
        let events = told.into_iter().map(|told| told.event).collect();
        let ledger = ledger::read(&ledger).unwrap();
        Told { plan, events, verdict, swarm: self.swarm, evidence, draft, ledger }
    }
}

/// The run's folder, in memory where there is such a place: a ledger waits for no disk there.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Says what a recorder writes before a run is performed.
fn begin(voice: &Voice, plan: &Plan) {
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
}
