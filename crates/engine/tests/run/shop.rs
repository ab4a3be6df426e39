//! The app under test: a web shop with a database, at a base and at a head, on a swarm in memory.

mod host_hook;
mod performed;
mod recipe;

use cc_ci_engine::custom::proofread::KnownReadable;
use cc_ci_engine::pressure::{self, Stalls};
use cc_ci_engine::promotion::{Begin, Lend};
use cc_ci_engine::run::Cancel;
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::witness::OtherRuns;
use cc_ci_model::canonical::Canonical;
use cc_ci_model::ids::{Commit, Domain, RecipeName, RunId, StackName};
use cc_ci_model::plan::dependency::Mode;
use cc_ci_model::plan::hook::HookTime;
use cc_ci_model::plan::kind::Kind;
use cc_ci_model::tier::Tier;
use cc_ci_testkit::swarm::FakeSwarm;
use host_hook::Acted;
use recipe::Variety;
use std::path::Path;
use std::sync::Arc;

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
}
