//! What a machine has and lacks for a run, and the set-up that puts it right (SWARM-8). What the facts mean is in
//! `cc_ci_engine::host::findings`.

mod sources;

use crate::credentials::CredentialsFile;
use crate::deployer::{self, ChosenDeployer};
use crate::error::{ErrorKind, RunnerError, chain};
use crate::prepare::warmth;
use crate::providers;
use crate::readiness;
use crate::request::{Deployer, EngineChoice, Say};
use cc_ci_engine::docker::{AddressError, EngineAddress};
use cc_ci_engine::host;
use cc_ci_engine::host::findings::{self, HostFinding, Level, Remedy};
use cc_ci_engine::process::{self, Command};
use cc_ci_model::exit;
use cc_ci_model::ids::RecipeName;
use cc_ci_recipe::abra::version::Standing;
use cc_ci_store::state::StateFolder;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The set-up steps, as `make` runs them too.
const PACKAGES: &str = include_str!("../../../setup/packages.sh");
const ENGINE: &str = include_str!("../../../setup/engine.sh");
const SWARM: &str = include_str!("../../../setup/swarm.sh");
const IMAGES: &str = include_str!("../../../setup/images.sh");
const HOLDER: &str = include_str!("../../../setup/holder.sh");

/// Building images from nothing, on a slow machine.
const LIMIT: Duration = Duration::from_secs(3600);

/// What a machine is looked at for, and what is needed to put it right.
pub struct Checkup<'a> {
    /// Where everything is kept.
    pub state: &'a StateFolder,
    /// The engine, or why nobody can say where it is.
    pub engine: Result<EngineChoice, AddressError>,
    /// What is to deploy apps.
    pub deployer: Deployer,
    /// The file of credentials for registries, if there is one.
    pub credentials: Option<CredentialsFile>,
    /// The checkout whose images are built; `None` is the one that this program was built from.
    pub sources: Option<PathBuf>,
    /// Told of each set-up step, and of what it prints.
    pub say: Say,
}

/// Whether what is not as it should be is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cure {
    /// It is only told.
    Tell,
    /// Set-up steps are run.
    PutRight,
}

/// Looks at the machine, and puts right what it can if asked to.
pub async fn look(
    checkup: &Checkup<'_>,
    cure: Cure,
    cancel: &CancellationToken,
) -> Result<Vec<HostFinding>, RunnerError> {
    let mut found = match &checkup.engine {
        Err(error) => vec![findings::refused(error)],
        Ok(engine) => {
            let mut found = at(checkup, engine, cancel).await;
            match cure {
                Cure::Tell => {}
                Cure::PutRight => found = put_all_right(checkup, engine, found, cancel).await?,
            }
            found.extend(of_deployer(&checkup.deployer, engine.address(), cancel).await);
            found
        }
    };
    found.extend(checkup.credentials.as_ref().map(of_registries));
    found.extend(of_warm_providers(checkup.state)?);
    Ok(found)
}

/// What a person has to know about warm providers; nothing where all is well with them.
fn of_warm_providers(state: &StateFolder) -> Result<Vec<HostFinding>, RunnerError> {
    let finding = |seen: String, recipe: &RecipeName| HostFinding {
        probe: "warm",
        level: Level::Warn,
        seen: format!("{recipe}: {seen}"),
        matters: "runs that need it find the version before, or bring up one of their own",
        advice: format!("`cc-ci warm list` says how it is; `cc-ci warm update {recipe}` tries again"),
        remedy: None,
    };
    let mut found = Vec::new();
    for recipe in warmth::all(state)? {
        let killed = providers::journal(state, &recipe)?
            .map(|journal| format!("an update to {} goes on, or was killed", journal.to.shown()));
        let alert = providers::alert(state, &recipe)?.map(|alert| alert.to_string());
        found.extend(killed.into_iter().chain(alert).map(|seen| finding(seen, &recipe)));
    }
    Ok(found)
}

async fn at(checkup: &Checkup<'_>, engine: &EngineChoice, cancel: &CancellationToken) -> Vec<HostFinding> {
    let doors = engine.open().await;
    let node = readiness::node(&doors);
    findings::findings(&host::look(checkup.state.root(), (engine.address(), node), cancel).await)
}

