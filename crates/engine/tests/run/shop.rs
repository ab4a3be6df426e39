//! The app under test: a web shop with a database, at a base and at a head, on a swarm in memory.

mod host_hook;
mod recipe;

use crate::told::Told;
use cc_ci_engine::custom::proofread::KnownReadable;
use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::ledger::{self, Ledger};
use cc_ci_engine::pressure::{self, EasedClock, Stalls};
use cc_ci_engine::promotion::{Begin, Lend};
use cc_ci_engine::run::app::{App, DependencyApp, Scripts};
use cc_ci_engine::run::{self, Cancel, World};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::voice::Voice;
use cc_ci_engine::witness::OtherRuns;
use cc_ci_model::canonical::Canonical;
use cc_ci_model::event::{Event, FORMAT, Listener, RunEnd, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::ids::{Commit, Domain, RecipeName, RunId, StackName};
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
use cc_ci_testkit::swarm::FakeSwarm;
use host_hook::{Acted, Meanwhile};
use recipe::Variety;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

const ZONE: &str = "ci.test";

/// What a run of the shop is asked to do.
pub(crate) struct Shop {
    swarm: FakeSwarm,
    base: Option<&'static str>,
    head: &'static str,
    variety: Variety,
    test: Option<&'static str>,
    hook: Option<(HookTime, &'static str)>,
    needs: Option<Mode>,
    cancel: Cancel,
    twist: Box<dyn Fn(Doors) -> Doors>,
    acted: Option<Acted>,
    others: OtherRuns,
    stalls: Stalls,
    readable: KnownReadable,
    promotion: Option<Begin>,
    canonical: Option<(Kind, Lend)>,
    ends_at: Option<String>,
    dropped: Vec<String>,
    test_of: Tier,
}

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

pub(crate) fn run_id() -> RunId {
    RunId::parse("r1").unwrap()
}

fn recipe_name() -> RecipeName {
    RecipeName::parse("shop").unwrap()
}

/// The commit under test.
pub(crate) fn head_commit() -> Commit {
    Commit::parse(&"b".repeat(40)).unwrap()
}

fn base_commit() -> Commit {
    Commit::parse(&"a".repeat(40)).unwrap()
}

/// The name of the stack of every run here.
pub(crate) fn stack() -> StackName {
    StackName::of_run(&recipe_name(), &head_commit(), &run_id())
}

/// The domain of every run here.
pub(crate) fn domain() -> Domain {
    Domain::of_stack(&stack(), ZONE)
}

fn environment(stack: &StackName) -> Environment {
    let given = [("STACK_NAME", stack.to_string()), ("DOMAIN", domain().to_string())];
    given.map(|(name, value)| (name.to_owned(), value)).into()
}

impl Shop {
    /// An upgrade from the first version to the second one.
    pub(crate) fn on(swarm: FakeSwarm) -> Self {
        Self {
            swarm,
            base: Some("1"),
            head: "2",
            variety: Variety::default(),
            test: None,
            hook: None,
            needs: None,
            cancel: Cancel::default(),
            twist: Box::new(|doors| doors),
            acted: None,
            others: Arc::new(|_, _| false),
            stalls: pressure::none(),
            readable: KnownReadable::default(),
            promotion: None,
            canonical: None,
            ends_at: None,
            dropped: Vec::new(),
            test_of: Tier::Custom,
        }
    }

    /// On a machine whose programs wait for a processor for this share of the time, in percent.
    pub(crate) fn on_a_busy_machine(self, percent: u32) -> Self {
        let began = tokio::time::Instant::now();
        Self { stalls: Arc::new(move || Some(began.elapsed() * percent / 100)), ..self }
    }

    /// Without a base, so that the app starts at head.
    pub(crate) fn without_base(self) -> Self {
        Self { base: None, ..self }
    }

    /// The app keeps data in the volume `data`.
    pub(crate) fn keeping(self) -> Self {
        self.renaming("data", "data")
    }

    /// The app keeps data in one volume at base and in another at head.
    pub(crate) fn renaming(self, base: &'static str, head: &'static str) -> Self {
        Self { variety: Variety { volumes: Some([base, head]), ..self.variety }, ..self }
    }

    /// Head mounts the data there.
    pub(crate) fn moving_to(self, place: &'static str) -> Self {
        Self { variety: Variety { moved_to: Some(place), ..self.variety }, ..self }
    }

    /// Head's web server is on no network with the database.
    pub(crate) fn apart(self) -> Self {
        Self { variety: Variety { apart: true, ..self.variety }, ..self }
    }

    /// The app keeps data, and these labels say how it is backed up.
    pub(crate) fn backed_up(self, labels: &'static [&'static str]) -> Self {
        let kept = self.keeping();
        Self { variety: Variety { labels, ..kept.variety }, ..kept }
    }

    /// With this image for its database.
    pub(crate) fn with_database(self, image: &'static str) -> Self {
        Self { variety: Variety { database: Some(image), ..self.variety }, ..self }
    }

    /// With one test of its own, an executable below the tests folder.
    pub(crate) fn tested_by(self, path: &'static str) -> Self {
        Self { test: Some(path), ..self }
    }

    /// The same in another tier.
    pub(crate) fn tested_in(self, tier: Tier, path: &'static str) -> Self {
        Self { test_of: tier, ..self.tested_by(path) }
    }

    /// With further lines of its web server, at base and at head.
    pub(crate) fn with_server(self, server: [&'static str; 2]) -> Self {
        Self { variety: Variety { server, ..self.variety }, ..self }
    }

    /// With further lines of its database, at base and at head.
    pub(crate) fn with_storage(self, storage: [&'static str; 2]) -> Self {
        Self { variety: Variety { storage, ..self.variety }, ..self }
    }

    /// Head gives up an address that base had.
    pub(crate) fn dropping(self, address: &str) -> Self {
        Self { dropped: vec![address.to_owned()], ..self }
    }

    /// After other runs that kept in this folder which tests can be run.
    pub(crate) fn after_others(self, folder: &Path) -> Self {
        Self { readable: KnownReadable::in_folder(folder.to_owned()), ..self }
    }

    /// It becomes its recipe's canonical if it is green; `begin` is asked for the place.
    pub(crate) fn promoted_to(self, begin: Begin) -> Self {
        Self { promotion: Some(begin), ..self }
    }

    /// It shows whether this canonical comes back.
    pub(crate) fn verifying(self, canonical: Canonical, lend: Lend) -> Self {
        let kind = Kind::Verify { canonical: Box::new(canonical) };
        Self { canonical: Some((kind, lend)), base: None, ..self }
    }

    /// It begins with this canonical, of the first version, and upgrades it to the second one.
    pub(crate) fn quick(self, canonical: Canonical, lend: Lend) -> Self {
        let kind = Kind::Quick { canonical: Box::new(canonical) };
        Self { canonical: Some((kind, lend)), ..self }
    }

    /// With a hook in the sandbox.
    pub(crate) fn hooked(self, time: HookTime, path: &'static str) -> Self {
        Self { hook: Some((time, path)), ..self }
    }

    /// Needs logins of the recipe `auth`; so does its test, if it has one.
    pub(crate) fn needing_logins(self, mode: Mode) -> Self {
        Self { needs: Some(mode), ..self }
    }

    /// Ends the run when this is cancelled.
    pub(crate) fn ended_by(self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self }
    }

    /// Somebody ends it when this step begins.
    pub(crate) fn ended_at(self, step: &str) -> Self {
        Self { ends_at: Some(step.to_owned()), ..self }
    }

    /// With other doors to the swarm.
    pub(crate) fn through(self, twist: impl Fn(Doors) -> Doors + 'static) -> Self {
        Self { twist: Box::new(twist), ..self }
    }

    /// With a hook on the host before the upgrade, whose text holds `words`. `meanwhile` happens while its process, which is real,
    /// runs.
    pub(crate) fn hooked_on_host(
        self,
        words: &'static str,
        meanwhile: impl Fn(&FakeSwarm) + Send + Sync + 'static,
    ) -> Self {
        Self { acted: Some(Acted { words, meanwhile: Arc::new(meanwhile) }), ..self }
    }

    /// Beside another run that is alive and has this label and stack.
    pub(crate) fn beside(self, run: &'static str, stack: &'static str) -> Self {
        Self { others: Arc::new(move |label, name| label == run && name.as_str() == stack), ..self }
    }

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
