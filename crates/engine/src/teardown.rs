//! Removes what a run made, on every path: services first, then tasks, then networks, volumes, secrets and configs (ISO-3);
//! the app and everything around it before its dependencies, and those in the reverse order of their deploys (DEP-1).
//!
//! Ownership is decided by the run's label, by the stack's own label, and by the ledger; never by age or by a name alone.
//! Networks wait for the tasks, because the engine leaks addresses when a network goes before its last task does.

use crate::labels;
use crate::ledger::LedgerEntry;
use crate::swarm::{Inventory, Operate, SwarmError};
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::plan::permit::Purpose;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How often the engine is asked again while something is still in use.
const LOOK: Duration = Duration::from_millis(50);

/// How long nothing may turn up any more: a task that was just being prepared when its service went can still make its volume.
const CONFIRM: Duration = Duration::from_millis(300);

/// The same for a run that died: what it asked the engine for last may only be in the making.
const CONFIRM_DEAD: Duration = Duration::from_millis(1500);

/// What belongs to a run.
#[derive(Debug, Clone)]
pub struct Belongings {
    run: RunId,
    stacks: BTreeSet<StackName>,
    /// Stacks of dependencies, in the order of their deploys.
    dependencies: Vec<StackName>,
    noted: BTreeSet<Object>,
    /// What hooks on the host left.
    found: BTreeSet<Object>,
    /// Secrets of the run that stay, for a canonical.
    kept: BTreeSet<Object>,
}

impl Belongings {
    /// What a ledger says belongs to its run; `None` when it has no opening line.
    #[must_use]
    pub fn of_ledger(entries: &[LedgerEntry]) -> Option<Self> {
        let run = entries.iter().find_map(|entry| match entry {
            LedgerEntry::Opened { run, .. } => Some(run.clone()),
            LedgerEntry::Making { .. }
            | LedgerEntry::Found { .. }
            | LedgerEntry::Deploying { .. }
            | LedgerEntry::Namespace { .. }
            | LedgerEntry::Closed => None,
        })?;
        let mut belongings = Self::of_run(&run);
        for entry in entries {
            match entry {
                LedgerEntry::Making { object } => {
                    belongings.noted.insert(object.clone());
                }
                LedgerEntry::Found { object } => {
                    belongings.found.insert(object.clone());
                }
                LedgerEntry::Deploying { stack, purpose } => {
                    belongings.stacks.insert(stack.clone());
                    match purpose {
                        Purpose::Base | Purpose::Canonical => {}
                        Purpose::Dependency { .. } => belongings.dependencies.push(stack.clone()),
                    }
                }
                // What is in a provider that runs on is removed by its own script, not here.
                LedgerEntry::Opened { .. } | LedgerEntry::Namespace { .. } | LedgerEntry::Closed => {}
            }
        }
        Some(belongings)
    }

    /// What carries the label of `run`.
    #[must_use]
    pub fn of_run(run: &RunId) -> Self {
        Self {
            run: run.clone(),
            stacks: BTreeSet::new(),
            dependencies: Vec::new(),
            noted: BTreeSet::new(),
            found: BTreeSet::new(),
            kept: BTreeSet::new(),
        }
    }

    /// The same without secrets that are kept for a canonical. Only a secret that the ledger says this run made can be.
    #[must_use]
    pub fn keeping(mut self, kept: &BTreeSet<Object>) -> Self {
        let own = kept.iter().filter(|object| object.kind == ObjectKind::Secret && self.noted.contains(object));
        self.kept = own.filter(|object| !self.found.contains(object)).cloned().collect();
        self
    }

    /// Also counts a stack that the ledger should name, in case a line of it is missing.
    #[must_use]
    pub fn with_stack(mut self, stack: &StackName) -> Self {
        self.stacks.insert(stack.clone());
        self
    }

    /// The objects in `inventory` that belong to the run. An object that carries another run's label never does, unless a hook
    /// of this run was found to have made it.
    #[must_use]
    pub fn in_inventory(&self, inventory: &Inventory) -> BTreeSet<Object> {
        let of_found = |labels: &BTreeMap<String, String>| {
            let service = labels.get(labels::SERVICE_NAME).map(|name| Object::new(ObjectKind::Service, name));
            service.is_some_and(|service| self.found.contains(&service))
        };
        let owned = inventory.objects.iter().filter(|(object, labels)| {
            if self.kept.contains(object) {
                return false;
            }
            if self.found.contains(object) || of_found(labels) {
                return true;
            }
            if let Some(run) = labels.get(labels::RUN) {
                return *run == self.run.as_str();
            }
            let of_stack =
                labels.get(labels::STACK).is_some_and(|name| self.stacks.contains(&StackName::observed(name)));
            of_stack || self.noted.contains(object)
        });
        owned.map(|(object, _)| object.clone()).collect()
    }

