//! Recipes that are swept, in a state folder of their own: dependants of one provider, and others.

use super::engine::{docker, of_run};
use super::product::{Product, say, text};
use super::provider::{CREATE, DELETE, LIST, PAGE, PROVIDER, PROVIDES, SETTINGS, TITLE};
use cc_ci_testkit::repo::Repo;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A state folder with recipes, each published at its head.
pub(crate) struct Swept {
    pub(crate) product: Product,
    pub(crate) folder: PathBuf,
    _temporary: TempDir,
}

/// What a sweep said.
pub(crate) struct SweptAnswer {
    pub(crate) code: i32,
    pub(crate) json: Value,
    pub(crate) said: String,
}

impl Swept {
    pub(crate) fn new() -> Self {
        let product = Product::with_engine();
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("state");
        std::fs::create_dir_all(folder.join("recipes")).unwrap();
        Self { product: product.with_state(&folder), folder, _temporary: temporary }
    }

    /// A copy of an example under a name of its own, changed and then published.
    pub(crate) fn recipe(&self, from: &Path, name: &str, version: &str, files: &[(&str, &str)]) -> Repo {
        let repo = Repo::clone_of(from, &self.folder.join("recipes"), name).unwrap();
        for (path, content) in files {
            repo.write(path, content).unwrap();
        }
        if !files.is_empty() {
            repo.commit("changed").unwrap();
        }
        repo.publish(version).unwrap();
        repo
    }

    /// A file of the operator's catalogue.
    pub(crate) fn catalogue(&self, path: &str, content: &str) {
        let path = self.folder.join("catalogue").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Sweeps; nothing of the sweep and of its runs may be left.
    pub(crate) fn sweep(&self, words: &[&str]) -> SweptAnswer {
        let output = self.product.cc_ci(&[&["sweep", "--json"], words].concat());
        let said = text(&output.stderr);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
        let answer = SweptAnswer { code: output.status.code().unwrap(), json, said };
        self.nothing_left(&answer);
        let page = self.folder.join("sweeps").join(answer.id()).join("index.html");
        assert!(std::fs::read_to_string(&page).unwrap().contains("<h1>"), "{}", page.display());
        answer
    }

    fn nothing_left(&self, answer: &SweptAnswer) {
        // Secrets that a canonical keeps have its label.
        let kept = |object: &String| object.strip_prefix("secret ").is_some_and(is_kept);
        for stack in answer.stacks() {
            let left: Vec<String> = of_run(answer.id(), &stack).into_iter().filter(|object| !kept(object)).collect();
            assert!(left.is_empty(), "{left:?}");
        }
        assert_eq!(text(&self.product.cc_ci(&["clean"]).stdout), "no dead run to clean up after\n");
    }
}

fn is_kept(secret: &str) -> bool {
    docker(&["secret", "inspect", secret, "--format", "{{json .Spec.Labels}}"]).contains("cc-ci.canonical")
}

impl SweptAnswer {
    pub(crate) fn id(&self) -> &str {
        self.json["sweep"].as_str().unwrap()
    }

    /// All stacks in it: of runs, and of what was brought up.
    pub(crate) fn stacks(&self) -> Vec<String> {
        let rows = self.json["answers"].as_array().unwrap().iter();
        let runs = rows.filter_map(|row| row["ledger"].as_array()).flatten();
        let shared = self.json["brought_up"].as_array().unwrap().iter().map(|row| &row["stack"]);
        runs.chain(shared).map(|stack| stack.as_str().unwrap().to_owned()).collect()
    }

    /// What became of each recipe: `one ran green`.
    pub(crate) fn ends(&self) -> Vec<String> {
        let rows = self.json["answers"].as_array().unwrap().iter();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        rows.map(|row| {
            format!("{} {} {}", word(&row["name"]), word(&row["end"]), word(&row["color"])).trim().to_owned()
        })
        .collect()
    }

    /// The three counts.
    pub(crate) fn counts(&self) -> [u64; 3] {
        ["planned", "ledger", "witness"].map(|guard| self.json["guards"][guard].as_u64().unwrap())
    }

    /// It is so, or everything that is known is shown.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, ends: &[&str], counts: [u64; 3]) {
        let shown = || format!("{}\n{:#}", self.said, self.json);
        assert_eq!(
            (self.code, self.ends(), self.counts()),
            (code, ends.iter().map(|end| (*end).to_owned()).collect(), counts),
            "{}",
            shown()
        );
        say(&format!("sweep: {} after {} ms", self.json["message"], self.json["ms"]));
    }
}

/// A hook that deploys a stack of its own.
pub(crate) fn stray(name: &str) -> String {
    format!(
        "#!/bin/bash\nset -eu\ncat >\"$CC_CI_STATE_DIR/stray.yml\" <<'END'\nversion: \"3.8\"\nservices:\n  app:\n    image: cc-ci/nginx:1.26\n    \
         command: [sleep, infinity]\n    stop_grace_period: 100ms\n    deploy: {{endpoint_mode: dnsrr}}\nEND\n\
         docker stack deploy --compose-file \"$CC_CI_STATE_DIR/stray.yml\" {name}\n"
    )
}

/// Two sites that need a keeper.
pub(crate) fn sites() -> Swept {
    let swept = Swept::new();
    let example = super::product::example("static-site");
    let customized = [("tests/ci.toml", SETTINGS), ("tests/custom/page.sh", PAGE), ("tests/install.hurl", TITLE)];
    for name in ["site-a", "site-b"] {
        swept.recipe(&example, name, "2.0.0+1.26.3", &customized);
    }
    swept.recipe(&example, PROVIDER, "2.0.0+1.26.3", &[]);
    swept.catalogue(&format!("{PROVIDER}/provides.toml"), PROVIDES);
    for (name, body) in [("create", CREATE), ("delete", DELETE), ("list", LIST)] {
        swept.catalogue(&format!("{PROVIDER}/provides/{name}.sh"), body);
    }
    swept
}
