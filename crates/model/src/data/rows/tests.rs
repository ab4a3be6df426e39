//! Two counts, and what is said about them; inputs that would fool a simpler rule are among them.

use super::*;
use crate::outcome::Cause;

/// `database: table=rows table=rows; database: …`, a `*` before a database that the app is connected to.
fn server(text: &str, counted: Counted) -> Server {
    let mut server = Server {
        service: "db".into(),
        counted,
        databases: BTreeMap::new(),
        filled: BTreeMap::new(),
        objects: BTreeMap::new(),
        used: BTreeSet::new(),
    };
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, tables) = part.split_once(':').unwrap();
        if let Some(name) = name.strip_prefix('*') {
            server.used.insert(name.to_owned());
        }
        let tables = tables.split_whitespace().map(|table| table.split_once('=').unwrap());
        let tables = tables.map(|(table, rows)| (table.to_owned(), rows.parse().unwrap())).collect();
        server.databases.insert(name.trim_start_matches('*').to_owned(), tables);
    }
    server
}

fn counts(text: &str, counted: Counted) -> RowCounts {
    let servers = [("db".to_owned(), server(text, counted))].into();
    RowCounts { servers, uncounted: BTreeMap::new() }
}

#[track_caller]
fn check(counted: Counted, declared: &[&str], before: &str, after: &str, said: &[&str]) {
    let declared: Vec<String> = declared.iter().map(|text| (*text).to_owned()).collect();
    let losses = compare(&counts(before, counted), &counts(after, counted), &Fleeting::with(&declared));
    let texts: Vec<String> = losses.iter().map(RowLoss::summary).collect();
    assert_eq!(texts, said, "{before} -> {after}");
}

#[track_caller]
fn rows_say(before: &str, after: &str, said: &[&str]) {
    check(Counted::Rows, &[], before, after, said);
}

#[test]
fn fewer_rows_tables_and_databases_are_losses() {
    rows_say("a: users=1234", "a: users=0", &["db: users of database a: 1234 rows before, 0 after"]);
    rows_say("a: users=2", "a: users=1", &["db: users of database a: 2 rows before, 1 after"]);
    rows_say("a: users=2 photos=60000", "a: users=2", &["db: table photos of database a is gone (60000 rows)"]);
    rows_say("a: users=2; b: rooms=1", "a: users=2", &["db: database b is gone (1 row)"]);
}

#[test]
fn more_is_fine_and_nothing_cannot_be_lost() {
    rows_say("a: users=2", "a: users=3 photos=1; b: rooms=4", &[]);
    rows_say("a: users=0 old=0; b: rooms=0", "a: users=0", &[]);
    rows_say("", "", &[]);
}

#[test]
fn a_renamed_table_is_known_by_its_rows_and_stands_for_one() {
    rows_say("a: users=7", "a: accounts=7", &[]);
    rows_say("a: users=7", "a: accounts=8", &["db: table users of database a is gone (7 rows)"]);
    rows_say("a: photos=7 users=7", "a: accounts=7", &["db: table users of database a is gone (7 rows)"]);
    // A table that was there before is no new name for another.
    rows_say("a: photos=7 users=7", "a: photos=7", &["db: table users of database a is gone (7 rows)"]);
}

#[test]
fn a_database_is_moved_only_with_all_it_held() {
    rows_say("a: users=7 posts=2", "b: users=7 posts=3", &[]);
    rows_say("a: users=7 posts=2", "b: users=7 posts=1", &["db: database a is gone (9 rows)"]);
    let left = "db: the app uses database b now, which lacks what database a holds (9 rows)";
    rows_say("*a: users=7 posts=2", "a: users=7 posts=2; *b: users=1", &[left]);
    rows_say("*a: users=7 posts=2; b:", "a: users=7 posts=2; *b: users=1 posts=2", &[left]);
    rows_say("*a: users=7 posts=2", "a: users=7 posts=2; *b: users=7 posts=2", &[]);
    // A young app sets the same up again; only the marker shows that this is no copy.
    let young = "db: the app uses database b now, which lacks what database a holds (1 row)";
    rows_say("*a: users=1 cc_ci_marker=2", "a: users=1 cc_ci_marker=2; *b: users=1", &[young]);
    rows_say("*a: users=1 cc_ci_marker=2", "a: users=1 cc_ci_marker=2; *b: users=1 cc_ci_marker=2", &[]);
    rows_say("a: users=1 cc_ci_marker=2", "b: users=1", &["db: database a is gone (1 row)"]);
    // The marker's own loss is said where markers are looked for.
    rows_say("a: users=1 cc_ci_marker=2", "a: users=1", &[]);
    // Another database of the app, which it used all the time, or nothing at the moment of the look.
    rows_say("*a: users=7; *b: x=1", "a: users=7; *b: x=1", &[]);
    rows_say("*a: users=7", "a: users=7; b: x=1", &[]);
    rows_say("*a: users=7", "*a: users=7; *b: x=1", &[]);
}

#[test]
fn fleeting_tables_may_lose_rows() {
    for table in
        ["sessions", "public.user_sessions", "Session", "django_session", "cache", "wp_cache", "audit_log", "jobs"]
    {
        rows_say(&format!("a: {table}=5"), "a: x=1", &[]);
    }
    rows_say("log: users=5", "log: users=0", &["db: users of database log: 5 rows before, 0 after"]);
    for table in ["users", "blocks", "catalogue", "job_offers", "blog"] {
        rows_say(
            &format!("a: {table}=5"),
            &format!("a: {table}=4"),
            &[&format!("db: {table} of database a: 5 rows before, 4 after")],
        );
    }
}

#[test]
fn declared_losses_are_no_finding() {
    check(Counted::Rows, &["icons"], "a: icons=5 users=1", "a: users=1", &[]);
    check(Counted::Rows, &["a/icons"], "a: icons=5", "a: x=1", &[]);
    check(Counted::Rows, &["b/icons"], "a: icons=5", "a:", &["db: table icons of database a is gone (5 rows)"]);
    check(Counted::Rows, &["a"], "a: icons=5", "", &[]);
}

#[test]
fn single_keys_come_and_go() {
    let keys = |before, after, said: &[&str]| check(Counted::Keys, &[], before, after, said);
    keys("0: keys=9", "", &[]);
    keys("0: keys=10", "0: keys=5", &[]);
    keys("0: keys=11", "0: keys=5", &["db: keys of database 0: 11 rows before, 5 after"]);
    keys("0: keys=10", "", &["db: keys of database 0: 10 rows before, 0 after"]);
}

#[test]
fn what_could_not_be_counted_is_no_loss_and_the_worst_leads() {
    let before = counts("a: users=5 posts=3; b: rooms=1", Counted::Rows);
    assert_eq!(compare(&before, &RowCounts::default(), &Fleeting::with(&[])), []);
    let losses = compare(&before, &counts("a: users=1", Counted::Rows), &Fleeting::with(&[]));
    let finding = finding(&losses, Cause::DataLost).unwrap();
    assert_eq!(finding.summary, "db: database b is gone (1 row)");
    assert_eq!(finding.details.len(), 4);
    assert!(finding.details[3].contains("data.expected"));
    assert_eq!(super::finding(&[], Cause::DataLost), None);
}
