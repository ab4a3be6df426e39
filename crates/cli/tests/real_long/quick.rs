//! Quick runs again and again, half of them killed, and beside cold ones in turn.

use crate::enrolled::{Enrolled, promoted};
use crate::product::{Finished, say};

/// Where quick runs are killed, one after the other.
const KILLED_IN: [&str; 10] = [
    "install/brought-back",
    "install/deploy",
    "install/converged",
    "install/serving",
    "upgrade/seed",
    "upgrade/redeploy",
    "upgrade/converged",
    "upgrade/markers",
    "upgrade/housed",
    "custom/",
];

/// How many pairs are measured.
const PAIRS: usize = 5;

#[test]
#[ignore = "real engine: make quick"]
fn twenty_quick_runs_of_which_half_are_killed_leave_the_canonical_as_it_was() {
    let enrolled = Enrolled::new("static-site");
    enrolled.test("custom/served.hurl", "GET {{base_url}}/\nHTTP 200\n");
    let run = enrolled.run();
    promoted(&enrolled, &run);
    let before = enrolled.digest();
    for step in KILLED_IN {
        enrolled.killed_while_quick(step);
        say(&format!("static-site: quick run killed in {step}: the canonical untouched, 0 left"));
        enrolled.quick();
    }
    assert_eq!(enrolled.digest(), before);
    enrolled.verifies();
    enrolled.drop(&run.stack());
}

fn verdict_ms(run: &Finished) -> u64 {
    assert_eq!(run.code, 0, "{}", run.all());
    run.results["timings"]["verdict_ms"].as_u64().unwrap()
}

/// Interleaved pairs of a cold and a quick run of one head; what the quick one saves.
fn pairs(recipe: &str) {
    let enrolled = Enrolled::new(recipe);
    let run = enrolled.run();
    promoted(&enrolled, &run);
    let (mut cold, mut quick) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        cold.push(verdict_ms(&enrolled.product.run(&enrolled.recipe, &[])));
        quick.push(verdict_ms(&enrolled.quick()));
        say(&format!("{recipe}: cold {} ms, quick {} ms", cold.last().unwrap(), quick.last().unwrap()));
    }
    let median = |all: &mut Vec<u64>| {
        all.sort_unstable();
        all[all.len() / 2]
    };
    let (cold, quick) = (median(&mut cold), median(&mut quick));
    let saved = 100 - 100 * quick / cold;
    say(&format!("{recipe}: median of {PAIRS}: cold {cold} ms, quick {quick} ms: {saved} % sooner"));
    assert!(saved >= 30, "a quick run has its verdict at least 30 % sooner");
    enrolled.drop(&run.stack());
}

#[test]
#[ignore = "real engine: make quick"]
fn a_quick_run_of_miniflux_has_its_verdict_sooner() {
    pairs("miniflux");
}

#[test]
#[ignore = "real engine: make quick"]
fn a_quick_run_of_wordpress_has_its_verdict_sooner() {
    pairs("wordpress");
}
