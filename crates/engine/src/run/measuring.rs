//! Looks at what services use while the run goes on: nothing waits for it, and it decides nothing.

use super::images::Images;
use super::world::World;
use crate::run::app::Deployable;
use crate::swarm::{Observe, Since, SwarmError};
use cc_ci_model::event::Event;
use cc_ci_model::ids::StackName;
use cc_ci_model::usage::{Moment, ServiceUsage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How long an answer may take. Engines from before the end of 2023 take up to a second for it.
const LIMIT: Duration = Duration::from_secs(3);

/// The looks under way.
#[derive(Default)]
pub(in crate::run) struct Measuring(JoinSet<()>);

/// What is looked at.
pub(in crate::run) struct Looking<'a> {
    pub(in crate::run) moment: Moment,
    /// The tree that runs.
    pub(in crate::run) tree: &'a Deployable,
    /// The services asked first, because their containers go first.
    pub(in crate::run) first: BTreeSet<String>,
    /// When what runs was begun to be brought up.
    pub(in crate::run) since: Since,
}

impl Measuring {
    /// Begins to look, before anything that comes after it.
    pub(in crate::run) async fn begin(
        &mut self,
        world: &World,
        images: &Images,
        stack: &StackName,
        looking: Looking<'_>,
    ) {
        let (observe, voice) = (Arc::clone(&world.doors.observe), world.voice.clone());
        let (stack, sizes) = (stack.clone(), sizes(images, looking.tree));
        let Looking { moment, tree: _, first, since } = looking;
        self.0.spawn(async move {
            let looked = tokio::time::timeout(LIMIT, look(observe.as_ref(), &stack, &first, since)).await;
            // What could not be measured is not in the record, and so is not compared.
            if let Ok(Ok(services)) = looked {
                let with_size =
                    |usage: ServiceUsage| ServiceUsage { image: sizes.get(&usage.service).copied(), ..usage };
                voice.say(Event::Measured { moment, services: services.into_iter().map(with_size).collect() });
            }
        });
        tokio::task::yield_now().await;
    }

    /// Waits for what is under way.
    pub(in crate::run) async fn settle(&mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

async fn look(
    observe: &dyn Observe,
    stack: &StackName,
    first: &BTreeSet<String>,
    since: Since,
) -> Result<Vec<ServiceUsage>, SwarmError> {
    let mut started = observe.started(stack, since).await?;
    started.sort_by_key(|one| !first.contains(&one.service));
    let containers: Vec<String> = started.iter().map(|one| one.container.clone()).collect();
    let used = observe.used(&containers).await;
    let mut services: BTreeMap<String, ServiceUsage> = BTreeMap::new();
    for one in started {
        let used = used.get(&one.container).copied().unwrap_or_default();
        let usage = ServiceUsage {
            service: one.service.clone(),
            containers: vec![one.container.clone()],
            image: None,
            memory: used.memory,
            peak: used.peak,
            cpu_ms: used.cpu_ms,
            start_ms: one.took_ms,
            interval_ms: one.interval_ms,
            again: one.again,
        };
        match services.get_mut(&one.service) {
            Some(known) => known.and(usage),
            None => drop(services.insert(one.service, usage)),
        }
    }
    Ok(services.into_values().collect())
}

/// The size of each service's image.
fn sizes(images: &Images, tree: &Deployable) -> BTreeMap<String, u64> {
    let services = tree.recipe.compose.services.iter();
    services.filter_map(|(name, service)| Some((name.clone(), images.bytes(&service.image)?))).collect()
}

/// The services whose image differs: the upgrade is about to replace them.
pub(in crate::run) fn differing(base: &Deployable, head: &Deployable) -> BTreeSet<String> {
    let image = |tree: &Deployable, name: &str| tree.recipe.compose.services.get(name).map(|it| it.image.clone());
    let names = base.recipe.compose.services.keys();
    names.filter(|name| image(base, name) != image(head, name)).cloned().collect()
}