    /// Those of `left` whose turn it is: a dependency's only when nothing of the app and of later dependencies is left.
    fn in_turn(&self, inventory: &Inventory, left: &BTreeSet<Object>) -> BTreeSet<Object> {
        let turn = |object: &Object| {
            let label = inventory.objects.get(object).and_then(|labels| labels.get(labels::STACK));
            // A secret that the run made itself carries no label of the stack.
            let of = |stack: &StackName| match label {
                Some(label) => label == stack.as_str(),
                None => object.name.strip_prefix(stack.as_str()).is_some_and(|rest| rest.starts_with('_')),
            };
            let at = self.dependencies.iter().position(of);
            at.map_or(0, |at| self.dependencies.len() - at)
        };
        let first = left.iter().map(turn).min();
        left.iter().filter(|object| Some(turn(object)) == first).cloned().collect()
    }
}

/// How long a container of somebody else may hold what is to go, before it is named.
const HELD: Duration = Duration::from_secs(1);

/// What could not be removed, each with the containers of others that hold it.
pub type Left = BTreeMap<Object, Vec<String>>;

/// Removes everything that belongs to the run and returns what could not be removed within `limit`, or cannot be because a
/// container of somebody else holds it.
pub async fn remove_all(swarm: &dyn Operate, belongings: &Belongings, limit: Duration) -> Result<Left, SwarmError> {
    remove(swarm, belongings, limit, CONFIRM).await
}

/// The same for a run whose process is dead.
pub async fn remove_all_of_dead(
    swarm: &dyn Operate,
    belongings: &Belongings,
    limit: Duration,
) -> Result<Left, SwarmError> {
    remove(swarm, belongings, limit, CONFIRM_DEAD).await
}

