//! `make server-figures`: what an idle server costs, and what a hundred onlookers cost a run, on the real engine.
//!
//! `server_figures PROGRAM RECIPE [RUNS]`: the program is `cc-ci` as it is released, the recipe a repository on this machine.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures, for people")]

mod onlookers;
mod process;

use cc_ci_testkit::served::{MEMBER, Offered, Served};
use onlookers::Onlookers;
use process::Usage;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// So many repositories are looked after.
const REPOSITORIES: usize = 20;

/// For so long nothing happens.
const IDLE: Duration = Duration::from_secs(60);

/// Those that look on at once, of so many addresses.
const ONLOOKERS: u8 = 100;

/// A run, with all that may go before it.
const RUN: Duration = Duration::from_secs(15 * 60);

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (program, recipe, runs) = match &args[..] {
        [program, recipe] => (program, recipe, Ok(2)),
        [program, recipe, runs] => (program, recipe, runs.parse::<usize>()),
        _ => {
            eprintln!("usage: server_figures PROGRAM RECIPE [RUNS]");
            return ExitCode::from(2);
        }
    };
    let measured = match runs {
        Ok(runs) => measure(Path::new(program), Path::new(recipe), runs).await,
        Err(error) => Err(error.into()),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(program: &Path, recipe: &Path, runs: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let served = Served::new(program, folder.path()).await?;
    let name = recipe.file_name().and_then(|name| name.to_str()).ok_or("the recipe has no name")?;
    let repo = served.recipe(name, recipe)?;
    let offered = served.offer(&repo, "next", recipe)?;
    let mut server = served.start().await?;
    let pid = server.id().ok_or("the server ended")?;
    served.enrol(&repo).await?;
    for number in 1..REPOSITORIES {
        served.forge.repository("recipes", &format!("app-{number}"))?;
        served.enrol(&format!("recipes/app-{number}")).await?;
    }
    idle(&served, pid).await?;
    for number in 1..=runs {
        for onlookers in [0, ONLOOKERS] {
            let said = run(&served, &offered, pid, onlookers).await?;
            println!("run {number}, {onlookers:3} onlookers: {said}");
        }
    }
    println!("after the runs: {}", Usage::of(pid)?);
    server.kill().await?;
    Ok(())
}

/// What a server costs that has nothing to do.
async fn idle(served: &Served, pid: u32) -> Result<(), Box<dyn Error>> {
    drop(served.forge.requests());
    let before = Usage::of(pid)?;
    tokio::time::sleep(IDLE).await;
    let (after, asked) = (Usage::of(pid)?, served.forge.requests().len());
    let each = asked as f64 / IDLE.as_secs_f64();
    println!("idle, {REPOSITORIES} repositories, {} s: {asked} requests, {each:.2} each second", IDLE.as_secs());
    println!("idle: {after}, of which {:.2} s in this minute", after.processor - before.processor);
    Ok(())
}

/// One run, looked at by so many, and what the server used meanwhile.
async fn run(served: &Served, offered: &Offered, pid: u32, onlookers: u8) -> Result<String, Box<dyn Error>> {
    let before = Usage::of(pid)?;
    let asked = served.said(offered).len();
    served.forge.comment(&offered.repo, offered.pull, MEMBER, "!testme");
    let last = || served.said(offered).into_iter().skip(asked).next_back().unwrap_or_default();
    let said = until(last, |said| said.contains("/run/")).await?;
    let run = said.split("/run/").nth(1).and_then(|rest| rest.split(')').next()).ok_or("no run")?.to_owned();
    let looking = Onlookers::begin(served.address(), &run, onlookers)?;
    let said = until(last, |said| said.contains("level") && !said.contains('⏳')).await?;
    let events = looking.end().await;
    if !said.contains("green") {
        return Err(format!("the run is not green:\n{said}").into());
    }
    let (status, _, answer) = served.get(&format!("/api/v1/runs/{run}")).await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    let due = answer.pointer("/timings/verdict_ms").and_then(serde_json::Value::as_u64);
    let due = due.ok_or_else(|| format!("the run's page answers {status} without a time"))?;
    let used = Usage::of(pid)?.processor - before.processor;
    Ok(format!(
        "verdict after {:.2} s, the server used {used:.2} s of processor, {events} events sent",
        due as f64 / 1000.0
    ))
}

/// Waits until what is said fits.
async fn until(said: impl Fn() -> String, fits: impl Fn(&str) -> bool) -> Result<String, Box<dyn Error>> {
    let looking = async {
        loop {
            let now = said();
            if fits(&now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    Ok(tokio::time::timeout(RUN, looking).await?)
}
