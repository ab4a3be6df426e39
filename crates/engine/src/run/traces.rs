//! What a hook on the host did on the engine: looks before and after it, and tells its doing from that of others (RUN-3).
//!
//! Whose an object is decides [`cc_ci_model::newcomer`]. What is the hook's is entered in the ledger, so that teardown removes
//! it, also when this process dies before.

use super::parts::{AppStack, HookSpan, Known};
use crate::labels;
use crate::ledger::{self, LedgerEntry};
use crate::swarm::{EngineTime, Inventory, SwarmError};
use crate::witness::{ServiceMade, Stays};
use cc_ci_model::convergence::StackView;
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::newcomer::{self, HookGround, Newcomer, Tie, Whose, whose};
use cc_ci_model::object::{Object, ObjectKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long the name of a volume is that was given none: 32 bytes in hexadecimal.
const NAMELESS: usize = 64;

/// The engine before a hook.
pub(in crate::run) struct Before {
    from: EngineTime,
    inventory: Inventory,
    view: StackView,
    neighbours: BTreeSet<StackName>,
}

/// What a hook did on the engine, one clause each.
#[derive(Debug, Default)]
pub(in crate::run) struct Traces {
    /// What is wrong.
    pub(in crate::run) wrong: Vec<String>,
    /// More lines for the reader: what to do about it.
    pub(in crate::run) hints: Vec<String>,
}

impl Traces {
    /// Says what is wrong about a newcomer; one that is `told` has its line already.
    fn tell(&mut self, new: &Newcomer, whose: Whose, told: bool) {
        let line = match whose {
            Whose::Run | Whose::Stranger => return,
            Whose::Hook => left(new),
            Whose::Unclaimed => {
                let by_hand = by_hand(&new.object);
                let why = format!("nothing says who made {}, so it was not removed", new.object);
                self.hints.push(format!("{why}; if it is not yours: {by_hand}"));
                format!("{} came into being", new.object)
            }
        };
        if !told {
            self.wrong.push(line);
        }
    }
}

/// Looks at the engine before a hook starts.
pub(in crate::run) async fn before(known: &Known<'_>) -> Result<Before, SwarmError> {
    let observe = &known.world.doors.observe;
    let from = EngineTime::now();
    let (inventory, view) = tokio::try_join!(observe.inventory(), observe.stack(&known.plan.stack))?;
    let made = known.sight.services().await.into_iter().filter(|made| made.at < from).map(|made| made.stack);
    let neighbours = inventory.stacks().into_iter().chain(made).collect();
    Ok(Before { from, inventory, view, neighbours })
}

/// Looks again when it has ended; `words` are its text and what it printed.
pub(in crate::run) async fn after(
    before: &Before,
    known: &Known<'_>,
    stack: &mut AppStack,
    words: &str,
) -> Result<Traces, SwarmError> {
    let observe = &known.world.doors.observe;
    let (inventory, view) = tokio::try_join!(observe.inventory(), observe.stack(&known.plan.stack))?;
    let made = known.sight.services().await.into_iter().filter(|made| made.at >= before.from);
    let stacks: Vec<StackName> =
        std::iter::once(&known.plan.stack).chain(known.plan.cold().map(|one| &one.stack)).cloned().collect();
    let (own, others): (Vec<_>, Vec<_>) = made.partition(|made| stacks.contains(&made.stack));
    let alive = alive(&known.plan.run, [&before.inventory, &inventory]);
    let of_live = |made: &ServiceMade| {
        made.run.as_ref().is_some_and(|run| alive.contains(run)) && !newcomer::spells(words, made.stack.as_str())
    };
    let (of_others, others): (Vec<_>, Vec<_>) = others.into_iter().partition(of_live);
    let others: Vec<_> = others.into_iter().filter(|made| !before.neighbours.contains(&made.stack)).collect();
    let of_others = of_others.into_iter().map(|made| made.stack).collect();
    stack.hooks.push(HookSpan { from: before.from, to: EngineTime::now(), of_others });

    let mut traces = Traces { wrong: stack.guard.compare(&view), hints: Vec::new() };
    traces.wrong.extend(put_back(&before.view, &view));
    traces.wrong.extend(added_and_removed(&own));
    traces.wrong.extend(deployed(&others));
    traces.wrong.extend(taken_away(before, &inventory, &known.plan.run, &stacks));

    let services = own.iter().chain(&others).map(|made| made.name.clone()).collect();
    let announced = announced(known)?;
    let newcomers = newcomers(before, known, &inventory, &stacks).await?;
    let others = Arc::clone(&known.world.others);
    let nobody = StackName::observed("");
    let ground = HookGround {
        run: &known.plan.run,
        stacks: &stacks,
        announced: &announced,
        neighbours: &before.neighbours,
        services: &services,
        lives: &|run, stack| alive.contains(run) || others(run, stack.unwrap_or(&nobody)),
        words,
    };
    for new in newcomers {
        let told = new.service.is_some() || is_told(&new, &own, &traces.wrong);
        let whose = whose(&new, &ground);
        if whose == Whose::Hook {
            known.world.ledger.write(&LedgerEntry::Found { object: new.object.clone() })?;
        }
        traces.tell(&new, whose, told);
    }
    Ok(traces)
}

/// The other runs that are alive on this engine, whichever state folder is theirs: those with a helper container, which goes when
/// they do.
fn alive(own: &RunId, inventories: [&Inventory; 2]) -> BTreeSet<String> {
    let containers = inventories.into_iter().flat_map(|inventory| &inventory.objects);
    let helpers = containers.filter_map(|(object, labels)| {
        let run = labels.get(labels::RUN).filter(|run| run.as_str() != own.as_str())?;
        let helper = object.kind == ObjectKind::Container && object.name.starts_with(&format!("cc-ci-{run}-"));
        (helper && !labels.contains_key(labels::STACK)).then(|| run.clone())
    });
    helpers.collect()
}

/// Whether another line names it already: a service of the own stack, or what belongs to a stack that was deployed.
fn is_told(new: &Newcomer, own: &[ServiceMade], wrong: &[String]) -> bool {
    let of_deployed = |stack: &StackName| wrong.contains(&format!("stack {stack} was deployed"));
    let service = new.object.kind == ObjectKind::Service;
    (service && own.iter().any(|made| made.name == new.object.name))
        || new.stack.as_ref().is_some_and(of_deployed)
        || (service && wrong.contains(&format!("service {} was made", new.object.name)))
}

fn left(new: &Newcomer) -> String {
    match &new.tie {
        Tie::Of(object) => format!("{} was left, which holds {object}", new.object),
        Tie::None | Tie::With => format!("{} was left", new.object),
    }
}

fn by_hand(object: &Object) -> String {
    let force = match object.kind {
        ObjectKind::Container => " -f",
        ObjectKind::Service | ObjectKind::Network | ObjectKind::Volume | ObjectKind::Secret | ObjectKind::Config => "",
    };
    format!("docker {} rm{force} {}", object.kind, object.name)
}

/// Services that are what they were, but were something else in between.
fn put_back<'v>(before: &'v StackView, after: &'v StackView) -> impl Iterator<Item = String> + 'v {
    let same = after.services.iter().filter(|now| {
        before.services.iter().any(|was| {
            let alike = was.id == now.id && was.spec == now.spec && was.replicas == now.replicas;
            alike && was.labels == now.labels && was.update == now.update && was.previous != now.previous
        })
    });
    same.map(|service| format!("service `{}` was changed in place and changed back", service.name))
}

/// Services of the run's own stacks that came and went.
fn added_and_removed(own: &[ServiceMade]) -> impl Iterator<Item = String> + '_ {
    own.iter().filter(|made| made.stays == Stays::Removed).map(|made| {
        let name = made.name.strip_prefix(&format!("{}_", made.stack)).unwrap_or(&made.name);
        format!("service `{name}` was added and removed again")
    })
}

