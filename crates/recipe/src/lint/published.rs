//! R006 to R008 and R012 to R016: what abra looks at around the compose files.

use super::{LintInput, Rule, RuleCheck, RuleHit, SAMPLE};
use crate::source::Severity;
use crate::version::annotate;
use crate::version::{TagKind, published};

/// The longest id of a secret that abra finds short enough, in letters.
const MAX_SECRET: usize = 12;

pub(super) const RULES: [Rule; 8] = [
    Rule {
        id: "R006",
        title: "recipe has published versions",
        severity: Some(Severity::Warning),
        what: "abra asks the catalogue for at least one version. cc-ci works offline and asks the repository instead: at \
            least one tag is a version such as `1.0.0+2.3.4`.",
        why: "A recipe without a version cannot be pinned or upgraded.",
        mend: "Publish one with `abra recipe release`, which makes an annotated tag.",
        example: "git tag -a 0.1.0+1.27.2 -m 'chore: publish 0.1.0+1.27.2 release'",
        check: RuleCheck::Offline(versions),
    },
    Rule {
        id: "R007",
        title: "README metadata filled in",
        severity: Some(Severity::Warning),
        what: "The block between `<!-- metadata -->` and `<!-- endmetadata -->` in `README.md` has Category, Backups, Email, \
            Healthcheck, Image (with its link and source), SSO and Tests.",
        why: "The catalogue shows these lines; operators choose recipes by them.",
        mend: "Fill in the line; write `N/A` where a feature makes no sense, `No` or `0` where it is missing.",
        example: "<!-- metadata -->\n* **Category**: Apps\n* **Image**: [`nginx`](https://nginx.org), 4, upstream\n<!-- endmetadata -->",
        check: RuleCheck::Offline(metadata),
    },
    Rule {
        id: "R008",
        title: "`.env.sample` provided",
        severity: Some(Severity::Error),
        what: "The recipe has a `.env.sample`.",
        why: "`abra app new` makes the app's settings from it; without it abra cannot even validate the recipe.",
        mend: "Commit one; `TYPE=<recipe>` and `DOMAIN=<recipe>.example.com` are a start.",
        example: "TYPE=ghost\nDOMAIN=ghost.example.com",
        check: RuleCheck::Offline(sample),
    },
    Rule {
        id: "R012",
        title: "config versions are vendored",
        severity: Some(Severity::Error),
        what: "If any service uses `configs`, the recipe has an `abra.sh`.",
        why: "`abra.sh` exports the versions in the names of configs; without it the names end in nothing.",
        mend: "Add an `abra.sh` that exports a version for every config.",
        example: "# abra.sh\nexport NGINX_CONF_VERSION=v1",
        check: RuleCheck::Offline(vendored),
    },
    Rule {
        id: "R013",
        title: "git repository exists",
        severity: Some(Severity::Warning),
        what: "abra asks the recipe's place in the commons over the network and expects an answer.",
        why: "A recipe without a public repository cannot be fetched by operators.",
        mend: "Publish the repository.",
        example: "https://git.coopcloud.tech/coop-cloud/<recipe>",
        check: RuleCheck::Unchecked("it needs the network, and lint works offline"),
    },
    Rule {
        id: "R014",
        title: "only annotated tags used",
        severity: Some(Severity::Error),
        what: "Every tag of the repository is a tag object, whether or not its name is a version.",
        why: "abra reads versions from tag objects; a lightweight tag makes its commands fail.",
        mend: "Make the tag again as an annotated one and push it.",
        example: "git tag -f -a 1.0.0+2.3.4 '1.0.0+2.3.4^{}'",
        check: RuleCheck::Offline(annotated),
    },
    Rule {
        id: "R015",
        title: "long secret names",
        severity: Some(Severity::Warning),
        what: "Every secret's id has at most 12 letters.",
        why: "Swarm takes names up to 64 letters, and abra puts the stack name, up to 45 letters, in front and the version behind.",
        mend: "Shorten the id; operators have to insert the secret anew under it, so do it with a major version.",
        example: "secrets:\n  db_pass:   # not: database_password",
        check: RuleCheck::Offline(long_secrets),
    },
    Rule {
        id: "R016",
        title: "not documented by abra",
        severity: None,
        what: "abra 0.13 lists a rule with this number; neither its name nor its severity is known here.",
        why: "It is listed so that nobody takes its absence for a pass.",
        mend: "See what `abra recipe lint` says.",
        example: "abra recipe lint <recipe>",
        check: RuleCheck::Unchecked("what it asks for is not documented"),
    },
];

