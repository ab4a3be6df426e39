//! A quick run begins with what is kept, upgrades it, and leaves it as it was.

use super::enrolled::{Enrolled, promoted};
use super::product::say;

#[test]
#[ignore = "real engine: make test"]
fn a_quick_run_upgrades_the_canonical_with_one_deploy_and_leaves_it_as_it_was() {
    let enrolled = Enrolled::new("static-site");
    // A test of its own: the published version has none, and would be watched for longer.
    enrolled.test("custom/served.hurl", "GET {{base_url}}/\nHTTP 200\n");
    let run = enrolled.run();
    promoted(&enrolled, &run);
    let quick = enrolled.quick();
    assert!(quick.out.contains("custom   pass"), "{}", quick.all());
    // What was kept is deployed again under its own name.
    assert_eq!(quick.stack(), run.stack());
    enrolled.killed_while_quick("upgrade/converged");
    // At the canonical's own commit there is no upgrade from it.
    let plan = enrolled.say(&["plan", enrolled.recipe.to_str().unwrap(), "--quick", "--ref", &enrolled.tag]);
    assert!(plan.contains("quick was asked for, but "), "{plan}");
    let (cold, soon) = (run.results["timings"]["verdict_ms"].as_u64(), quick.results["timings"]["verdict_ms"].as_u64());
    say(&format!("static-site: the promoted run had its verdict after {cold:?} ms, the quick one after {soon:?} ms"));
    enrolled.drop(&run.stack());
}
