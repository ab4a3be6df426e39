//! What is kept of known-good apps: lists and shows it, takes it away, and puts right what a killed process left half done (WARM-1).

use crate::error::{ErrorKind, RunnerError};
use cc_ci_engine::promotion::{self, Place};
use cc_ci_engine::swarm::Doors;
use cc_ci_model::canonical::{Canonical, Shelf};
use cc_ci_model::ids::{RecipeName, RunId};
use cc_ci_model::report::text::{count, size};
use cc_ci_store::canonicals::{Canonicals, CanonicalsLock, RepositoryRecord};
use cc_ci_store::state::StateFolder;
use cc_ci_store::whole::StateFileError;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// How long to wait for somebody else who works on canonicals.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often it is asked for the lock: the system tells nobody when it is free.
const LOOK: Duration = Duration::from_millis(100);

/// Takes the lock, or says that somebody else has it for long.
pub(crate) async fn lock(canonicals: &Canonicals) -> Result<CanonicalsLock, RunnerError> {
    let began = Instant::now();
    loop {
        if let Some(lock) = canonicals.try_lock()? {
            return Ok(lock);
        }
        if began.elapsed() >= PATIENCE {
            let what = format!("somebody else has worked on canonicals for {} s", PATIENCE.as_secs());
            return Err(RunnerError::new(ErrorKind::Infrastructure, what));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Where the data of canonicals is; decided and written down before anything is made there.
pub(crate) fn repository(canonicals: &Canonicals, lock: &CanonicalsLock) -> Result<RepositoryRecord, StateFileError> {
    if let Some(record) = canonicals.repository()? {
        return Ok(record);
    }
    let record = RepositoryRecord { id: format!("{:08x}", rand::random::<u32>()), key: None };
    canonicals.put_repository(lock, &record)?;
    Ok(record)
}

/// The repository as the engine knows it.
pub(crate) fn place(record: &RepositoryRecord, needed: BTreeSet<String>) -> Result<Place, RunnerError> {
    Ok(Place { label: label(record)?, key: record.key.clone(), needed })
}

fn label(record: &RepositoryRecord) -> Result<RunId, RunnerError> {
    RunId::parse(&format!("canonicals-{}", record.id))
        .map_err(|error| RunnerError::new(ErrorKind::Infrastructure, format!("the repository of canonicals: {error}")))
}

/// What the repository is labelled with, where there is one.
pub(crate) fn labels(state: &StateFolder) -> Result<Option<RunId>, RunnerError> {
    Canonicals::of(state).repository()?.as_ref().map(label).transpose()
}

/// Puts right what is not yet as the shelves say: kept secrets get their label, leaving ones go, and what has left with its snapshot
/// is taken off. `forgotten` says which snapshots are in the repository no more. Doing it twice changes nothing.
pub(crate) async fn heal(
    canonicals: &Canonicals,
    lock: &CanonicalsLock,
    doors: &Doors,
    forgotten: &(dyn Fn(&str) -> bool + Sync),
) -> Result<(), RunnerError> {
    let operate = doors.operate.as_ref();
    for (recipe, shelf) in canonicals.shelves()? {
        promotion::label_kept(operate, recipe.as_str(), shelf.secrets()).await?;
        promotion::remove_leaving(operate, recipe.as_str(), shelf.leaving_secrets()).await?;
        let settled = shelf.clone().settled(forgotten);
        if settled != shelf {
            canonicals.put(lock, &recipe, &settled)?;
        }
    }
    Ok(())
}

/// The same after a process was killed, if nobody is at it.
pub(crate) async fn heal_after_killed(state: &StateFolder, doors: &Doors) -> Result<(), RunnerError> {
    let canonicals = Canonicals::of(state);
    if canonicals.shelves()?.is_empty() {
        return Ok(());
    }
    match canonicals.try_lock()? {
        Some(lock) => heal(&canonicals, &lock, doors, &|_| false).await,
        // Whoever has it does the same.
        None => Ok(()),
    }
}

/// One line for each recipe that has a canonical.
pub fn list(state: &StateFolder) -> Result<String, RunnerError> {
    let mut out = String::new();
    for (recipe, shelf) in Canonicals::of(state).shelves()? {
        let Some(newest) = shelf.newest() else { continue };
        let Canonical { version, run, promoted, .. } = newest;
        let before = match shelf.kept.len() - 1 {
            0 => String::new(),
            count => format!(", {count} before it"),
        };
        let _infallible = writeln!(out, "{recipe} {version}: {}, since {promoted} by run {run}{before}", held(newest));
    }
    Ok(if out.is_empty() { "no recipe has a canonical\n".to_owned() } else { out })
}

/// Everything that is kept of a recipe, newest first.
pub fn show(state: &StateFolder, recipe: &RecipeName) -> Result<String, RunnerError> {
    let shelf = Canonicals::of(state).shelf(recipe)?;
    if shelf.kept.is_empty() {
        return Err(none(recipe));
    }
    Ok(shelf.kept.iter().map(shown).collect::<Vec<_>>().join("\n"))
}

fn shown(one: &Canonical) -> String {
    let Canonical { version, commit, run, promoted, stack, domain, secrets, .. } = one;
    let names = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut rows = vec![
        ("version", version.clone()),
        ("commit", commit.to_string()),
        ("run", run.to_string()),
        ("promoted", promoted.clone()),
        ("stack", stack.to_string()),
        ("domain", domain.to_string()),
        ("data", held(one)),
    ];
    rows.extend(one.data.as_ref().map(|data| ("snapshot", data.snapshot.clone())));
    rows.extend(one.data.as_ref().map(|data| ("volumes", names(&data.volumes))));
    rows.push(("secrets", if secrets.is_empty() { "none".to_owned() } else { names(secrets) }));
    rows.into_iter().map(|(head, line)| format!("{head:<9} {line}\n")).collect()
}

fn held(one: &Canonical) -> String {
    match &one.data {
        None => "no volumes".to_owned(),
        Some(data) => {
            format!("{}, {}, {}", count(data.volumes.len(), "volume"), count(data.files, "file"), size(data.bytes))
        }
    }
}

pub(crate) fn none(recipe: &RecipeName) -> RunnerError {
    RunnerError::new(ErrorKind::Usage, format!("`{recipe}` has no canonical"))
        .hint("a green, complete run of its newest published version makes one, where `canonical.enrol = true`")
}

/// Takes everything that is kept of a recipe away; returns how many canonicals that were. With the last one of all recipes the
/// repository goes; before, data goes with the next promotion.
pub async fn drop_all(state: &StateFolder, recipe: &RecipeName, doors: &Doors) -> Result<usize, RunnerError> {
    let canonicals = Canonicals::of(state);
    let Some(_loan) = canonicals.try_lend(recipe)? else {
        let what = format!("the canonical of `{recipe}` is in use: a run began with it");
        return Err(RunnerError::new(ErrorKind::Usage, what).hint("wait for that run to end"));
    };
    let lock = lock(&canonicals).await?;
    let shelf = canonicals.shelf(recipe)?;
    let count = shelf.kept.len();
    if count == 0 {
        return Err(none(recipe));
    }
    canonicals.put(&lock, recipe, &shelf.emptied())?;
    let empty = canonicals.shelves()?.values().all(|shelf: &Shelf| shelf.kept.is_empty());
    let gone = match canonicals.repository()? {
        Some(record) if empty => {
            promotion::remove_repository(doors.operate.as_ref(), &place(&record, BTreeSet::new())?).await?
        }
        Some(_) => false,
        None => true,
    };
    if gone {
        canonicals.remove_repository(&lock)?;
    }
    heal(&canonicals, &lock, doors, &|_| gone).await?;
    Ok(count)
}
