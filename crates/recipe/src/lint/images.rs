//! R001 to R005 and R009 to R011: what abra looks at in the merged compose files.

use super::{COMPOSE, LintInput, Rule, RuleCheck, RuleHit, SAMPLE};
use crate::compose::DeployMode;
use crate::source::Severity;
use crate::traefik;

pub(super) const RULES: [Rule; 8] = [
    Rule {
        id: "R001",
        title: "expected compose version",
        severity: Some(Severity::Warning),
        what: "The `version` of all `compose*.yml` in the recipe's root, merged, is `3.8`.",
        why: "abra and `docker stack deploy` choose the schema by this number; with another one, or none, keys can be \
            refused that the rest of the catalogue uses.",
        mend: "Write `version: \"3.8\"` as the first line of every compose file.",
        example: "version: \"3.8\"",
        check: RuleCheck::Offline(version),
    },
    Rule {
        id: "R002",
        title: "health checks for all services",
        severity: Some(Severity::Warning),
        what: "Every service has a `healthcheck`, but those that run as a job: they end by themselves.",
        why: "Without one Swarm takes a started process for a working app: a broken update is neither noticed nor rolled back.",
        mend: "Add a check that asks the service something it can only answer when it works.",
        example: "services:\n  app:\n    healthcheck:\n      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost\"]\n      interval: 30s",
        check: RuleCheck::Offline(healthchecks),
    },
    Rule {
        id: "R003",
        title: "all images use a tag",
        severity: Some(Severity::Warning),
        what: "No image is given by its name alone.",
        why: "A name alone means `latest`: two deploys of the same recipe version can run different programs.",
        mend: "Add the tag that the recipe is made for.",
        example: "image: nginx:1.27.2   # not: image: nginx",
        check: RuleCheck::Offline(tagged),
    },
    Rule {
        id: "R004",
        title: "no unstable tags",
        severity: Some(Severity::Warning),
        what: "No image has the tag `latest`, or none.",
        why: "What `latest` is changes under the operator, without a new version of the recipe.",
        mend: "Name a version.",
        example: "image: redis:7.4-alpine   # not: image: redis:latest",
        check: RuleCheck::Offline(stable),
    },
    Rule {
        id: "R005",
        title: "tags use semver-like format",
        severity: Some(Severity::Warning),
        what: "Every tag reads as a version: one to three numbers, perhaps a `v` before and a suffix such as `-alpine` behind.",
        why: "`abra recipe upgrade` orders tags to propose newer ones; it passes over tags that it cannot order.",
        mend: "Use the image's version tag instead of a name or date.",
        example: "image: postgres:16.4-alpine   # not: image: postgres:bookworm",
        check: RuleCheck::Offline(semver),
    },
    Rule {
        id: "R009",
        title: "one service named `app`",
        severity: Some(Severity::Error),
        what: "The compose files define a service `app`.",
        why: "abra reads version, timeout and much else from the labels of the service with this name.",
        mend: "Name the service that users talk to `app`.",
        example: "services:\n  app:\n    image: nginx:1.27.2",
        check: RuleCheck::Offline(app),
    },
    Rule {
        id: "R010",
        title: "traefik routing enabled",
        severity: Some(Severity::Error),
        what: "Some service has `traefik.enable=true` among its `deploy.labels`. Not asked of a recipe whose `.env.sample` \
            has no `DOMAIN`.",
        why: "Traefik serves only what asks for it: the domain would answer 404.",
        mend: "Add the label under `deploy`, or remove `DOMAIN` if the recipe has no web pages.",
        example: "deploy:\n  labels:\n    - \"traefik.enable=true\"",
        check: RuleCheck::Offline(routed),
    },
    Rule {
        id: "R011",
        title: "all services have images",
        severity: Some(Severity::Error),
        what: "With all `compose*.yml` of the root merged, every service has an `image`.",
        why: "Swarm cannot build: a service without an image cannot be deployed. Often an overlay adds to a service that \
            the main file no longer has.",
        mend: "Give the service an image, or drop it from the overlay.",
        example: "# compose.smtp.yml, when no other file has `sidekiq`\nservices:\n  sidekiq:\n    environment: [SMTP_HOST]   # needs an image",
        check: RuleCheck::Offline(present),
    },
];

fn version(input: &LintInput<'_>) -> Vec<RuleHit> {
    let all = &input.head.all;
    let found = match all.version.as_deref() {
        Some("3.8") => return Vec::new(),
        // Without a compose file there is none that could say its version.
        None if !input.head.has_root_compose() => return Vec::new(),
        Some(other) => RuleHit::new(format!("the compose version is `{other}`")),
        None => RuleHit::new("there is no compose version"),
    };
    vec![found.key(all, "version").hint("write `version: \"3.8\"`")]
}

