//! Dependencies on a real engine. The provider is a copy of the example `static-site`: its scripts keep a page per namespace in its volume,
//! and the app, another site, shows what it was given and fetches its page over TLS.

use crate::engine::{docker, of_run};
use crate::product::{Finished, Product, Ring, say, stack_of, text, until};
use cc_ci_testkit::repo::Repo;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// What the provider offers.
const PROVIDES: &str = "[page]\nservice = \"app\"\ncreate = \"provides/create.sh\"\ndelete = \"provides/delete.sh\"\n\
    list = \"provides/list.sh\"\noutputs = [\"url\", \"greeting\", \"token\"]\nsecrets = [\"token\"]\n";

const CREATE: &str = "set -eu\nfolder=/usr/share/nginx/html/pages\nmkdir -p \"$folder\"\n\
    echo \"$CC_CI_RANDOM_1\" >\"$folder/$CC_CI_NAMESPACE\"\nchmod -R a+rX \"$folder\"\n\
    echo \"made for $CC_CI_APP_DOMAIN with $CC_CI_RANDOM_1\" >&2\n\
    echo \"url=$CC_CI_PROVIDER_URL/pages/$CC_CI_NAMESPACE\"\necho \"greeting=$CC_CI_GREETING\"\necho \"token=$CC_CI_RANDOM_1\"\n";

const DELETE: &str = "rm -f \"/usr/share/nginx/html/pages/$CC_CI_NAMESPACE\"\n";

const LIST: &str = "ls /usr/share/nginx/html/pages 2>/dev/null || true\n";

/// What the app takes.
const SETTINGS: &str = "dependencies = [\"keeper\"]\n[provided.page]\ngreeting = \"Kept elsewhere\"\ntests = [\"custom/page.sh\"]\n\
    [provided.page.env]\nSITE_TITLE = \"greeting\"\n[provided.page.secrets]\nstatus_token = \"token\"\n\
    [backup.verify]\nservice = \"app\"\n\
    command = \"\"\"test -s \"$SSL_CERT_FILE\" && grep -q CERTIFICATE \"$SSL_CERT_FILE\" && test \"$SITE_TITLE\" = 'Kept elsewhere'\"\"\"\n";

/// The page is fetched over TLS that is verified, and holds the secret that the app was given as well.
const PAGE: &str = "#!/bin/bash\nset -euo pipefail\n\
    token=$(<\"$CC_CI_SECRETS_DIR/page_token\")\n\
    [[ $(curl --fail --silent --show-error \"$CC_CI_PAGE_URL\") == \"$token\" ]]\n\
    [[ $(<\"$CC_CI_SECRETS_DIR/status_token\") == \"$token\" ]]\n\
    [[ $CC_CI_PAGE_GREETING == 'Kept elsewhere' && -z ${CC_CI_PAGE_TOKEN:-} ]]\n\
    curl --fail --silent --header \"X-Status-Token: $token\" \"$CC_CI_BASE_URL/status\" >/dev/null\necho \"the token is $token\"\n";

const TITLE: &str = "GET {{base_url}}/\nHTTP 200\n[Asserts]\nbody contains \"<h1>Kept elsewhere</h1>\"\n";

/// The provider's recipe.
const PROVIDER: &str = "keeper";

/// An app, its provider and what the catalogue says about it, in a state folder of their own.
struct World {
    product: Product,
    repo: Repo,
    provider: Repo,
    _folder: TempDir,
}

impl World {
    /// `None` when nobody asked for this ring.
    fn asked(ring: Ring) -> Option<Self> {
        let product = Product::asked(ring)?;
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let repo = Repo::clone_of(&product.recipe("static-site"), folder.path(), "site").unwrap();
        let provider = Repo::clone_of(&product.recipe("static-site"), &state.join("recipes"), PROVIDER).unwrap();
        let world = Self { product: product.with_state(&state), repo, provider, _folder: folder };
        for (name, body) in [("create", CREATE), ("delete", DELETE), ("list", LIST)] {
            world.script(name, body);
        }
        world.catalogue("provides.toml", PROVIDES);
        world.app("tests/ci.toml", SETTINGS);
        world.app("tests/custom/page.sh", PAGE);
        world.app("tests/install.hurl", TITLE);
        Some(world)
    }

