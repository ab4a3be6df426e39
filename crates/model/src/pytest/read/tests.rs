//! What pytest writes, what it never writes, and what both come to.

use super::super::conclude;
use super::*;
use crate::outcome::{Cause, Outcome};
use crate::testcase::Count;

/// As pytest 7.2 writes it, shortened.
const WRITTEN: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="1" failures="2" skipped="2" tests="7" time="0.242" timestamp="2026-11-24T02:22:47.358167" hostname="box"><testcase classname="custom.test_a" name="test_ok" time="0.001" /><testcase classname="custom.test_a" name="test_bad" time="0.031"><failure message="AssertionError: numbers &amp; &lt;differ&gt;&#10;assert 1 == 2">def test_bad():
&gt;       assert 1 == 2, "numbers &amp; &#60;differ&gt;"
E       assert 1 == 2

custom/test_a.py:5: AssertionError</failure><system-out>noise</system-out></testcase><testcase classname="custom.test_a" name="test_skip" time="0.000"><skipped type="pytest.skip" message="no mail">/tests/test_a.py:6: no mail</skipped></testcase><testcase classname="custom.test_a" name="test_p[\xe9/]]&gt;]" time="0.000" /><testcase classname="custom.test_a" name="test_xf" time="0.000"><skipped type="pytest.xfail" message="" /></testcase><testcase classname="custom.test_a.TestK" name="test_m" time="0.000" /><testcase classname="custom.test_a" name="test_td" time="0.000"><failure message="assert 0">E   assert 0</failure></testcase><testcase classname="custom.test_a" name="test_td" time="0.000"><error message="failed on teardown with &quot;ValueError: teardown&quot;"><![CDATA[E       ValueError: <teardown>]]></error></testcase></testsuite></testsuites>"#;

fn cases(text: &str) -> Result<Vec<TestCase>, JunitError> {
    read("custom/test_a.py", text)
}

fn suite(inside: &str) -> String {
    format!("<testsuites><testsuite name=\"pytest\">{inside}</testsuite></testsuites>")
}

fn concluded(code: i64, inside: &str) -> Outcome {
    conclude("custom/test_a.py", code, &cases(&suite(inside)), Some("last words"))
}

#[track_caller]
fn finding(outcome: Outcome) -> (Cause, String) {
    match outcome {
        Outcome::Failed(finding) => (finding.cause, finding.summary),
        other @ (Outcome::Passed { .. } | Outcome::Skipped { .. } | Outcome::Unverified(_)) => panic!("{other:?}"),
    }
}

#[test]
fn what_pytest_writes_is_read_case_by_case() {
    let read = cases(WRITTEN).unwrap();
    let text: Vec<String> = read.iter().map(|case| format!("{} {} ms {:?}", case.name, case.ms, case.end)).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    test_ok 1 ms Passed
    test_bad 31 ms Failed { message: "AssertionError: numbers & <differ>", details: ["def test_bad():", ">       assert 1 == 2, \"numbers & <differ>\"", "E       assert 1 == 2", "custom/test_a.py:5: AssertionError"] }
    test_skip 0 ms Skipped { reason: "no mail" }
    test_p[\xe9/]]>] 0 ms Passed
    test_xf 0 ms Skipped { reason: "expected to fail, and did" }
    TestK::test_m 0 ms Passed
    test_td 0 ms Failed { message: "assert 0; failed on teardown with \"ValueError: teardown\"", details: ["E   assert 0", "E       ValueError: <teardown>"] }
    "#);
    assert_eq!(Count::of(&read).words(), "3 passed, 2 failed, 2 skipped");
    let outcome = conclude("custom/test_a.py", 1, &Ok(read), None);
    let Outcome::Failed(finding) = outcome else { panic!() };
    assert_eq!(
        finding.summary,
        "custom/test_a.py: 3 passed, 2 failed, 2 skipped: test_bad: AssertionError: numbers & <differ>; test_td: assert 0; failed \
         on teardown with \"ValueError: teardown\""
    );
    assert_eq!(finding.details.last().unwrap(), "test_td: E       ValueError: <teardown>");
}

