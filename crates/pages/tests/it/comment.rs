//! The comment of whole runs.

use crate::runs;
use cc_ci_model::verdict::level::{AT_MOST, Ladder};
use cc_ci_pages::comment::{Address, LONGEST, PublishedAt, render};

#[test]
fn a_green_run_in_few_lines() {
    let (plan, events) = runs::green();
    insta::assert_snapshot!(render(&runs::view(&plan, &events), &PublishedAt::Nowhere), @r#"
    ### ✅ miniflux: green, level 5 of 5
    1.0.0+2.2.6 → **2.0.0+2.3.4** at bbbbbbbb, verdict after 19.7 s

    | tier | result | time | |
    |---|---|---|---|
    | install | passed | 2.5 s |  |
    | upgrade | passed | 4.0 s |  |
    | backup | passed | 2.4 s |  |
    | restore | passed | 6.8 s |  |
    | custom | passed | 1.2 s |  |
    | lint | passed | | nothing found |

    1 deploy: 1 expected, 1 seen by the engine
    "#);
}

#[test]
fn a_red_run_leads_with_the_reason_and_shows_the_log() {
    let (plan, events) = runs::red();
    let at = PublishedAt::At(Address::parse("https://ci.example/runs/r1/").unwrap());
    insta::assert_snapshot!(render(&runs::view(&plan, &events), &at), @r#"
    ### ❌ miniflux: red, level 1 of 5 ![level 1](https://ci.example/runs/r1/badge.svg)
    1.0.0+2.2.6 → **2.0.0+2.3.4** at bbbbbbbb, verdict after 7.3 s, blame: **recipe**

    - upgrade failed: upgrade/serving: app: not serving within 60 s: status 503 on /, accepted are 200, 301 and 302
    - first to fail: **app** during upgrade/serving (exit code 137)

    | tier | result | time | |
    |---|---|---|---|
    | install | passed | 2.5 s |  |
    | upgrade | **failed** | 2.0 s |  |
    | backup | **unverified** | 0.0 s | not reached: upgrade did not pass |
    | restore | **unverified** | 0.0 s | not reached: upgrade did not pass |
    | custom | **unverified** | 0.0 s | not reached: upgrade did not pass |
    | lint | **failed** | | 1 error (CC101) |

    1 deploy: 1 expected, 1 seen by the engine

    <details><summary>last lines of app</summary>

    ```text
    starting
    fatal: schema 135 is newer than 104
    ```

    </details>

    ![miniflux red, level 1: install passed, upgrade failed, backup\_restore unverified, functional unverified, lint failed](https://ci.example/runs/r1/card.png)

    [Everything about this run](https://ci.example/runs/r1/index.html)
    "#);
}

#[test]
fn a_comment_is_never_longer_than_it_may_be() {
    let (plan, events) = runs::red();
    let mut view = runs::view(&plan, &events);
    let long = "&".repeat(5000);
    for row in &mut view.tiers {
        row.note = Some(long.clone());
    }
    view.verdict.reasons = vec![long.clone(); 500];
    view.triage[0].log = vec!["`".repeat(5000); 50];
    view.version = Some(long);
    let text = render(&view, &PublishedAt::Nowhere);
    assert!(text.len() <= LONGEST, "{} bytes", text.len());
    assert!(text.contains("and 495 more"));
}

#[test]
fn a_quick_run_says_how_far_it_comes_and_has_no_badge_and_one_that_ran_cold_says_why() {
    let (plan, events) = runs::green();
    let at = PublishedAt::At(Address::parse("https://ci.example/runs/r1/").unwrap());
    let mut view = runs::view(&plan, &events);
    assert!(render(&view, &at).contains("badge.svg"));
    view.cold_after_all = Some("quick was asked for, but the recipe has no canonical: runs cold".to_owned());
    let cold = render(&view, &at);
    assert!(cold.contains("\nquick was asked for, but the recipe has no canonical: runs cold.\n"), "{cold}");
    view.verdict.level = 2;
    view.verdict.ladder = Ladder::Quick { by: AT_MOST.to_owned() };
    let quick = render(&view, &at);
    assert!(quick.starts_with("### ✅ miniflux: green, level 2 of 5 (quick, at most level 2)\n"), "{quick}");
    assert!(!quick.contains("badge.svg"), "{quick}");
}
