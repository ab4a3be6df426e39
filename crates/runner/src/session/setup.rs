//! Everything that can be refused: the plan, the host, the checkouts. Nothing is recorded yet, and nothing made on the engine.

use crate::admission::{self, Door, Place};
use crate::checkout::{self, TREES};
use crate::cleanup;
use crate::deployer::{self, AtWork};
use crate::error::{ErrorKind, RunnerError, chain};
use crate::lending;
use crate::prepare::warmth::Warmth;
use crate::prepare::{self, Looking, Prepared};
use crate::providers::LentProviders;
use crate::readiness::{self, Adaptations};
use crate::request::{Cores, EngineChoice, Places, Reaper, Request, Say};
use crate::{reaper, world};
use cc_ci_engine::host::{self, HostFacts};
use cc_ci_engine::ledger::Ledger;
use cc_ci_engine::process::Detached;
use cc_ci_engine::run::app::App;
use cc_ci_engine::swarm::Doors;
use cc_ci_model::ids::RunId;
use cc_ci_model::plan::Plan;
use cc_ci_model::redact::Vault;
use cc_ci_model::upgrades::plan::RunPermit;
use cc_ci_recipe::lint::LintReport;
use cc_ci_store::borrowing::Borrowed;
use cc_ci_store::canonicals::Loan;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What setting up works with.
pub(super) struct Kit {
    pub(super) state: StateFolder,
    pub(super) engine: EngineChoice,
    pub(super) places: Places,
    pub(super) reaper: Reaper,
    pub(super) say: Say,
    pub(super) providers: Option<Arc<LentProviders>>,
    pub(super) cores: Cores,
}

/// A run that can begin.
pub(super) struct Ready {
    pub(super) prepared: Prepared,
    pub(super) vault: Vault,
    pub(super) adaptations: Adaptations,
    pub(super) doors: Doors,
    pub(super) app: App,
    pub(super) deployer: AtWork,
    pub(super) lint: LintReport,
    pub(super) ledger: Ledger,
    pub(super) reaper: Option<Detached>,
    /// What the run begins with, if with anything: nobody else begins with it meanwhile.
    pub(super) loan: Option<Loan>,
    /// Warm providers that it uses: nobody updates them meanwhile.
    pub(super) borrowed: Vec<Arc<Borrowed>>,
    /// Its place among the runs of this machine.
    pub(super) place: Place,
    /// What the record should say first.
    pub(super) facts: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
}

/// Plans the run and gets everything ready for it in its folder.
pub(super) async fn set_up(
    run: &RunId,
    (request, lent): (&Request, Option<&RunPermit>),
    kit: &Kit,
    dir: &RunDir,
    cancel: &CancellationToken,
) -> Result<Ready, RunnerError> {
    let address = kit.engine.address();
    let chosen = deployer::chosen(&request.deployer, address, cancel).await?;
    let opened = kit.engine.open().await;
    let doors = opened.as_ref().ok();
    let warmth = kit.providers.as_deref().map_or(Warmth::Probed(doors), |lent| Warmth::Lent(lent, doors));
    let looking = Looking { state: &kit.state, places: &kit.places, warmth, cancel };
    let prepared = prepare::prepare(request, run, &looking).await?;
    as_stated(lent, &prepared.approved.plan)?;
    prepared.approved.plan.cold_after_all.iter().for_each(|told| (kit.say)(&format!("note: {told}")));
    let host = host::look(kit.state.root(), (address, readiness::node(&opened)), cancel).await;
    let adaptations = readiness::ready(&host)?;
    readiness::can_test(&host, &prepared.approved.plan)?;
    let doors = opened?;
    let loan = lending::borrow(&kit.state, &prepared.approved.plan, &kit.say).await?;
    cleanup::after_killed(&kit.state, &doors, &kit.say).await?;
    let (place, adaptations) = placed((run, &prepared), kit, &doors, (&host, adaptations), cancel).await?;
    let vault = Vault::new(prepared.given.clone().into_iter().chain(prepared.configured.secrets.clone()).collect());
    kit.engine.teach(&vault);
    let mut facts = adaptations.facts.clone();
    facts.extend(chosen.facts().into_iter().chain(place.fact()));

    // The ledger first: what a killed run left in its folder is found by it, too.
    let ledger = world::ledger(dir.path(), run)?;
    let mut notes = notes(&prepared, &vault);
    notes.extend(place.note());
    let reaper = watched_over(kit, dir, &mut notes);
    let masked = |error: RunnerError| error.masked(&vault.redactor());
    let app = checkout::check_out(&prepared, &dir.file(TREES)).await.map_err(masked)?;
    let home = dir.file(TREES).join(deployer::HOME);
    let deployer = chosen.open(&doors, address, &prepared, &app, home, &kit.places).await.map_err(masked)?;
    let lint = LintReport { second: deployer.second_opinion().await, ..prepared.lint.clone() };
    let borrowed = prepared.needed.iter().filter_map(|one| one.warm.as_ref()?.borrowed.clone()).collect();
    Ok(Ready {
        prepared,
        vault,
        adaptations,
        doors,
        app,
        deployer,
        lint,
        ledger,
        reaper,
        loan,
        borrowed,
        place,
        facts,
        notes,
    })
}

/// Waits for a place. Who waited looks at the host once more: it may be another one by then.
async fn placed(
    (run, prepared): (&RunId, &Prepared),
    kit: &Kit,
    doors: &Doors,
    (host, adaptations): (&HostFacts, Adaptations),
    cancel: &CancellationToken,
) -> Result<(Place, Adaptations), RunnerError> {
    let door = Door { state: &kit.state, cores: kit.cores, node: doors.node.as_ref(), host, say: &kit.say };
    let place = admission::enter(run, prepared, &door).await?;
    if place.waited.is_none() {
        return Ok((place, adaptations));
    }
    let engine = (kit.engine.address(), Ok(doors.node.as_ref()));
    let adaptations = readiness::ready(&host::look(kit.state.root(), engine, cancel).await)?;
    Ok((place, adaptations))
}

/// Has a process clean up if this one is killed.
fn watched_over(kit: &Kit, dir: &RunDir, notes: &mut Vec<String>) -> Option<Detached> {
    reaper::start(&kit.reaper, dir.path(), kit.engine.address()).unwrap_or_else(|error| {
        notes.push(format!("no reaper watches over this run: {}; `cc-ci clean` does its work", chain(&error)));
        None
    })
}

/// A run of a series does what was stated for it, or nothing.
fn as_stated(lent: Option<&RunPermit>, plan: &Plan) -> Result<(), RunnerError> {
    lent.map_or(Ok(()), |lent| lent.covers(plan)).map_err(|what| RunnerError::new(ErrorKind::Infrastructure, what))
}

/// Secrets that no reader can be kept from.
fn notes(prepared: &Prepared, vault: &Vault) -> Vec<String> {
    let redactor = vault.redactor();
    let plain = redactor.too_short().iter().chain(&prepared.configured.plain);
    plain.map(|name| format!("the value of {name} is too short or too plain a word to be masked")).collect()
}
