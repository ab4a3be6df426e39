//! A sweep over two recipes that need the same third one: it is brought up once, and nothing is run twice.

use super::sweeping::sites;

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
