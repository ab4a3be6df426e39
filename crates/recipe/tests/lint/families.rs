//! Variants of the good recipe, by family of rules, with everything that lint says about each.

use crate::deployed::{DEPLOYS, PROMISES, ROUTES};
use crate::machine::MACHINE;
use crate::shop::Edit::{Swap, Tag};
use crate::shop::{Edit, Shop};
use crate::variables::VARIABLES;
use crate::written::{ABRA, COMPOSE, CONFIGS, SECRETS};
use cc_ci_recipe::lint::{RuleCheck, rules, text};
use cc_ci_recipe::version::TagKind::{Annotated, Lightweight};
use std::collections::BTreeSet;

pub(crate) type Variant = (&'static str, &'static [Edit]);

/// What lint says about each variant, next to the good recipe as its base.
fn said(variants: &[Variant]) -> String {
    let mut lines = Vec::new();
    for (name, edits) in variants {
        lines.push((*name).to_owned());
        for finding in Shop::but(edits).against(&Shop::good()).findings {
            let hint = finding.hint.as_ref().map(|hint| format!("  [{hint}]")).unwrap_or_default();
            lines.push(format!("    {}{hint}", text::line(&finding)));
        }
    }
    lines.join("\n")
}

const LABELS: &[Variant] = &[
    (
        "CC301 backup labels outside deploy",
        &[Swap(
            "compose.yml",
            "    healthcheck:\n      test: [\"CMD\", \"pg_isready\"]",
            "    labels:\n      backupbot.backup: \"true\"\n    healthcheck:\n      test: [\"CMD\", \"pg_isready\"]",
        )],
    ),
    (
        "CC301 all labels of app outside deploy",
        &[Swap("compose.yml", "    deploy:\n      labels:\n        - ", "    labels:\n        - ")],
    ),
    (
        "CC301 a label of an overlay",
        &[Swap(
            "compose.smtp.yml",
            "  app:\n",
            "  app:\n    labels:\n      - \"traefik.http.middlewares.a.compress=true\"\n",
        )],
    ),
    ("CC302 an unknown key", &[Swap("compose.yml", "backupbot.backup.pre-hook", "backupbot.backup.command")]),
    ("CC302 a misspelt hook", &[Swap("compose.yml", "backupbot.restore.post-hook", "backupbot.restore.posthook")]),
    (
        "CC302 an unknown volume",
        &[Swap("compose.yml", "backupbot.backup.volumes.db.path", "backupbot.backup.volumes.dbs.path")],
    ),
    ("CC302 without the switch", &[Swap("compose.yml", "        backupbot.backup: \"true\"\n", "")]),
    (
        "CC303 every volume is excluded",
        &[
            Swap(
                "compose.yml",
                "        - \"backupbot.backup=true\"\n",
                "        - \"backupbot.backup=true\"\n        - \"backupbot.backup.volumes.uploads=false\"\n",
            ),
            Swap(
                "compose.yml",
                "        backupbot.backup: \"true\"\n        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n        backupbot.backup.volumes.db.path: \"backup.sql\"\n        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n",
                "        a: b\n",
            ),
        ],
    ),
    (
        "CC304 copied raw",
        &[Swap(
            "compose.yml",
            "        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n        backupbot.backup.volumes.db.path: \"backup.sql\"\n        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n",
            "",
        )],
    ),
    (
        "CC304 the path is lost",
        &[
            Swap("compose.yml", "        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n", ""),
            Swap("compose.yml", "        backupbot.backup.volumes.db.path: \"backup.sql\"\n", ""),
        ],
    ),
    ("CC305 never loaded", &[Swap("compose.yml", "        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n", "")]),
    (
        "CC306 the database is not labelled",
        &[Swap(
            "compose.yml",
            "        backupbot.backup: \"true\"\n        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n        backupbot.backup.volumes.db.path: \"backup.sql\"\n        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n",
            "        a: b\n",
        )],
    ),
    (
        "nothing when no backup is promised",
        &[
            Swap("compose.yml", "        - \"backupbot.backup=true\"\n", ""),
            Swap(
                "compose.yml",
                "        backupbot.backup: \"true\"\n        backupbot.backup.pre-hook: \"/pg_backup.sh dump\"\n        backupbot.backup.volumes.db.path: \"backup.sql\"\n        backupbot.restore.post-hook: \"/pg_backup.sh load\"\n",
                "        a: b\n",
            ),
        ],
    ),
];

