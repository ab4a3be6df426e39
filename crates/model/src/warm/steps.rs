//! The order in which a provider is updated, and what is to be done about an update that did not come to its end.

use crate::canonical::SavedVolumes;
use crate::ids::Commit;
use crate::plan::dependency::Dependency;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One step of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateStep {
    /// Both versions are read, written and held against the loader, and their images are had. Nothing is changed.
    Prepare,
    /// What is about to be done is written down.
    Note,
    /// Every service is scaled to zero.
    Stop,
    /// All volumes are saved, and what opens the snapshot is written down.
    Save,
    /// The new version is deployed in place. It has to run and answer, and go on doing both.
    Redeploy,
    /// It is what is up from now on. This is the one moment in which that changes.
    Keep,
}

/// The whole of it.
pub const ORDER: [UpdateStep; 6] =
    [UpdateStep::Prepare, UpdateStep::Note, UpdateStep::Stop, UpdateStep::Save, UpdateStep::Redeploy, UpdateStep::Keep];

/// What is written down about an update that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// What will be up.
    pub to: Dependency,
    /// When it began, RFC 3339, UTC.
    pub began: String,
    /// How far it is.
    pub stage: Stage,
}

/// How far an update is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Stage {
    /// The old version may be stopped. Nothing has touched its data.
    Stopping,
    /// The new version may have been deployed, and may have changed the data.
    Changing {
        /// What the volumes held before, and what opens it; `None` for an app without any.
        saved: Option<Opened>,
    },
}

/// A snapshot and what opens it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The snapshot.
    pub data: SavedVolumes,
    /// The key of its repository.
    pub key: String,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopping => f.write_str("Stopping"),
            Self::Changing { saved } => f.debug_struct("Changing").field("saved", saved).finish(),
        }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the key.
        f.debug_struct("Opened").field("data", &self.data).finish_non_exhaustive()
    }
}

/// What an update that did not come to its end leaves to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mend<'a> {
    /// It came to its end, but for the note about it.
    Forget,
    /// The old version is started again, on the data that it left.
    StartAgain,
    /// The old version gets its data back first: what was saved, and nothing else.
    Restore(Option<&'a Opened>),
}

/// What is to be done about an update, with what `record` says is up.
#[must_use]
pub fn mend<'a>(journal: &'a Journal, record: (Option<&str>, &Commit)) -> Mend<'a> {
    if record == (journal.to.version.as_deref(), &journal.to.commit) {
        return Mend::Forget;
    }
    match &journal.stage {
        Stage::Stopping => Mend::StartAgain,
        Stage::Changing { saved } => Mend::Restore(saved.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Domain, RecipeName, StackName};
    use crate::plan::dependency::Mode;
    use crate::plan::limits::Limits;
    use std::collections::BTreeSet;

    fn journal(stage: Stage) -> Journal {
        let stack = StackName::observed("warm-keeper");
        let to = Dependency {
            recipe: RecipeName::parse("keeper").unwrap(),
            commit: Commit::parse(&"b".repeat(40)).unwrap(),
            version: Some("1.1.0+1".to_owned()),
            domain: Domain::of_stack(&stack, "cc-ci.test"),
            stack,
            mode: Mode::Warm,
            why: String::new(),
            route: None,
            limits: Limits::default(),
            provides: Vec::new(),
        };
        Journal { to, began: "2026-11-30T03:00:00Z".to_owned(), stage }
    }

    fn opened() -> Opened {
        let data = SavedVolumes { snapshot: "s1".to_owned(), volumes: BTreeSet::new(), files: 1, bytes: 1 };
        Opened { data, key: "s3cr3t".to_owned() }
    }

    #[test]
    fn what_is_left_to_do_follows_from_how_far_it_was() {
        let old = Commit::parse(&"a".repeat(40)).unwrap();
        let before = (Some("1.0.0+1"), &old);
        assert_eq!(mend(&journal(Stage::Stopping), before), Mend::StartAgain);
        assert_eq!(mend(&journal(Stage::Changing { saved: None }), before), Mend::Restore(None));
        assert_eq!(mend(&journal(Stage::Changing { saved: Some(opened()) }), before), Mend::Restore(Some(&opened())));
        let done = journal(Stage::Changing { saved: Some(opened()) });
        assert_eq!(mend(&done, (done.to.version.as_deref(), &done.to.commit)), Mend::Forget);
        // A tag that was set anew: the same version, and not the same.
        assert_eq!(mend(&done, (Some("1.1.0+1"), &old)), Mend::Restore(Some(&opened())));
        assert_eq!(mend(&done, (Some("1.0.0+1"), &done.to.commit.clone())), Mend::Restore(Some(&opened())));
    }

    #[test]
    fn it_is_read_back_as_it_was_written_and_never_shows_the_key() {
        for stage in [Stage::Stopping, Stage::Changing { saved: None }, Stage::Changing { saved: Some(opened()) }] {
            let journal = journal(stage);
            let text = serde_json::to_string(&journal).unwrap();
            assert_eq!(serde_json::from_str::<Journal>(&text).unwrap(), journal);
            assert!(!format!("{journal:?}").contains("s3cr3t"));
        }
    }

    #[test]
    fn nothing_is_changed_before_it_is_written_down_nor_before_the_data_is_saved() {
        let at = |step| ORDER.iter().position(|one| *one == step).unwrap();
        assert!(at(UpdateStep::Note) < at(UpdateStep::Stop) && at(UpdateStep::Stop) < at(UpdateStep::Save));
        assert!(at(UpdateStep::Save) < at(UpdateStep::Redeploy) && at(UpdateStep::Redeploy) < at(UpdateStep::Keep));
        assert_eq!(ORDER.last(), Some(&UpdateStep::Keep));
    }
}