async fn put_all_right(
    checkup: &Checkup<'_>,
    engine: &EngineChoice,
    mut found: Vec<HostFinding>,
    cancel: &CancellationToken,
) -> Result<Vec<HostFinding>, RunnerError> {
    let mut tried = BTreeSet::new();
    // Each step can bring the next want to light: without an engine nothing is known about a swarm.
    while let Some(remedy) = next_remedy(&found, &tried) {
        tried.insert(remedy);
        put_right(remedy, &found, checkup, engine.address(), cancel).await?;
        found = at(checkup, engine, cancel).await;
    }
    Ok(found)
}

/// What registries of images are told.
fn of_registries(file: &CredentialsFile) -> HostFinding {
    let shown = file.path().display();
    let finding = |level, seen: String, advice: &str| HostFinding {
        probe: "registries",
        level,
        seen,
        matters: "images of a registry that asks for a password are pulled with it",
        advice: advice.to_owned(),
        remedy: None,
    };
    let credentials = match (file.read(), file) {
        (Ok(credentials), _) => credentials,
        (Err(error), CredentialsFile::Given(_)) => {
            return finding(Level::Fail, chain(&error), "name another file with `--registry-auth FILE`");
        }
        (Err(error), CredentialsFile::Usual(_)) => {
            let advice = "mend it, or name another file with `--registry-auth FILE`; images are pulled without";
            return finding(Level::Warn, chain(&error), advice);
        }
    };
    let known = match credentials.registries().as_slice() {
        [] => format!("no credentials in {shown}"),
        some => format!("credentials for {} in {shown}", some.join(", ")),
    };
    let helpers = credentials.helpers();
    if helpers.is_empty() {
        finding(Level::Ok, known, "")
    } else {
        let seen = format!("{known}; it has {}, and credential helpers are never run", helpers.join(", "));
        let advice =
            "write what they hold under `auths` into a file of its own, and name it with `--registry-auth FILE`";
        finding(Level::Warn, seen, advice)
    }
}

/// What runs with `--deployer abra` need besides; nothing when nobody asks for them.
async fn of_deployer(wanted: &Deployer, engine: &EngineAddress, cancel: &CancellationToken) -> Option<HostFinding> {
    let finding = |level, seen: String, advice: String| HostFinding {
        probe: "abra",
        level,
        seen,
        matters: "runs with `--deployer abra` deploy with it",
        advice,
        remedy: None,
    };
    match deployer::chosen(wanted, engine, cancel).await {
        Ok(ChosenDeployer::Swarm) => None,
        Ok(ChosenDeployer::Abra(_, version)) => Some(match version.standing() {
            Standing::Known => finding(Level::Ok, format!("abra {version}"), String::new()),
            Standing::Newer => {
                let advice = "nothing has to be done; docs/guide/abra.md says what is known about which version";
                finding(Level::Warn, format!("abra {version}, newer than what cc-ci knows of"), advice.to_owned())
            }
        }),
        Err(error) => Some(finding(Level::Fail, error.message, error.hint.unwrap_or_default())),
    }
}

/// The first step, in their order, that some finding asks for and that was not tried yet.
fn next_remedy(found: &[HostFinding], tried: &BTreeSet<Remedy>) -> Option<Remedy> {
    let wanted = found.iter().filter(|finding| finding.level != Level::Ok).filter_map(|finding| finding.remedy);
    wanted.filter(|remedy| !tried.contains(remedy)).min()
}

fn script(remedy: Remedy) -> (&'static str, &'static str) {
    match remedy {
        Remedy::Packages => ("packages.sh", PACKAGES),
        Remedy::Engine => ("engine.sh", ENGINE),
        Remedy::Swarm => ("swarm.sh", SWARM),
        Remedy::Images => ("images.sh", IMAGES),
        Remedy::Holder => ("holder.sh", HOLDER),
    }
}

impl Checkup<'_> {
    /// The folder that a step runs in. Only images are built from files, and those are cc-ci's own.
    fn folder(&self, remedy: Remedy) -> Result<PathBuf, RunnerError> {
        match remedy {
            Remedy::Images => sources::sources(self.sources.as_deref()),
            Remedy::Packages | Remedy::Engine | Remedy::Swarm | Remedy::Holder => Ok(PathBuf::from("/")),
        }
    }
}

