//! The environment an operator has, and settings by which a commit excuses itself (ENV-1, VER-2).

use super::World;

const SAMPLE: &str = "TYPE=shop\nDOMAIN=shop.example.com\nCRON_SECRET=x\n";

/// A head that adds to what an app's environment is made from.
fn world(files: &[(&str, &str)]) -> World {
    let world = World::new();
    for (path, text) in files {
        world.repo.write(path, text).unwrap();
    }
    world.repo.commit("more").unwrap();
    world
}

fn work(files: &[(&str, &str)]) -> String {
    let text = world(files).plan(&[]).text();
    let lines = text.lines().filter_map(|line| line.split_once("work for operators: "));
    lines.map(|(_, work)| work).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_new_in_the_sample_is_work_for_operators() {
    insta::assert_snapshot!(work(&[(".env.sample", SAMPLE)]), @"CRON_SECRET is new (.env.sample, line 3); no release note mentions it; the app of this run does not have it, as theirs do not");
    let given = [
        (".env.sample", SAMPLE),
        ("tests/ci.toml", "env.upgrade = { CRON_SECRET = \"y\" }\n"),
        ("release/next", "Set CRON_SECRET.\n"),
    ];
    insta::assert_snapshot!(work(&given), @"CRON_SECRET is new (.env.sample, line 3); release/next mentions it; the app of this run has it from `env.upgrade`");
    assert_eq!(work(&[]), "");
}

#[test]
fn head_gets_the_list_of_compose_files_that_apps_have() {
    let list = "TYPE=shop\nDOMAIN=shop.example.com\nCOMPOSE_FILE=compose.yml:compose.more.yml\n";
    // The file does not exist: a new app could not be made, and apps that are there do not name it.
    insta::assert_snapshot!(work(&[(".env.sample", list)]), @"COMPOSE_FILE is now `compose.yml:compose.more.yml` (.env.sample, line 3), apps made before have `compose.yml`; no release note mentions it; the app of this run does not have it, as theirs do not");
}

#[test]
fn settings_that_excuse_their_own_commit_are_in_the_plan() {
    let softened = |files: &[(&str, &str)], args: &[&str]| {
        let plan: serde_json::Value =
            serde_json::from_str(&world(files).plan(&[args, &["--json"]].concat()).out).unwrap();
        let keys = plan["softened"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned());
        keys.collect::<Vec<_>>().join(" ")
    };
    let own = [("tests/ci.toml", "skip.upgrade = \"it loses all data\"\nhealth.statuses = [200, 500]\n")];
    assert_eq!(softened(&own, &[]), "skip.upgrade health.statuses");
    // Of a folder that the caller names, nothing is the commit's.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ci.toml"), own[0].1).unwrap();
    assert_eq!(softened(&[], &["--tests", folder.path().to_str().unwrap()]), "");
}
