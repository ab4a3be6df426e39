//! What the run page says, and that it needs nothing else.

use crate::runs;
use cc_ci_model::event::Event;
use cc_ci_model::plan::Plan;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::life::Life;
use cc_ci_model::usage::advice::IntervalAdvice;
use cc_ci_model::usage::compare::{Compared, UsagePair};
use cc_ci_pages::page::live::{self, LivePart};
use cc_ci_pages::page::{Attachments, FilesAt, SCRIPT, STYLE, body, document};
use cc_ci_pages::{badge, card, comment};

/// The text of a page, tags taken out.
fn text(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<').skip(1) {
        text.push_str(part.split_once('>').unwrap().1);
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn place(text: &str, part: &str) -> usize {
    text.find(part).unwrap_or_else(|| panic!("{part} is not in: {text}"))
}

#[test]
fn a_red_page_leads_with_verdict_and_triage() {
    let (plan, events) = runs::red();
    let html = body(&runs::view(&plan, &events), &plan, &runs::kept()).unwrap();
    let text = text(&html);
    let order = [
        "miniflux",
        "1.0.0+2.2.6 → 2.0.0+2.3.4",
        "Red",
        "blame: recipe",
        "First to fail: app",
        "137",
        "by the kernel, for its memory limit",
        "fatal: schema 135 is newer than 104",
        "Tiers",
        "GET https://mini.ci.test/ -&gt; 503",
        "Deploy budget",
        "1 permitted by the plan",
        "1 written in the ledger",
        "1 seen by the engine",
        "The three counts agree.",
        "Where the time went",
        "teardown",
        "The app",
        "Lint",
        "What this run was changed by",
        "no IPVS here",
        "What it left behind",
        "Logs",
        "The first 4 KiB are only in",
        "Stack as deployed",
    ];
    let mut last = 0;
    for part in order {
        let at = last + place(&text[last..], part);
        assert!(at >= last, "{part}");
        last = at;
    }
    assert_eq!(html.matches("<details class=\"tier fail\" open id=").count(), 1, "what failed is open");
    assert!(html.contains("<details class=\"tier pass\" id="), "what passed is folded");
}

#[test]
fn a_green_page_has_no_triage_and_a_skip_says_why() {
    let (plan, events) = runs::green();
    assert!(!body(&runs::view(&plan, &events), &plan, &runs::kept()).unwrap().contains("First to fail"));
    let (plan, events) = runs::skips();
    let text = text(&body(&runs::view(&plan, &events), &plan, &runs::kept()).unwrap());
    assert!(text.contains("upgrade skipped – does not apply:"), "{text}");
    assert!(text.contains("service db 0/1 starting"), "waits are shown per service: {text}");
}

#[test]
fn a_page_without_anything_beside_the_record_is_whole() {
    let (plan, events) = runs::green();
    let html = document(&runs::view(&plan, &events), &plan, &cc_ci_pages::page::Attachments::default()).unwrap();
    for absent in ["id=\"logs\"", "<img", "Generated override"] {
        assert!(!html.contains(absent), "{absent}");
    }
    // A record that broke off at its start still has a page.
    let html = document(&runs::view(&plan, &events[..2]), &plan, &runs::kept()).unwrap();
    assert!(text(&html).contains("No verdict was reached") || !html.contains("id=\"time\""));
}

/// The red run as its record stands when the upgrade has converged.
fn in_the_upgrade(life: Life) -> (Plan, ReportView) {
    let (plan, mut events) = runs::red();
    let serving = |event: &Event| matches!(event, Event::StepStarted { step } if step.as_str() == "upgrade/serving");
    events.truncate(events.iter().position(|stamped| serving(&stamped.event)).unwrap() + 1);
    let view = runs::view(&plan, &events).seen_as(life);
    (plan, view)
}

#[test]
fn a_page_of_a_run_that_goes_on_says_in_which_tier_and_blames_nobody() {
    let (plan, view) = in_the_upgrade(Life::Running);
    let html = body(&view, &plan, &runs::kept()).unwrap();
    let text = text(&html);
    let told =
        ["Running", "The run goes on: in upgrade (serving).", "install passed", "upgrade running", "backup pending"];
    for part in told.into_iter().chain(["Deploys are counted before the verdict.", "It is counted after teardown."]) {
        place(&text, part);
    }
    for wrong in ["blame", "unverified", "Unverified", "no answer", "never came", "level 0", "do not agree"] {
        assert!(!text.contains(wrong), "{wrong}: {text}");
    }
    assert!(html.contains("<details class=\"tier running\" open id="), "what goes on is open");
    assert!(html.contains("<article class=\"cc-ci-run running\">"));
    let title = document(&view, &plan, &runs::kept()).unwrap();
    assert!(title.contains("<title>miniflux 2.0.0+2.3.4: running</title>"));
    let comment = comment::render(&view, &comment::PublishedAt::Nowhere);
    assert!(
        comment.starts_with("### ⏳ miniflux: running\n") && comment.contains("| upgrade | running |"),
        "{comment}"
    );
    assert!(!comment.contains("blame"), "{comment}");
    assert!(badge::render(&view).unwrap().contains(">running<"));
    card::png(&view).unwrap();
}

#[test]
fn a_page_of_a_run_whose_process_is_gone_says_so_first() {
    let (plan, view) = in_the_upgrade(Life::Died);
    let text = text(&body(&view, &plan, &runs::kept()).unwrap());
    let told = place(&text, "the process of the run died before its teardown");
    assert!(place(&text, "Died") < told && told < place(&text, "install passed"), "{text}");
    place(&text, "Nobody knows: the process of the run is gone.");
    assert!(!text.contains("Running") && !text.contains("pending"), "{text}");
    let comment = comment::render(&view, &comment::PublishedAt::Nowhere);
    assert!(comment.starts_with("### ⚠️ miniflux: died\n"), "{comment}");
}

#[test]
fn the_policy_names_exactly_the_style_and_the_script_of_the_page() {
    let (plan, events) = runs::green();
    let html = document(&runs::view(&plan, &events), &plan, &runs::kept()).unwrap();
    assert_eq!(html.matches("sha256-").count(), 2);
    assert!(html.contains("default-src &#39;none&#39;"));
    assert!(html.contains(&format!("<style>{STYLE}</style>")) && html.contains(&format!("<script>{SCRIPT}</script>")));
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains("</"));
    assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("</") && !SCRIPT.contains("eval"));
}