async fn put_right(
    remedy: Remedy,
    found: &[HostFinding],
    checkup: &Checkup<'_>,
    engine: &EngineAddress,
    cancel: &CancellationToken,
) -> Result<(), RunnerError> {
    let (name, text) = script(remedy);
    let folder = checkup.folder(remedy)?;
    let root = checkup.state.root();
    let state = std::path::absolute(root)
        .map_err(|source| RunnerError::internal(format!("cannot tell where {} is: {source}", root.display())))?;
    let wants: Vec<String> = found
        .iter()
        .filter(|finding| finding.level != Level::Ok && finding.remedy == Some(remedy))
        .map(|finding| format!("{}: {}", finding.probe, finding.seen))
        .collect();
    let from = match remedy {
        Remedy::Images => format!(" on the sources in {}", folder.display()),
        Remedy::Packages | Remedy::Engine | Remedy::Swarm | Remedy::Holder => String::new(),
    };
    (checkup.say)(&format!("doctor: running setup/{name}{from}, because of {}", wants.join("; ")));
    // The engine it may start must outlive this program, so the step detaches it itself.
    let command = Command::new("sh")
        .args(["-s"])
        .stdin(text)
        .cwd(folder)
        .envs(engine.env())
        .inherit(&["LANG", "TERM", "http_proxy", "https_proxy", "no_proxy", "CC_CI_DEBIAN_MIRROR"])
        .inherit(&["CC_CI_DEBIAN_SECURITY_MIRROR", "CC_CI_ADVERTISE_ADDR", "SSL_CERT_FILE"])
        .env("CC_CI_STATE", state)
        .deadline(LIMIT);
    let mut last = String::new();
    let mut show = |_, line: &str| {
        (checkup.say)(&format!("  {line}"));
        line.clone_into(&mut last);
    };
    let output = process::run_lines(&command, cancel, &mut show).await?;
    if output.success() {
        return Ok(());
    }
    let why = if last.is_empty() { output.last_words() } else { last };
    Err(RunnerError::new(ErrorKind::Infrastructure, format!("setup/{name} did not succeed")).at(why))
}

/// The answer of a process that looked: 0 when a run could start, 22 when there is no swarm to run on, 11 for anything else in
/// the way.
#[must_use]
pub fn exit_code(found: &[HostFinding]) -> u8 {
    let failed = |probe: &str| found.iter().any(|finding| finding.probe == probe && finding.level == Level::Fail);
    match findings::worst(found) {
        Level::Ok | Level::Warn => exit::GREEN,
        Level::Fail if failed("address") || failed("engine") || failed("swarm") => exit::NO_SWARM,
        Level::Fail => exit::INFRASTRUCTURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(probe: &'static str, level: Level, remedy: Option<Remedy>) -> HostFinding {
        HostFinding { probe, level, seen: "seen".into(), matters: "matters", advice: "advice".into(), remedy }
    }

    #[test]
    fn steps_are_taken_in_their_order_and_once() {
        let found = [
            finding("image", Level::Fail, Some(Remedy::Images)),
            finding("swarm", Level::Fail, Some(Remedy::Swarm)),
            finding("engine", Level::Ok, Some(Remedy::Engine)),
        ];
        assert_eq!(next_remedy(&found, &BTreeSet::new()), Some(Remedy::Swarm));
        assert_eq!(next_remedy(&found, &BTreeSet::from([Remedy::Swarm])), Some(Remedy::Images));
        assert_eq!(next_remedy(&found, &BTreeSet::from([Remedy::Swarm, Remedy::Images])), None);
    }

    #[test]
    fn the_exit_code_names_a_missing_swarm() {
        assert_eq!(exit_code(&[finding("memory", Level::Warn, None)]), 0);
        assert_eq!(exit_code(&[finding("memory", Level::Fail, None)]), 11);
        assert_eq!(exit_code(&[finding("memory", Level::Fail, None), finding("swarm", Level::Fail, None)]), 22);
        assert_eq!(exit_code(&[finding("engine", Level::Fail, None)]), 22);
    }

    #[test]
    fn every_step_is_a_script_that_stops_at_the_first_error() {
        for remedy in [Remedy::Packages, Remedy::Engine, Remedy::Swarm, Remedy::Images, Remedy::Holder] {
            let (name, text) = script(remedy);
            assert!(text.starts_with("#!/bin/sh") && text.contains("\nset -eu\n"), "{name}");
        }
    }
}