const VERSIONS: &[Variant] = &[
    ("CC501 tagged with another version", &[Tag("1.2.0+1.27.2", Annotated)]),
    ("CC501 tagged, the upstream part differs", &[Tag("1.1.0+1.27.3", Annotated)]),
    (
        "CC501 tagged, no label",
        &[
            Tag("1.1.0+1.27.2", Annotated),
            Swap("compose.yml", "        - \"coop-cloud.${STACK_NAME}.version=1.1.0+1.27.2\"\n", ""),
        ],
    ),
    ("CC501 the lightweight tag too", &[Tag("2.0.0+1.27.2", Lightweight)]),
    ("nothing when label and tag agree", &[Tag("1.1.0+1.27.2", Annotated)]),
    ("nothing when one of two tags agrees", &[Tag("1.0.1+1.27.2", Annotated), Tag("1.1.0+1.27.2", Annotated)]),
    ("R014 a lightweight name of a commit", &[Tag("stable", Lightweight)]),
    ("CC503 an annotated tag that is no version", &[Tag("stable", Annotated)]),
    ("CC503 a version behind a v", &[Tag("v1.1.0+1.27.2", Annotated)]),
    ("CC503 and R014 the same, lightweight", &[Tag("v1.1.0+1.27.2", Lightweight)]),
    ("CC502 no label", &[Swap("compose.yml", "        - \"coop-cloud.${STACK_NAME}.version=1.1.0+1.27.2\"\n", "")]),
    ("CC502 empty", &[Swap("compose.yml", "version=1.1.0+1.27.2", "version=")]),
    ("CC506 lower than before", &[Swap("compose.yml", "version=1.1.0+1.27.2", "version=1.0.9+1.27.2")]),
    ("CC502 no upstream part", &[Swap("compose.yml", "version=1.1.0+1.27.2", "version=1.1.0")]),
    ("CC502 a variable", &[Swap("compose.yml", "version=1.1.0+1.27.2", "version=${COOP_CLOUD_VERSION:-latest}")]),
    (
        "CC502 under a fixed stack name",
        &[Swap("compose.yml", "coop-cloud.${STACK_NAME}.version", "coop-cloud.myshop.version")],
    ),
];

const FAMILIES: [&[Variant]; 11] =
    [ABRA, COMPOSE, CONFIGS, SECRETS, LABELS, VERSIONS, VARIABLES, ROUTES, DEPLOYS, PROMISES, MACHINE];

#[test]
fn abra_rules() {
    insta::assert_snapshot!(said(ABRA));
}

#[test]
fn compose_files() {
    insta::assert_snapshot!(said(COMPOSE));
}

#[test]
fn what_the_machine_does_not_give() {
    insta::assert_snapshot!(said(MACHINE));
}

#[test]
fn configs() {
    insta::assert_snapshot!(said(CONFIGS));
}

#[test]
fn secrets() {
    insta::assert_snapshot!(said(SECRETS));
}

#[test]
fn labels_and_backups() {
    insta::assert_snapshot!(said(LABELS));
}

#[test]
fn versions() {
    insta::assert_snapshot!(said(VERSIONS));
}

#[test]
fn variables() {
    insta::assert_snapshot!(said(VARIABLES));
}

#[test]
fn routes() {
    insta::assert_snapshot!(said(ROUTES));
}

#[test]
fn deploys() {
    insta::assert_snapshot!(said(DEPLOYS));
}

#[test]
fn promises() {
    insta::assert_snapshot!(said(PROMISES));
}

/// The name of a variant begins with the rules that it breaks, and those are found in it.
#[test]
fn every_variant_breaks_the_rules_it_names_and_every_rule_is_broken() {
    let mut broken = BTreeSet::new();
    for (name, edits) in FAMILIES.into_iter().flatten() {
        let report = Shop::but(edits).against(&Shop::good());
        let named = name.split(' ').filter(|word| word.starts_with("R0") || word.starts_with("CC"));
        let named: Vec<&str> =
            named.filter(|_| !name.contains(" is not said ") && !name.contains(" not apply ")).collect();
        for rule in &named {
            let found = report.findings.iter().any(|finding| finding.rule == *rule);
            // A name may say which rule does not see it.
            assert!(found || name.contains(&format!("which {rule} does not see")), "{name}: {rule} is not found");
            broken.extend(found.then(|| (*rule).to_owned()));
        }
        let silent = name.starts_with("nothing") || name.starts_with("a digest") || name.contains(" not apply ");
        // Whose domain a fixed host is nobody can know without a DOMAIN.
        let fixed_host = |rule: &str| rule == "CC701" && *name == "R010 does not apply without DOMAIN";
        let quiet = report.findings.iter().all(|finding| fixed_host(&finding.rule));
        assert!(!silent || quiet, "{name}: {:?}", report.findings);
    }
    let checked = rules().into_iter().filter(|rule| matches!(rule.check, RuleCheck::Offline(_)));
    let checked: BTreeSet<String> = checked.map(|rule| rule.id.to_owned()).collect();
    assert_eq!(broken, checked);
}

#[test]
fn at_least_eight_variants_break_something_in_each_family() {
    for family in FAMILIES {
        let broken = family.iter().filter(|(_, edits)| !Shop::but(edits).against(&Shop::good()).findings.is_empty());
        assert!(broken.count() >= 8, "{}", family[0].0);
    }
}

#[test]
fn what_swarm_obeys_is_not_called_ignored() {
    let twins: [&[Edit]; 4] = [
        &[Swap("compose.yml", "    image: postgres:16.4\n", "    image: postgres:16.4\n    read_only: true\n")],
        &[Swap(
            "compose.smtp.yml",
            "    environment:\n",
            "    volumes: [{type: tmpfs, target: /run}]\n    networks: {internal: {aliases: [mailer]}}\n    environment:\n",
        )],
        &[Swap("compose.yml", "[\"CMD\", \"pg_isready\"]", "pg_isready")],
        &[Swap("compose.yml", "[\"CMD\", \"pg_isready\"]", "[\"CMD-SHELL\", \"pg_isready -q\"]")],
    ];
    for edits in twins {
        let found = Shop::but(edits).against(&Shop::good()).findings;
        let ignored = found.iter().filter(|finding| matches!(finding.rule.as_str(), "CC405" | "CC406" | "CC407"));
        let ignored = ignored.map(text::line);
        assert_eq!(ignored.collect::<Vec<_>>(), [""; 0]);
    }
}
