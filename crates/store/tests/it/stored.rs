//! Every stored run there is: the ones kept with these tests, and those of this machine when it has some.
//!
//! The kept ones, but for `pictured`, were written before the record knew lint and pictures: a record stays readable for ever.

use cc_ci_model::event::{Event, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::outcome::Outcome;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::results::{self, Results, SCHEMA};
use cc_ci_model::verdict::{Color, judge};
use cc_ci_store::replay::{self, Judged};
use cc_ci_store::run_dir::{EVENTS, RESULTS, RunDir};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runs")
}

/// Runs that ended, with their folder; a run that another process performs right now is none.
pub(crate) fn runs() -> Vec<(PathBuf, Judged)> {
    let state = std::env::var_os("CC_CI_STATE").map(PathBuf::from);
    let state = state.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.state"));
    let folders = [kept(), state.join("runs")].into_iter().filter_map(|folder| fs::read_dir(folder).ok());
    let mut folders: Vec<PathBuf> = folders.flatten().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let ended = |path: &PathBuf| path.join(EVENTS).is_file() && path.join(RESULTS).is_file();
    folders.retain(ended);
    assert!(folders.len() >= 8, "{folders:?}");
    folders
        .into_iter()
        .map(|path| {
            let judged =
                replay::judged(&RunDir::at(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path, judged)
        })
        .collect()
}

#[test]
fn runs_stored_by_an_earlier_version_are_read_judged_and_reported_as_they_were() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, judged) in runs().into_iter().filter(|(path, _)| path.starts_with(kept())) {
        let text = fs::read_to_string(path.join(RESULTS)).unwrap();
        let then: Results = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let now = Results::new(&judged.view());
        assert_eq!(then.schema, SCHEMA);
        // What was added since has a value now; what was there is the same.
        let same = Results {
            schema: now.schema,
            summary_card: now.summary_card.clone(),
            lint: now.lint.clone(),
            stages: then.stages.iter().filter(|stage| stage.name != "lint").cloned().collect(),
            ..then
        };
        let now = Results { stages: now.stages.into_iter().filter(|stage| stage.name != "lint").collect(), ..now };
        assert_eq!(same, now, "{}", path.display());
        *seen.entry(now.verdict.word()).or_default() += 1;
    }
    let seen: Vec<&str> = seen.into_keys().collect();
    assert_eq!(seen, ["cancelled", "green", "red", "unverified"], "the kept runs show every verdict");
}

#[test]
fn the_results_of_every_stored_run_obey_the_published_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/results.schema.json");
    let published: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("results.schema.json", published).unwrap();
    let schema = compiler.compile("results.schema.json", &mut schemas).unwrap();
    for (path, judged) in runs() {
        let now: serde_json::Value = serde_json::from_str(&results::render(&judged.view()).unwrap()).unwrap();
        if let Err(error) = schemas.validate(&now, schema) {
            panic!("{}: {error:#}", path.display());
        }
        // The schema has teeth: no key may be missing, and none may be of another kind.
        for key in now.as_object().unwrap().keys() {
            let mut fewer = now.clone();
            fewer.as_object_mut().unwrap().remove(key);
            assert!(schemas.validate(&fewer, schema).is_err(), "{}: valid without {key}", path.display());
        }
        let mut other = now.clone();
        other["level"] = "four".into();
        assert!(schemas.validate(&other, schema).is_err());
    }
}

/// Bad news: leaving these out of a record that is made whole again may of course look better.
fn is_bad_news(event: &Event) -> bool {
    matches!(
        event,
        Event::LeftBehind { .. }
            | Event::SecretLeaked { .. }
            | Event::StepEnded { outcome: Outcome::Skipped { .. }, .. }
            | Event::RunEnded { .. }
    )
}

#[test]
fn no_stored_run_stands_higher_for_a_missing_piece_of_evidence() {
    for (path, judged) in runs() {
        let recording = replay::events(&RunDir::at(&path)).unwrap();
        let events = recording.events;
        let level = |events: &[Stamped]| {
            let evidence = Evidence::fold(events);
            let verdict = judge(&judged.plan, &evidence);
            // Whatever is missing, every report can be drawn.
            let view = ReportView::new(&judged.plan, &evidence, &verdict);
            assert_eq!(Results::new(&view).level, verdict.shown_level());
            verdict
        };
        let whole = level(&events);
        assert_eq!(whole, judged.verdict);
        for at in 0..events.len() {
            let mut fewer = events.clone();
            let gone = fewer.remove(at);
            let with_gap = level(&fewer);
            let place = || format!("{}: without event {at}: {:?}", path.display(), gone.event);
            assert!(with_gap.level <= whole.level, "{}", place());
            assert!(with_gap.color != Color::Green || with_gap.provisional, "{}", place());
            if is_bad_news(&gone.event) {
                continue;
            }
            for (event, seq) in fewer.iter_mut().zip(0..) {
                event.seq = seq;
            }
            let closed = level(&fewer);
            assert!(closed.level <= whole.level, "closed up, {}", place());
            assert!(!closed.is_green() || whole.is_green(), "closed up, {}", place());
        }
    }
}
