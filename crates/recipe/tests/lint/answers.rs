//! What becomes of findings: counts, comparisons, pages, and the forms they are printed in.

use crate::shop::Edit::{Swap, Write};
use crate::shop::Shop;
use cc_ci_recipe::lint::{LintReport, RuleCheck, page, rules, sarif, text};
use cc_ci_recipe::source::Severity;
use proptest::prelude::*;

#[test]
fn nothing_is_found_in_the_good_recipe() {
    let good = Shop::good();
    insta::assert_snapshot!(text::render(&good.against(&good)), @"lint: nothing found (compared with 1.0.0+1.27.2; not checked: R013, R016)");
    insta::assert_snapshot!(text::render(&good.alone()), @"lint: nothing found (compared with nothing; not checked: R013, R016)");
    assert!(good.alone().passed());
}

#[test]
fn only_errors_fail_the_rung() {
    let warned = Shop::but(&[Swap("compose.yml", "postgres:16.4", "postgres:latest")]).alone();
    assert_eq!((warned.passed(), warned.count(Severity::Warning)), (true, 1));
    let wrong = Shop::but(&[Write("pg_backup.sh", "new\n")]).against(&Shop::good());
    assert_eq!((wrong.passed(), wrong.rules(Severity::Error)), (false, vec!["CC101".to_owned()]));
    insta::assert_snapshot!(text::render(&wrong), @r"
    abra.sh:2: error CC101: `pg_backup.sh` changed since 1.0.0+1.27.2, but config `pg_backup` still has the version v1
      hint: raise it in the same change: export PG_BACKUP_VERSION=v2
    lint: 1 error (CC101) (compared with 1.0.0+1.27.2; not checked: R013, R016)
    ");
}

#[test]
fn what_was_there_before_is_not_new_wherever_it_stands_now() {
    let old = Shop::but(&[Swap("compose.yml", "postgres:16.4", "postgres:latest")]);
    let new = Shop::but(&[
        Swap("compose.yml", "postgres:16.4", "postgres:latest"),
        Swap("compose.yml", "version: \"3.8\"\n", "version: \"3.8\"\n\n# A line more.\n"),
        Swap("compose.yml", "example/shop:1.27.2", "example/shop:latest"),
    ]);
    let added = new.against(&old).without(&old.alone());
    let lines: Vec<String> = added.findings.iter().map(text::line).collect();
    assert_eq!(lines, ["compose.yml:7: warning R004: service `app`: the image `example/shop` has the tag `latest`"]);
}

#[test]
fn the_same_finding_twice_is_new_once() {
    let report = |times: usize| {
        let one = Shop::but(&[Swap("compose.yml", "postgres:16.4", "postgres:latest")]).alone();
        let findings = one.findings.iter().cycle().take(times).cloned().collect();
        LintReport { findings, ..one }
    };
    assert_eq!(report(2).without(&report(1)).findings.len(), 1);
    assert_eq!(report(1).without(&report(2)).findings.len(), 0);
}

#[test]
fn every_rule_has_a_number_of_its_own_and_a_whole_page() {
    let rules = rules();
    let ids: Vec<&str> = rules.iter().map(|rule| rule.id).collect();
    let numbers: Vec<String> = (1..=16).map(|number| format!("R{number:03}")).collect();
    assert_eq!(ids[..16], numbers);
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
    let page = page::page();
    for rule in &rules {
        for part in [rule.title, rule.what, rule.why, rule.mend, rule.example] {
            assert!(part.len() > 5 && page.contains(part), "{}: {part}", rule.id);
        }
        let checked = matches!(rule.check, RuleCheck::Offline(_));
        assert!(!checked || rule.severity.is_some(), "{}", rule.id);
    }
}

/// abra's own table, as far as it is known.
#[test]
fn severities_are_those_of_abra() {
    let errors: Vec<&str> = rules()
        .iter()
        .filter(|rule| rule.severity == Some(Severity::Error) && rule.id.starts_with('R'))
        .map(|r| r.id)
        .collect();
    assert_eq!(errors, ["R008", "R009", "R010", "R011", "R012", "R014"]);
    let unknown: Vec<&str> = rules().iter().filter(|rule| rule.severity.is_none()).map(|rule| rule.id).collect();
    assert_eq!(unknown, ["R016"]);
}

#[test]
fn sarif_places_findings_and_describes_their_rules() {
    let report = Shop::but(&[Write("pg_backup.sh", "new\n")]).against(&Shop::good());
    let log = sarif::render(&report, "0.1.0");
    let run = &log["runs"][0];
    insta::assert_json_snapshot!(run["results"], @r#"
    [
      {
        "level": "error",
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "abra.sh"
              },
              "region": {
                "startLine": 2
              }
            }
          }
        ],
        "message": {
          "text": "`pg_backup.sh` changed since 1.0.0+1.27.2, but config `pg_backup` still has the version v1 (raise it in the same change: export PG_BACKUP_VERSION=v2)"
        },
        "ruleId": "CC101",
        "ruleIndex": 16
      }
    ]
    "#);
    let index = usize::try_from(run["results"][0]["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "CC101");
    assert_eq!(log["version"], "2.1.0");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a recipe's files are, lint has an answer.
    #[test]
    fn lint_is_total(
        file in prop::sample::select(vec!["compose.yml", "compose.smtp.yml", ".env.sample", "abra.sh", "README.md", "app.conf.tmpl"]),
        at in any::<prop::sample::Index>(),
        length in 0..60usize,
        junk in "[ -~\n]{0,20}",
    ) {
        let mut shop = Shop::good();
        let text = shop.files.texts.get_mut(file).unwrap();
        let from = at.index(text.len());
        let to = text.len().min(from + length);
        text.replace_range(from..to, &junk);
        let report = shop.against(&Shop::good());
        prop_assert_eq!(report.clone().without(&report).findings.len(), 0);
    }

    #[test]
    fn lint_is_total_on_any_text(text in "\\PC{0,200}", file in prop::sample::select(vec!["compose.yml", ".env.sample", "abra.sh", "README.md"])) {
        let mut shop = Shop::good();
        shop.files.texts.insert(file.to_owned(), text);
        let report = shop.alone();
        prop_assert!(report.unchecked.len() >= 2);
    }
}