    fn app(&self, path: &str, text: &str) {
        self.repo.write(path, text).unwrap();
        self.repo.commit("customized").unwrap();
    }

    fn catalogue(&self, path: &str, text: &str) {
        let file = self.product.state().join("catalogue").join(PROVIDER).join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn script(&self, name: &str, body: &str) {
        self.catalogue(&format!("provides/{name}.sh"), body);
    }

    /// One run, which must leave nothing of the app and nothing of its dependency.
    fn run(&self, args: &[&str]) -> Finished {
        let run = self.product.run(self.repo.dir(), args);
        nothing_left(&run.folder, run.id());
        self.product.judge_says_the_same(&run);
        run
    }
}

fn nothing_left(folder: &Path, run: &str) {
    for stack in stacks(folder) {
        let left = of_run(run, &stack);
        assert!(left.is_empty(), "{left:?}");
    }
}

/// The stacks of a run: the app's and those of its cold dependencies.
fn stacks(folder: &Path) -> Vec<String> {
    let plan = plan(folder);
    let cold = plan["dependencies"].as_array().unwrap().iter().filter(|one| one["mode"] == "cold");
    let stacks = cold.map(|one| one["stack"].as_str().unwrap().to_owned());
    stacks.chain([stack_of(folder)]).collect()
}

fn plan(folder: &Path) -> Value {
    let record = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let mut events = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.find(|event| event["event"]["type"] == "planned").unwrap()["event"]["plan"].clone()
}

fn step<'a>(run: &'a Finished, id: &str) -> &'a Value {
    let mut steps = run.results["stages"].as_array().unwrap().iter().flat_map(|one| one["tests"].as_array().unwrap());
    steps.find(|step| step["name"] == id).unwrap_or_else(|| panic!("no step {id}: {}", run.all()))
}

fn found<'a>(run: &'a Finished, id: &str) -> &'a str {
    step(run, id)["finding"]["summary"].as_str().unwrap_or_else(|| panic!("{id} found nothing: {}", run.all()))
}

fn record(run: &Finished) -> String {
    std::fs::read_to_string(run.folder.join("events.jsonl")).unwrap()
}

/// Only what shows the dependency, as fast as it goes.
const SHORT: [&str; 3] = ["--no-upgrade", "--stages", "install,custom"];

#[test]
fn a_cold_dependency_is_deployed_once_and_gives_what_it_has_to() {
    let Some(world) = World::asked(Ring::Long) else { return };
    let run = world.run(&[]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(run.has_line("deploy-count = 2 (expect 2, engine saw 2)"), "{}", run.all());
    for id in ["install/dependency/keeper/serving", "install/install.hurl", "custom/custom/page.sh", "backup/verified"]
    {
        assert_eq!(step(&run, id)["status"], "pass", "{id}: {}", run.all());
    }
    let dependency = &run.results["dependencies"][0];
    assert_eq!((&dependency["mode"], &dependency["tests_ran"]), (&"cold".into(), &1.into()), "{}", run.all());
    // The script and the test say the token aloud; nobody can read it.
    let record = record(&run);
    assert!(record.contains("made for ") && record.contains("the token is "), "{record}");
    assert!(record.contains("the token is *****"), "{record}");
    assert!(run.folder.join("logs/keeper.app.log").is_file(), "{}", run.all());
    say(&format!("a cold dependency: verdict after {} ms", run.results["timings"]["verdict_ms"]));
}

#[test]
fn a_provider_that_never_gets_healthy_is_blamed_itself() {
    let Some(world) = World::asked(Ring::Long) else { return };
    let compose = std::fs::read_to_string(world.provider.dir().join("compose.yml")).unwrap();
    world.provider.write("compose.yml", &compose.replace("GET /healthz", "GET /absent")).unwrap();
    world.provider.commit("sick").unwrap();
    world.provider.publish("9.0.0+1.26").unwrap();
    world.catalogue("ci.toml", "limits.converge = 15\n");
    let run = world.run(&SHORT);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("dependency")), "{}", run.all());
    assert!(run.has_line("deploy-count = 1 (expect 2, engine saw 1)"), "{}", run.all());
    assert_eq!(run.results["triage"]["service"], "keeper.app", "{}", run.all());
    assert!(found(&run, "install/dependency/keeper/converged").contains("health"), "{}", run.all());
}

