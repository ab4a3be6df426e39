//! `cc-ci doctor`: what this machine has and lacks for a run, and the set-up that puts it right (SWARM-8).

mod sources;

use super::json;
use crate::args::registries::{CredentialsFile, RegistryArgs};
use crate::args::{self, DeployerArgs, DoctorArgs};
use crate::terminal;
use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::host;
use cc_ci_engine::host::findings::{self, HostFinding, Level, Remedy};
use cc_ci_engine::process::{self, Command};
use cc_ci_model::exit;
use cc_ci_recipe::abra::version::Standing;
use cc_ci_runner::deployer::{self, ChosenDeployer};
use cc_ci_runner::error::{ErrorKind, RunnerError, chain};
use cc_ci_runner::readiness;
use cc_ci_store::state::StateFolder;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The set-up steps, as `make` runs them too.
const PACKAGES: &str = include_str!("../../../../setup/packages.sh");
const ENGINE: &str = include_str!("../../../../setup/engine.sh");
const SWARM: &str = include_str!("../../../../setup/swarm.sh");
const IMAGES: &str = include_str!("../../../../setup/images.sh");
const HOLDER: &str = include_str!("../../../../setup/holder.sh");

/// Building images from nothing, on a slow machine.
const LIMIT: Duration = Duration::from_secs(3600);

/// Looks, acts if asked to, and prints. The exit code is 0 when a run could start.
pub async fn exec(state: &StateFolder, wanted: &DoctorArgs) -> Result<u8, RunnerError> {
    let cancel = CancellationToken::new();
    let engine = match args::engine() {
        Ok(engine) => engine,
        Err(error) => {
            let mut found = vec![findings::refused(&error)];
            found.extend(of_registries(&wanted.registries));
            return show(&found, wanted.json);
        }
    };
    let abra = of_deployer(&wanted.deployer, engine.address(), &cancel).await?;
    let look = async || {
        let doors = engine.open().await;
        findings::findings(&host::look(state.root(), (engine.address(), readiness::node(&doors)), &cancel).await)
    };
    let mut found = look().await;
    if wanted.fix {
        let place = Place { state, engine: engine.address(), sources: wanted.sources.as_deref() };
        let mut tried = BTreeSet::new();
        // Each step can bring the next want to light: without an engine nothing is known about a swarm.
        while let Some(remedy) = next_remedy(&found, &tried) {
            tried.insert(remedy);
            put_right(remedy, &found, &place, &cancel).await?;
            found = look().await;
        }
    }
    found.extend(abra);
    found.extend(of_registries(&wanted.registries));
    show(&found, wanted.json)
}

fn show(found: &[HostFinding], as_json: bool) -> Result<u8, RunnerError> {
    if as_json {
        terminal::out(&json(&found)?);
    } else {
        let paint = terminal::Paint::for_stdout(&args::wishes());
        terminal::painted(&text(found, paint), paint);
    }
    Ok(code(found))
}

/// What registries of images are told; nothing when there is no file of credentials.
fn of_registries(args: &RegistryArgs) -> Option<HostFinding> {
    let file = args.file()?;
    let shown = file.path().display();
    let finding = |level, seen: String, advice: &str| HostFinding {
        probe: "registries",
        level,
        seen,
        matters: "images of a registry that asks for a password are pulled with it",
        advice: advice.to_owned(),
        remedy: None,
    };
    let credentials = match (file.read(), &file) {
        (Ok(credentials), _) => credentials,
        (Err(error), CredentialsFile::Given(_)) => {
            return Some(finding(Level::Fail, chain(&error), "name another file with `--registry-auth FILE`"));
        }
        (Err(error), CredentialsFile::Usual(_)) => {
            let advice = "mend it, or name another file with `--registry-auth FILE`; images are pulled without";
            return Some(finding(Level::Warn, chain(&error), advice));
        }
    };
    let known = match credentials.registries().as_slice() {
        [] => format!("no credentials in {shown}"),
        some => format!("credentials for {} in {shown}", some.join(", ")),
    };
    let helpers = credentials.helpers();
    Some(if helpers.is_empty() {
        finding(Level::Ok, known, "")
    } else {
        let seen = format!("{known}; it has {}, and credential helpers are never run", helpers.join(", "));
        let advice =
            "write what they hold under `auths` into a file of its own, and name it with `--registry-auth FILE`";
        finding(Level::Warn, seen, advice)
    })
}

/// What runs with `--deployer abra` need besides; nothing when nobody asks for them.
async fn of_deployer(
    args: &DeployerArgs,
    engine: &EngineAddress,
    cancel: &CancellationToken,
) -> Result<Option<HostFinding>, RunnerError> {
    let finding = |level, seen: String, advice: String| HostFinding {
        probe: "abra",
        level,
        seen,
        matters: "runs with `--deployer abra` deploy with it",
        advice,
        remedy: None,
    };
    match deployer::chosen(&args.wanted()?, engine, cancel).await {
        Ok(ChosenDeployer::Swarm) => Ok(None),
        Ok(ChosenDeployer::Abra(_, version)) => Ok(Some(match version.standing() {
            Standing::Known => finding(Level::Ok, format!("abra {version}"), String::new()),
            Standing::Newer => {
                let advice = "nothing has to be done; docs/guide/abra.md says what is known about which version";
                finding(Level::Warn, format!("abra {version}, newer than what cc-ci knows of"), advice.to_owned())
            }
        })),
        Err(error) => Ok(Some(finding(Level::Fail, error.message, error.hint.unwrap_or_default()))),
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

/// What a set-up step works on.
struct Place<'a> {
    state: &'a StateFolder,
    engine: &'a EngineAddress,
    sources: Option<&'a Path>,
}

impl Place<'_> {
    /// The folder that a step runs in. Only images are built from files, and those are cc-ci's own.
    fn folder(&self, remedy: Remedy) -> Result<PathBuf, RunnerError> {
        match remedy {
            Remedy::Images => sources::sources(self.sources),
            Remedy::Packages | Remedy::Engine | Remedy::Swarm | Remedy::Holder => Ok(PathBuf::from("/")),
        }
    }
}

