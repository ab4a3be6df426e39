//! Holds what the program said against the right answer. Pure.

use crate::answer::{CaseAnswer, CaseVerdict};
use crate::case::{LintExpected, LintRow, LintSeverity, LoaderRow, Right, RightColor};
use std::collections::BTreeMap;

/// The rules that lint speaks of, each with its gravest severity.
pub type Rules = BTreeMap<String, LintSeverity>;

/// What differs between the answer of a run and the right one; empty when it is right. `lint` is there when the case asks for it.
#[must_use]
pub fn run(right: &Right, answer: &CaseAnswer, lint: Option<&Rules>) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(verdict) = &answer.verdict else {
        // Without an error there was something else, which whoever reads this wants to know.
        let last = || answer.report.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        let said = if answer.first_line.is_empty() { last() } else { &answer.first_line };
        wrong.push(format!("no verdict, exit code {}: {said}", code(answer.exit)));
        return wrong;
    };
    let colors: Vec<RightColor> = [right.color].into_iter().chain(right.accept.iter().copied()).collect();
    let noted = right.or_note.as_ref().is_some_and(|note| note.is_match(&answer.report));
    let excused = noted && verdict.color == "green";
    if !excused {
        if !colors.iter().any(|color| is(*color, verdict)) {
            wrong.push(format!("the verdict is {}, expected {}", verdict.color, words(&colors)));
        }
        expect(&mut wrong, "the tier that does not pass", right.tier.as_ref(), verdict.tier.as_ref());
        expect(&mut wrong, "the blame", right.blame.as_ref(), verdict.blame.as_ref());
        if let Some(line) = right.first_line.as_ref().filter(|line| !line.is_match(&answer.first_line)) {
            wrong.push(format!("the first line does not match `{line}`: {}", answer.first_line));
        }
    }
    if let Some(most) = right.level_at_most.filter(|most| verdict.level.is_some_and(|level| level > *most)) {
        wrong.push(format!("level {}, expected at most {most}", verdict.level.unwrap_or_default()));
    }
    expect(&mut wrong, "the base", right.base.as_ref(), verdict.base.as_ref());
    if let Some(note) = right.note_says.as_ref().filter(|note| !note.is_match(&answer.report)) {
        wrong.push(format!("nothing in the report matches `{note}`"));
    }
    if let (Some(expected), Some(rules)) = (&right.lint, lint) {
        wrong.extend(speaks(expected, rules));
    }
    if !verdict.left_behind.is_empty() {
        wrong.push(format!("left behind: {}", verdict.left_behind.join(", ")));
    }
    wrong.extend(too_late(right, answer));
    wrong
}

/// What differs where files alone decide. A plan that says what `or_note` asks for is as good as a refusal.
#[must_use]
pub fn files(right: &Right, answer: &CaseAnswer, lint: Option<&Rules>) -> Vec<String> {
    let noted = right.or_note.as_ref().is_some_and(|note| note.is_match(&answer.report));
    if noted && answer.exit == Some(0) {
        return too_late(right, answer).into_iter().collect();
    }
    let mut wrong = if right.exit.is_empty() { Vec::new() } else { exits(&right.exit, answer) };
    if let (Some(expected), Some(rules)) = (&right.lint, lint) {
        wrong.extend(speaks(expected, rules));
    }
    if let Some(line) = right.first_line.as_ref().filter(|line| !line.is_match(&answer.first_line)) {
        wrong.push(format!("the first line does not match `{line}`: {}", answer.first_line));
    }
    wrong.extend(too_late(right, answer));
    wrong
}

/// What differs between `plan` and docker's loader.
#[must_use]
pub fn loader(row: &LoaderRow, answer: &CaseAnswer) -> Vec<String> {
    exits(&row.exit, answer)
}

