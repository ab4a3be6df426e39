//! What was recorded is replayed, and judged the same.

use crate::story::*;
use cc_ci_model::event::{Event, Listener, RunEnd, Stamped, Triage};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::exit;
use cc_ci_model::ids::RunId;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::step::{Check, Operation};
use cc_ci_model::redact::Vault;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Color, judge};
use cc_ci_recipe::lint::LintReport;
use cc_ci_recipe::source::Severity;
use cc_ci_store::recorder::Recorder;
use cc_ci_store::replay::{self, ReplayError, Torn};
use cc_ci_store::run_dir::{EVENTS, RunDir};
use cc_ci_store::state::StateFolder;
use proptest::prelude::*;
use std::fs;
use tempfile::TempDir;

fn recorded(events: &[Stamped], vault: &Vault) -> (TempDir, RunDir) {
    let state = tempfile::tempdir().unwrap();
    let (dir, _lock) = RunDir::create(&StateFolder::open(state.path()).unwrap(), &RunId::parse("r1").unwrap()).unwrap();
    let mut recorder = Recorder::create(&dir, vault.clone()).unwrap();
    for event in events {
        recorder.on_event(event);
    }
    recorder.finish().unwrap();
    (state, dir)
}

#[test]
fn judging_a_stored_run_gives_the_verdict_the_run_had() {
    let plan = a_plan();
    let green = Story::green(&plan);
    let serving = check(&plan, Tier::Upgrade, Check::Serving);
    let snapshot = operation(&plan, Tier::Backup, Operation::Snapshot);
    let full = Finding::new(Cause::DiskFull, "no space left");
    let from_head = a_plan_from_head();
    let finding = Finding::new(Cause::CrashLoop, "exited with 1 twice");
    let triage = Triage {
        step: serving.clone(),
        service: "app".to_owned(),
        finding: finding.clone(),
        exit_code: Some(137),
        oom: true,
        health: None,
        log: vec!["out of memory".to_owned()],
        then: Vec::new(),
    };
    let stories = [
        green.clone(),
        Story::green(&from_head).but(&check(&from_head, Tier::Install, Check::Converged), failed(Cause::NeverHealthy)),
        green.clone().but(&serving, Outcome::Failed(finding)).triaging(triage),
        green.clone().but(&serving, failed(Cause::NotServing)).silently(),
        green.clone().but(&snapshot, unverified(Cause::DiskFull)).ending(RunEnd::Infrastructure { finding: full }),
        green.clone().ending(RunEnd::Cancelled { by: "SIGTERM".to_owned() }),
        green.clone().counting(|budget| budget.ledger.clear()),
        green.clone().leaving(Object::new(ObjectKind::Volume, "x")),
        green.clone().leaking("logs/app.log", "db_password"),
        green.clone().linted(LintReport::default()),
        green.clone().linted(found(Severity::Error)),
        green.but(&serving, Outcome::Skipped { reason: "no".to_owned() }),
    ];
    for story in stories {
        let (_state, dir) = recorded(&story.told(), &Vault::default());
        let judged = replay::judged(&dir).unwrap();
        assert_eq!(judged.verdict, story.verdict());
        assert_eq!(judged.evidence, Evidence::fold(&story.told()));
        assert_eq!(judged.torn, None);
    }
}

#[test]
fn a_record_torn_by_a_killed_process_is_read_up_to_there_and_is_never_green() {
    let plan = a_plan();
    let events = Story::green(&plan).told();
    let (_state, dir) = recorded(&events, &Vault::default());
    let whole = fs::read(dir.file(EVENTS)).unwrap();
    let planned = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0;
    for length in (planned + 1..whole.len() - 1).step_by(97) {
        fs::write(dir.file(EVENTS), &whole[..length]).unwrap();
        let judged = replay::judged(&dir).unwrap();
        let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
        let rest = length - whole[..length].iter().rposition(|byte| *byte == b'\n').unwrap() - 1;
        let torn = (rest > 0).then_some(Torn { line: lines + 1, bytes: rest });
        let complete = events.get(lines).is_some_and(|event| serde_json::to_vec(event).unwrap().len() == rest);
        assert_eq!(judged.torn, if complete { None } else { torn }, "{length}");
        assert!(!judged.verdict.is_green(), "{length}");
        assert_ne!(exit::of_verdict(&judged.verdict), 0, "{length}");
    }
}

#[test]
fn a_record_that_lacks_only_its_last_line_break_lacks_nothing() {
    let story = Story::green(&a_plan());
    let (_state, dir) = recorded(&story.told(), &Vault::default());
    let mut whole = fs::read(dir.file(EVENTS)).unwrap();
    whole.pop();
    fs::write(dir.file(EVENTS), whole).unwrap();
    let judged = replay::judged(&dir).unwrap();
    assert_eq!((judged.verdict.color, judged.torn), (Color::Green, None));
    assert!(judged.verdict.is_green());
}