async fn put_right(
    remedy: Remedy,
    found: &[HostFinding],
    place: &Place<'_>,
    cancel: &CancellationToken,
) -> Result<(), RunnerError> {
    let (name, text) = script(remedy);
    let folder = place.folder(remedy)?;
    let root = place.state.root();
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
    terminal::note(&format!("doctor: running setup/{name}{from}, because of {}", wants.join("; ")));
    // The engine it may start must outlive this program, so the step detaches it itself.
    let command = Command::new("sh")
        .args(["-s"])
        .stdin(text)
        .cwd(folder)
        .envs(place.engine.env())
        .inherit(&["LANG", "TERM", "http_proxy", "https_proxy", "no_proxy", "CC_CI_DEBIAN_MIRROR"])
        .inherit(&["CC_CI_DEBIAN_SECURITY_MIRROR", "CC_CI_ADVERTISE_ADDR", "SSL_CERT_FILE"])
        .env("CC_CI_STATE", state)
        .deadline(LIMIT);
    let mut last = String::new();
    let mut show = |_, line: &str| {
        terminal::note(&format!("  {line}"));
        line.clone_into(&mut last);
    };
    let output = process::run_lines(&command, cancel, &mut show).await?;
    if output.success() {
        return Ok(());
    }
    let why = if last.is_empty() { output.last_words() } else { last };
    Err(RunnerError::new(ErrorKind::Infrastructure, format!("setup/{name} did not succeed")).at(why))
}

/// 0 when a run could start, 22 when there is no swarm to run on, 11 for anything else in the way.
fn code(found: &[HostFinding]) -> u8 {
    let failed = |probe: &str| found.iter().any(|finding| finding.probe == probe && finding.level == Level::Fail);
    match findings::worst(found) {
        Level::Ok | Level::Warn => exit::GREEN,
        Level::Fail if failed("address") || failed("engine") || failed("swarm") => exit::NO_SWARM,
        Level::Fail => exit::INFRASTRUCTURE,
    }
}

fn text(found: &[HostFinding], paint: terminal::Paint) -> String {
    let width = found.iter().map(|finding| finding.probe.len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for finding in found {
        let word = format!("{:<4}", finding.level.word());
        let word = match finding.level {
            Level::Ok => paint.good(&word),
            Level::Warn => paint.doubtful(&word),
            Level::Fail => paint.bad(&word),
        };
        lines.push(format!("{word}  {:<width$}  {}", finding.probe, finding.seen));
        if finding.level != Level::Ok {
            let indent = " ".repeat(6 + width + 2);
            lines.push(format!("{indent}why: {}", finding.matters));
            lines.push(format!("{indent}now: {}", finding.advice));
        }
    }
    let count = |level| found.iter().filter(|finding| finding.level == level).count();
    let fixable = found.iter().any(|finding| finding.level != Level::Ok && finding.remedy.is_some());
    lines.push(String::new());
    lines.push(match (count(Level::Fail), count(Level::Warn)) {
        (0, 0) => "A run can start.\n".to_owned(),
        (0, warn) => format!("A run can start; {warn} to know about.\n"),
        (fail, _) if fixable => format!("{fail} in the way of a run; `cc-ci doctor --fix` puts right what it can.\n"),
        (fail, _) => format!("{fail} in the way of a run.\n"),
    });
    lines.join("\n")
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
        assert_eq!(code(&[finding("memory", Level::Warn, None)]), 0);
        assert_eq!(code(&[finding("memory", Level::Fail, None)]), 11);
        assert_eq!(code(&[finding("memory", Level::Fail, None), finding("swarm", Level::Fail, None)]), 22);
        assert_eq!(code(&[finding("engine", Level::Fail, None)]), 22);
    }

    #[test]
    fn every_step_is_a_script_that_stops_at_the_first_error() {
        for remedy in [Remedy::Packages, Remedy::Engine, Remedy::Swarm, Remedy::Images, Remedy::Holder] {
            let (name, text) = script(remedy);
            assert!(text.starts_with("#!/bin/sh") && text.contains("\nset -eu\n"), "{name}");
        }
    }

    #[test]
    fn what_is_not_fine_says_why_and_what_now() {
        let found = [finding("swarm", Level::Fail, Some(Remedy::Swarm)), finding("memory", Level::Ok, None)];
        insta::assert_snapshot!(text(&found, terminal::Paint::Plain), @r"
        fail  swarm   seen
                      why: matters
                      now: advice
        ok    memory  seen

        1 in the way of a run; `cc-ci doctor --fix` puts right what it can.
        ");
    }
}
