//! What a database has beside its rows, and what of it a restore did not bring back.
//!
//! A dump of tables and rows alone looks whole until somebody puts in a second user of the same name, or the next row gets a number
//! that is taken. What an upgrade does to these is the app's own business; a restore brings them all back.

use super::{Lost, RowCounts, RowLoss, Server};
use std::collections::{BTreeMap, BTreeSet};

/// A kind of object beside tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatabaseObject {
    /// A column of a table.
    Column,
    /// A column that has a value of its own where a row brings none.
    Default,
    /// A column in which something has to stand.
    NotNull,
    /// An index.
    Index,
    /// A primary, unique or foreign key, or a check.
    Constraint,
    /// A view.
    View,
    /// A trigger.
    Trigger,
    /// A function or procedure.
    Routine,
    /// A sequence, which gives out numbers.
    Sequence,
    /// A scheduled event.
    Event,
    /// An extension.
    Extension,
    /// A list of values or a domain that the app made a type.
    Type,
    /// A rule that says which rows a user sees.
    Policy,
    /// What another user than the owner may do.
    Grant,
}

impl DatabaseObject {
    /// Several of them.
    const fn plural(self) -> &'static str {
        match self {
            Self::Column => "columns",
            Self::Default => "columns with a default",
            Self::NotNull => "columns that may not be empty",
            Self::Index => "indexes",
            Self::Constraint => "constraints",
            Self::View => "views",
            Self::Trigger => "triggers",
            Self::Routine => "functions and procedures",
            Self::Sequence => "sequences",
            Self::Event => "events",
            Self::Extension => "extensions",
            Self::Type => "types",
            Self::Policy => "row policies",
            Self::Grant => "grants",
        }
    }
}

/// What a database has beside its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects {
    /// How many of each kind that its server knows.
    pub counts: BTreeMap<DatabaseObject, u64>,
    /// How many tables each of their owners has, where tables have one: another may not let the app in.
    pub owners: BTreeMap<String, u64>,
    /// What the database itself is set to, each by its name and, where it is no secret, its value: `collation C`. Tables and texts to
    /// come follow it, and an app may know its own version by it.
    pub settings: BTreeSet<String>,
    /// Sequences that number a column, and have given out every number that stands there.
    pub ahead: BTreeSet<String>,
    /// Those that have still to give out a number that stands there: a row cannot be put in then.
    pub behind: BTreeSet<String>,
}

/// What `after` lacks of `before` in databases that are there both times.
pub(super) fn missing(before: &RowCounts, after: &RowCounts) -> Vec<RowLoss> {
    let mut lost = Vec::new();
    for (name, old) in &before.servers {
        let Some(new) = after.servers.get(name) else { continue };
        for (database, had) in &old.objects {
            let Some(has) = new.objects.get(database) else { continue };
            let of = |before: &u64, after: Option<&u64>, what: String| {
                let after = after.copied().unwrap_or(0);
                (after < *before).then(|| format!("{} of {before} {what}", before - after))
            };
            let kinds =
                had.counts.iter().map(|(kind, before)| of(before, has.counts.get(kind), kind.plural().to_owned()));
            let owners = had
                .owners
                .iter()
                .map(|(owner, before)| of(before, has.owners.get(owner), format!("tables of {owner}")));
            let settings = had.settings.difference(&has.settings).map(|one| format!("its {one}"));
            let fewer: Vec<String> = kinds.chain(owners).flatten().chain(settings).collect();
            if !fewer.is_empty() {
                let (server, service, database) = (name.clone(), old.service.clone(), database.clone());
                lost.push(RowLoss { server, service, database, what: Lost::Objects { fewer: fewer.join(", ") } });
            }
        }
    }
    lost
}