#[test]
fn a_part_that_is_drawn_by_itself_is_what_the_whole_page_holds() {
    for (plan, events) in [runs::green(), runs::red()] {
        let view = runs::view(&plan, &events);
        let whole = body(&view, &plan, &runs::kept()).unwrap();
        let parts = live::parts(&view, &plan, &runs::kept()).unwrap();
        assert_eq!(parts.len(), 8);
        for LivePart { kind, html } in parts {
            assert!(whole.contains(html.trim()), "{kind:?}: {html}");
            let id = html.split("id=\"").nth(1).unwrap().split('"').next().unwrap();
            assert!(id.starts_with("cc-ci-") && html.trim_start().starts_with('<'), "{kind:?}");
        }
    }
}

#[test]
fn a_page_that_lies_elsewhere_links_the_files_where_they_are() {
    let (plan, events) = runs::green();
    let view = runs::view(&plan, &events);
    let kept = Attachments { files: FilesAt::Below("/runs/r1/".to_owned()), ..runs::kept() };
    let body = body(&view, &plan, &kept).unwrap();
    for file in ["events.jsonl", "results.json", "junit.xml", "timeline.json", "logs/db.log"] {
        assert!(body.contains(&format!("href=\"/runs/r1/{file}\"")), "{file}");
    }
    assert!(!body.contains("data:image"), "its policy forbids pictures that stand in the page");
}

#[test]
fn what_head_uses_stands_beside_what_base_used() {
    let (plan, events) = runs::green();
    let mut view = runs::view(&plan, &events);
    let page = |view: &ReportView| text(&body(view, &plan, &runs::kept()).unwrap());
    assert!(!page(&view).contains("Base against head"));
    view.usage = vec![Compared {
        service: "app".to_owned(),
        memory: UsagePair { base: Some(98_000_000), head: Some(143_000_000) },
        notes: vec!["head's `app` uses 143.0 MB of memory, base's 98.0 MB (+45 %)".to_owned()],
        ..Compared::default()
    }];
    let interval_ms = 30_000;
    view.advice =
        vec![IntervalAdvice { service: "app".to_owned(), interval_ms, starts: 2, waited_ms: 60_200, saves_ms: 50_000 }];
    let text = page(&view);
    assert!(text.contains("the health check of `app` asks every 30.0 s: "), "{text}");
    assert!(text.contains("app: memory 98.0 MB 143.0 MB +45 %"), "{text}");
    assert!(place(&text, "head&#39;s `app` uses 143.0 MB of memory") < place(&text, "What a service uses"), "{text}");
}
