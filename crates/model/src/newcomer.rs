//! Whose an object is that appeared on the engine while a hook ran on the host (RUN-3): pure, like every decision.
//!
//! A hook speaks to the engine by itself, so nobody knows for certain what it made. What appeared while it ran is told apart by
//! what it carries: the run's own names, another run's or another stack's label, or a name that the hook itself spells out.

use crate::ids::{RunId, StackName};
use crate::object::{Object, ObjectKind};
use std::collections::BTreeSet;

/// An object that was not there before the hook, and is there after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// Which.
    pub object: Object,
    /// The run that its label names.
    pub run: Option<String>,
    /// The stack that its label names.
    pub stack: Option<StackName>,
    /// The service that it is a task of, by full name.
    pub service: Option<String>,
    /// The engine's id, where it is known.
    pub id: Option<String>,
    /// What it has to do with a network or volume of the run, or with a container.
    pub tie: Tie,
}

/// What an object has to do with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tie {
    /// Nothing that matters.
    None,
    /// It is a container that uses this network or volume of the run.
    Of(Object),
    /// It is a nameless volume of a container, and goes with it.
    With,
}

/// Whose a newcomer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The run's own doing, or that of its app.
    Run,
    /// Somebody else's, and no business of the run.
    Stranger,
    /// The hook's: told, and removed.
    Hook,
    /// Nobody can say. It appeared while the hook ran, so the run answers for it; it is told, and not removed.
    Unclaimed,
}

/// What is known about the engine while a hook runs.
pub struct HookGround<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The stacks of the run: the app's first, then those of its own dependencies.
    pub stacks: &'a [StackName],
    /// What the run itself had announced in its ledger.
    pub announced: &'a BTreeSet<Object>,
    /// Stacks of others that were known before the hook began.
    pub neighbours: &'a BTreeSet<StackName>,
    /// Services that came into being while the hook ran and are its doing, by full name.
    pub services: &'a BTreeSet<String>,
    /// Whether a label names another run that is alive, and the stack is one of its own.
    pub lives: &'a dyn Fn(&str, Option<&StackName>) -> bool,
    /// The hook's text, and what it printed.
    pub words: &'a str,
}

/// Decides whose it is.
#[must_use]
pub fn whose(new: &Newcomer, ground: &HookGround<'_>) -> Whose {
    let Newcomer { object, run, stack, service, id, tie } = new;
    if ground.announced.contains(object) || *tie == Tie::With {
        return Whose::Run;
    }
    // A task goes with its service, whoever made that.
    if let Some(service) = service {
        let of_run = || ground.stacks.iter().any(|stack| belongs_by_name(service, stack));
        return match ground.services.contains(service) {
            true => Whose::Hook,
            false if of_run() => Whose::Run,
            false => Whose::Stranger,
        };
    }
    if let Some(stack) = stack {
        let of_run = ground.stacks.contains(stack);
        // Tasks make the volumes of their stack when they start, which can be any time.
        if of_run && object.kind == ObjectKind::Volume && belongs_by_name(&object.name, stack) {
            return Whose::Run;
        }
        if of_run {
            return Whose::Hook;
        }
    }
    if run.as_deref() == Some(ground.run.as_str()) {
        return Whose::Hook;
    }
    if stack.as_ref().is_some_and(|stack| ground.neighbours.contains(stack)) {
        return Whose::Stranger;
    }
    let mut says_ours = ground.stacks.iter().map(StackName::as_str).chain([ground.run.as_str()]);
    let named = stack.as_ref().map(StackName::as_str).into_iter().chain([object.name.as_str()]);
    let spelt = named.into_iter().any(|name| spells(ground.words, name))
        || id.as_ref().and_then(|id| id.get(..12)).is_some_and(|id| ground.words.contains(id));
    // A hook that spells out a name cannot give it away by the label of somebody else's run.
    if !spelt && run.as_deref().is_some_and(|run| (ground.lives)(run, stack.as_ref())) {
        return Whose::Stranger;
    }
    if says_ours.any(|ours| object.name.contains(ours)) || *tie != Tie::None || spelt {
        return Whose::Hook;
    }
    Whose::Unclaimed
}

fn belongs_by_name(name: &str, stack: &StackName) -> bool {
    name.strip_prefix(stack.as_str()).is_some_and(|rest| rest.starts_with('_'))
}

/// Whether a text holds a name as a word of its own. A name of one or two letters is in every text.
#[must_use]
pub fn spells(text: &str, name: &str) -> bool {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.len() > 2
        && text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(of_a_name) && !after.is_some_and(of_a_name)
        })
}

#[cfg(test)]
mod tests;
