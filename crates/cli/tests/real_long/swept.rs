//! A sweep over three recipes that sign people on by the same provider and three that do not, as it is promised.

use crate::engine::{of_run, remove_stack};
use crate::product::{example, text, until};
use crate::sweeping::{Swept, sites, stray};
use cc_ci_testkit::repo::Repo;
use std::time::Duration;

/// Head of the examples, published.
const MINIFLUX: &str = "2.0.0+2.3.4";
const SITE: &str = "2.0.0+1.26.3";
const ALL: [&str; 6] = ["sso-a", "sso-b", "sso-c", "miniflux", "site", "site-b"];

fn recipes() -> Swept {
    let swept = Swept::new();
    for name in ["sso-a", "sso-b", "sso-c"] {
        swept.recipe(&example("miniflux-sso"), name, MINIFLUX, &[]);
    }
    for (from, name, version) in
        [("miniflux", "miniflux", MINIFLUX), ("static-site", "site", SITE), ("static-site", "site-b", SITE)]
    {
        swept.recipe(&example(from), name, version, &[]);
    }
    // At its newest published version, whose image is there for all dependants.
    Repo::clone_of(&example("canaille"), &swept.folder.join("recipes"), "canaille").unwrap();
    let catalogue =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("catalogue/canaille");
    for name in
        ["ci.toml", "provides.toml", "provides/oidc-create.sh", "provides/oidc-delete.sh", "provides/oidc-list.sh"]
    {
        swept.catalogue(&format!("canaille/{name}"), &std::fs::read_to_string(catalogue.join(name)).unwrap());
    }
    swept
}

#[test]
#[ignore = "real engine: make sweep"]
fn three_dependants_and_three_others_take_seven_deploys_and_then_none() {
    let swept = recipes();
    // One is enrolled: it is promoted by its run, which deploys nothing.
    swept.catalogue("site/ci.toml", "canonical.enrol = true\n");
    let first = swept.sweep(&ALL);
    let green: Vec<String> = ALL.iter().map(|name| format!("{name} ran green")).collect();
    first.is(0, &green.iter().map(String::as_str).collect::<Vec<_>>(), [7, 7, 7]);
    let shared = &first.json["brought_up"][0];
    assert_eq!((&shared["recipe"], &shared["came"]), (&"canaille".into(), &"up".into()), "{shared}");
    let promotion = first.json["answers"][4]["promotion"].as_str().unwrap_or_default();
    assert!(promotion.ends_with("(0 deploys)"), "{:#}", first.json);

    let second = swept.sweep(&ALL);
    let same: Vec<String> = ALL.iter().map(|name| format!("{name} unchanged")).collect();
    second.is(0, &same.iter().map(String::as_str).collect::<Vec<_>>(), [0, 0, 0]);
    let tags: Vec<&str> =
        second.json["answers"].as_array().unwrap().iter().map(|row| row["version"].as_str().unwrap()).collect();
    assert_eq!(tags, [MINIFLUX, MINIFLUX, MINIFLUX, MINIFLUX, SITE, SITE]);

    // Without its canonical it is run again, so that it gets one.
    assert!(swept.product.cc_ci(&["canonical", "drop", "site"]).status.success());
    swept.sweep(&["site"]).is(0, &["site ran green"], [1, 1, 1]);
    assert!(swept.product.cc_ci(&["canonical", "drop", "site"]).status.success());
}

#[test]
#[ignore = "real engine: make sweep"]
fn a_hook_that_deploys_a_stack_of_its_own_makes_the_sweep_red() {
    let swept = Swept::new();
    let name = format!("stray-{}", std::process::id());
    let hook = stray(&name);
    swept.recipe(&example("static-site"), "cheat", SITE, &[("tests/hooks/host/pre_upgrade", &hook)]);
    swept.recipe(&example("static-site"), "site", SITE, &[]);
    std::fs::write(swept.folder.join("policy.toml"), "[allow.cheat]\nhost-hooks = true\n").unwrap();
    let answer = swept.sweep(&["cheat", "site"]);
    // It carries no label of the run, so the run must not touch it.
    remove_stack(&name);
    answer.is(10, &["cheat ran red", "site ran green"], [2, 2, 3]);
    let words = format!("the engine saw stack {name} being created, no ledger has it");
    assert!(answer.json["guards"]["words"].to_string().contains(&words), "{:#}", answer.json);
    // What is red is run again.
    let again = swept.sweep(&["site", "--expect", "2"]);
    again.is(10, &["site unchanged"], [0, 0, 0]);
}

#[test]
#[ignore = "real engine: make sweep"]
fn a_provider_that_never_gets_healthy_costs_its_dependants_their_answer_and_nobody_else() {
    let swept = recipes();
    swept.catalogue("canaille/ci.toml", "limits.converge = 10\nhealth.path = \"/absent\"\nlimits.serving = 10\n");
    let answer = swept.sweep(&["sso-a", "sso-b", "site"]);
    answer.is(10, &["sso-a unverified", "sso-b unverified", "site ran green"], [4, 2, 2]);
    let first = answer.json["reasons"][0]["what"].as_str().unwrap();
    assert!(first.starts_with("canaille did not come up: "), "{:#}", answer.json);
}

#[test]
#[ignore = "real engine: make sweep"]
fn a_sweep_that_is_killed_while_what_it_lends_is_up_is_cleaned_up_after() {
    let swept = sites();
    let mut running = swept.product.start_any(&["sweep", "site-a", "--no-reaper"]);
    // The first folder of the process is that of what it brings up.
    let folder = running.come_to("the keeper's deploy", |folder| {
        std::fs::read_to_string(folder.join("ledger.jsonl")).unwrap_or_default().contains("\"entry\":\"deploying\"")
    });
    let run = folder.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(run.ends_with("-d1"), "{run}");
    let sweep = run.trim_end_matches("-d1").to_owned();
    until("a service of the keeper", Duration::from_secs(60), || {
        of_run(&run, "no-stack").iter().any(|object| object.starts_with("service "))
    });
    running.kill();
    let cleaned = text(&swept.product.cc_ci(&["clean"]).stdout);
    assert!(cleaned.lines().any(|line| line.starts_with(&run) && line.ends_with(", 0 left")), "{cleaned}");
    let left = of_run(&sweep, "no-stack");
    assert!(left.is_empty(), "{left:?}");
}