/// What differs between what lint says to a row and to its twin, and what it has to say.
#[must_use]
pub fn lint(row: &LintRow, said: &Rules, to_twin: &Rules) -> Vec<String> {
    match &row.expected {
        LintExpected::Silent(rule) if said.contains_key(rule) => vec![format!("{rule} speaks and should be silent")],
        LintExpected::Silent(_) => Vec::new(),
        LintExpected::Speaks(severity) => {
            let speaks = |(rule, at): (&String, &LintSeverity)| at >= severity && !to_twin.contains_key(rule);
            if said.iter().any(speaks) {
                return Vec::new();
            }
            let names = |rules: &Rules| rules.keys().cloned().collect::<Vec<_>>().join(" ");
            vec![format!(
                "no rule tells the case (`{}`) from its twin `{}` (`{}`)",
                names(said),
                row.twin,
                names(to_twin)
            )]
        }
    }
}

fn exits(expected: &[i32], answer: &CaseAnswer) -> Vec<String> {
    if answer.exit.is_some_and(|exit| expected.contains(&exit)) {
        return Vec::new();
    }
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    vec![format!("exit code {}, expected {}: {}", code(answer.exit), expected.join(" or "), answer.first_line)]
}

/// A rule by its name, or any rule of a severity.
fn speaks(expected: &str, rules: &Rules) -> Option<String> {
    let spoken = match expected {
        "error" => rules.values().any(|at| *at == LintSeverity::Error),
        "warning" => !rules.is_empty(),
        rule => rules.contains_key(rule),
    };
    (!spoken).then(|| format!("lint does not speak of {expected}"))
}

fn too_late(right: &Right, answer: &CaseAnswer) -> Option<String> {
    let limit = right.within_seconds?;
    let took = answer.took.as_secs_f64();
    (answer.took.as_secs() >= limit).then(|| format!("took {took:.1} s, expected at most {limit} s"))
}

fn is(color: RightColor, verdict: &CaseVerdict) -> bool {
    match color {
        RightColor::Green => verdict.color == "green",
        RightColor::Red => verdict.color == "red",
        RightColor::Unverified => verdict.color == "unverified",
        RightColor::NotGreen => matches!(verdict.color.as_str(), "red" | "unverified"),
        RightColor::Refused => false,
        RightColor::Any => true,
    }
}

fn words(colors: &[RightColor]) -> String {
    let word = |color: &RightColor| match color {
        RightColor::Green => "green",
        RightColor::Red => "red",
        RightColor::Unverified => "unverified",
        RightColor::NotGreen => "not green",
        RightColor::Refused => "refused",
        RightColor::Any => "any",
    };
    colors.iter().map(word).collect::<Vec<_>>().join(" or ")
}

fn expect(wrong: &mut Vec<String>, what: &str, expected: Option<&String>, is: Option<&String>) {
    if let Some(expected) = expected.filter(|expected| is != Some(expected)) {
        wrong.push(format!("{what} is {}, expected {expected}", is.map_or("none", String::as_str)));
    }
}