/// The sequences of a database that fell behind. One that was never ahead numbers nothing: its app chooses the numbers itself.
pub(super) fn behind(database: &str, old: &Server, new: &Server) -> Vec<Lost> {
    let (Some(had), Some(has)) = (old.objects.get(database), new.objects.get(database)) else { return Vec::new() };
    had.ahead.intersection(&has.behind).map(|sequence| Lost::Behind { sequence: sequence.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Counted, Fleeting, compare, compare_restored, finding};
    use super::*;
    use crate::outcome::Cause;

    fn counts(kinds: &[(DatabaseObject, u64)], [ahead, behind]: [&[&str]; 2]) -> RowCounts {
        let [ahead, behind] = [ahead, behind].map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let objects = Objects {
            counts: kinds.iter().copied().collect(),
            owners: [("app".to_owned(), 2)].into(),
            settings: ["collation C".to_owned()].into(),
            ahead,
            behind,
        };
        let server = Server {
            service: "db".to_owned(),
            counted: Counted::Rows,
            databases: [("app".to_owned(), [("users".to_owned(), 2)].into())].into(),
            filled: BTreeMap::new(),
            objects: [("app".to_owned(), objects)].into(),
            used: BTreeSet::new(),
        };
        RowCounts { servers: [("db".to_owned(), server)].into(), uncounted: BTreeMap::new() }
    }

    #[test]
    fn what_a_restore_leaves_out_is_named_and_more_is_fine() {
        use DatabaseObject::{Constraint, Index, Trigger};
        let before = counts(&[(Index, 9), (Constraint, 4), (Trigger, 1)], [&[]; 2]);
        let fleeting = Fleeting::with(&[]);
        let said = |after: &[(DatabaseObject, u64)]| {
            let after = counts(after, [&[]; 2]);
            // An upgrade may do the same.
            assert_eq!(compare(&before, &after, &fleeting), []);
            compare_restored(&before, &after, &fleeting).iter().map(RowLoss::summary).collect::<Vec<_>>()
        };
        assert_eq!(said(&[(Index, 9), (Constraint, 5), (Trigger, 1)]), [""; 0]);
        assert_eq!(
            said(&[(Index, 2), (Constraint, 4)]),
            ["db: database app lacks 7 of 9 indexes, 1 of 1 triggers that it had"]
        );
        let mut foreign = before.clone();
        foreign.servers.get_mut("db").unwrap().objects.get_mut("app").unwrap().owners =
            [("app".to_owned(), 1), ("root".to_owned(), 1)].into();
        let said: Vec<String> = missing(&before, &foreign).iter().map(RowLoss::summary).collect();
        assert_eq!(said, ["db: database app lacks 1 of 2 tables of app that it had"]);
        let mut other = before.clone();
        other.servers.get_mut("db").unwrap().objects.get_mut("app").unwrap().settings =
            ["collation en_US.utf8".to_owned()].into();
        let said: Vec<String> = missing(&before, &other).iter().map(RowLoss::summary).collect();
        assert_eq!(said, ["db: database app lacks its collation C that it had"]);
        // One that holds them under another name lacks none of them: only what is there both times is compared.
        let gone = RowCounts::default();
        assert_eq!(missing(&before, &gone), []);
    }

    #[test]
    fn a_sequence_that_falls_behind_is_a_loss_and_one_that_was_behind_is_none() {
        let sequence = ["users_id_seq of users.id"];
        let [unused, well, bad] = [[&[][..]; 2], [&sequence, &[]], [&[], &sequence]].map(|both| counts(&[], both));
        let said = |before, after| {
            let lost = compare(before, after, &Fleeting::with(&[]));
            lost.iter().map(RowLoss::summary).collect::<Vec<_>>()
        };
        assert_eq!(
            said(&well, &bad),
            [
                "db: database app: sequence users_id_seq of users.id gives out numbers that are taken, so the next row cannot be put in"
            ]
        );
        assert_eq!(said(&bad, &bad), [""; 0]);
        assert_eq!(said(&bad, &well), [""; 0]);
        // Its app chooses the numbers by itself.
        assert_eq!(said(&unused, &bad), [""; 0]);
        // Nobody can mean that: no way out is offered.
        let found = finding(&compare(&well, &bad, &Fleeting::with(&[])), Cause::DataLost).unwrap();
        assert_eq!(found.details.len(), 1);
    }
}
