//! `junit.xml` as CI systems accept it: the rules of the schemas that Jenkins and Ant publish, held against every stored run.

use crate::stored::runs;
use cc_ci_model::report::junit;
use roxmltree::{Document, Node};

/// Element, attributes it must have (Ant), attributes it may have besides (Jenkins), children in their order.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const RULES: [Rule; 9] = [
    // `skipped` is younger than Jenkins' schema; readers that do not know it pass over it.
    ("testsuites", &["name", "tests", "failures", "errors"], &["time", "disabled", "skipped"], &["testsuite"]),
    (
        "testsuite",
        &["name", "timestamp", "hostname", "tests", "failures", "errors", "time"],
        &["disabled", "skipped", "id", "package"],
        &["properties", "testcase", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name", "classname", "time"],
        &["assertions", "status"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &["type"], &["message"], &[]),
    ("error", &["type"], &["message"], &[]),
    ("skipped", &[], &["message"], &[]),
    ("system-out", &[], &[], &[]),
    ("system-err", &[], &[], &[]),
    ("properties", &[], &[], &["property"]),
];

fn problems(text: &str) -> Vec<String> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => return vec![error.to_string()],
    };
    let root = document.root_element();
    let mut problems = Vec::new();
    if root.tag_name().name() != "testsuites" {
        problems.push(format!("the root is {}", root.tag_name().name()));
    }
    for node in root.descendants().filter(Node::is_element) {
        element(&node, &mut problems);
    }
    problems
}

fn element(node: &Node<'_, '_>, problems: &mut Vec<String>) {
    let name = node.tag_name().name();
    let Some((_, must, may, children)) = RULES.iter().find(|(known, ..)| *known == name) else {
        problems.push(format!("no schema has the element {name}"));
        return;
    };
    for attribute in must.iter().filter(|attribute| node.attribute(**attribute).is_none()) {
        problems.push(format!("{name} lacks {attribute}"));
    }
    for attribute in node.attributes() {
        let (key, value) = (attribute.name(), attribute.value());
        let form = match key {
            "tests" | "failures" | "errors" | "disabled" | "skipped" | "assertions" => value.parse::<u32>().is_ok(),
            "time" => value.parse::<f64>().is_ok_and(|time| time >= 0.0 && time.is_finite()) && !value.contains('e'),
            "timestamp" => is_time(value),
            "name" | "classname" | "hostname" | "type" => !value.trim().is_empty(),
            _ => true,
        };
        if !must.contains(&key) && !may.contains(&key) {
            problems.push(format!("{name} may not have {key}"));
        } else if !form {
            problems.push(format!("{name}: {key} is `{value}`"));
        }
    }
    let below: Vec<&str> = node.children().filter(Node::is_element).map(|child| child.tag_name().name()).collect();
    let places: Vec<Option<usize>> =
        below.iter().map(|child| children.iter().position(|known| known == child)).collect();
    if places.contains(&None) || !places.is_sorted() {
        problems.push(format!("{name} holds {below:?}"));
    }
    counts(node, problems);
}

/// `2026-11-24T02:41:07`, without zone and fractions, as Ant's schema has it.
fn is_time(text: &str) -> bool {
    let form = |(c, like): (char, char)| if like == '0' { c.is_ascii_digit() } else { c == like };
    text.len() == 19 && text.chars().zip("0000-00-00T00:00:00".chars()).all(form)
}

/// What an element says it holds is what it holds.
fn counts(node: &Node<'_, '_>, problems: &mut Vec<String>) {
    let cases = |with: &str| {
        let cases = node.descendants().filter(|child| child.has_tag_name("testcase"));
        cases.filter(|case| with.is_empty() || case.children().any(|child| child.has_tag_name(with))).count()
    };
    for (attribute, with) in [("tests", ""), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
        let said = node.attribute(attribute).and_then(|value| value.parse::<usize>().ok());
        if said.is_some_and(|said| said != cases(with)) {
            problems.push(format!("{} says {attribute}={said:?}, holds {}", node.tag_name().name(), cases(with)));
        }
    }
}

#[test]
fn the_file_of_every_stored_run_is_one_that_ci_systems_accept() {
    for (path, judged) in runs() {
        let text = junit::render(&judged.view()).unwrap();
        let problems = problems(&text);
        assert!(problems.is_empty(), "{}: {problems:#?}\n{text}", path.display());
    }
}

#[test]
fn the_rules_find_what_is_wrong() {
    let wrong = r#"<testsuites name="x" tests="2" failures="0" errors="0"><testsuite name="" timestamp="2026-11-24T02:41:07Z"
        hostname="h" tests="1" failures="1" errors="0" time="-1" color="red"><testcase name="a" time="1.0"><system-out/><failure/>
        </testcase><extra/></testsuite></testsuites>"#;
    let found = problems(wrong);
    for part in [
        "says tests",
        "name is ``",
        "timestamp is",
        "time is `-1`",
        "may not have color",
        "lacks classname",
        "lacks type",
        "holds [\"system-out\"",
        "element extra",
    ] {
        assert!(found.iter().any(|problem| problem.contains(part)), "{part}: {found:#?}");
    }
}
