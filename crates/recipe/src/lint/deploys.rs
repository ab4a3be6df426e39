//! `CC41x`, `CC50x`: what the loader takes, and what then cannot run, or runs otherwise than it was meant.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::compose::Compose;
use crate::reboot;
use crate::source::Severity;
use crate::version::Version;
use std::time::Duration;

pub(super) const RULES: [Rule; 9] = [
    Rule {
        id: "CC411",
        title: "images are references",
        severity: Some(Severity::Error),
        what: "Every `image` is a reference: a name in lower case, perhaps with a registry before it, a tag, a digest.",
        why: "The engine cannot even ask for another one; the deploy is refused or its tasks are rejected.",
        mend: "Write the name as the registry has it, in lower case.",
        example: "image: Nginx:1.27.2   # no reference\nimage: nginx:1.27.2   # right",
        check: RuleCheck::Offline(no_references),
    },
    Rule {
        id: "CC412",
        title: "defaults are not nested",
        severity: Some(Severity::Error),
        what: "No default of a variable in a compose file holds another variable.",
        why: "`docker stack deploy` takes the first `}` for the end: `${X:-${DOMAIN}}` becomes the text `${DOMAIN}`.",
        mend: "Set the variable in `.env.sample`, where values may use earlier ones.",
        example: "# compose.yml: A=${X:-${DOMAIN}}   # not unfolded\n# .env.sample\nX=$DOMAIN",
        check: RuleCheck::Offline(nested_defaults),
    },
    Rule {
        id: "CC413",
        title: "networks can be used by Swarm",
        severity: Some(Severity::Error),
        what: "No network that the stack makes has the driver `bridge`, `host`, `macvlan` or another one of a single machine.",
        why: "Services of a stack can only join networks of the whole swarm; the deploy is refused.",
        mend: "Remove `driver`, or write `driver: overlay`.",
        example: "networks:\n  internal:\n    driver: bridge   # cannot be used",
        check: RuleCheck::Offline(single_machine),
    },
    Rule {
        id: "CC415",
        title: "an update is watched until the health check can tell",
        severity: Some(Severity::Warning),
        what: "Where `update_config` names both `failure_action: rollback` and a `monitor`, it is not shorter than start period plus \
            interval times retries of the health check.",
        why: "Swarm takes the update for good before the health check can fail, and does not roll back.",
        mend: "Raise `monitor`, or check more often.",
        example: "healthcheck: {test: [CMD, check], interval: 30s, retries: 3}\ndeploy:\n  update_config: {failure_action: rollback, monitor: 5s}   # can tell after 90 s",
        check: RuleCheck::Offline(short_monitor),
    },
    Rule {
        id: "CC414",
        title: "a command of a health check is one word a part",
        severity: Some(Severity::Warning),
        what: "A `healthcheck.test` of `CMD` and one more part has no blank in that part.",
        why: "The engine looks for a program whose name is the whole line, finds none, and the service never gets healthy.",
        mend: "Write `CMD-SHELL`, or each word as a part of its own.",
        example: "test: [\"CMD\", \"curl -f http://localhost\"]         # no such program\ntest: [\"CMD-SHELL\", \"curl -f http://localhost\"]   # right",
        check: RuleCheck::Offline(one_word),
    },
    Rule {
        id: "CC419",
        title: "servers are started again after a restart of their machine",
        severity: Some(Severity::Error),
        what: "No service with a route, a published port, a health check or a database has `restart_policy.condition: none`.",
        why: "Swarm does not start it again when its machine was restarted: it stays away until somebody deploys the app.",
        mend: "Remove the condition, or write `any`.",
        example: "deploy:\n  restart_policy:\n    condition: none   # down after the next reboot\n    condition: any    # right",
        check: RuleCheck::Offline(left_down),
    },
    Rule {
        id: "CC420",
        title: "restarts of servers do not run out",
        severity: Some(Severity::Warning),
        what: "No service with a route, a published port, a health check or a database has `restart_policy.max_attempts` without a `window`.",
        why: "Without a window Swarm counts restarts for as long as the service exists, and those of its machine among them: after the last \
            one it stays away until somebody deploys the app.",
        mend: "Name a `window`, in which a server that is in order is not restarted so often, or remove `max_attempts`.",
        example: "restart_policy: {max_attempts: 3}                # down after three reboots\nrestart_policy: {max_attempts: 3, window: 120s}  # right",
        check: RuleCheck::Offline(run_out),
    },
    Rule {
        id: "CC505",
        title: "the version label names the app's upstream version",
        severity: Some(Severity::Warning),
        what: "The part behind `+` of the version label is the tag of `app`'s image, or more or fewer numbers of it; a `v` before and a \
            suffix behind it are left aside.",
        why: "Operators choose an upgrade by that number.",
        mend: "Raise the label with the image; `abra recipe sync` does it.",
        example: "image: nginx:1.27.2\n- \"coop-cloud.${STACK_NAME}.version=0.2.0+1.27.2\"",
        check: RuleCheck::Offline(other_version),
    },
    Rule {
        id: "CC504",
        title: "the version label has its present form",
        severity: Some(Severity::Warning),
        what: "No label is `coop-cloud.${STACK_NAME}.<service>.version`, the form of 2021.",
        why: "Nothing reads it any more: abra knows no version of such an app.",
        mend: "Write `coop-cloud.${STACK_NAME}.version=0.1.0+<upstream version>` on `app`.",
        example: "- \"coop-cloud.${STACK_NAME}.app.version=1.2.3-6244e9fc\"   # not read",
        check: RuleCheck::Offline(old_label),
    },
];