#[test]
fn a_script_that_fails_half_way_is_the_dependencys_fault() {
    let Some(world) = World::asked(Ring::Long) else { return };
    world.script("create", &CREATE.replace("echo \"greeting", "echo no more >&2; exit 3; echo \"greeting"));
    let run = world.run(&SHORT);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("dependency")), "{}", run.all());
    let said = found(&run, "install/dependency/keeper/page");
    assert_eq!(said, "keeper: the script `create` ended with exit code 3: no more");
    assert!(run.has_line("deploy-count = 1 (expect 2, engine saw 1)"), "{}", run.all());
    let details = step(&run, "install/dependency/keeper/page")["finding"]["details"].to_string();
    assert!(details.contains("with *****"), "a random value is a secret from the start: {details}");
}

#[test]
fn a_script_that_does_not_print_what_it_has_to_is_the_dependencys_fault() {
    let Some(world) = World::asked(Ring::Long) else { return };
    world.script("create", &CREATE.replace("echo \"greeting=", "echo \"greting="));
    let run = world.run(&SHORT);
    assert_eq!(run.results["blame"], "dependency", "{}", run.all());
    assert_eq!(found(&run, "install/dependency/keeper/page"), "keeper: the script `create` did not print greeting");
}

#[test]
fn a_needed_test_that_skips_itself_makes_the_run_red() {
    let Some(world) = World::asked(Ring::Long) else { return };
    world.app("tests/custom/page.sh", "#!/bin/sh\necho no provider today\nexit 77\n");
    let run = world.run(&SHORT);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("test")), "{}", run.all());
    let said = found(&run, "custom/custom/page.sh");
    assert_eq!(said, "needed dependency keeper and did not run: no provider today");
    assert_eq!(run.results["dependencies"][0]["tests_ran"], 0);
}

#[test]
fn a_test_that_fails_after_its_provider_died_is_the_dependencys_fault() {
    let Some(world) = World::asked(Ring::Long) else { return };
    // The provider ends itself once the app has been given what it needs.
    let dies = format!("{CREATE}(sleep 3; kill 1) >/dev/null 2>&1 &\n");
    world.script("create", &dies);
    let waits = "#!/bin/bash\nfor try in $(seq 100); do curl --fail --silent \"$CC_CI_PAGE_URL\" >/dev/null || exit 1; sleep 0.1; done\n";
    world.app("tests/custom/page.sh", waits);
    let run = world.run(&SHORT);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("dependency")), "{}", run.all());
    assert!(found(&run, "custom/custom/page.sh").contains(", and keeper "), "{}", run.all());
    // The same failure with a provider that is well is the recipe's.
    world.script("create", CREATE);
    world.app("tests/custom/page.sh", "#!/bin/sh\nexit 1\n");
    let run = world.run(&SHORT);
    assert_eq!(run.results["blame"], "recipe", "{}", run.all());
}

#[test]
fn a_run_killed_while_its_dependency_is_up_is_cleaned_up_after() {
    let Some(world) = World::asked(Ring::Short) else { return };
    for at in ["install/dependency/keeper/page", "install/converged"] {
        let mut running = world.product.start(world.repo.dir(), &[&SHORT[..], &["--no-reaper"]].concat());
        let folder: PathBuf = running.reach(at);
        let run = folder.file_name().unwrap().to_str().unwrap().to_owned();
        running.kill();
        let up: Vec<String> = stacks(&folder).iter().flat_map(|stack| of_run(&run, stack)).collect();
        assert!(up.iter().any(|object| object.starts_with("service ")), "{up:?}");
        let cleaned = world.product.cc_ci(&["clean"]);
        let out = text(&cleaned.stdout);
        assert!(out.lines().any(|line| line.starts_with(&run) && line.ends_with(", 0 left")), "{out}");
        nothing_left(&folder, &run);
    }
}

/// A warm provider, taken down at the end.
struct Warm<'a>(&'a World);

