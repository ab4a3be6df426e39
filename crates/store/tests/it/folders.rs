//! Reports and logs in a run's folder, and the search for secrets in it.

use crate::story::*;
use cc_ci_model::evidence::{Evidence, Leak};
use cc_ci_model::ids::RunId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::step::Check;
use cc_ci_model::redact::Redactor;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::results::Results;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::judge;
use cc_ci_recipe::source::Severity;
use cc_ci_store::run_dir::{JUNIT, LINT, RESULTS, RunDir, RunLock, SUMMARY, TIMELINE};
use cc_ci_store::state::StateFolder;
use cc_ci_store::{artifacts, leaks};
use std::fs;
use tempfile::TempDir;

const PASSWORD: &str = "corr\"ect & horse/1";

fn redactor() -> Redactor {
    Redactor::new(&[("db_password".to_owned(), PASSWORD.to_owned()), ("count".to_owned(), "123456".to_owned())])
}

fn folder() -> (TempDir, RunDir, RunLock) {
    let state = tempfile::tempdir().unwrap();
    let (dir, lock) = RunDir::create(&StateFolder::open(state.path()).unwrap(), &RunId::parse("r1").unwrap()).unwrap();
    (state, dir, lock)
}

/// A red run whose finding quotes the password, as if the record had not been masked.
fn a_talkative_view() -> ReportView {
    let plan = a_plan();
    let serving = check(&plan, Tier::Upgrade, Check::Serving);
    let finding = Finding::new(Cause::NotServing, format!("cannot log in with {PASSWORD}"))
        .with_details(vec![format!("sent {PASSWORD}")]);
    let mut lint = found(Severity::Warning);
    lint.findings[0].message = format!("the password {PASSWORD} stands in it");
    let story = Story::green(&plan).but(&serving, Outcome::Failed(finding)).linted(lint);
    let evidence = Evidence::fold(&story.told());
    let mut view = ReportView::new(&plan, &evidence, &judge(&plan, &evidence));
    view.due_ms = Some(123_456);
    view
}

#[test]
fn every_report_is_written_masked_and_still_readable() {
    let (_state, dir, _lock) = folder();
    let view = a_talkative_view();
    artifacts::write_reports(&dir, &view, &redactor()).unwrap();
    for file in [RESULTS, JUNIT, SUMMARY, TIMELINE, LINT] {
        let text = fs::read_to_string(dir.file(file)).unwrap();
        assert!(!text.contains("corr"), "{file}: {text}");
    }
    let results: Results = serde_json::from_slice(&fs::read(dir.file(RESULTS)).unwrap()).unwrap();
    assert_eq!(results.reasons, ["upgrade failed: upgrade/serving: cannot log in with *****"]);
    let lint = fs::read_to_string(dir.file(LINT)).unwrap();
    assert!(lint.starts_with("abra.sh:2: warning CC101: the password ***** stands in it\n"), "{lint}");
    // A number that happens to be a secret's value is no secret.
    assert_eq!(results.timings.verdict_ms, Some(123_456));
    let trace: serde_json::Value = serde_json::from_slice(&fs::read(dir.file(TIMELINE)).unwrap()).unwrap();
    assert!(trace["traceEvents"].as_array().unwrap().len() > 10);
}

#[test]
fn a_log_keeps_to_its_folder_whatever_its_service_is_called() {
    let (_state, dir, _lock) = folder();
    for (service, file) in [("app", "app.log"), ("../../x", "_.._x.log"), ("a/b", "a_b.log")] {
        let path = artifacts::write_log(&dir, service, b"ready \xff\n", &redactor()).unwrap();
        assert_eq!(path, dir.file("logs").join(file));
    }
}

#[test]
fn a_log_is_masked_line_by_line() {
    let (_state, dir, _lock) = folder();
    let log = format!("user admin\npassword {PASSWORD}\nbye\n");
    let path = artifacts::write_log(&dir, "app", log.as_bytes(), &redactor()).unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "user admin\npassword *****\nbye\n");
}

#[test]
fn what_was_written_before_a_secret_was_known_is_masked_at_the_end() {
    let (_state, dir, _lock) = folder();
    let nothing = Redactor::new(&[]);
    artifacts::mask_again(&dir, &redactor()).unwrap();
    let log = artifacts::write_log(&dir, "app", format!("it is {PASSWORD}").as_bytes(), &nothing).unwrap();
    let stack = artifacts::write_effective_stack(&dir, &format!("x: {PASSWORD}"), &nothing).unwrap();
    artifacts::mask_again(&dir, &redactor()).unwrap();
    assert_eq!(fs::read_to_string(log).unwrap(), "it is *****");
    assert_eq!(fs::read_to_string(stack).unwrap(), "x: *****");
}

#[test]
fn a_secret_in_any_file_and_form_is_found() {
    let (_state, dir, _lock) = folder();
    artifacts::write_effective_stack(&dir, &format!("x: {PASSWORD}"), &redactor()).unwrap();
    assert_eq!(leaks::scan(&dir, &redactor()).unwrap(), []);
    // Written past the masking, as a hook with access to the folder could.
    fs::create_dir(dir.file("logs")).unwrap();
    fs::write(dir.file("logs/app.log"), b"\xff\xfe pin=636f727222656374202620686f7273652f31".as_slice()).unwrap();
    fs::write(dir.file("dump.json"), serde_json::json!({ "p": PASSWORD }).to_string()).unwrap();
    let leak = |artifact: &str| Leak { artifact: artifact.to_owned(), secret: "db_password".to_owned() };
    assert_eq!(leaks::scan(&dir, &redactor()).unwrap(), [leak("dump.json"), leak("logs/app.log")]);
}

#[test]
fn a_secret_in_a_name_a_link_a_gzip_file_or_far_into_a_large_one_is_found() {
    use std::io::Write;
    let (_state, dir, _lock) = folder();
    let word = "S3cr3t-Canary-Value";
    let redactor = Redactor::new(&[("word".to_owned(), word.to_owned())]);
    fs::create_dir(dir.file("hook-state")).unwrap();
    let path = |name: &str| dir.file("hook-state").join(name);
    let mut packed =
        flate2::write::GzEncoder::new(fs::File::create(path("a.gz")).unwrap(), flate2::Compression::best());
    packed.write_all(format!("{}{word}", "x".repeat(100_000)).as_bytes()).unwrap();
    packed.finish().unwrap();
    // Across the border of two parts.
    fs::write(path("b.bin"), format!("{}{word}{}", "x".repeat((4 << 20) - 5), "y".repeat(4 << 20))).unwrap();
    fs::write(path(&format!("c-{word}")), "nothing").unwrap();
    std::os::unix::fs::symlink(format!("/nowhere/{word}"), path("d")).unwrap();
    fs::write(path("e.gz"), [0x1f, 0x8b, 0, 0]).unwrap();
    let found: Vec<String> = leaks::scan(&dir, &redactor).unwrap().into_iter().map(|leak| leak.artifact).collect();
    assert_eq!(found, ["hook-state/a.gz", "hook-state/b.bin", &format!("hook-state/c-{word}"), "hook-state/d"]);
}