fn hits(input: &LintInput<'_>, of: impl Fn(&Compose) -> Vec<RuleHit>) -> Vec<RuleHit> {
    let mut found: Vec<RuleHit> = Vec::new();
    for hit in input.head.sets.iter().flat_map(|set| of(&set.compose)) {
        if !found.contains(&hit) {
            found.push(hit);
        }
    }
    found
}

fn no_references(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose| {
        let images =
            compose.services.iter().filter(|(_, service)| !service.image.is_empty() && !is_reference(&service.image));
        let hit = |(name, service): (&String, &crate::compose::Service)| {
            let words = format!("`{}` is no image reference", service.image);
            let hint = "a name in lower case, and perhaps `:tag` and `@sha256:` with 64 digits";
            RuleHit::new(words).key(compose, &format!("services.{name}.image")).hint(hint)
        };
        images.map(hit).collect()
    })
}

/// Source: the grammar of references of the distribution project.
fn is_reference(image: &str) -> bool {
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
    let last = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[last..].find(':') {
        Some(at) => (&rest[..last + at], Some(&rest[last + at + 1..])),
        None => (rest, None),
    };
    let path = match name.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => path,
        Some(_) | None => name,
    };
    let is_part = |part: &str| {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(letters)
            && part.ends_with(letters)
            && part.chars().all(|c| letters(c) || matches!(c, '.' | '_' | '-'))
    };
    let is_tag = |tag: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || matches!(c, '.' | '-'))
    };
    let is_digest = |digest: &str| {
        let Some((algorithm, hex)) = digest.split_once(':') else { return false };
        let long_enough = if algorithm == "sha256" { hex.len() == 64 } else { hex.len() >= 32 };
        long_enough && hex.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
    };
    path.split('/').all(is_part) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest)
}

fn nested_defaults(input: &LintInput<'_>) -> Vec<RuleHit> {
    let lines = input.head.compose_lines();
    let nested = lines.filter_map(|(file, line, text)| {
        let expression = nested(text)?;
        let words = format!("`{expression}` is not unfolded: docker takes the first `}}` for the end of the default");
        Some(
            RuleHit::new(words)
                .line(file, line)
                .hint("set the variable in .env.sample, where values may use earlier ones"),
        )
    });
    nested.collect()
}

