//! The format of records: a change of what is written raises its version.

use cc_ci_model::event::{FORMAT, RecordFormat};

/// The types of a source file with their fields and variants, without comments, attributes and code.
fn declarations(source: &str) -> String {
    let mut kept = Vec::new();
    let mut inside = false;
    for line in source.lines() {
        let starts = line.starts_with("pub enum ") || line.starts_with("pub struct ");
        inside = inside || starts;
        let words = line.trim();
        if inside && !words.is_empty() && !words.starts_with("//") && !words.starts_with("#[") {
            kept.push(line);
        }
        if inside && (line == "}" || (starts && line.ends_with(';'))) {
            inside = false;
        }
    }
    kept.join("\n")
}

#[test]
fn a_new_event_or_field_raises_the_minor_version() {
    let files = [
        include_str!("../../src/event.rs"),
        include_str!("../../src/outcome.rs"),
        include_str!("../../src/testcase.rs"),
        include_str!("../../src/usage.rs"),
    ];
    // Never correct the snapshot of a format that was written already: raise `FORMAT`, which asks for a new one.
    insta::assert_snapshot!(format!("record_{FORMAT}"), files.map(declarations).join("\n"));
}

#[test]
fn a_reader_takes_its_own_major_and_any_minor_up_to_its_own() {
    let reader = RecordFormat { major: 1, minor: 2 };
    let reads = |major, minor| reader.reads(RecordFormat { major, minor });
    assert_eq!([reads(1, 0), reads(1, 2), reads(1, 3), reads(0, 2), reads(2, 0)], [true, true, false, false, false]);
}
