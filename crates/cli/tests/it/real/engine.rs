//! The engine as an operator sees it, by the `docker` command: an opinion of its own on what is left.

use super::product::until;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How each of the six kinds is listed: with what is stopped, and by which name.
const KINDS: [(&str, &[&str], &str); 6] = [
    ("service", &[], "{{.Name}}"),
    ("container", &["--all"], "{{.Names}}"),
    ("network", &[], "{{.Name}}"),
    ("volume", &[], "{{.Name}}"),
    ("secret", &[], "{{.Name}}"),
    ("config", &[], "{{.Name}}"),
];

/// Runs `docker` and answers with its output; it must succeed.
pub(crate) fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Everything of the six kinds that belongs to a run: by its label, by the stack's label, or by a name made of either.
pub(crate) fn of_run(run: &str, stack: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let (by_run, by_stack) = (format!("label=cc-ci.run={run}"), format!("label=com.docker.stack.namespace={stack}"));
    for (kind, all, format) in KINDS {
        let list = |filter: &[&str]| docker(&[&[kind, "ls"], all, filter, &["--format", format]].concat());
        for filter in [&by_run, &by_stack] {
            found.extend(list(&["--filter", filter]).lines().map(|name| format!("{kind} {name}")));
        }
        let ours = |name: &&str| name.contains(run) || name.starts_with(&format!("{stack}_"));
        found.extend(list(&[]).lines().filter(ours).map(|name| format!("{kind} {name}")));
    }
    found
}

/// A stack that has nothing to do with any run: no label of ours, a volume with data, a secret, a network.
pub(crate) struct Neighbour {
    name: String,
    _folder: tempfile::TempDir,
}

impl Neighbour {
    pub(crate) fn up() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("neighbour-{}", std::process::id());
        let compose = "version: \"3.8\"\nservices:\n  app:\n    image: cc-ci/nginx:1.26\n    command: [sleep, infinity]\n    stop_grace_period: 100ms\n    \
                       volumes: [\"data:/data\"]\n    secrets: [pass]\n    deploy: {endpoint_mode: dnsrr}\n\
                       volumes:\n  data:\nsecrets:\n  pass: {file: ./pass}\n";
        std::fs::write(folder.path().join("compose.yml"), compose).unwrap();
        std::fs::write(folder.path().join("pass"), "theirs\n").unwrap();
        deploy(&folder.path().join("compose.yml"), &name);
        let neighbour = Self { name, _folder: folder };
        until("the neighbour's container", Duration::from_secs(60), || !neighbour.container().is_empty());
        docker(&["exec", &neighbour.container(), "sh", "-c", "echo theirs >/data/file"]);
        neighbour
    }

    /// Ids of everything it consists of, and what is in its volume.
    pub(crate) fn state(&self) -> Vec<String> {
        let name = |what: &str| format!("{}_{what}", self.name);
        vec![
            docker(&["service", "inspect", "--format", "{{.ID}} {{.Version.Index}}", &name("app")]),
            docker(&["service", "ps", "--no-trunc", "--quiet", &name("app")]),
            docker(&["network", "inspect", "--format", "{{.Id}}", &name("default")]),
            docker(&["volume", "inspect", "--format", "{{.Name}} {{.CreatedAt}}", &name("data")]),
            docker(&["secret", "inspect", "--format", "{{.ID}} {{.Version.Index}}", &name("pass")]),
            docker(&["exec", &self.container(), "cat", "/data/file", "/run/secrets/pass"]),
            self.container(),
        ]
    }

    fn container(&self) -> String {
        let of_stack = format!("label=com.docker.stack.namespace={}", self.name);
        docker(&["ps", "--no-trunc", "--quiet", "--filter", &of_stack])
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        remove_stack(&self.name);
    }
}

/// Deploys a compose file as an operator would.
fn deploy(file: &Path, stack: &str) {
    docker(&["stack", "deploy", "--compose-file", file.to_str().unwrap(), stack]);
}

/// Removes a stack with its volumes; fine when there is none.
pub(crate) fn remove_stack(stack: &str) {
    docker(&["stack", "rm", stack]);
    let of_stack = format!("label=com.docker.stack.namespace={stack}");
    until(&format!("the end of the stack {stack}"), Duration::from_secs(60), || {
        docker(&["ps", "--all", "--quiet", "--filter", &of_stack]).is_empty()
    });
    for volume in docker(&["volume", "ls", "--quiet", "--filter", &of_stack]).lines() {
        docker(&["volume", "rm", volume]);
    }
}
