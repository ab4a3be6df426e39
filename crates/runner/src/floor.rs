//! One floor of `bench floor`: plans anew, performs the operations with perfect knowledge, removes everything (PERF-1).

pub mod figures;
pub mod real;
pub mod table;

use crate::checkout::{self, TREES};
use crate::error::{ErrorKind, RunnerError, chain};
use crate::others;
use crate::prepare::{self, Looking};
use crate::readiness;
use crate::request::{EngineChoice, Request};
use crate::world::{self, Around, world};
use cc_ci_engine::host;
use cc_ci_engine::run::floor::{self, FloorError, Lap};
use cc_ci_engine::run::{self, Cancel};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::voice::Voice;
use cc_ci_model::ids::RunId;
use cc_ci_model::redact::Vault;
use cc_ci_model::tier::Tier;
use cc_ci_store::run_dir::RunDir;
use figures::{Sample, TimedPart};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Measures once. The folder of the floor goes when nothing of it is left on the engine; else `cc-ci clean` finds it.
pub async fn measure(
    request: &Request,
    id: &RunId,
    looking: &Looking<'_>,
    engine: &EngineChoice,
    cancel: &Cancel,
) -> Result<Sample, RunnerError> {
    let prepared = prepare::prepare(request, id, looking).await?;
    let opened = engine.open().await;
    let node = (engine.address(), readiness::node(&opened));
    let adaptations = readiness::ready(&host::look(looking.state.root(), node, cancel.token()).await)?;
    let doors = opened?;
    let (dir, lock) = RunDir::create(looking.state, id)?;
    let app = checkout::check_out(&prepared, &dir.file(TREES)).await?;
    let vault = Vault::default();
    engine.teach(&vault);
    let world = world(Around {
        doors: doors.clone(),
        engine: engine.address(),
        voice: Voice::new(Vec::new()),
        secrets: Secrets::new(vault),
        keep: world::keep_nothing(),
        ledger: world::ledger(dir.path(), id)?,
        folder: dir.path(),
        adaptations: &adaptations,
        cancel,
        others: others::live_runs(looking.state, id),
        alive: Arc::new(|_| true),
    });
    let measured = floor::measure(prepared.approved, app, &world).await;
    let cleaned = run::clean(doors.operate.as_ref(), dir.path(), id, &BTreeSet::new()).await?;
    drop(lock);
    if !cleaned.left.is_empty() {
        let text = format!("the floor left objects behind: {}", cleaned.left.join(", "));
        return Err(RunnerError::new(ErrorKind::Infrastructure, text).hint("`cc-ci clean` tries again"));
    }
    // It holds nothing that anybody would look for: a floor has no record.
    let _still_there = dir.remove();
    Ok(sample(&measured.map_err(|error| not_measured(&error))?))
}

fn sample(laps: &[Lap]) -> Sample {
    let ms = |took: Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let of = |tier| laps.iter().filter(move |lap| lap.tier == tier);
    let tiers = Tier::ALL.into_iter().filter(|tier| of(*tier).next().is_some());
    Sample {
        before: 0,
        tiers: tiers.map(|tier| (tier, ms(of(tier).map(|lap| lap.took).sum()))).collect(),
        after: 0,
        parts: laps
            .iter()
            .map(|lap| TimedPart { tier: lap.tier, what: lap.what.to_owned(), ms: ms(lap.took) })
            .collect(),
    }
}

fn not_measured(error: &FloorError) -> RunnerError {
    let text = format!("no floor can be measured: {}", chain(error));
    match error {
        FloorError::Cancelled => ended(),
        FloorError::Recipe { .. } | FloorError::TooLate { .. } => RunnerError::new(ErrorKind::Recipe, text)
            .hint("`cc-ci run` says what is wrong; only a green recipe has a floor to compare with"),
        FloorError::Plan(_) => RunnerError::internal(text),
        FloorError::Swarm(_) | FloorError::Work(_) => RunnerError::new(ErrorKind::Infrastructure, text),
    }
}

/// What a measurement that somebody ended answers with.
#[must_use]
pub fn ended() -> RunnerError {
    RunnerError::new(ErrorKind::Cancelled, "the measurement was ended")
        .hint("`cc-ci clean` removes what it left, if anything")
}
