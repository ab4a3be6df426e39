//! Resolves and pulls images before the timed part, and pins what was found for the run (SWARM-6). Nothing is ever pruned.

use crate::docker::Swarm;
use crate::voice::Voice;
use bollard::errors::Error;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptions;
use cc_ci_model::event::Event;
use cc_ci_model::outcome::{Cause, Finding};
use futures_util::TryStreamExt;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How long one pull may take.
const PULL_LIMIT: Duration = Duration::from_secs(900);

/// How often a pull says how far it has come.
const TELL: Duration = Duration::from_millis(500);

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
pub async fn resolve(swarm: &Swarm, reference: &str, voice: &Voice) -> Result<Resolved, Finding> {
    if let Some(found) = present(swarm, reference, None).await {
        return Ok(found);
    }
    let started = Instant::now();
    // Without a tag the engine would pull every tag of the repository.
    let from_image = if has_tag(reference) { reference.to_owned() } else { format!("{reference}:latest") };
    let options = CreateImageOptions { from_image: Some(from_image), ..CreateImageOptions::default() };
    let mut layers = Layers::default();
    let mut told = started;
    let pull = swarm.docker().create_image(Some(options), None, None).try_for_each(|info| {
        layers.take(&info);
        if told.elapsed() >= TELL {
            told = Instant::now();
            voice.say(layers.progress(reference));
        }
        std::future::ready(Ok(()))
    });
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

/// What is known of the layers of an image that is being pulled.
#[derive(Debug, Default)]
struct Layers(BTreeMap<String, Layer>);

#[derive(Debug, Default)]
struct Layer {
    bytes: u64,
    there: bool,
}

impl Layers {
    fn take(&mut self, info: &CreateImageInfo) {
        let (Some(id), Some(status)) = (&info.id, info.status.as_deref()) else { return };
        // The first line has the tag in the place of a layer.
        if status.starts_with("Pulling from") {
            return;
        }
        let layer = self.0.entry(id.clone()).or_default();
        layer.there |= matches!(status, "Pull complete" | "Already exists");
        if status == "Downloading" {
            let current = info.progress_detail.as_ref().and_then(|detail| detail.current);
            layer.bytes = layer.bytes.max(current.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0));
        }
    }

    fn progress(&self, image: &str) -> Event {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Event::Pulling {
            image: image.to_owned(),
            layers: count(self.0.values().filter(|layer| layer.there).count()),
            of: count(self.0.len()),
            bytes: self.0.values().map(|layer| layer.bytes).sum(),
        }
    }
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
    fn a_pull_is_as_far_as_its_layers_are() {
        let lines = [
            r#"{"status":"Pulling from library/nginx","id":"1.26"}"#,
            r#"{"status":"Already exists","id":"a"}"#,
            r#"{"status":"Pulling fs layer","progressDetail":{},"id":"b"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":700,"total":2000},"id":"b"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":1500,"total":2000},"id":"c"}"#,
            r#"{"status":"Pull complete","progressDetail":{},"id":"c"}"#,
            r#"{"status":"Digest: sha256:00"}"#,
        ];
        let mut layers = Layers::default();
        lines.iter().for_each(|line| layers.take(&serde_json::from_str(line).unwrap()));
        let expected = Event::Pulling { image: "nginx:1.26".into(), layers: 2, of: 3, bytes: 2200 };
        assert_eq!(layers.progress("nginx:1.26"), expected);
    }

    #[test]
    fn a_port_is_not_a_tag() {
        assert_eq!(repository("localhost:5000/a/b:1.2"), "localhost:5000/a/b");
        assert!(!has_tag("localhost:5000/a/b"));
        assert!(has_tag("a@sha256:00"));
    }
}
