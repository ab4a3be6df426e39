//! One floor: plans anew, performs the operations, removes everything.

use super::ended;
use super::figures::{Part, Sample};
use crate::args::{self, FloorArgs};
use crate::commands::run::{self as command, others, readiness};
use crate::error::{Kind, UserError, chain};
use crate::prepare;
use crate::prepare::warmth::Warmth;
use cc_ci_engine::docker::Swarm;
use cc_ci_engine::host::{self, findings};
use cc_ci_engine::ledger::Ledger;
use cc_ci_engine::run::floor::{self, FloorError, Lap};
use cc_ci_engine::run::{self as engine, Cancel, World};
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::voice::Voice;
use cc_ci_model::tier::Tier;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::sync::Arc;
use std::time::Duration;

/// Measures once. The folder of the floor goes when nothing of it is left on the engine; else `cc-ci clean` finds it.
pub(super) async fn measure(state: &StateFolder, floor: &FloorArgs, cancel: &Cancel) -> Result<Sample, UserError> {
    let prepared = prepare::prepare(state, &floor.recipe, &Warmth::Never, cancel.token()).await?;
    let address = args::engine()?;
    let connected = Swarm::connect(&address).await;
    let adaptations =
        readiness::ready(&host::look(state.root(), (&address, host::node(&connected)), cancel.token()).await)?;
    let doors = connected?.doors();
    let plan = prepared.approved.plan.clone();
    let (dir, lock) = RunDir::create(state, &plan.run)?;
    let app = command::check_out(&prepared, &plan, &dir.file(command::TREES)).await?;
    let ledger = Ledger::create(dir.path(), &plan.run).map_err(|error| command::infrastructure(&error))?;
    let world = World {
        camera: None,
        doors: doors.clone(),
        engine: address,
        voice: Voice::new(Vec::new()),
        secrets: Secrets::default(),
        keep: Arc::new(|_| Ok(())),
        ledger: Arc::new(ledger),
        folder: dir.path().to_owned(),
        tools_image: findings::TOOLS_IMAGE.to_owned(),
        browser_image: findings::BROWSER_IMAGE.to_owned(),
        endpoint: adaptations.endpoint,
        cancel: cancel.clone(),
        alive: Arc::new(|_| true),
        others: others::live_runs(state, &plan.run),
        hold: Duration::ZERO,
    };
    let measured = floor::measure(prepared.approved, app, &world).await;
    let cleaned = engine::clean(doors.operate.as_ref(), dir.path(), &plan.run).await?;
    drop(lock);
    if !cleaned.left.is_empty() {
        let text = format!("the floor left objects behind: {}", cleaned.left.join(", "));
        return Err(UserError::new(Kind::Infrastructure, text).hint("`cc-ci clean` tries again"));
    }
    // It holds nothing that anybody would look for: a floor has no record.
    let _still_there = std::fs::remove_dir_all(dir.path());
    Ok(sample(&measured.map_err(|error| user_error(&error))?))
}

fn sample(laps: &[Lap]) -> Sample {
    let ms = |took: Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let of = |tier| laps.iter().filter(move |lap| lap.tier == tier);
    let tiers = Tier::ALL.into_iter().filter(|tier| of(*tier).next().is_some());
    Sample {
        before: 0,
        tiers: tiers.map(|tier| (tier, ms(of(tier).map(|lap| lap.took).sum()))).collect(),
        after: 0,
        parts: laps.iter().map(|lap| Part { tier: lap.tier, what: lap.what.to_owned(), ms: ms(lap.took) }).collect(),
    }
}

fn user_error(error: &FloorError) -> UserError {
    let text = format!("no floor can be measured: {}", chain(error));
    match error {
        FloorError::Cancelled => ended(),
        FloorError::Recipe { .. } | FloorError::TooLate { .. } => UserError::new(Kind::Recipe, text)
            .hint("`cc-ci run` says what is wrong; only a green recipe has a floor to compare with"),
        FloorError::Plan(_) => UserError::internal(text),
        FloorError::Swarm(_) | FloorError::Work(_) => UserError::new(Kind::Infrastructure, text),
    }
}
