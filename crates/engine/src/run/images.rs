//! The images of a run, found before anything is timed.

use super::app::Deployable;
use super::world::World;
use crate::images::{self, Resolved};
use cc_ci_model::event::Event;
use cc_ci_model::outcome::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// Images of the run by reference; an image that could not be had is kept with its reason, for the tier that needs it.
#[derive(Debug, Default)]
pub(crate) struct Images {
    found: BTreeMap<String, Resolved>,
    missing: BTreeMap<String, Finding>,
}

impl Images {
    /// Resolves every image of the given trees, before anything is timed (SWARM-6).
    pub(crate) async fn resolve(world: &World, trees: &[&Deployable]) -> Self {
        let references: BTreeSet<&String> =
            trees.iter().flat_map(|tree| tree.recipe.compose.services.values().map(|service| &service.image)).collect();
        let mut images = Self::default();
        for reference in references {
            match images::resolve(world.doors.node.as_ref(), reference, &world.voice).await {
                Ok(found) => {
                    world.voice.say(Event::ImageResolved {
                        image: reference.clone(),
                        digest: found.digest().to_owned(),
                        pulled_ms: found.pulled_ms,
                    });
                    images.found.insert(reference.clone(), found);
                }
                Err(finding) => {
                    world.voice.note(None, finding.summary.clone());
                    images.missing.insert(reference.clone(), finding);
                }
            }
        }
        images
    }

    /// Why a tree cannot be deployed for want of an image, if so.
    pub(crate) fn lacking(&self, tree: &Deployable) -> Option<Finding> {
        tree.recipe.compose.services.iter().find_map(|(name, service)| {
            self.missing.get(&service.image).map(|finding| finding.clone().of_service(name))
        })
    }

    /// The image id each service of a tree must run, by service.
    pub(crate) fn expected(&self, tree: &Deployable) -> BTreeMap<String, String> {
        let services = tree.recipe.compose.services.iter();
        services
            .filter_map(|(name, service)| Some((name.clone(), self.found.get(&service.image)?.id.clone())))
            .collect()
    }

    /// The size of an image, if it was found and the engine says it.
    pub(in crate::run) fn bytes(&self, reference: &str) -> Option<u64> {
        self.found.get(reference)?.bytes
    }

    /// What pins each image, by reference.
    pub(in crate::run) fn pins(&self) -> BTreeMap<String, String> {
        let pinned = self.found.iter().filter_map(|(image, found)| Some((image.clone(), found.pinned.clone()?)));
        pinned.collect()
    }
}
