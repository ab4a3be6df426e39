//! Head as it will be deployed, written and held against the loader while base comes up: that needs nothing of the app.

use super::app::Deployable;
use super::conductor::Fault;
use super::deploying::{self, Images, Instance};
use super::world::World;
use crate::compose_check::{self, CheckError, Checked};
use crate::swarm::Rendered;
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

/// A tree in the form in which it will be handed over.
pub(in crate::run) struct HeadFiles {
    /// The files.
    pub(in crate::run) rendered: Rendered,
    /// The text kept as `effective-stack.yml`.
    pub(in crate::run) shown: String,
    /// Whether the loader reads them as we do.
    pub(in crate::run) checked: Checking,
}

/// A comparison with the loader that goes on.
pub(in crate::run) struct Checking(AbortOnDropHandle<Result<Checked, CheckError>>);

impl HeadFiles {
    /// Writes head, which will be deployed as `instance`, and starts the comparison.
    pub(in crate::run) fn write(
        instance: &Instance<'_>,
        world: &World,
        head: &Deployable,
        images: &Images,
    ) -> Result<Self, Fault> {
        let (rendered, shown) = deploying::render(instance, world, head, images, "override-head.json")?;
        let (observe, files, recipe) = (Arc::clone(&world.doors.observe), rendered.clone(), head.recipe.clone());
        let check = async move { compose_check::check(observe.as_ref(), &files, &recipe).await };
        Ok(Self { rendered, shown, checked: Checking(AbortOnDropHandle::new(tokio::spawn(check))) })
    }
}

impl Checking {
    /// What it came to; `Some` is why it cannot be made here.
    pub(in crate::run) async fn verdict(self) -> Result<Option<String>, Fault> {
        let checked = self.0.await.map_err(|panic| Fault::harness(panic.to_string()))?;
        deploying::verdict_of(checked)
    }
}
