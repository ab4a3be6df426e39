//! `--quick`: whether a run can begin with the recipe's canonical, and what is said where it cannot.

use super::World;
use cc_ci_testkit::repo::Repo;

/// The commit of a tag or branch.
fn commit(repo: &Repo, name: &str) -> String {
    repo.git(&["rev-parse", &format!("{name}^{{commit}}")]).unwrap().trim().to_owned()
}

impl World {
    /// A canonical is kept: this version, at this commit.
    fn keeping(self, version: &str, commit: &str) -> Self {
        let folder = self.folder.path().join(".local/state/cc-ci/canonicals/recipes");
        std::fs::create_dir_all(&folder).unwrap();
        let kept = format!(
            r#"{{"kept":[{{"version":"{version}","commit":"{commit}","run":"r7","promoted":"2026-11-29T12:00:00Z",
               "stack":"shop-abc123","domain":"shop-abc123.cc-ci.test","secrets":["shop-abc123_pw_v1"],"data":null}}]}}"#
        );
        std::fs::write(folder.join("shop.json"), kept).unwrap();
        self
    }

    /// The newest published version is kept.
    fn kept() -> Self {
        let world = Self::new();
        let at = commit(&world.repo, "1.1.0+1.24");
        world.keeping("1.1.0+1.24", &at)
    }

    fn quick(&self, args: &[&str]) -> String {
        self.plan(&[&["--quick"], args].concat()).text()
    }

    /// It is cold, for this reason.
    fn is_cold(&self, args: &[&str], why: &str) {
        let text = self.quick(args);
        assert!(text.contains(&format!("kind     quick was asked for, but {why}: runs cold\n")), "{text}");
        assert!(text.contains("\n         base: every tier") && !text.contains("quick, at most"), "{text}");
    }
}

#[test]
fn a_head_that_comes_after_the_canonical_is_upgraded_from_it() {
    let world = World::kept();
    for (path, text) in [
        ("tests/install.hurl", "GET {{base_url}}/\nHTTP 200\n"),
        ("tests/upgrade.hurl", "GET {{base_url}}/\nHTTP 200\n"),
        ("tests/custom/login.hurl", "GET {{base_url}}/?{{secret_pw}}\nHTTP 200\n"),
    ] {
        world.repo.write(path, text).unwrap();
    }
    world.repo.commit("tests").unwrap();
    let text = world.quick(&["--run-id", "r1"]);
    insta::assert_snapshot!(text);
    assert_eq!(text, world.quick(&["--run-id", "r2"]), "it is the canonical's stack, whatever the run");
    let work = world.quick(&["--worktree"]);
    assert!(work.contains("+U") && work.contains("kind     quick, at most level 2\n"), "{work}");
    let named = world.quick(&["--base", "1.1.0+1.24"]);
    assert!(named.contains("kind     quick, at most level 2\n"), "{named}");
}

#[test]
fn where_the_upgrade_does_not_start_from_the_canonical_it_runs_cold_and_says_why() {
    World::new().is_cold(&[], "the recipe has no canonical");
    let world = World::kept();
    let other = "the upgrade starts at 1.0.0+1.22 (asked for), and not at the canonical 1.1.0+1.24";
    world.is_cold(&["--base", "1.0.0+1.22"], other);
    // Its own commit, and one before it.
    let text = world.quick(&["--ref", "1.1.0+1.24"]);
    assert!(text.contains("and not at the canonical 1.1.0+1.24: runs cold"), "{text}");
    let text = world.quick(&["--ref", "1.0.0+1.22"]);
    assert!(text.contains("there is no upgrade from the canonical 1.1.0+1.24 to head: "), "{text}");
    // The tag was set anew: the canonical is of another commit.
    let world = World::new();
    let at = commit(&world.repo, "1.0.0+1.22");
    let world = world.keeping("1.1.0+1.24", &at);
    world.is_cold(&[], "the tag 1.1.0+1.24 is at another commit than the canonical of that name");
    let world = World::kept();
    world.repo.write("tests/ci.toml", "base.ignore_canonicals = true\n").unwrap();
    world.repo.commit("cold").unwrap();
    world.is_cold(&[], "the settings leave canonicals out (tests/ci.toml, line 1)");
    let world = World::kept();
    world.repo.write("tests/hooks/pre_upgrade", "#!/bin/sh\ncat $CC_CI_SECRETS_DIR/pw\n").unwrap();
    world.repo.commit("hook").unwrap();
    let hook = "tests/hooks/pre_upgrade reads what a quick run does not have: values of secrets, or what earlier tests and hooks left";
    world.is_cold(&[], hook);
}

#[test]
fn a_cold_run_that_was_to_be_quick_is_not_promoted() {
    let world = World::new();
    world.repo.git(&["checkout", "--quiet", "1.1.0+1.24"]).unwrap();
    let enrolled = world.folder.path().join(".local/state/cc-ci/catalogue/shop");
    std::fs::create_dir_all(&enrolled).unwrap();
    std::fs::write(enrolled.join("ci.toml"), "canonical.enrol = true\n").unwrap();
    assert!(world.plan(&[]).text().contains("keeps    the app as the recipe's canonical, if green"));
    let text = world.quick(&[]);
    assert!(text.contains("keeps    nothing: the run is not a complete one: `--quick`"), "{text}");
}

#[test]
fn what_quick_cannot_stand_beside_is_a_wrong_usage() {
    let world = World::kept();
    insta::assert_snapshot!(world.plan(&["--quick", "--stages", "install"]).error(), @r"
    [2] error: --quick and --stages cannot stand together
    hint: leave one of the two out: a quick run chooses its tiers itself; STAGES of the environment counts as --stages
    ");
    let stages = world.plan_with(&["--quick"], &[("STAGES", "install,upgrade")]).error();
    assert!(stages.contains("--quick and --stages cannot stand together"), "{stages}");
    let no_upgrade = world.plan(&["--quick", "--no-upgrade"]).error();
    assert!(no_upgrade.contains("--quick and --no-upgrade cannot stand together"), "{no_upgrade}");
}
