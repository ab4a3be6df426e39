//! Runner builds that deploy twice: the program's own run, with a door to the swarm that does more than it was told. What becomes
//! of the verdict is tried on the swarm in memory (`crates/engine/tests/run/budget.rs`); here a real engine is the witness.

use super::engine::{of_run, remove_stack};
use super::product::{Product, say};
use cc_ci_engine::docker::{EngineAddress, RegistryCredentials, Swarm};
use cc_ci_engine::swarm::Rendered;
use cc_ci_model::tier::Tier;
use cc_ci_runner::clock;
use cc_ci_runner::request::{BaseWish, Cores, Deps, EngineChoice, Places, Reaper, Request, Retention};
use cc_ci_runner::session::{Ending, Finished, Session};
use cc_ci_store::state::StateFolder;
use cc_ci_testkit::swarm::{Twist, Twisted};
use std::collections::BTreeSet;
use std::sync::Arc;

/// `docker stack deploy` outside of the one place that asks for a permit.
fn deploy_behind_the_back(rendered: &Rendered, stack: &str) {
    let mut command = std::process::Command::new("docker");
    command.args(["stack", "deploy", "--resolve-image", "never"]);
    for file in &rendered.files {
        command.arg("--compose-file").arg(file);
    }
    command.arg(stack).current_dir(&rendered.folder).envs(&rendered.env);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Installs `static-site` as `cc-ci run --stages install` does, with the mutant in place of the swarm.
async fn run_of(product: &Product, twist: Twist) -> Finished {
    let address = EngineAddress::parse(std::env::var_os("DOCKER_HOST").as_deref()).unwrap();
    let swarm = Swarm::connect(&address, &RegistryCredentials::default()).await.unwrap();
    let deps = Deps {
        state: StateFolder::open(product.state()).unwrap(),
        engine: EngineChoice::Ready { address, doors: Twisted::doors(swarm.doors(), twist) },
        places: Places::default(),
        reaper: Reaper::None,
        retention: Retention::Leave,
        lent: None,
        listeners: Box::new(|_| Vec::new()),
        say: Arc::new(say),
        providers: None,
        cores: Cores::OfThisMachine,
    };
    let recipe = product.recipe("static-site");
    let base = BaseWish::NoUpgrade { why: "a test".to_owned() };
    let request = Request { stages: BTreeSet::from([Tier::Install]), base, ..Request::of(recipe.to_str().unwrap()) };
    Session::start(clock::new_run().unwrap(), request, deps).finished().await
}

#[test]
#[ignore = "real engine: make test"]
fn a_runner_that_deploys_a_second_stack_is_red() {
    let product = Product::with_engine();
    let second = format!("second-{}", std::process::id());
    let twist: Twist = {
        let second = second.clone();
        Box::new(move |rendered| deploy_behind_the_back(rendered, &second))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let finished = runtime.block_on(run_of(&product, twist));
    // The override's labels make it the run's, so teardown may have taken it already.
    remove_stack(&second);

    let outcome = finished.outcome();
    assert_eq!(outcome.exit_code, 10, "{outcome:?}");
    let line = "deploy-count = 1 (expect 1, engine saw 2)";
    let words = format!("the engine saw stack {second} being created, the ledger does not have it");
    assert!(outcome.message.contains(&format!("{line}: {words}")), "{outcome:?}");
    let Ending::Judged { view, folder, .. } = &finished.ended else { panic!("{finished:?}") };
    let judged = product.cc_ci(&["judge", folder.to_str().unwrap()]);
    assert_eq!(judged.status.code(), Some(10));
    let left = of_run(finished.run.as_str(), view.stack.as_str());
    assert!(left.is_empty(), "{left:?}");
    say(&format!("a runner that deploys twice: {line}: {words}"));
}
