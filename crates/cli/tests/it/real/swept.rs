//! A sweep over two recipes that need the same third one: it is brought up once, and nothing is run twice.

use super::engine::of_run;
use super::product::text;
use super::provider::{CREATE, DELETE, LIST, PAGE, PROVIDER, PROVIDES, SETTINGS, TITLE};
use super::sweeping::Swept;
use std::time::Duration;

/// Two sites that need a keeper.
fn sites() -> Swept {
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

#[test]
#[ignore = "real engine: make test"]
fn a_sweep_deploys_what_two_need_once_and_the_next_one_deploys_nothing() {
    let swept = sites();
    let all = ["site-a", "site-b"];
    let first = swept.sweep(&all);
    first.is(0, &["site-a ran green", "site-b ran green"], [3, 3, 3]);
    assert!(first.said.contains("2 runs + 1 dependency = 3 deploys"), "{}", first.said);
    let second = swept.sweep(&all);
    second.is(0, &["site-a unchanged", "site-b unchanged"], [0, 0, 0]);
    for row in second.json["answers"].as_array().unwrap() {
        assert_eq!(row["version"], "2.0.0+1.26.3", "{row}");
    }
    let empty = swept.sweep(&["--enrolled"]);
    empty.is(10, &[], [0, 0, 0]);
    assert!(empty.json["message"].as_str().unwrap().starts_with("RED  no recipe was found"), "{:#}", empty.json);
}

#[test]
#[ignore = "real engine: make test"]
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
    super::product::until("a service of the keeper", Duration::from_secs(60), || {
        of_run(&run, "no-stack").iter().any(|object| object.starts_with("service "))
    });
    running.kill();
    let cleaned = text(&swept.product.cc_ci(&["clean"]).stdout);
    assert!(cleaned.lines().any(|line| line.starts_with(&run) && line.ends_with(", 0 left")), "{cleaned}");
    let left = of_run(&sweep, "no-stack");
    assert!(left.is_empty(), "{left:?}");
}