#[test]
fn a_file_passes_only_when_exit_code_and_record_agree() {
    let (good, bad) = (r#"<testcase name="a"/>"#, r#"<testcase name="b"><failure message="no"/></testcase>"#);
    let off = r#"<testcase name="c"><skipped message="not here"/></testcase>"#;
    assert_eq!(concluded(0, &format!("{good}{off}")), Outcome::Passed { note: Some("1 passed, 1 skipped".into()) });
    assert_eq!(concluded(0, off), Outcome::Skipped { reason: "1 skipped: c: not here".into() });
    assert_eq!(concluded(5, off), Outcome::Skipped { reason: "1 skipped: c: not here".into() });
    assert_eq!(concluded(77, ""), Outcome::Skipped { reason: "last words".into() });
    assert_eq!(finding(concluded(1, bad)), (Cause::TestFailed, "custom/test_a.py: 1 failed: b: no".into()));
    for (code, inside, said) in [
        (0, bad, "but its JUnit file says 1 failed"),
        (1, good, "but its JUnit file says 1 passed"),
        (1, "", "but its JUnit file says no test at all"),
        (5, good, "but its JUnit file says 1 passed"),
        (77, bad, "but its JUnit file says 1 failed"),
        (0, "", "holds no test"),
        (5, "", "holds no test"),
        (3, good, "was not run to its end: pytest ended with exit code 3: last words"),
        (4, "", "was not run to its end"),
        (137, good, "was not run to its end"),
    ] {
        let (cause, summary) = finding(concluded(code, inside));
        assert_eq!(cause, Cause::TestBroken, "{code} {inside}");
        assert!(summary.contains(said), "{code} {inside}: {summary}");
    }
    let syntax = r#"<testcase classname="" name="custom.test_a"><error message="collection failure">x
E   SyntaxError: invalid syntax</error></testcase>"#;
    let (cause, summary) = finding(concluded(2, syntax));
    assert_eq!(cause, Cause::TestBroken);
    assert_eq!(summary, "custom/test_a.py cannot be collected: custom.test_a: E   SyntaxError: invalid syntax");
}

#[test]
fn what_is_no_plain_complete_file_is_refused() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><testsuites><testsuite><testcase name=\"&b;\"/></testsuite></testsuites>";
    for (text, said) in [
        ("", "it ends before its end"),
        ("no xml at all", "it ends before its end"),
        ("<testsuites><testsuite><testcase name=\"a\"/>", "it ends before its end"),
        ("<testsuites><testsuite><testcase name=\"a\"></testsuite></testsuites>", "expected"),
        ("<html></html>", "another root"),
        ("<testsuites/><testsuites/>", "another root"),
        ("<testsuites><failure/></testsuites>", "outside of a test case"),
        ("<testsuites><testcase/></testsuites>", "has no name"),
        ("<testsuites><testcase name='a'><testcase name='b'/></testcase></testsuites>", "lies in another"),
        ("<testsuites><testcase name='&b;'/></testsuites>", "b"),
        ("<testsuites><testcase name='a'>&b;</testcase></testsuites>", "unknown entity `b`"),
        ("<testsuites><testcase name='a' name='b'/></testsuites>", "duplicated"),
        (bomb, "declares a document type"),
    ] {
        let error = cases(text).expect_err(text).to_string();
        assert!(error.contains(said), "{text}: {error}");
        let (cause, _) = finding(conclude("custom/test_a.py", 0, &cases(text), None));
        assert_eq!(cause, Cause::TestBroken, "{text}");
    }
    let deep = "<a>".repeat(40);
    assert!(cases(&format!("<testsuites>{deep}")).unwrap_err().to_string().contains("too deep"));
    let many = r#"<testcase name="a"/><testcase name="b"/>"#.repeat(MOST_CASES);
    assert_eq!(cases(&suite(&many)), Err(JunitError::TooMany));
    assert_eq!(cases(&" ".repeat(MOST_BYTES + 1)), Err(JunitError::TooLarge));
    let (_, summary) = finding(conclude("a.py", 0, &Err(JunitError::Missing), None));
    assert_eq!(summary, "a.py ended with exit code 0, and left no JUnit file");
}

#[test]
fn names_messages_and_details_are_bounded() {
    let long = "x".repeat(10_000);
    let lines = "line\n".repeat(500);
    let inside = format!(
        "<testcase name=\"{long}\" time=\"1e300\"><failure message=\"{long}\">{lines}{long}</failure></testcase>"
    );
    let read = cases(&suite(&inside)).unwrap();
    let CaseEnd::Failed { message, details } = &read[0].end else { panic!() };
    assert!(read[0].name.chars().count() <= NAME + 1 && message.chars().count() <= LINE + 1);
    assert_eq!(details.len(), LINES);
    assert!(details.iter().all(|line| line.chars().count() <= LINE + 1));
}
