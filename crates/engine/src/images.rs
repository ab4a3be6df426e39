//! Resolves and pulls images before the timed part, and pins what was found for the run (SWARM-6). Nothing is ever pruned.

use crate::swarm::{LayerNews, Node, PullError};
use crate::voice::Voice;
use cc_ci_model::event::Event;
use cc_ci_model::outcome::{Cause, Finding};
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
    /// Its size, where the engine says it.
    pub bytes: Option<u64>,
}

impl Resolved {
    /// What the run is pinned to: the reference with its digest, else the engine's id.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.pinned.as_deref().unwrap_or(&self.id)
    }
}

/// What a run that begins now would be pinned to; `None` when the image would have to be pulled.
pub async fn on_engine(node: &dyn Node, reference: &str) -> Option<String> {
    present(node, reference, None).await.map(|found| found.digest().to_owned())
}

/// Finds an image on the engine, or pulls it. The inner `Err` says what is wrong with the image or its registry.
pub async fn resolve(node: &dyn Node, reference: &str, voice: &Voice) -> Result<Resolved, Finding> {
    if let Some(found) = present(node, reference, None).await {
        return Ok(found);
    }
    let started = Instant::now();
    // Without a tag the engine would pull every tag of the repository.
    let from_image = if has_tag(reference) { reference.to_owned() } else { format!("{reference}:latest") };
    let mut layers = Layers::default();
    let mut told = started;
    let mut tell = |news: &LayerNews| {
        layers.take(news);
        if told.elapsed() >= TELL {
            told = Instant::now();
            voice.say(layers.progress(reference));
        }
    };
    match tokio::time::timeout(PULL_LIMIT, node.pull(&from_image, &mut tell)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(pull_failed(reference, &error)),
        Err(_) => {
            let text = format!("image `{reference}` was not pulled within {} s", PULL_LIMIT.as_secs());
            return Err(Finding::new(Cause::Registry, text));
        }
    }
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    present(node, reference, Some(took))
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
    fn take(&mut self, LayerNews { id, status, bytes }: &LayerNews) {
        // The first line has the tag in the place of a layer, the last lines are about the whole image.
        if id.is_empty() || status.starts_with("Pulling from") {
            return;
        }
        let layer = self.0.entry(id.clone()).or_default();
        layer.there |= matches!(status.as_str(), "Pull complete" | "Already exists");
        if status == "Downloading" {
            layer.bytes = layer.bytes.max(bytes.unwrap_or(0));
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

async fn present(node: &dyn Node, reference: &str, pulled_ms: Option<u64>) -> Option<Resolved> {
    let found = node.image(reference).await.ok()??;
    let repository = repository(reference);
    let pinned = found.digests.into_iter().find(|digest| digest.split('@').next() == Some(repository));
    Some(Resolved { reference: reference.to_owned(), id: found.id, pinned, pulled_ms, bytes: found.bytes })
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

/// Only an image that does not exist is the recipe's doing.
fn pull_failed(reference: &str, error: &PullError) -> Finding {
    let cause = match error {
        PullError::Missing(_) => Cause::ImageMissing,
        PullError::DiskFull(_) => Cause::DiskFull,
        PullError::Registry(_) => Cause::Registry,
        PullError::Engine(error) => error.cause(),
    };
    Finding::new(cause, format!("image `{reference}` cannot be pulled: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_is_as_far_as_its_layers_are() {
        let lines = [
            ("1.26", "Pulling from library/nginx", None),
            ("a", "Already exists", None),
            ("b", "Pulling fs layer", None),
            ("b", "Downloading", Some(700)),
            ("c", "Downloading", Some(1500)),
            ("c", "Pull complete", None),
            ("", "Digest: sha256:00", None),
        ];
        let mut layers = Layers::default();
        for (id, status, bytes) in lines {
            layers.take(&LayerNews { id: id.to_owned(), status: status.to_owned(), bytes });
        }
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