impl<'a> Warm<'a> {
    fn up(world: &'a World) -> Self {
        let up = world.product.cc_ci(&["warm", "up", PROVIDER]);
        assert!(up.status.success(), "{}{}", text(&up.stdout), text(&up.stderr));
        Self(world)
    }

    fn list(&self) -> String {
        text(&self.0.product.cc_ci(&["warm", "list"]).stdout)
    }

    /// The container of its one service.
    fn container(&self) -> String {
        let filter = format!("label=com.docker.stack.namespace=warm-{PROVIDER}");
        docker(&["ps", "--quiet", "--filter", &filter])
    }

    fn in_it(&self, command: &str) -> String {
        docker(&["exec", &self.container(), "sh", "-c", command])
    }
}

impl Drop for Warm<'_> {
    fn drop(&mut self) {
        let _down = self.0.product.cc_ci(&["warm", "down", PROVIDER]);
    }
}

#[test]
fn a_warm_dependency_is_shared_and_keeps_nothing_of_a_run() {
    let Some(world) = World::asked(Ring::Long) else { return };
    {
        let warm = Warm::up(&world);
        assert!(warm.list().contains("healthy"), "{}", warm.list());
        let pages = "/usr/share/nginx/html/pages";
        // A run that died long ago left one; somebody else's own is none of our business.
        warm.in_it(&format!("mkdir -p {pages} && touch {pages}/cc-ci-20200101-000000-abcdef {pages}/precious"));
        let before = warm.container();
        let run = world.run(&SHORT);
        assert_eq!(run.code, 0, "{}", run.all());
        assert!(run.has_line("deploy-count = 1 (expect 1, engine saw 1)"), "{}", run.all());
        assert_eq!(run.results["dependencies"][0]["mode"], "warm");
        let made = step(&run, "install/dependency/keeper/page")["note"].as_str().unwrap();
        assert!(made.starts_with(&format!("cc-ci-{} in keeper", run.id())), "{made}");
        assert_eq!(warm.in_it(&format!("ls {pages}")), "precious", "made and gone, and the left-over one with it");
        assert!(record(&run).contains("cc-ci-20200101-000000-abcdef, of a run that is dead, was removed"));
        assert_eq!(warm.container(), before, "it was not touched");

        // A run that is killed leaves its namespace to the clean-up, which leaves the provider alone.
        let mut running = world.product.start(world.repo.dir(), &[&SHORT[..], &["--no-reaper"]].concat());
        let folder = running.reach("install/converged");
        running.kill();
        let run = folder.file_name().unwrap().to_str().unwrap();
        assert!(warm.in_it(&format!("ls {pages}")).contains(run));
        let clean = world.product.cc_ci(&["clean"]);
        assert!(clean.status.success(), "{}{}", text(&clean.stdout), text(&clean.stderr));
        assert_eq!(warm.in_it(&format!("ls {pages}")), "precious");
        assert_eq!(warm.container(), before);
        nothing_left(&folder, run);

        // A `delete` that deletes nothing is found out.
        world.script("delete", "true\n");
        let run = world.run(&SHORT);
        assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("dependency")), "{}", run.all());
        assert!(
            run.results["reasons"][0].as_str().unwrap().starts_with("left behind: namespace cc-ci-"),
            "{}",
            run.all()
        );
        world.script("delete", DELETE);

        // One that is not healthy is not used, and the budget expects the cold one.
        docker(&["service", "scale", "--detach", &format!("warm-{PROVIDER}_app=0")]);
        until("the end of the provider", Duration::from_secs(30), || warm.container().is_empty());
        let run = world.run(&SHORT);
        assert_eq!(run.code, 0, "{}", run.all());
        assert!(run.has_line("deploy-count = 2 (expect 2, engine saw 2)"), "{}", run.all());
        let why = run.results["dependencies"][0]["why"].as_str().unwrap();
        assert!(why.starts_with("the warm one is not healthy: "), "{why}");
    }
    let left = of_run(&format!("warm-{PROVIDER}"), &format!("warm-{PROVIDER}"));
    assert!(left.is_empty(), "{left:?}");
    assert!(!world.product.state().join("warm").join(PROVIDER).exists());
}