async fn remove(
    swarm: &dyn Operate,
    belongings: &Belongings,
    limit: Duration,
    confirm: Duration,
) -> Result<Left, SwarmError> {
    let deadline = Instant::now() + limit;
    let mut clean_since: Option<Instant> = None;
    let mut held_since: Option<Instant> = None;
    loop {
        let inventory = swarm.inventory().await?;
        let left = belongings.in_inventory(&inventory);
        if left.is_empty() {
            held_since = None;
            if clean_since.get_or_insert_with(Instant::now).elapsed() >= confirm {
                return Ok(Left::new());
            }
        } else {
            clean_since = None;
            if Instant::now() >= deadline {
                return Ok(left.into_iter().map(|object| (object, Vec::new())).collect());
            }
            let held = held(swarm, &left).await?;
            let free: BTreeSet<Object> = left.iter().filter(|object| !held.contains_key(object)).cloned().collect();
            if !free.is_empty() {
                held_since = None;
            } else if held_since.get_or_insert_with(Instant::now).elapsed() >= HELD {
                return Ok(held);
            }
            let goes = if free.is_empty() { &left } else { &free };
            sweep(swarm, &belongings.in_turn(&inventory, goes)).await?;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Those of `left` that containers hold which are not among them. Asked only when no service and no container is left: until
/// then the run's own hold them.
async fn held(swarm: &dyn Operate, left: &BTreeSet<Object>) -> Result<Left, SwarmError> {
    let mut held = Left::new();
    if left.iter().any(|object| matches!(object.kind, ObjectKind::Service | ObjectKind::Container)) {
        return Ok(held);
    }
    for object in left {
        let by = swarm.holders(object).await?;
        if !by.is_empty() {
            held.insert(object.clone(), by.into_iter().collect());
        }
    }
    Ok(held)
}

/// Asks for the removal of the first kind that is left. Tasks' containers are removed by force, or the engine would wait for
/// each to stop by itself; only when neither service nor container is left is it the turn of the rest.
async fn sweep(swarm: &dyn Operate, left: &BTreeSet<Object>) -> Result<(), SwarmError> {
    let of_kind = |kind: ObjectKind| left.iter().filter(move |object| object.kind == kind);
    let attached = of_kind(ObjectKind::Service).chain(of_kind(ObjectKind::Container));
    let mut any = false;
    for object in attached {
        any = true;
        swarm.remove(object).await?;
    }
    if any {
        return Ok(());
    }
    for kind in [ObjectKind::Network, ObjectKind::Volume, ObjectKind::Secret, ObjectKind::Config] {
        for object in of_kind(kind) {
            swarm.remove(object).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn object(kind: ObjectKind, name: &str) -> Object {
        Object::new(kind, name)
    }

    #[test]
    fn only_labelled_deployed_and_noted_objects_are_owned() {
        let run = RunId::parse("r1").unwrap();
        let stack = StackName::observed("mini-abc123");
        let entries = [
            LedgerEntry::Opened { run, pid: 1 },
            LedgerEntry::Making { object: object(ObjectKind::Secret, "mini-abc123_pw_v1") },
            LedgerEntry::Making { object: object(ObjectKind::Volume, "shared") },
            LedgerEntry::Deploying { stack, purpose: Purpose::Base },
        ];
        let label = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let inventory = Inventory {
            objects: BTreeMap::from([
                (object(ObjectKind::Service, "mini-abc123_app"), label(labels::STACK, "mini-abc123")),
                (object(ObjectKind::Service, "mini-abc1234_app"), label(labels::STACK, "mini-abc1234")),
                (object(ObjectKind::Container, "x"), label(labels::RUN, "r1")),
                (object(ObjectKind::Container, "y"), label(labels::RUN, "r2")),
                (object(ObjectKind::Secret, "mini-abc123_pw_v1"), BTreeMap::new()),
                (object(ObjectKind::Volume, "shared"), label(labels::RUN, "r2")),
                (object(ObjectKind::Volume, "neighbour"), BTreeMap::new()),
            ]),
        };
        let owned = Belongings::of_ledger(&entries).unwrap().in_inventory(&inventory);
        let names: Vec<String> = owned.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["service mini-abc123_app", "container x", "secret mini-abc123_pw_v1"]);
    }

    #[test]
    fn only_a_secret_that_the_run_made_itself_can_be_kept_and_no_label_keeps_anything() {
        let run = RunId::parse("r1").unwrap();
        let secret = |name: &str| object(ObjectKind::Secret, name);
        let noted = |object: Object| LedgerEntry::Making { object };
        let volume = object(ObjectKind::Volume, "shop-1_data");
        let entries = [
            LedgerEntry::Opened { run, pid: 1 },
            noted(secret("shop-1_pw_v1")),
            noted(secret("shop-1_other_v1")),
            noted(volume.clone()),
            noted(secret("shop-1_planted_v1")),
            LedgerEntry::Found { object: secret("shop-1_planted_v1") },
            LedgerEntry::Deploying { stack: StackName::observed("shop-1"), purpose: Purpose::Base },
        ];
        let labels = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let disguised = labels(&[(labels::CANONICAL, "shop"), (labels::STACK, "shop-1")]);
        let inventory = Inventory {
            objects: BTreeMap::from([
                (secret("shop-1_pw_v1"), labels(&[(labels::RUN, "r1")])),
                (secret("shop-1_other_v1"), labels(&[(labels::RUN, "r1"), (labels::CANONICAL, "shop")])),
                (secret("shop-1_planted_v1"), disguised.clone()),
                (secret("shop-1_made_by_the_stack"), disguised),
                (volume.clone(), labels(&[(labels::RUN, "r1"), (labels::CANONICAL, "shop")])),
            ]),
        };
        // The draft names more than it may: a volume, what a hook left, what the ledger does not know.
        let named = ["shop-1_pw_v1", "shop-1_planted_v1", "shop-1_made_by_the_stack"].map(secret);
        let kept = named.into_iter().chain([volume]).collect();
        let owned = Belongings::of_ledger(&entries).unwrap().keeping(&kept).in_inventory(&inventory);
        let names: Vec<&str> = owned.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(names, ["shop-1_data", "shop-1_made_by_the_stack", "shop-1_other_v1", "shop-1_planted_v1"]);
    }

    #[test]
    fn the_app_goes_before_its_dependencies_and_the_last_of_those_first() {
        let run = RunId::parse("r1").unwrap();
        let deploying = |stack: &str, purpose| LedgerEntry::Deploying { stack: StackName::observed(stack), purpose };
        let dependency = |recipe: &str| Purpose::Dependency { recipe: recipe.to_owned() };
        let entries = [
            LedgerEntry::Opened { run, pid: 1 },
            deploying("cana-1", dependency("canaille")),
            deploying("mini-1", dependency("minio")),
            deploying("shop-1", Purpose::Base),
        ];
        let belongings = Belongings::of_ledger(&entries).unwrap();
        let labels = |stack: Option<&str>| {
            let stack = stack.map(|stack| (labels::STACK.to_owned(), stack.to_owned()));
            stack.into_iter().chain([(labels::RUN.to_owned(), "r1".to_owned())]).collect::<BTreeMap<_, _>>()
        };
        let mut inventory = Inventory {
            objects: BTreeMap::from([
                (object(ObjectKind::Service, "shop-1_app"), labels(Some("shop-1"))),
                (object(ObjectKind::Secret, "cana-1_key_v1"), labels(None)),
                (object(ObjectKind::Service, "cana-1_app"), labels(Some("cana-1"))),
                (object(ObjectKind::Volume, "mini-1_data"), labels(Some("mini-1"))),
                (object(ObjectKind::Container, "cc-ci-r1-edge"), labels(None)),
            ]),
        };
        let mut turns = Vec::new();
        loop {
            let left = belongings.in_inventory(&inventory);
            let turn = belongings.in_turn(&inventory, &left);
            if turn.is_empty() {
                break;
            }
            turns.push(turn.iter().map(|object| object.name.clone()).collect::<Vec<_>>().join(" "));
            inventory.objects.retain(|object, _| !turn.contains(object));
        }
        assert_eq!(turns, ["shop-1_app cc-ci-r1-edge", "mini-1_data", "cana-1_app cana-1_key_v1"]);
    }
}
