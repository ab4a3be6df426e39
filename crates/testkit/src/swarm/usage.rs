//! What containers of the double use, by image.

use super::FakeSwarm;
use cc_ci_engine::swarm::{Started, Used};
use std::collections::BTreeMap;

/// What a container of an image uses; zero is what the engine does not say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Bytes of memory.
    pub memory: u64,
    /// Milliseconds until its health check passes.
    pub start_ms: u64,
    /// Bytes of the image.
    pub image: u64,
}

/// Figures by image.
#[derive(Debug, Default)]
pub(super) struct Usage(pub(super) BTreeMap<String, Figures>);

impl Usage {
    /// The size of an image.
    pub(super) fn size(&self, image: &str) -> Option<u64> {
        self.0.get(image).map(|figures| figures.image).filter(|bytes| *bytes > 0)
    }
}

impl FakeSwarm {
    /// What containers of an image use.
    #[must_use]
    pub fn uses(self, image: &str, figures: Figures) -> Self {
        self.orders().usage.0.insert(image.to_owned(), figures);
        self
    }

    fn figures(&self, container: &str) -> Option<Figures> {
        let (image, runs) = self.state().image_of(container)?;
        runs.then(|| self.orders().usage.0.get(&image).copied()).flatten()
    }

    pub(super) fn started_in(&self, running: Vec<(String, String)>) -> Vec<Started> {
        let started = |(service, container): (String, String)| {
            let took_ms = self.figures(&container).map(|figures| figures.start_ms).filter(|ms| *ms > 0);
            let interval_ms = took_ms.map(|_| 1000);
            // The attempts of a deployment are numbered.
            let again = !container.ends_with(".0");
            Started { service, container, took_ms, interval_ms, again }
        };
        running.into_iter().map(started).collect()
    }

    pub(super) fn used_by(&self, containers: &[String]) -> BTreeMap<String, Used> {
        let used = |container: &String| {
            let memory = Some(self.figures(container)?.memory).filter(|bytes| *bytes > 0);
            Some((container.clone(), Used { memory, ..Used::default() }))
        };
        containers.iter().filter_map(used).collect()
    }
}
