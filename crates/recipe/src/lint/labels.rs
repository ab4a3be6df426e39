//! `CC3xx`, first half: labels that nobody reads.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::source::{Severity, Topic};

pub(super) const RULES: [Rule; 2] = [
    Rule {
        id: "CC301",
        title: "labels stand under `deploy`",
        severity: Some(Severity::Error),
        what: "No `traefik.…`, `backupbot.…` or `coop-cloud.…` label stands in a service's own `labels`.",
        why: "Traefik, the backup bot and abra read the labels of the service, which are those under `deploy`. The others are \
            put on the container, where they do nothing: no route, no backup, no version.",
        mend: "Move the label to `deploy.labels`.",
        example: "services:\n  app:\n    deploy:\n      labels:\n        - \"backupbot.backup=true\"",
        check: RuleCheck::Offline(misplaced),
    },
    Rule {
        id: "CC302",
        title: "backup labels mean something",
        severity: Some(Severity::Warning),
        what: "Every `backupbot.…` label is one that the backup bot reads, names a volume that exists, lies in a volume, and \
            stands on a service with `backupbot.backup`.",
        why: "The bot passes over what it does not know: a misspelt hook never runs, and nobody is told.",
        mend: "Correct the label; the finding says what was probably meant.",
        example: "- \"backupbot.backup.command=/dump.sh\"    # nothing reads it\n- \"backupbot.backup.pre-hook=/dump.sh\"   # right",
        check: RuleCheck::Offline(unread),
    },
];

fn misplaced(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found = Vec::new();
    for set in &input.head.sets {
        for (name, service) in &set.compose.services {
            let ours = |label: &&String| {
                let label = label.to_ascii_lowercase();
                ["traefik.", "backupbot.", "coop-cloud."].iter().any(|prefix| label.starts_with(prefix))
            };
            for label in service.labels.keys().filter(ours) {
                let reader = match label.split('.').next() {
                    Some("backupbot") => "the backup bot",
                    Some("coop-cloud") => "abra",
                    Some(_) | None => "Traefik",
                };
                let words = format!("{reader} does not see the label `{label}` of `{name}` here");
                let key = format!("services.{name}.labels.{label}");
                let hint = format!("move it to services.{name}.deploy.labels");
                found.push(RuleHit::new(words).key(&set.compose, &key).hint(hint));
            }
        }
    }
    found
}

fn unread(input: &LintInput<'_>) -> Vec<RuleHit> {
    input.head.problems_anywhere(Topic::BackupLabel).into_iter().map(RuleHit::of_problem).collect()
}
