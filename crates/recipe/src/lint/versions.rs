//! `CC5xx`: the version label of `app`.

use super::{LintInput, Reading, Rule, RuleCheck, RuleHit};
use crate::source::Severity;
use crate::version::{Version, published};

pub(super) const RULES: [Rule; 4] = [
    Rule {
        id: "CC501",
        title: "the version label is the tag",
        severity: Some(Severity::Error),
        what: "Where a version tag leads to the commit, the label `coop-cloud.${STACK_NAME}.version` of `app` says the same \
            version.",
        why: "abra shows and compares the label: operators would be told that they run another version than they do.",
        mend: "Use `abra recipe release`, which sets both; else correct the label and move the tag before it is pushed.",
        example: "- \"coop-cloud.${STACK_NAME}.version=1.2.0+1.27.2\"   # in the commit tagged 1.2.0+1.27.2",
        check: RuleCheck::Offline(label_is_tag),
    },
    Rule {
        id: "CC502",
        title: "`app` carries a version",
        severity: Some(Severity::Warning),
        what: "The service `app` has the label `coop-cloud.${STACK_NAME}.version`, and it reads `X.Y.Z+upstream`, without \
            variables.",
        why: "Without it abra cannot say which version an app runs, nor whether there is a newer one.",
        mend: "Write the label; `abra recipe sync` keeps it up to date.",
        example: "- \"coop-cloud.${STACK_NAME}.version=0.1.0+1.27.2\"",
        check: RuleCheck::Offline(label),
    },
    Rule {
        id: "CC503",
        title: "tags that were meant as versions are versions",
        severity: Some(Severity::Warning),
        what: "The name of every annotated tag, and of every tag that holds a version behind a `v`, reads `X.Y.Z+upstream`.",
        why: "Any other tag publishes nothing: no operator is offered it, and no upgrade starts from it.",
        mend: "Tag the commit again under the version alone; remove the other tag where nobody needs it.",
        example: "git tag -a 1.2.0+1.27.2 'v1.2.0+1.27.2^{}'",
        check: RuleCheck::Offline(odd_tags),
    },
    Rule {
        id: "CC506",
        title: "the version label does not go back",
        severity: Some(Severity::Warning),
        what: "The version label of `app` is not lower than that of the version before.",
        why: "abra offers operators what is higher than what they run: they would never see it, or be told that it is a downgrade.",
        mend: "Raise the label above the version that is published; `abra recipe release` does.",
        example: "- \"coop-cloud.${STACK_NAME}.version=1.3.0+1.27.2\"   # 1.2.1+1.27.2 was published before",
        check: RuleCheck::Offline(goes_back),
    },
];

fn goes_back(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some(base) = &input.base else { return Vec::new() };
    let version = |reading: &Reading<'_>| version_label(reading).and_then(|label| label.parse::<Version>().ok());
    match (version(&base.reading), version(&input.head)) {
        (Some(before), Some(now)) if now < before => {
            let found = RuleHit::new(format!("the version label goes back from {before} to {now}"));
            vec![at_label(input, found.hint("raise it above what is published: abra takes this for a downgrade"))]
        }
        (Some(_), Some(_)) | (None, _) | (_, None) => Vec::new(),
    }
}

fn odd_tags(input: &LintInput<'_>) -> Vec<RuleHit> {
    let published = published(input.tags);
    let found = published.odd().map(|skipped| {
        let found = RuleHit::new(format!("the tag `{}` publishes nothing: {}", skipped.tag, skipped.why));
        match skipped.hint() {
            Some(hint) => found.hint(hint),
            None => found,
        }
    });
    found.collect()
}

fn key(reading: &Reading<'_>) -> String {
    format!("coop-cloud.{}.version", reading.stack)
}

/// The version label of `app` as written; `None` without one.
#[must_use]
pub fn version_label<'r>(reading: &'r Reading<'_>) -> Option<&'r str> {
    let app = reading.default().compose.services.get("app")?;
    app.deploy.labels.get(&key(reading)).map(String::as_str)
}

fn at_label(input: &LintInput<'_>, found: RuleHit) -> RuleHit {
    found.key(&input.head.default().compose, &format!("services.app.deploy.labels.{}", key(&input.head)))
}

fn label_is_tag(input: &LintInput<'_>) -> Vec<RuleHit> {
    let here = input.tags.iter().filter(|tag| tag.commit == input.commit && tag.name.parse::<Version>().is_ok());
    let here: Vec<&str> = here.map(|tag| tag.name.as_str()).collect();
    let Some(first) = here.first() else { return Vec::new() };
    match version_label(&input.head) {
        Some(label) if here.contains(&label) => Vec::new(),
        Some(label) => {
            let found = RuleHit::new(format!("the commit is tagged {first}, and its version label says `{label}`"));
            vec![at_label(input, found.hint(format!("write {first} into the label, commit, and tag that commit")))]
        }
        None => {
            vec![at_label(input, RuleHit::new(format!("the commit is tagged {first}, and `app` has no version label")))]
        }
    }
}

fn label(input: &LintInput<'_>) -> Vec<RuleHit> {
    let compose = &input.head.default().compose;
    if !compose.services.contains_key("app") {
        return Vec::new();
    }
    let hint = "write `coop-cloud.${STACK_NAME}.version=0.1.0+<upstream version>`";
    match version_label(&input.head).map(|label| (label, label.parse::<Version>())) {
        Some((_, Ok(_))) => Vec::new(),
        Some((_, Err(error))) => vec![at_label(input, RuleHit::new(format!("the version label {error}")).hint(hint))],
        None => vec![at_label(input, RuleHit::new("`app` has no version label").hint(hint))],
    }
}
