//! What is worth a note, and what would fool it.

use super::*;

const MIB: u64 = 1 << 20;

/// A service with one container of its own.
fn uses(service: &str, container: &str, memory: u64) -> ServiceUsage {
    ServiceUsage {
        service: service.to_owned(),
        containers: vec![container.to_owned()],
        image: Some(90 * MIB),
        memory: Some(memory * MIB),
        start_ms: Some(2_000),
        interval_ms: Some(1_000),
        ..ServiceUsage::default()
    }
}

fn app(container: &str, memory: u64) -> ServiceUsage {
    uses("app", container, memory)
}

/// The notes on one service at base, at head, and at head's first start.
fn notes(base: ServiceUsage, head: ServiceUsage, afresh: Option<ServiceUsage>) -> Vec<String> {
    let afresh = afresh.map(|usage| (Moment::HeadAfresh, vec![usage]));
    let seen: Vec<_> = [(Moment::Base, vec![base]), (Moment::Head, vec![head])].into_iter().chain(afresh).collect();
    compare(&seen).into_iter().flat_map(|compared| compared.notes).collect()
}

#[test]
fn a_third_more_memory_is_noted_and_so_is_a_slower_start() {
    let slow = ServiceUsage { start_ms: Some(9_100), ..app("c", 130) };
    let notes = notes(app("a", 98), app("b", 130), Some(slow));
    let expected = [
        "head's `app` uses 136.3 MB of memory, base's 102.7 MB (+32 %)",
        "head's `app` starts in 9.1 s on empty volumes, base's in 2.0 s (+355 %)",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn both_bounds_have_to_be_passed() {
    let memory = |base, head| notes(app("a", base), app("b", head), None).len();
    // Much in proportion and little in bytes; much in bytes and little in proportion; both; less.
    assert_eq!([memory(4, 19), memory(1000, 1200), memory(64, 80), memory(63, 79), memory(130, 98)], [0, 0, 1, 1, 0]);
    let start = |base, head, interval| {
        let with = |id, ms| ServiceUsage { start_ms: Some(ms), interval_ms: Some(interval), ..app(id, 9) };
        notes(with("a", base), app("b", 9), Some(with("c", head))).len()
    };
    // A health check that asks every 30 s sees a start of 29 s and one of 31 s as 30 s and 60 s.
    assert_eq!([start(1_000, 6_900, 1_000), start(1_000, 7_000, 1_000), start(30_000, 64_000, 30_000)], [0, 1, 0]);
    // A busy machine makes a long start half as long again.
    assert_eq!([start(30_000, 66_000, 30_000), start(60_000, 90_000, 1_000), start(9_000, 2_000, 1_000)], [1, 0, 0]);
}

#[test]
fn an_upgrade_that_takes_long_once_is_no_slower_start() {
    let migrates = ServiceUsage { start_ms: Some(60_000), ..app("b", 98) };
    assert_eq!(notes(app("a", 98), migrates.clone(), Some(app("c", 98))), [""; 0]);
    // Nor is it one where head never starts on empty volumes: base's first start is another thing.
    assert_eq!(notes(app("a", 98), migrates, None), [""; 0]);
}

#[test]
fn a_database_made_at_the_first_start_hides_nothing() {
    let first = |id, ms| ServiceUsage { start_ms: Some(ms), ..app(id, 98) };
    // Over its data head starts in 5 s, which is less than base took to make them. On empty volumes it takes 29 s.
    assert_eq!(notes(first("a", 12_000), first("b", 5_000), Some(first("c", 29_000))).len(), 1);
}

#[test]
fn a_service_that_came_up_at_a_second_attempt_has_no_time() {
    let again = |id, ms| ServiceUsage { start_ms: Some(ms), again: true, ..app(id, 98) };
    let plain = |id, ms| ServiceUsage { start_ms: Some(ms), ..app(id, 98) };
    assert_eq!(notes(again("a", 1_000), app("b", 98), Some(plain("c", 20_000))), [""; 0]);
    assert_eq!(notes(plain("a", 1_000), app("b", 98), Some(again("c", 20_000))), [""; 0]);
}

#[test]
fn a_container_that_went_on_is_older_and_no_different() {
    let db = |memory| vec![uses("db", "same", memory)];
    let slow = ServiceUsage { start_ms: Some(30_000), ..uses("db", "c", 300) };
    let seen = [(Moment::Base, db(100)), (Moment::Head, db(300)), (Moment::HeadAfresh, vec![slow])];
    let compared = compare(&seen);
    assert!(compared[0].notes.is_empty(), "{compared:?}");
    assert!(compared[0].line().starts_with("db: memory 104.8 MB -> 314.5 MB (+200 %)"), "{}", compared[0].line());
}

#[test]
fn what_is_only_on_one_side_or_not_known_is_not_judged() {
    let seen = [(Moment::Base, vec![uses("old", "a", 10)]), (Moment::Head, vec![uses("new", "b", 500)])];
    let compared = compare(&seen);
    let lines: Vec<String> = compared.iter().map(Compared::line).collect();
    assert_eq!(
        lines,
        ["new: memory - -> 524.2 MB; image - -> 94.3 MB", "old: memory 10.4 MB -> -; image 94.3 MB -> -"]
    );
    assert!(compared.iter().all(|one| one.notes.is_empty()));
    let unknown = |id: &str| ServiceUsage { memory: None, image: None, start_ms: None, ..app(id, 0) };
    assert_eq!(notes(unknown("a"), app("b", 500), Some(app("c", 500))), [""; 0]);
    assert_eq!(
        compare(&[(Moment::Base, vec![unknown("a")]), (Moment::Head, vec![unknown("b")])])[0].line(),
        "app: not measured"
    );
}

#[test]
fn zero_is_no_base_to_compare_with() {
    let pair = UsagePair { base: Some(0), head: Some(500 * MIB) };
    assert_eq!((pair.percent(), pair.grew(0, 0)), (None, false));
    let largest = UsagePair { base: Some(1), head: Some(u64::MAX) };
    assert!(largest.grew(PERCENT, MEMORY_NOISE));
}

#[test]
fn a_run_without_an_upgrade_and_an_old_record_compare_nothing() {
    assert_eq!(compare(&[]), []);
    assert_eq!(compare(&[(Moment::Base, vec![app("a", 9)])]), []);
    assert_eq!(compare(&[(Moment::Head, vec![app("a", 9)])]), []);
}

#[test]
fn memory_that_is_more_only_over_data_is_no_note() {
    // The same program at its first start and over data that are there already.
    assert_eq!(notes(app("a", 200), app("b", 260), Some(app("c", 199))), [""; 0]);
    assert_eq!(notes(app("a", 200), app("b", 260), Some(app("c", 255))).len(), 1);
    let unknown = ServiceUsage { memory: None, ..app("c", 0) };
    assert_eq!(notes(app("a", 200), app("b", 260), Some(unknown)).len(), 1);
}

#[test]
fn a_peak_is_told_to_programs_and_not_judged() {
    let peak = |id, peak: u64| ServiceUsage { peak: Some(peak * MIB), ..app(id, 50) };
    let seen = [(Moment::Base, vec![peak("a", 60)]), (Moment::Head, vec![peak("b", 200)])];
    let compared = compare(&seen);
    assert_eq!((compared[0].peak.percent(), compared[0].notes.len()), (Some(233), 0));
    assert!(!compared[0].line().contains("peak"), "{}", compared[0].line());
}

#[test]
fn a_larger_image_is_noted() {
    let image = |id, size: u64| ServiceUsage { image: Some(size * MIB), ..app(id, 50) };
    let notes = notes(image("a", 80), image("b", 280), None);
    assert_eq!(notes, ["the image of head's `app` has 293.6 MB, base's 83.8 MB (+250 %)"]);
}
