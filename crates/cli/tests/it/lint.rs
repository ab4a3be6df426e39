//! `cc-ci lint` through its door: a repository in, findings and an exit code out. No Docker, no network.

use cc_ci_testkit::repo::Repo;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

struct World {
    folder: TempDir,
    repo: Repo,
}

impl World {
    /// An example recipe with its published versions, the oldest first, and head.
    fn example(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
        let repo = Repo::of_example(&example, folder.path()).unwrap();
        Self { folder, repo }
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.repo.dir().join(path)).unwrap();
        assert!(text.contains(from), "{path}: {from}");
        self.repo.write(path, &text.replace(from, to)).unwrap();
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_cc-ci"))
            .arg("lint")
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
            .current_dir(self.repo.dir())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn text(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        format!("[{code}] {out}{err}").replace(&self.folder.path().display().to_string(), "[folder]")
    }
}

/// Forgets the new version of a config in a commit of its own.
fn forgetful() -> World {
    let world = World::example("static-site");
    world.edit("nginx.conf.tmpl", "gzip on;", "gzip off;");
    world.edit("abra.sh", "NGINX_CONF_VERSION=v3", "NGINX_CONF_VERSION=v2");
    world.repo.commit("fix: no gzip").unwrap();
    world
}

#[test]
fn the_folder_is_linted_where_that_is_asked_for() {
    let world = World::example("static-site");
    world.edit("nginx.conf.tmpl", "gzip on;", "gzip off;");
    world.edit("abra.sh", "NGINX_CONF_VERSION=v3", "NGINX_CONF_VERSION=v2");
    let text = world.text(&["--worktree"]);
    assert!(text.starts_with("[10] ") && text.contains("CC101"), "{text}");
    assert!(text.contains("note: the folder was tested, not the commit: 2 files of it differ"), "{text}");
    assert!(world.text(&[]).starts_with("[0] "));
    let (_, json, _) = world.run(&["--worktree", "--format", "json"]);
    let report: Value = serde_json::from_str(&json).unwrap();
    let commit = report["commit"].as_str().unwrap();
    assert!(commit.len() == 42 && commit.ends_with("+U"), "{commit}");
}

#[test]
fn what_plan_would_refuse_of_settings_and_tests_is_a_finding() {
    let world = World::example("static-site");
    world.repo.write("tests/ci.toml", "[health]\npath = \"/\"\n[helth]\npath = \"/\"\n").unwrap();
    world.repo.write("tests/custom/later.rb", "puts 1\n").unwrap();
    world.repo.commit("test: more").unwrap();
    let text = world.text(&[]);
    assert!(text.starts_with("[10] "), "{text}");
    assert!(text.contains("tests/ci.toml:3: error CC901: helth: "), "{text}");
    assert!(text.contains("tests/custom/later.rb: error CC902: looks like a test and does not run"), "{text}");
}

#[test]
fn the_examples_are_clean_at_every_version() {
    let examples = [
        ("static-site", "1.1.0+1.22.1"),
        ("miniflux", "1.1.0+2.2.6"),
        ("wordpress", "1.1.0+6.1.9"),
        ("webdis", "1.1.0+0.1.9"),
        ("canaille", "1.1.0+0.3.4"),
        ("miniflux-sso", "1.1.0+2.2.6"),
    ];
    for (example, published) in examples {
        let world = World::example(example);
        let clean = |base: &str| format!("[0] lint: nothing found (compared with {base}; not checked: R013, R016)\n");
        assert_eq!(world.text(&[]), clean(published), "{example}");
        let first = world.repo.git(&["tag", "--list", "1.0.0*"]).unwrap();
        assert_eq!(world.text(&["--ref", published]), clean(&first), "{example}");
    }
}

