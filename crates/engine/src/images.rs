//! Resolves and pulls images before the timed part, and pins what was found for the run (SWARM-6). Nothing is ever pruned.

use crate::docker::Swarm;
use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptions;
use cc_ci_model::outcome::{Cause, Finding};
use futures_util::TryStreamExt;
use std::time::{Duration, Instant};

/// How long one pull may take.
const PULL_LIMIT: Duration = Duration::from_secs(900);

/// An image as the run will use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// As the recipe writes it.
    pub reference: String,
    /// The engine's image id: what a running container must show.
    pub id: String,
    /// Reference with digest, when the image came from a registry.
    pub pinned: Option<String>,
    /// Milliseconds spent pulling; `None` when it was present.
    pub pulled_ms: Option<u64>,
}

/// Finds an image on the engine, or pulls it. The inner `Err` says what is wrong with the image or its registry.
pub async fn resolve(swarm: &Swarm, reference: &str) -> Result<Resolved, Finding> {
    if let Some(found) = present(swarm, reference, None).await {
        return Ok(found);
    }
    let started = Instant::now();
    // Without a tag the engine would pull every tag of the repository.
    let from_image = if has_tag(reference) { reference.to_owned() } else { format!("{reference}:latest") };
    let options = CreateImageOptions { from_image: Some(from_image), ..CreateImageOptions::default() };
    let pull = swarm.docker().create_image(Some(options), None, None).try_for_each(|_| std::future::ready(Ok(())));
    match tokio::time::timeout(PULL_LIMIT, pull).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(pull_failed(reference, &error)),
        Err(_) => {
            let text = format!("image `{reference}` was not pulled within {} s", PULL_LIMIT.as_secs());
            return Err(Finding::new(Cause::Registry, text));
        }
    }
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    present(swarm, reference, Some(took))
        .await
        .ok_or_else(|| Finding::new(Cause::Registry, format!("image `{reference}` is not there after its pull")))
}

async fn present(swarm: &Swarm, reference: &str, pulled_ms: Option<u64>) -> Option<Resolved> {
    let found = swarm.docker().inspect_image(reference).await.ok()?;
    let repository = repository(reference);
    let pinned =
        found.repo_digests.unwrap_or_default().into_iter().find(|digest| digest.split('@').next() == Some(repository));
    Some(Resolved { reference: reference.to_owned(), id: found.id.unwrap_or_default(), pinned, pulled_ms })
}

/// The reference without tag and digest.
fn repository(reference: &str) -> &str {
    let without_digest = reference.split('@').next().unwrap_or(reference);
    match without_digest.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        Some(_) | None => without_digest,
    }
}

fn has_tag(reference: &str) -> bool {
    reference.contains('@') || repository(reference).len() != reference.len()
}

/// Tells an image that does not exist from a registry that does not answer: only the first is the recipe's doing.
fn pull_failed(reference: &str, error: &Error) -> Finding {
    let text = match error {
        Error::DockerResponseServerError { message, .. } => message.clone(),
        Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    };
    let lower = text.to_ascii_lowercase();
    let missing =
        ["not found", "manifest unknown", "does not exist", "access denied", "invalid reference", "name unknown"];
    let cause = if lower.contains("no space left") {
        Cause::DiskFull
    } else if missing.iter().any(|word| lower.contains(word)) && !lower.contains("no such host") {
        Cause::ImageMissing
    } else {
        Cause::Registry
    };
    Finding::new(cause, format!("image `{reference}` cannot be pulled: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(message: &str) -> Cause {
        pull_failed("x:1", &Error::DockerStreamError { error: message.to_owned() }).cause
    }

    #[test]
    fn a_missing_image_is_told_from_a_silent_registry() {
        assert_eq!(cause("manifest for x:1 not found: manifest unknown: manifest unknown"), Cause::ImageMissing);
        assert_eq!(cause("pull access denied for x, repository does not exist"), Cause::ImageMissing);
        assert_eq!(cause("dial tcp: lookup example.invalid: no such host"), Cause::Registry);
        assert_eq!(cause("toomanyrequests: You have reached your pull rate limit"), Cause::Registry);
        assert_eq!(cause("write /var/x: no space left on device"), Cause::DiskFull);
    }

    #[test]
    fn a_port_is_not_a_tag() {
        assert_eq!(repository("localhost:5000/a/b:1.2"), "localhost:5000/a/b");
        assert!(!has_tag("localhost:5000/a/b"));
        assert!(has_tag("a@sha256:00"));
    }
}