fn code(exit: Option<i32>) -> String {
    exit.map_or_else(|| "none".to_owned(), |code| code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn right(text: &str) -> Right {
        toml::from_str(text).unwrap()
    }

    fn red() -> CaseAnswer {
        let results = serde_json::json!({
            "verdict": "red", "blame": "recipe", "level": 1, "reasons": ["upgrade failed: rows are gone\nmore"],
            "results": {"install": "pass", "upgrade": "fail", "backup": "unver", "restore": "unver", "custom": "skip"},
            "base": {"version": "1.0.0+1"}, "left_behind": [],
        });
        CaseAnswer::read(Some(10), &results.to_string(), "", Duration::from_secs(9))
    }

    #[test]
    fn each_wish_can_be_missed() {
        let check =
            |wish: &str, expected: &str| assert_eq!(run(&right(wish), &red(), None).join("; "), expected, "{wish}");
        check("color = \"red\"\ntier = \"upgrade\"\nblame = \"recipe\"\nfirst_line = \"rows\"\nbase = \"1.0.0+1\"", "");
        check("color = \"not-green\"\nwithin_seconds = 10\nlevel_at_most = 1", "");
        check("color = \"unverified\"\naccept = [\"red\"]", "");
        check("color = \"green\"", "the verdict is red, expected green");
        check("color = \"red\"\ntier = \"backup\"", "the tier that does not pass is upgrade, expected backup");
        check("color = \"red\"\nblame = \"test\"", "the blame is recipe, expected test");
        check(
            "color = \"any\"\nfirst_line = \"files\"",
            "the first line does not match `files`: upgrade failed: rows are gone",
        );
        check("color = \"any\"\nlevel_at_most = 0", "level 1, expected at most 0");
        check("color = \"any\"\nbase = \"2.0.0+1\"", "the base is 1.0.0+1, expected 2.0.0+1");
        check("color = \"any\"\nnote_says = \"moved away\"", "nothing in the report matches `moved away`");
        check("color = \"any\"\nwithin_seconds = 9", "took 9.0 s, expected at most 9 s");
    }

    #[test]
    fn a_note_excuses_a_green_and_nothing_else() {
        let wish = right("color = \"red\"\ntier = \"upgrade\"\nor_note = \"gone\"");
        let mut green = red();
        assert_eq!(run(&wish, &green, None), Vec::<String>::new());
        if let Some(verdict) = &mut green.verdict {
            verdict.color = "green".to_owned();
            verdict.tier = None;
        }
        assert_eq!(run(&wish, &green, None), Vec::<String>::new());
        green.report.clear();
        assert_eq!(run(&wish, &green, None).len(), 2);
    }

    #[test]
    fn a_run_without_a_verdict_is_never_right() {
        let died = CaseAnswer::read(Some(1), "", "error: the engine is gone\n  at the socket\n", Duration::ZERO);
        let expected = ["no verdict, exit code 1: error: the engine is gone at the socket"];
        assert_eq!(run(&right("color = \"any\""), &died, None), expected);
        let cut = CaseAnswer::read(Some(10), "{\"verdict\": \"red\",\n", "install  passed\nleft: 0\n", Duration::ZERO);
        assert_eq!(run(&right("color = \"any\""), &cut, None), ["no verdict, exit code 10: left: 0"]);
        assert_eq!(files(&right("color = \"refused\"\nexit = [21, 23]"), &died, None).len(), 1);
    }

    #[test]
    fn a_plan_that_says_so_is_as_good_as_a_refusal() {
        let wish = right("color = \"refused\"\nexit = [21]\nor_note = \"HOME is not\"");
        let plan = |exit, out| CaseAnswer::read(Some(exit), out, "", Duration::ZERO);
        assert!(files(&wish, &plan(0, "note: HOME is not in .env.sample"), None).is_empty());
        assert_eq!(files(&wish, &plan(0, "note: nothing"), None).len(), 1);
        assert_eq!(files(&wish, &plan(11, "HOME is not in .env.sample"), None).len(), 1);
    }

    #[test]
    fn files_that_are_fine_may_need_a_finding() {
        let wish = right("color = \"any\"\nlint = \"CC101\"");
        let plan = CaseAnswer::read(Some(0), "recipe   tiny", "", Duration::ZERO);
        let spoken = Rules::from([("CC101".to_owned(), LintSeverity::Error)]);
        assert!(files(&wish, &plan, Some(&spoken)).is_empty());
        assert_eq!(files(&wish, &plan, Some(&Rules::new())), ["lint does not speak of CC101"]);
    }

    #[test]
    fn a_rule_has_to_tell_the_row_from_its_twin() {
        let rules = |names: &[(&str, LintSeverity)]| {
            names.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect::<Rules>()
        };
        let row = |expected| LintRow { expected, twin: "plain".to_owned() };
        let wishes = row(LintExpected::Speaks(LintSeverity::Error));
        let (both, one) = (
            rules(&[("CC1", LintSeverity::Error)]),
            rules(&[("CC1", LintSeverity::Error), ("CC2", LintSeverity::Error)]),
        );
        assert!(lint(&wishes, &one, &both).is_empty());
        assert_eq!(lint(&wishes, &both, &both).len(), 1, "the twin has it, too");
        assert_eq!(lint(&wishes, &rules(&[("CC2", LintSeverity::Warning)]), &rules(&[])).len(), 1, "not grave enough");
        assert_eq!(lint(&row(LintExpected::Silent("CC1".to_owned())), &both, &rules(&[])).len(), 1);
    }
}
