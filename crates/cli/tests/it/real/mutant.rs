//! Runner builds that deploy twice: the program's own run, with a door to the swarm that does more than it was told.

use super::engine::{docker, of_run, remove_stack};
use super::product::{Product, say, until};
use cc_ci_engine::docker::{EngineAddress, RegistryCredentials, Swarm};
use cc_ci_engine::ledger::Ledger;
use cc_ci_engine::run::app::App;
use cc_ci_engine::run::{self as engine, Cancel, World};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::swarm::Rendered;
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::{Event, FORMAT};
use cc_ci_model::plan::base::Base;
use cc_ci_model::redact::Vault;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::overlay::Endpoint;
use cc_ci_runner::clock;
use cc_ci_runner::prepare::warmth::Warmth;
use cc_ci_runner::prepare::{Looking, prepare};
use cc_ci_runner::request::{Places, Request};
use cc_ci_store::recorder::Recorder;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_store::{artifacts, replay};
use cc_ci_testkit::swarm::{Twist, Twisted};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

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

/// Deploys a second stack of this name.
fn another(name: String) -> Twist {
    Box::new(move |rendered| deploy_behind_the_back(rendered, &name))
}

/// Removes the stack and deploys it again, as a retry might.
fn again() -> Twist {
    Box::new(|rendered| {
        docker(&["stack", "rm", rendered.stack.as_str()]);
        let of_stack = format!("label=com.docker.stack.namespace={}", rendered.stack);
        until("the end of the first deploy", Duration::from_secs(60), || {
            docker(&["ps", "--all", "--quiet", "--filter", &of_stack]).is_empty()
        });
        deploy_behind_the_back(rendered, rendered.stack.as_str());
    })
}

/// What the run of a mutant comes to.
struct Outcome {
    run: String,
    stack: String,
    folder: std::path::PathBuf,
    summary: String,
    results: Value,
    exit_code: u8,
}

/// Installs `static-site` as `cc-ci run --stages install` does, with the mutant in place of the swarm.
async fn run_of(product: &Product, twist: Twist) -> Outcome {
    let recipe = product.recipe("static-site");
    let stages = BTreeSet::from([Tier::Install]);
    let request = Request { stages, ..Request::of(recipe.to_str().unwrap()) };
    let (cancel, places) = (Cancel::default(), Places::default());
    let state = StateFolder::open(product.state()).unwrap();
    let looking = Looking { state: &state, places: &places, warmth: Warmth::Never, cancel: cancel.token() };
    let prepared = prepare(&request, &clock::new_run().unwrap(), &looking).await.unwrap();
    let plan = prepared.approved.plan.clone();
    assert!(matches!(plan.base, Base::Head { .. }), "without an upgrade the app starts at head");
    let (dir, lock) = RunDir::create(&state, &plan.run).unwrap();
    let vault = Vault::new(Vec::new());
    let recorder = Recorder::create(&dir, vault.clone()).unwrap();
    let voice = Voice::new(vec![Box::new(recorder.clone())]);
    voice.say(Event::RunStarted {
        format: FORMAT.major,
        minor: FORMAT.minor,
        run: plan.run.clone(),
        recipe: plan.recipe.clone(),
        head: plan.head.clone(),
        pr: None,
        started: "2026-11-23T20:00:00Z".to_owned(),
        program: "mutant".to_owned(),
    });
    voice.say(Event::Planned { plan: Box::new(plan.clone()) });
    let folder = dir.file("trees");
    let head = prepared.head.check_out(&folder).await.unwrap();
    let app = App {
        base: None,
        catalogue: None,
        tests: Some(head.folder.join("tests")),
        given_secrets: prepared.given,
        withheld: prepared.withheld,
        providers: Vec::new(),
        head,
    };
    let address = EngineAddress::parse(std::env::var_os("DOCKER_HOST").as_deref()).unwrap();
    let swarm = Swarm::connect(&address, &RegistryCredentials::default()).await.unwrap();
    let world = World {
        doors: Twisted::doors(swarm.doors(), twist),
        engine: address,
        voice: voice.clone(),
        secrets: Secrets::new(vault.clone()),
        keep: Arc::new(|_| Ok(())),
        ledger: Arc::new(Ledger::create(dir.path(), &plan.run).unwrap()),
        folder: dir.path().to_owned(),
        tools_image: cc_ci_engine::host::findings::TOOLS_IMAGE.to_owned(),
        browser_image: cc_ci_engine::host::findings::BROWSER_IMAGE.to_owned(),
        camera: None,
        endpoint: Endpoint::Tasks,
        cancel,
        alive: Arc::new(|_| true),
        others: Arc::new(|_, _| false),
        hold: Duration::ZERO,
    };
    let end = Box::pin(engine::run(prepared.approved, app, &world)).await;
    voice.say(Event::RunEnded { end });
    recorder.finish().unwrap();
    let judged = replay::judged(&dir).unwrap();
    artifacts::write_reports(&dir, &judged.view(), &vault.redactor()).unwrap();
    drop(lock);
    let stored = |file: &str| std::fs::read_to_string(dir.file(file)).unwrap();
    Outcome {
        run: plan.run.to_string(),
        stack: plan.stack.to_string(),
        summary: stored("summary.txt"),
        results: serde_json::from_str(&stored("results.json")).unwrap(),
        exit_code: cc_ci_model::exit::of_verdict(&judged.verdict),
        folder: dir.path().to_owned(),
    }
}

/// The mutant's run is red, names the disagreement, and `cc-ci judge` says the same.
fn caught(product: &Product, outcome: &Outcome, code: u8, words: &str) {
    let line = "deploy-count = 1 (expect 1, engine saw 2)";
    assert!(outcome.summary.lines().any(|one| one == line), "{}", outcome.summary);
    assert!(outcome.summary.lines().any(|one| one.trim() == words), "{}", outcome.summary);
    assert_eq!(outcome.results["verdict"], "red", "{}", outcome.summary);
    assert_eq!(outcome.results["results"]["install"], "pass", "red for the budget alone: {}", outcome.summary);
    let deploys = &outcome.results["deploys"];
    assert_eq!((&deploys["agreement"], deploys["witness"].as_u64()), (&"disagreed".into(), Some(2)));
    assert_eq!(outcome.exit_code, code, "{}", outcome.summary);
    let judged = product.cc_ci(&["judge", outcome.folder.to_str().unwrap()]);
    assert_eq!(judged.status.code(), Some(i32::from(code)));
    let left = of_run(&outcome.run, &outcome.stack);
    assert!(left.is_empty(), "{left:?}");
    say(&format!("a runner that deploys twice: {line}: {words}"));
}

fn performed(product: &Product, twist: Twist) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run_of(product, twist))
}

#[test]
#[ignore = "real engine: make test"]
fn a_runner_that_deploys_a_second_stack_is_red() {
    let product = Product::with_engine();
    let second = format!("second-{}", std::process::id());
    let outcome = performed(&product, another(second.clone()));
    // The override's labels make it the run's, so teardown may have taken it already.
    remove_stack(&second);
    caught(
        &product,
        &outcome,
        10,
        &format!("the engine saw stack {second} being created, the ledger does not have it"),
    );
}

#[test]
#[ignore = "real engine: make test"]
fn a_runner_that_deploys_again_is_red() {
    let product = Product::with_engine();
    let outcome = performed(&product, again());
    let words = format!("the engine saw stack {} being created, the ledger does not have it", outcome.stack);
    caught(&product, &outcome, 1, &words);
}
