//! An app and its provider. The provider is a copy of the example `static-site`: its scripts keep a page per namespace in its volume,
//! and the app, another site, shows what it was given and fetches its page over TLS.

use super::engine::{docker, of_run};
use super::product::{Finished, Product, stack_of, text};
use cc_ci_testkit::repo::Repo;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// What the provider offers.
pub(crate) const PROVIDES: &str = "[page]\nservice = \"app\"\ncreate = \"provides/create.sh\"\ndelete = \"provides/delete.sh\"\n\
    list = \"provides/list.sh\"\noutputs = [\"url\", \"greeting\", \"token\"]\nsecrets = [\"token\"]\n";

pub(crate) const CREATE: &str = "set -eu\nfolder=/usr/share/nginx/html/pages\nmkdir -p \"$folder\"\n\
    echo \"$CC_CI_RANDOM_1\" >\"$folder/$CC_CI_NAMESPACE\"\nchmod -R a+rX \"$folder\"\n\
    echo \"made for $CC_CI_APP_DOMAIN with $CC_CI_RANDOM_1\" >&2\n\
    echo \"url=$CC_CI_PROVIDER_URL/pages/$CC_CI_NAMESPACE\"\necho \"greeting=$CC_CI_GREETING\"\necho \"token=$CC_CI_RANDOM_1\"\n";

pub(crate) const DELETE: &str = "rm -f \"/usr/share/nginx/html/pages/$CC_CI_NAMESPACE\"\n";

pub(crate) const LIST: &str = "ls /usr/share/nginx/html/pages 2>/dev/null || true\n";

/// What the app takes.
pub(crate) const SETTINGS: &str = "dependencies = [\"keeper\"]\n[provided.page]\ngreeting = \"Kept elsewhere\"\ntests = [\"custom/page.sh\"]\n\
    [provided.page.env]\nSITE_TITLE = \"greeting\"\n[provided.page.secrets]\nstatus_token = \"token\"\n\
    [backup.verify]\nservice = \"app\"\n\
    command = \"\"\"test -s \"$SSL_CERT_FILE\" && grep -q CERTIFICATE \"$SSL_CERT_FILE\" && test \"$SITE_TITLE\" = 'Kept elsewhere'\"\"\"\n";

/// The page is fetched over TLS that is verified, and holds the secret that the app was given as well.
pub(crate) const PAGE: &str = "#!/bin/bash\nset -euo pipefail\n\
    token=$(<\"$CC_CI_SECRETS_DIR/page_token\")\n\
    [[ $(curl --fail --silent --show-error \"$CC_CI_PAGE_URL\") == \"$token\" ]]\n\
    [[ $(<\"$CC_CI_SECRETS_DIR/status_token\") == \"$token\" ]]\n\
    [[ $CC_CI_PAGE_GREETING == 'Kept elsewhere' && -z ${CC_CI_PAGE_TOKEN:-} ]]\n\
    curl --fail --silent --header \"X-Status-Token: $token\" \"$CC_CI_BASE_URL/status\" >/dev/null\necho \"the token is $token\"\n";

pub(crate) const TITLE: &str = "GET {{base_url}}/\nHTTP 200\n[Asserts]\nbody contains \"<h1>Kept elsewhere</h1>\"\n";

/// The provider's recipe.
pub(crate) const PROVIDER: &str = "keeper";

/// An app, its provider and what the catalogue says about it, in a state folder of their own.
pub(crate) struct World {
    pub(crate) product: Product,
    pub(crate) repo: Repo,
    pub(crate) provider: Repo,
    _folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let product = Product::with_engine();
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
        world
    }

    pub(crate) fn app(&self, path: &str, text: &str) {
        self.repo.write(path, text).unwrap();
        self.repo.commit("customized").unwrap();
    }

    pub(crate) fn catalogue(&self, path: &str, text: &str) {
        let file = self.product.state().join("catalogue").join(PROVIDER).join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// The provider's compose file, as it is now.
    pub(crate) fn provider_compose(&self) -> String {
        std::fs::read_to_string(self.provider.dir().join("compose.yml")).unwrap()
    }

    /// Publishes a version of the provider with this compose file.
    pub(crate) fn publish(&self, version: &str, compose: &str) {
        self.provider.write("compose.yml", compose).unwrap();
        self.provider.commit(version).unwrap();
        self.provider.publish(version).unwrap();
    }

    pub(crate) fn script(&self, name: &str, body: &str) {
        self.catalogue(&format!("provides/{name}.sh"), body);
    }

    /// One run, which must leave nothing of the app and nothing of its dependency.
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        let run = self.product.run(self.repo.dir(), args);
        nothing_left(&run.folder, run.id());
        self.product.judge_says_the_same(&run);
        run
    }
}