/// Stacks and single services of others that came into being.
fn deployed(others: &[ServiceMade]) -> Vec<String> {
    let stacks: BTreeSet<&StackName> = others.iter().map(|made| &made.stack).collect();
    let words = |stack: &StackName| {
        let of = || others.iter().filter(|made| made.stack == *stack);
        let what = match of().any(|made| made.name == stack.as_str()) {
            true => format!("service {stack} was made"),
            false => format!("stack {stack} was deployed"),
        };
        let again = if of().all(|made| made.stays == Stays::Removed) { " and removed again" } else { "" };
        format!("{what}{again}")
    };
    stacks.into_iter().map(words).collect()
}

/// What the run's stacks had and have no more; tasks come and go by themselves, and services are the guard's to tell.
fn taken_away<'i>(
    before: &'i Before,
    after: &'i Inventory,
    run: &'i RunId,
    stacks: &'i [StackName],
) -> impl Iterator<Item = String> + 'i {
    let gone = before.inventory.objects.iter().filter(|(object, labels)| {
        let follows = matches!(object.kind, ObjectKind::Service | ObjectKind::Container);
        // A secret is the run's own work and carries no label of the stack.
        let secret =
            || object.kind == ObjectKind::Secret && labels.get(labels::RUN).is_some_and(|of| of == run.as_str());
        !follows && !after.objects.contains_key(object) && (of_one(stacks, labels) || secret())
    });
    gone.map(|(object, _)| format!("{object} was removed"))
}