/// The first variable with a variable in its default.
fn nested(line: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(at) = line[from..].find("${").map(|at| at + from) {
        // A doubled dollar sign is one that stays.
        let escaped = line[..at].bytes().rev().take_while(|byte| *byte == b'$').count() % 2 == 1;
        let end = line[at..].find('}').map(|end| at + end)?;
        if !escaped && line[at + 2..end].contains("${") {
            let whole = line[end + 1..].find('}').map_or(line.len(), |more| end + 1 + more + 1);
            return Some(&line[at..whole]);
        }
        from = end + 1;
    }
    None
}

fn single_machine(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose| {
        let used = |id: &str| compose.services.values().any(|service| service.networks.contains_key(id));
        let networks = compose.networks.iter().filter(|(id, network)| !network.external && used(id));
        let wrong = networks.filter_map(|(id, network)| {
            let driver = network
                .driver
                .as_deref()
                .filter(|driver| matches!(*driver, "bridge" | "host" | "ipvlan" | "macvlan" | "none" | "null"))?;
            let words = format!("the driver `{driver}` of the network `{id}` cannot be used by Swarm");
            let hit = RuleHit::new(words).key(compose, &format!("networks.{id}.driver"));
            Some(hit.hint("remove `driver`, or write `driver: overlay`"))
        });
        wrong.collect()
    })
}

/// What the engine takes where a health check does not say.
const INTERVAL: Duration = Duration::from_secs(30);
const RETRIES: u32 = 3;

fn short_monitor(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose| {
        let mut found = Vec::new();
        for (name, service) in &compose.services {
            let (Some(check), Some(update)) = (&service.healthcheck, &service.deploy.update) else { continue };
            let (Some(monitor), Some("rollback")) = (update.monitor, update.failure_action.as_deref()) else {
                continue;
            };
            let retries = check
                .retries
                .and_then(|retries| u32::try_from(retries).ok())
                .filter(|many| *many > 0)
                .unwrap_or(RETRIES);
            let interval = check.interval.unwrap_or(INTERVAL).saturating_mul(retries);
            let tells = check.start_period.unwrap_or_default().saturating_add(interval);
            if !check.disable && monitor < tells {
                let words = format!(
                    "an update of `{name}` is watched for {} s, and its health check can tell after {} s at the earliest",
                    monitor.as_secs(),
                    tells.as_secs()
                );
                let hit = RuleHit::new(words).key(compose, &format!("services.{name}.deploy.update_config.monitor"));
                found.push(hit.hint(format!("monitor: {}s, or check more often", tells.as_secs())));
            }
        }
        found
    })
}

fn left_down(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose| {
        let hit = |name: &str| {
            let words = format!("`{name}` is not started again after a restart of its machine");
            let key = format!("services.{name}.deploy.restart_policy.condition");
            RuleHit::new(words).key(compose, &key).hint("remove the condition, or write `any`")
        };
        reboot::left_down(compose).into_iter().map(hit).collect()
    })
}

fn run_out(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose| {
        let hit = |(name, attempts): (&str, u64)| {
            let words = format!("`{name}` stays down after {attempts} restarts, however long it ran between them");
            let key = format!("services.{name}.deploy.restart_policy.max_attempts");
            RuleHit::new(words).key(compose, &key).hint("name a `window`, such as 120s, or remove `max_attempts`")
        };
        reboot::run_out(compose).into_iter().map(hit).collect()
    })
}

fn one_word(input: &LintInput<'_>) -> Vec<RuleHit> {
    hits(input, |compose| {
        let mut found = Vec::new();
        for (name, service) in &compose.services {
            let Some(check) = &service.healthcheck else { continue };
            if let [how, line] = check.test.as_slice()
                && how == "CMD"
                && line.trim().contains(char::is_whitespace)
            {
                let words = format!("`{line}` is taken for the name of one program");
                let hit = RuleHit::new(words).key(compose, &format!("services.{name}.healthcheck.test"));
                found.push(hit.hint("write CMD-SHELL, or each word as a part of its own"));
            }
        }
        found
    })
}