/// A warm provider, taken down at the end.
pub(crate) struct Warm<'a>(&'a World);

impl<'a> Warm<'a> {
    pub(crate) fn up(world: &'a World) -> Self {
        let up = world.product.cc_ci(&["warm", "up", PROVIDER]);
        assert!(up.status.success(), "{}{}", text(&up.stdout), text(&up.stderr));
        Self(world)
    }

    pub(crate) fn list(&self) -> String {
        text(&self.0.product.cc_ci(&["warm", "list"]).stdout)
    }

    /// Updates it, which has to stay healthy for two seconds; the exit code, and what is said to both streams.
    pub(crate) fn update(&self, args: &[&str]) -> (i32, String, String) {
        let steady = if args.contains(&"--healthy-for") { &[][..] } else { &["--healthy-for", "2s"] };
        let words = [&["warm", "update", PROVIDER], steady, args].concat();
        let output = self.0.product.cc_ci(&words);
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    /// The container of its one service.
    pub(crate) fn container(&self) -> String {
        let filter = format!("label=com.docker.stack.namespace=warm-{PROVIDER}");
        docker(&["ps", "--quiet", "--filter", &filter])
    }

    pub(crate) fn in_it(&self, command: &str) -> String {
        docker(&["exec", &self.container(), "sh", "-c", command])
    }

    /// No bench and no snapshot is on the engine, and no note in the folder.
    pub(crate) fn nothing_of_an_update_is_left(&self) {
        let filter = format!("label=cc-ci.run=warm-{PROVIDER}");
        let names = docker(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]);
        assert!(!names.contains("-bench-"), "{names}");
        let volumes = docker(&["volume", "ls", "--filter", &filter, "--format", "{{.Name}}"]);
        assert!(!volumes.contains("-repo"), "{volumes}");
        let folder = self.0.product.state().join("warm").join(PROVIDER);
        assert!(!folder.join("update.json").exists() && !folder.join("trees").exists());
    }
}

impl Drop for Warm<'_> {
    fn drop(&mut self) {
        let _down = self.0.product.cc_ci(&["warm", "down", PROVIDER]);
    }
}

/// Nothing of a run is on the engine, nor of its dependencies.
pub(crate) fn nothing_left(folder: &Path, run: &str) {
    for stack in stacks(folder) {
        let left = of_run(run, &stack);
        assert!(left.is_empty(), "{left:?}");
    }
}

/// The stacks of a run: the app's and those of its cold dependencies.
pub(crate) fn stacks(folder: &Path) -> Vec<String> {
    let plan = plan(folder);
    let cold = plan["dependencies"].as_array().unwrap().iter().filter(|one| one["mode"] == "cold");
    let stacks = cold.map(|one| one["stack"].as_str().unwrap().to_owned());
    stacks.chain([stack_of(folder)]).collect()
}

/// The plan of a stored run.
pub(crate) fn plan(folder: &Path) -> Value {
    let record = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let mut events = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.find(|event| event["event"]["type"] == "planned").unwrap()["event"]["plan"].clone()
}

/// A step of the results.
pub(crate) fn step<'a>(run: &'a Finished, id: &str) -> &'a Value {
    let mut steps = run.results["stages"].as_array().unwrap().iter().flat_map(|one| one["tests"].as_array().unwrap());
    steps.find(|step| step["name"] == id).unwrap_or_else(|| panic!("no step {id}: {}", run.all()))
}

/// What a step found.
pub(crate) fn found<'a>(run: &'a Finished, id: &str) -> &'a str {
    step(run, id)["finding"]["summary"].as_str().unwrap_or_else(|| panic!("{id} found nothing: {}", run.all()))
}

/// The record of a run, whole.
pub(crate) fn record(run: &Finished) -> String {
    std::fs::read_to_string(run.folder.join("events.jsonl")).unwrap()
}

/// Only what shows the dependency, as fast as it goes.
pub(crate) const SHORT: [&str; 3] = ["--no-upgrade", "--stages", "install,custom"];