fn of_one(stacks: &[StackName], labels: &BTreeMap<String, String>) -> bool {
    labels.get(labels::STACK).is_some_and(|name| stacks.iter().any(|stack| stack.as_str() == name))
}

/// Everything that the run itself has announced so far.
fn announced(known: &Known<'_>) -> Result<BTreeSet<Object>, SwarmError> {
    let entries = ledger::read(known.world.ledger.path())?;
    let objects = entries.into_iter().filter_map(|entry| match entry {
        LedgerEntry::Making { object } | LedgerEntry::Found { object } => Some(object),
        LedgerEntry::Opened { .. }
        | LedgerEntry::Deploying { .. }
        | LedgerEntry::Namespace { .. }
        | LedgerEntry::Closed => None,
    });
    Ok(objects.collect())
}

/// What is there now and was not before, with what it has to do with the run.
async fn newcomers(
    before: &Before,
    known: &Known<'_>,
    after: &Inventory,
    stacks: &[StackName],
) -> Result<Vec<Newcomer>, SwarmError> {
    let observe = &known.world.doors.observe;
    let new = || after.objects.iter().filter(|(object, _)| !before.inventory.objects.contains_key(object));
    let mut holds: BTreeMap<String, Object> = BTreeMap::new();
    if new().any(|(object, _)| object.kind == ObjectKind::Container) {
        let own = after.objects.iter().filter(|(object, labels)| {
            matches!(object.kind, ObjectKind::Network | ObjectKind::Volume) && of_one(stacks, labels)
        });
        for (object, _) in own {
            let by = observe.holders(object).await?;
            holds.extend(by.into_iter().map(|container| (container, object.clone())));
        }
    }
    let mut found = Vec::new();
    for (object, labels) in new() {
        let label = |name: &str| labels.get(name).cloned();
        let (id, tie) = match object.kind {
            ObjectKind::Container => {
                let facts = observe.container(&object.name).await?;
                (facts.map(|facts| facts.id), holds.remove(&object.name).map_or(Tie::None, Tie::Of))
            }
            ObjectKind::Volume if is_nameless(&object.name) && !observe.holders(object).await?.is_empty() => {
                (None, Tie::With)
            }
            ObjectKind::Service
            | ObjectKind::Network
            | ObjectKind::Volume
            | ObjectKind::Secret
            | ObjectKind::Config => (None, Tie::None),
        };
        found.push(Newcomer {
            object: object.clone(),
            run: label(labels::RUN),
            stack: label(labels::STACK).map(|name| StackName::observed(&name)),
            service: label(labels::SERVICE_NAME),
            id,
            tie,
        });
    }
    Ok(found)
}

fn is_nameless(volume: &str) -> bool {
    volume.len() == NAMELESS && volume.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::convergence::{ServiceView, Update};

    fn service(replicas: u64, previous: Option<&str>) -> StackView {
        let app = ServiceView {
            id: "s".to_owned(),
            name: "app".to_owned(),
            image: "app:1".to_owned(),
            spec: "one".to_owned(),
            replicas,
            starts_again: true,
            update: Update::None,
            labels: BTreeMap::new(),
            env: Vec::new(),
            previous: previous.map(str::to_owned),
        };
        StackView { services: vec![app], tasks: Vec::new() }
    }

    #[test]
    fn a_service_that_is_what_it_was_and_was_something_else_in_between_is_told() {
        let check = |before: &StackView, after: &StackView, expected: &[&str]| {
            assert_eq!(put_back(before, after).collect::<Vec<_>>(), expected);
        };
        let told = ["service `app` was changed in place and changed back"];
        check(&service(1, None), &service(1, Some("two")), &told);
        check(&service(1, Some("base")), &service(1, Some("two")), &told);
        check(&service(1, Some("base")), &service(1, Some("base")), &[]);
        // That it is not what it was is the guard's to tell.
        check(&service(1, None), &service(2, Some("one")), &[]);
    }
}