fn healthchecks(input: &LintInput<'_>) -> Vec<RuleHit> {
    let all = &input.head.all;
    let job = |mode| matches!(mode, Some(DeployMode::ReplicatedJob | DeployMode::GlobalJob));
    let without = all.services.iter().filter(|(_, service)| service.healthcheck.is_none() && !job(service.deploy.mode));
    without
        .map(|(name, _)| {
            RuleHit::new(format!("service `{name}` has no health check")).key(all, &format!("services.{name}"))
        })
        .collect()
}

/// A finding at the image of each service for which `wrong` has words.
fn of_images(input: &LintInput<'_>, wrong: impl Fn(&Image<'_>) -> Option<String>) -> Vec<RuleHit> {
    let all = &input.head.all;
    let images = all.services.iter().filter(|(_, service)| !service.image.is_empty());
    let found = images.filter_map(|(name, service)| {
        let words = wrong(&Image::read(&service.image))?;
        Some(RuleHit::new(format!("service `{name}`: {words}")).key(all, &format!("services.{name}.image")))
    });
    found.collect()
}

/// An image reference in its parts.
struct Image<'a> {
    name: &'a str,
    tag: Option<&'a str>,
    digest: bool,
}

impl<'a> Image<'a> {
    fn read(text: &'a str) -> Self {
        let (rest, digest) = text.split_once('@').map_or((text, false), |(rest, _)| (rest, true));
        // A colon before the last slash belongs to the registry's port.
        let split = rest.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'));
        let (name, tag) = split.map_or((rest, None), |(name, tag)| (name, Some(tag)));
        Self { name, tag, digest }
    }
}

fn tagged(input: &LintInput<'_>) -> Vec<RuleHit> {
    of_images(input, |image| {
        let bare = image.tag.is_none() && !image.digest;
        bare.then(|| format!("the image `{}` has no tag", image.name))
    })
}

fn stable(input: &LintInput<'_>) -> Vec<RuleHit> {
    of_images(input, |image| match image.tag {
        Some("latest") => Some(format!("the image `{}` has the tag `latest`", image.name)),
        None if !image.digest => Some(format!("the image `{}` has no tag, which means `latest`", image.name)),
        Some(_) | None => None,
    })
}

fn semver(input: &LintInput<'_>) -> Vec<RuleHit> {
    of_images(input, |image| {
        let tag = image.tag.filter(|tag| *tag != "latest" && !is_semver_like(tag))?;
        Some(format!("the tag `{tag}` of `{}` does not read as a version", image.name))
    })
}

/// One to three numbers with dots, perhaps a `v` before and a suffix behind.
fn is_semver_like(tag: &str) -> bool {
    let numbers = tag.strip_prefix('v').unwrap_or(tag);
    let numbers = numbers.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = numbers.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() <= 3 && parts.iter().all(number)
}

fn app(input: &LintInput<'_>) -> Vec<RuleHit> {
    let all = &input.head.all;
    if all.services.contains_key("app") {
        return Vec::new();
    }
    let hint = "name the service that users talk to `app`";
    vec![RuleHit::new("no service is named `app`").key(all, "services").hint(hint)]
}

fn routed(input: &LintInput<'_>) -> Vec<RuleHit> {
    let all = &input.head.all;
    if input.head.sample.entry("DOMAIN").is_none() || traefik::is_served(all) {
        return Vec::new();
    }
    let found = RuleHit::new(format!("{SAMPLE} has a DOMAIN, but no service has `traefik.enable=true` under `deploy`"));
    vec![found.key(all, "services.app").hint("add the label `traefik.enable=true` to services.app.deploy.labels")]
}

fn present(input: &LintInput<'_>) -> Vec<RuleHit> {
    let all = &input.head.all;
    let without = all.services.iter().filter(|(_, service)| service.image.is_empty());
    let found = without.map(|(name, _)| {
        let found = RuleHit::new(format!("service `{name}` has no image")).key(all, &format!("services.{name}"));
        found.hint(format!("give it an `image`, or define it in {COMPOSE}"))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_read_as_versions() {
        for tag in ["1", "1.27.2", "v1.2", "16.4-alpine", "1.24.2-rootless", "v1.6.870-0", "2024.1.2", "8+build"] {
            assert!(is_semver_like(tag), "{tag}");
        }
        for tag in ["bookworm", "main", "1.0.6.2", "RELEASE.2024", "v", "", "1.x", "1..2", "2024_01", "nightly-1"] {
            assert!(!is_semver_like(tag), "{tag}");
        }
    }

    #[test]
    fn images_are_taken_apart() {
        let show = |text| {
            let image = Image::read(text);
            format!("{} {:?} {}", image.name, image.tag, image.digest)
        };
        assert_eq!(show("host:5000/a/b"), "host:5000/a/b None false");
        assert_eq!(show("host:5000/a/b:1.2"), "host:5000/a/b Some(\"1.2\") false");
        assert_eq!(show("a:1@sha256:00"), "a Some(\"1\") true");
    }
}