fn other_version(input: &LintInput<'_>) -> Vec<RuleHit> {
    let compose = &input.head.default().compose;
    let Some(version) = super::version_label(&input.head).and_then(|label| label.parse::<Version>().ok()) else {
        return Vec::new();
    };
    let Some(app) = compose.services.get("app") else { return Vec::new() };
    let name = app.image.split('@').next().unwrap_or_default();
    let Some((_, tag)) = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) else { return Vec::new() };
    let upstream = version.upstream.as_str();
    let (Some(label), Some(image)) = (numbers(upstream), numbers(tag)) else { return Vec::new() };
    // A tag such as `1.26` stands for all of its patches.
    if label.starts_with(&image) || image.starts_with(&label) {
        return Vec::new();
    }
    let words = format!("the label says +{upstream}, and the image of `app` is {tag}");
    let hit = RuleHit::new(words)
        .key(compose, &format!("services.app.deploy.labels.coop-cloud.{}.version", input.head.stack));
    vec![hit.hint("raise the label with the image")]
}

/// The numbers that a version begins with, without zeros at their end; `None` for what does not begin with a number.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let core = version.split(['-', '_', '+']).next().unwrap_or_default();
    let mut numbers = core.split('.').map(|number| number.parse().ok()).collect::<Option<Vec<u64>>>()?;
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

fn old_label(input: &LintInput<'_>) -> Vec<RuleHit> {
    let prefix = format!("coop-cloud.{}.", input.head.stack);
    hits(input, |compose| {
        let mut found = Vec::new();
        for (name, service) in &compose.services {
            let old = service.deploy.labels.keys().filter(|label| {
                label
                    .strip_prefix(&prefix)
                    .and_then(|rest| rest.strip_suffix(".version"))
                    .is_some_and(|rest| !rest.is_empty())
            });
            for label in old {
                let shown = label.replacen(&input.head.stack, "${STACK_NAME}", 1);
                let hit = RuleHit::new(format!("`{shown}` is the form of 2021, which nothing reads any more"));
                let hit = hit.key(compose, &format!("services.{name}.deploy.labels.{label}"));
                found.push(hit.hint("write `coop-cloud.${STACK_NAME}.version=0.1.0+<upstream version>` on `app`"));
            }
        }
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_images() {
        for image in ["nginx", "nginx:1.27", "a/b_c/d-e:v1_2", "host:5000/a", "reg.io/a/b@sha256:", "localhost/a"] {
            let image = if image.ends_with(':') { format!("{image}{}", "a".repeat(64)) } else { image.to_owned() };
            assert!(is_reference(&image), "{image}");
        }
        for image in ["Nginx", "nginx:", "nginx:-1", "a//b", "a/", "-a", "a@sha256:abc", "a b", "nginx:1:2", "Reg/a"] {
            assert!(!is_reference(image), "{image}");
        }
    }

    #[test]
    fn a_default_in_a_default() {
        assert_eq!(nested("A=${X:-${DOMAIN}}"), Some("${X:-${DOMAIN}}"));
        assert_eq!(nested("A=${B} ${C:-x}${D:-${E}/y}"), Some("${D:-${E}/y}"));
        for fine in ["A=${X:-y}${Z}", "A=$${X:-${Y}}", "A=${X:-{}", "${", "A=${X:-$Y}"] {
            assert_eq!(nested(fine), None, "{fine}");
        }
    }

    #[test]
    fn the_numbers_of_a_version() {
        assert_eq!(numbers("v1.27.0-alpine"), numbers("1.27"));
        assert_ne!(numbers("1.27.2"), numbers("9.9.9"));
        assert_eq!(numbers("stable"), None);
    }
}
