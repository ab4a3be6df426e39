//! The compose policy in a plan: refused before anything is deployed, at head and at base, unless the operator allows it.

use super::{COMPOSE, World};

impl World {
    /// An entry of a policy file for the recipe, which comes from nowhere but its folder.
    pub(super) fn entry(&self, lines: &str) -> String {
        format!("[allow.{:?}]\n{lines}", self.repo.dir().canonicalize().unwrap())
    }

    /// The state folder, with a policy that allows the recipe something.
    pub(super) fn allow(&self, lines: &str) -> std::path::PathBuf {
        self.state("policy.toml", &self.entry(lines))
    }
}

/// The recipe at a version, with lines added to its service.
fn with(version: &str, lines: &str) -> String {
    COMPOSE.replace("VERSION", version).replace("    networks: [proxy]\n", &format!("    networks: [proxy]\n{lines}"))
}

#[test]
fn a_head_that_asks_for_what_is_not_its_own_is_refused() {
    let world = World::new();
    let asks = with("1.2.0+1.26", "    cap_add: [NET_ADMIN]\n    ports: [\"2222:22\"]\n");
    world.repo.write("compose.yml", &asks).unwrap();
    world.repo.commit("asks").unwrap();
    insta::assert_snapshot!(world.plan(&[]).error(), @r#"
    [23] error: the recipe `shop` is refused at head, [commit]: it asks for what is not its own
      compose.yml, line 7: services.app.ports.22: asks for a port of the machine (`2222/tcp`)
      compose.yml, line 6: services.app.cap_add.NET_ADMIN: asks for a capability (`NET_ADMIN`)
    hint: remove what is asked for; or allow it, as the operator of this machine, in [folder]/.local/state/cc-ci/policy.toml:
      [allow."[folder]/shop"]
      capability = ["NET_ADMIN"]
      host-port = ["2222/tcp"]
    or for one run of a recipe of your own: --allow 'capability=NET_ADMIN' --allow 'host-port=2222/tcp'
    "#);
    let state = world.allow("host-port = [\"2222/tcp\"]\n");
    let state = state.to_str().unwrap();
    insta::assert_snapshot!(world.plan(&["--state", state]).error(), @r#"
    [23] error: the recipe `shop` is refused at head, [commit]: it asks for what is not its own
      compose.yml, line 6: services.app.cap_add.NET_ADMIN: asks for a capability (`NET_ADMIN`)
    hint: remove what is asked for; or allow it, as the operator of this machine, in [folder]/state/policy.toml:
      [allow."[folder]/shop"]
      capability = ["NET_ADMIN"]
    or for one run of a recipe of your own: --allow 'capability=NET_ADMIN'
    "#);
    world.allow("host-port = [\"2222/tcp\"]\ncapability = [\"NET_ADMIN\"]\n");
    let plan: serde_json::Value = serde_json::from_str(&world.plan(&["--json", "--state", state]).out).unwrap();
    assert_eq!(plan["customization"]["policy 1"], "capability `NET_ADMIN` is allowed by policy.toml, line 3");
    // For one run the caller's word is enough, item by item; what is allowed to another of the name is not.
    let once = world.plan(&["--json", "--allow", "capability=NET_ADMIN", "--allow", "host-port=2222/tcp"]);
    assert_eq!(once.code, 0, "{}", once.err);
    assert!(once.out.contains("capability `NET_ADMIN` is allowed by --allow"), "{}", once.out);
    assert_eq!(world.plan(&["--allow", "capability=NET_ADMIN"]).code, 23);
    let other = world.folder.path().join("other.toml");
    std::fs::write(&other, "[allow.shop]\nhost-port = [\"2222/tcp\"]\ncapability = [\"NET_ADMIN\"]\n").unwrap();
    let other = world.plan(&["--policy", other.to_str().unwrap()]);
    assert_eq!(other.code, 23);
    let words =
        "other.toml, line 3 allows `shop` of another address: `git.coopcloud.tech/coop-cloud/shop`, and this is `";
    assert!(other.err.lines().next().is_some_and(|line| line.contains(words)), "{}", other.err);
    // A clone is what its origin is, wherever it lies.
    world.state("policy.toml", "[allow.shop]\nhost-port = [\"2222/tcp\"]\ncapability = [\"NET_ADMIN\"]\n");
    assert_eq!(world.plan(&["--state", state]).code, 23);
    world.repo.git(&["remote", "add", "origin", "https://git.coopcloud.tech/coop-cloud/shop.git"]).unwrap();
    assert_eq!(world.plan(&["--state", state]).code, 0);
    world.repo.git(&["remote", "set-url", "origin", "https://evil.example/coop-cloud/shop.git"]).unwrap();
    assert_eq!(world.plan(&["--state", state]).code, 23);
    world.repo.git(&["remote", "remove", "origin"]).unwrap();
    world.allow("host-port = [\"2222/tcp\"]\ncapability = [\"NET_ADMIN\"]\n");
    // The same in a file named on the command line; a recipe's own is never looked at.
    let other = world.folder.path().join("state/policy.toml");
    assert_eq!(world.plan(&["--policy", other.to_str().unwrap()]).code, 0);
    world.repo.write("policy.toml", &world.entry("host-port = [\"2222/tcp\"]\n")).unwrap();
    world.repo.write("tests/policy.toml", &world.entry("host-port = [\"2222/tcp\"]\n")).unwrap();
    world.repo.commit("allows itself").unwrap();
    assert_eq!(world.plan(&[]).code, 23);
}

#[test]
fn a_recipe_cannot_give_itself_more_time_than_the_policy_does() {
    let world = World::new();
    world.repo.write("tests/ci.toml", "health.path = \"/\"\nlimits.run = 3601\n").unwrap();
    world.repo.commit("slow").unwrap();
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [23] error: the settings ask for a longer run than the policy gives
      tests/ci.toml, line 2: limits.run: 3601 s is more than the 3600 s that a recipe gets
    hint: ask for less; or the operator allows it in policy.toml: `[limits]` with `run = 3601`
    ");
    let state = world.state("policy.toml", "[limits]\nrun = 3601\n");
    let state = state.to_str().unwrap();
    let limit = |args: &[&str]| {
        let answer = world.plan(&[&["--json"], args].concat());
        serde_json::from_str::<serde_json::Value>(&answer.out).unwrap()["limits"]["run"].clone()
    };
    assert_eq!(limit(&["--state", state]), 3601);
    world.state("policy.toml", "[limits]\nrun = 600\n");
    assert_eq!(world.plan(&["--state", state]).code, 23);
    // What CI's own catalogue says is the operator's word.
    let catalogue = world.folder.path().join("catalogue");
    std::fs::create_dir_all(catalogue.join("shop")).unwrap();
    std::fs::write(catalogue.join("shop/ci.toml"), "limits.run = 5000\n").unwrap();
    assert_eq!(limit(&["--state", state, "--catalogue", catalogue.to_str().unwrap()]), 5000);
}

#[test]
fn a_base_that_asks_names_the_base() {
    let world = World::new();
    world.repo.write("compose.yml", &with("1.1.5+1.25", "    privileged: true\n")).unwrap();
    world.repo.commit("base").unwrap();
    world.repo.publish("1.1.5+1.25").unwrap();
    world.repo.write("compose.yml", &with("1.2.0+1.26", "")).unwrap();
    world.repo.commit("head").unwrap();
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [23] error: the base is not usable: the recipe `shop` is refused at its base 1.1.5+1.25: it asks for what is not its own
      compose.yml, line 6: services.app.privileged: asks for a privileged container (`true`)
    hint: choose another with --base, or go without with --no-upgrade
    ");
    assert_eq!(world.plan(&["--base", "1.1.0+1.24"]).code, 0);
    assert_eq!(world.plan(&["--no-upgrade"]).code, 0);
}

#[test]
fn what_a_repair_adds_is_refused_too() {
    let world = World::new();
    let repair = "x-for-version: 1.1.0+1.24\nversion: \"3.8\"\nservices:\n  app:\n    pid: host\n";
    world.repo.write("tests/previous/compose.yml", repair).unwrap();
    world.repo.commit("repair").unwrap();
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [23] error: the base is not usable: the recipe `shop` is refused at its base 1.1.0+1.24: it asks for what is not its own
      tests/previous/compose.yml, line 5: services.app.pid: asks for a namespace of the machine or of another container (`pid=host`)
    hint: choose another with --base, or go without with --no-upgrade
    ");
}

#[test]
fn a_policy_that_cannot_be_used_stops_the_run() {
    let world = World::new();
    let state = world.state("policy.toml", "[allow.shop]\nhost-prot = [\"1/tcp\"]\n");
    insta::assert_snapshot!(world.plan(&["--state", state.to_str().unwrap()]).error(), @"
    [20] error: cannot use the policy in [folder]/state/policy.toml
      policy.toml, line 2: allow.shop.host-prot: unknown item `host-prot`
    hint: did you mean `host-port`?
    ");
    insta::assert_snapshot!(world.plan(&["--policy", "/nonexistent"]).error(), @"[2] error: cannot read /nonexistent: No such file or directory (os error 2)");
}