fn versions(input: &LintInput<'_>) -> Vec<RuleHit> {
    if published(input.tags).versions.is_empty() {
        let hint = "publish one: git tag -a 0.1.0+1.2.3";
        return vec![RuleHit::new("no tag is a version").hint(hint)];
    }
    Vec::new()
}

const README: &str = "README.md";
const KEYS: [&str; 7] = ["Category", "Backups", "Email", "Healthcheck", "Image", "SSO", "Tests"];

fn metadata(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some(text) = input.head.files.text(README) else {
        return vec![
            RuleHit::new("there is no README.md with metadata").hint("add one with a `<!-- metadata -->` block"),
        ];
    };
    let lines = || text.lines().map(str::trim).zip(1_u32..);
    let Some((_, start)) = lines().find(|(line, _)| *line == "<!-- metadata -->") else {
        return vec![RuleHit::new("has no `<!-- metadata -->` block").file(README)];
    };
    let block = lines().filter(|(_, at)| *at > start).take_while(|(line, _)| *line != "<!-- endmetadata -->");
    let entries: Vec<(&str, &str, u32)> = block.filter_map(|(line, at)| entry(line).map(|(k, v)| (k, v, at))).collect();
    let mut found = Vec::new();
    for key in KEYS {
        match entries.iter().find(|(name, _, _)| *name == key) {
            None => found.push(RuleHit::new(format!("the metadata has no `{key}`")).line(README, start)),
            Some((_, "", at)) => found.push(RuleHit::new(format!("`{key}` is empty")).line(README, *at)),
            Some((_, value, at)) if key == "Image" => {
                found.extend(image(value).map(|missing| RuleHit::new(missing).line(README, *at)));
            }
            Some(_) => {}
        }
    }
    found
}

/// `* **Key**: value`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.trim_start_matches(['*', '-', ' ']).split_once(':')?;
    Some((key.trim_end_matches('*').trim(), value.trim()))
}

/// What is missing in ``[`name`](url), rating, source``.
fn image(value: &str) -> Option<&'static str> {
    let link = value.split_once("](").and_then(|(_, rest)| rest.split_once(')'));
    match link {
        None | Some(("", _)) => Some("`Image` has no link"),
        Some((_, rest)) if rest.split(',').nth(2).is_none_or(|source| source.trim().is_empty()) => {
            Some("`Image` has no rating and source behind its link")
        }
        Some(_) => None,
    }
}

fn sample(input: &LintInput<'_>) -> Vec<RuleHit> {
    let there = input.head.files.text(SAMPLE).is_some();
    let found = || RuleHit::new("is missing").file(SAMPLE).hint("add it: abra cannot make an app without it");
    if there { Vec::new() } else { vec![found()] }
}

fn vendored(input: &LintInput<'_>) -> Vec<RuleHit> {
    let head = &input.head;
    let user = head.all.services.iter().find(|(_, service)| !service.configs.is_empty());
    let Some((name, _)) = user.filter(|_| head.files.text("abra.sh").is_none()) else { return Vec::new() };
    let found = RuleHit::new(format!("service `{name}` uses configs, and there is no abra.sh"));
    let key = format!("services.{name}.configs");
    vec![found.key(&head.all, &key).hint("add an abra.sh that exports a version for every config")]
}

fn annotated(input: &LintInput<'_>) -> Vec<RuleHit> {
    let lightweight = input.tags.iter().filter(|tag| tag.kind == TagKind::Lightweight);
    let found = lightweight.map(|tag| {
        let name = &tag.name;
        let hint = format!("make it annotated: {}", annotate(name));
        RuleHit::new(format!("the tag `{name}` is lightweight")).hint(hint)
    });
    found.collect()
}

fn long_secrets(input: &LintInput<'_>) -> Vec<RuleHit> {
    let all = &input.head.all;
    let long = all.secrets.keys().filter(|id| id.chars().count() > MAX_SECRET);
    let found = long.map(|id| {
        let words = format!("the secret id `{id}` has {} letters, abra wants at most {MAX_SECRET}", id.chars().count());
        RuleHit::new(words).key(all, &format!("secrets.{id}"))
    });
    found.collect()
}