#[test]
fn an_app_that_is_not_reached_through_the_proxy_is_said_to_be_none() {
    insta::assert_snapshot!(World::example("mumble").text(&[]), @r#"
    [10] compose.yml:4: error R010: .env.sample has a DOMAIN, but no service has `traefik.enable=true` under `deploy`
      hint: add the label `traefik.enable=true` to services.app.deploy.labels
    compose.yml:28: warning CC701: services.app.ports.64738: asks for a port of the machine (`64738/tcp`)
      hint: remove it; or the operator allows it, outside of the recipe, in policy.toml: `host-port = ["64738/tcp"]`; `cc-ci plan` writes the whole entry
    compose.yml:28: warning CC701: services.app.ports.64738: asks for a port of the machine (`64738/udp`)
      hint: remove it; or the operator allows it, outside of the recipe, in policy.toml: `host-port = ["64738/udp"]`; `cc-ci plan` writes the whole entry
    lint: 1 error (R010), 2 warnings (CC701) (compared with 1.1.0+1.3.4; not checked: R013, R016)
    "#);
}

#[test]
fn a_config_that_changed_without_a_new_version_is_an_error() {
    insta::assert_snapshot!(forgetful().text(&[]), @r"
    [10] abra.sh:2: error CC101: `nginx.conf.tmpl` changed since 1.1.0+1.22.1, but config `nginx_conf` still has the version v2
      hint: raise it in the same change: export NGINX_CONF_VERSION=v3
    lint: 1 error (CC101) (compared with 1.1.0+1.22.1; not checked: R013, R016)
    ");
}

#[test]
fn against_a_branch_only_what_the_change_adds_is_said() {
    let world = World::example("miniflux");
    world.edit("compose.yml", "cc-ci/postgres:15", "cc-ci/postgres:latest");
    world.repo.commit("an old sin").unwrap();
    world.repo.git(&["switch", "--quiet", "--create", "change"]).unwrap();
    world.edit("pg_backup.sh", "#!/bin/", "#!/usr/bin/");
    world.edit("compose.yml", "stop_grace_period: 30s", "stop_grace_period: ${GRACE:-30s}");
    world.repo.commit("the change").unwrap();
    insta::assert_snapshot!(world.text(&["--against", "main"]), @r"
    [10] abra.sh:2: error CC101: `pg_backup.sh` changed since main, but config `pg_backup` still has the version v2
      hint: raise it in the same change: export PG_BACKUP_VERSION=v3
    compose.yml:68: error CC402: services.db.stop_grace_period: a variable (`${GRACE:-30s}`) in a field that is not a text
      hint: write the value itself: abra refuses the recipe before it fills in variables
    lint: 2 errors (CC101, CC402) (compared with main; not checked: R013, R016)
    ");
    // The old sin is there all the same.
    assert!(world.text(&[]).contains("warning R004"));
    assert!(world.text(&["--against", "change"]).starts_with("[0] lint: nothing found (compared with change"));
}

#[test]
fn the_commit_counts_and_the_work_tree_does_not() {
    let world = World::example("static-site");
    world.edit("compose.yml", "cc-ci/nginx:1.26", "cc-ci/nginx:latest");
    let (code, out, err) = world.run(&[]);
    assert_eq!((code, out.contains("nothing found")), (0, true), "{out}");
    assert!(err.starts_with("note: 1 file with uncommitted changes"), "{err}");
    world.repo.commit("latest").unwrap();
    assert!(world.text(&[]).starts_with("[0] compose.yml:5: warning R004"));
    assert!(world.text(&["--ref", "HEAD~1"]).contains("nothing found"));
}

#[test]
fn a_recipe_that_cannot_be_deployed_is_linted() {
    let world = World::example("static-site");
    world.repo.remove(".env.sample").unwrap();
    world.edit("compose.yml", "      - content:/usr", "      - contents:/usr");
    world.repo.commit("broken").unwrap();
    let said = world.text(&[]);
    assert!(said.starts_with("[10] .env.sample: error R008: is missing"), "{said}");
    assert!(
        said.contains("error CC001: services.app.volumes./usr/share/nginx/html: unknown volume `contents`"),
        "{said}"
    );
    world.edit("compose.yml", "services:", "services: [");
    world.repo.commit("more broken").unwrap();
    let said = world.text(&[]);
    assert!(said.contains("error CC001: not readable as YAML") && said.contains("not checked: R001, R002"), "{said}");
}

#[test]
fn findings_are_printed_for_programs_too() {
    let world = forgetful();
    let (code, out, _) = world.run(&["--format", "json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["passed"].as_bool(), json["recipe"].as_str()), (10, Some(false), Some("static-site")));
    assert_eq!(json["commit"], world.repo.git(&["rev-parse", "HEAD"]).unwrap());
    assert_eq!((&json["findings"][0]["rule"], &json["findings"][0]["severity"]), (&"CC101".into(), &"error".into()));
    let (code, out, _) = world.run(&["--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &sarif["runs"][0]["results"][0]["ruleId"]), (10, &"CC101".into()));
}

#[test]
fn what_cannot_be_linted_says_why() {
    let world = World::example("static-site");
    insta::assert_snapshot!(world.text(&["--ref", "nowhere"]), @"[21] error: no branch, tag or commit `nowhere` in the repository: `git branch --all` and `git tag` there list what it has");
    assert!(world.text(&["--against", "nowhere"]).starts_with("[21] error: no branch, tag or commit `nowhere`"));
    assert!(world.text(&["--format", "xml"]).starts_with("[2] error: invalid value 'xml'"));
    let plain = world.folder.path().join("plain");
    fs::create_dir(&plain).unwrap();
    assert!(world.text(&[plain.to_str().unwrap()]).starts_with("[21] error: "));
}