#[test]
fn a_spoilt_line_is_named() {
    let (_state, dir) = recorded(&Story::green(&a_plan()).told(), &Vault::default());
    let text = fs::read_to_string(dir.file(EVENTS)).unwrap();
    let spoilt: Vec<&str> =
        text.lines().enumerate().map(|(at, line)| if at == 4 { "{\"seq\":4}" } else { line }).collect();
    fs::write(dir.file(EVENTS), spoilt.join("\n") + "\n").unwrap();
    let error = replay::judged(&dir).unwrap_err();
    assert!(matches!(error, ReplayError::Line { line: 5, .. }), "{error:?}");
    assert!(error.to_string().contains("events.jsonl, line 5: not an event: missing field"), "{error}");
}

#[test]
fn a_record_of_another_version_says_who_wrote_it() {
    let (_state, dir) = recorded(&Story::green(&a_plan()).told(), &Vault::default());
    // What a later version may well look like: other fields, other events.
    let later = "{\"seq\":0,\"event\":{\"type\":\"run-started\",\"format\":9,\"program\":\"9.1.0\"}}\n{\"new\":1}\n";
    fs::write(dir.file(EVENTS), later).unwrap();
    let error = replay::judged(&dir).unwrap_err().to_string();
    assert!(
        error.ends_with("the record has format 9.0, this cc-ci reads 1.5: use the cc-ci that wrote it (9.1.0)"),
        "{error}"
    );
    let newer = "{\"seq\":0,\"event\":{\"type\":\"run-started\",\"format\":1,\"minor\":6,\"program\":\"0.9.0\"}}\n{\"new\":1}\n";
    fs::write(dir.file(EVENTS), newer).unwrap();
    let error = replay::judged(&dir).unwrap_err().to_string();
    assert!(error.ends_with("has format 1.6, this cc-ci reads 1.5: use the cc-ci that wrote it (0.9.0)"), "{error}");
}

#[test]
fn what_is_not_a_record_is_called_so() {
    let (_state, dir) = recorded(&[], &Vault::default());
    assert!(matches!(replay::judged(&dir), Err(ReplayError::Empty { .. })));
    for text in ["hello\n", "{}\n", "{\"seq\":0,\"ms\":0,\"event\":{\"type\":\"verdict-due\"}}\n"] {
        fs::write(dir.file(EVENTS), text).unwrap();
        assert!(matches!(replay::judged(&dir), Err(ReplayError::NotARecord { .. })), "{text}");
    }
    fs::remove_file(dir.file(EVENTS)).unwrap();
    assert!(matches!(replay::judged(&dir), Err(ReplayError::Io { .. })));
}

#[test]
fn a_run_without_a_plan_cannot_be_judged() {
    let events = Story::green(&a_plan()).told();
    let (_state, dir) = recorded(&events[..1], &Vault::default());
    assert!(matches!(replay::judged(&dir), Err(ReplayError::NoPlan { .. })));
    assert_eq!(replay::events(&dir).unwrap().events.len(), 1);
}

#[test]
fn a_secret_never_reaches_the_record_and_the_record_stays_readable() {
    let plan = a_plan();
    // A value that also stands in the structure of the record, and one made of digits.
    let vault = Vault::new(vec![("word".to_owned(), "passed".to_owned())]);
    let mut events = Story::green(&plan).told();
    let noted = Event::Noted { step: None, text: "the login passed with pin 1234567\n\"quoted\"".to_owned() };
    events.insert(5, Stamped { seq: 0, ms: 1_234_567, event: noted });
    let events = renumbered(events);
    vault.learn("pin", "1234567");
    let (_state, dir) = recorded(&events, &vault);
    let text = fs::read_to_string(dir.file(EVENTS)).unwrap();
    assert!(text.contains("the login ***** with pin *****"), "{text}");
    let judged = replay::judged(&dir).unwrap();
    assert_eq!(judged.verdict, judge(&plan, &Evidence::fold(&events)));
    assert_eq!(judged.evidence.notes[0].1, "the login ***** with pin *****\n\"quoted\"");
}

#[test]
fn a_record_that_cannot_be_written_is_a_failure_that_is_kept_and_names_the_first_lost_event() {
    // Every write to this device fails as on a full disk.
    let full = std::path::PathBuf::from("/dev/full");
    let file = fs::OpenOptions::new().write(true).open(&full).unwrap();
    let mut recorder = Recorder::into_file(file, full, Vault::default());
    assert_eq!(recorder.failure(), None);
    for event in Story::green(&a_plan()).told() {
        recorder.on_event(&event);
    }
    assert!(recorder.failure().unwrap().contains("event 0: No space left"), "{:?}", recorder.failure());
    assert_eq!(recorder.finish().unwrap_err().seq, 0);
}

#[test]
fn a_second_record_in_the_same_folder_is_refused() {
    let (_state, dir) = recorded(&[], &Vault::default());
    assert!(Recorder::create(&dir, Vault::default()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_record_spoilt_anywhere_is_read_or_refused_with_a_place(
        at in any::<prop::sample::Index>(),
        length in 0..40usize,
        junk in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let (_state, dir) = recorded(&Story::green(&a_plan()).told(), &Vault::default());
        let mut bytes = fs::read(dir.file(EVENTS)).unwrap();
        let from = at.index(bytes.len());
        let to = bytes.len().min(from + length);
        bytes.splice(from..to, junk);
        fs::write(dir.file(EVENTS), bytes).unwrap();
        if let Err(error) = replay::judged(&dir) {
            prop_assert!(error.to_string().contains("events.jsonl"), "{}", error);
        }
    }
}
