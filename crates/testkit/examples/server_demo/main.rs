//! `make server-demo`: a forge, a server, two pull requests, two comments, and the two answers, on the real engine.
//!
//! `server_demo PROGRAM STATE [--end]`: the program is `cc-ci`, the state folder is that of the set-up.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a demonstration shows something")]

mod scene;

use cc_ci_testkit::served::Served;
use scene::{Expected, say};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::process::Child;

/// Where the demonstration keeps what it makes; the folder goes with it.
const PREFIX: &str = "server-demo-";

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (program, state, ends) = match &args[..] {
        [program, state] => (program, state, false),
        [program, state, end] if end == "--end" => (program, state, true),
        _ => {
            eprintln!("usage: server_demo PROGRAM STATE [--end]");
            return ExitCode::from(2);
        }
    };
    match play(Path::new(program), Path::new(state), ends).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn play(program: &Path, state: &Path, ends: bool) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(state)?;
    let recipes = state.join("recipes");
    let shown = tokio::select! {
        shown = show(program, &recipes, folder.path()) => shown,
        () = interrupted() => Err("interrupted".into()),
    };
    let ended = match shown {
        Ok(shown) => {
            if !ends {
                println!("\nCtrl-C ends the demonstration and removes what it made.");
                interrupted().await;
            }
            shown.end().await
        }
        Err(error) => Err(error),
    };
    if ended.is_err() {
        let kept: PathBuf = folder.keep();
        let words = "the log of the server is serve.log there; a run that goes on ends by itself";
        say("kept", &format!("{} ({words})", kept.display()));
    }
    ended
}

/// A forge and a server that go on.
struct Going {
    served: Served,
    server: Child,
}

impl Going {
    /// Lets runs end, and then the server.
    async fn end(mut self) -> Result<(), Box<dyn Error>> {
        let drained = self.served.command(&["server", "drain", "--wait"]).output().await?;
        if !drained.status.success() {
            return Err(String::from_utf8_lossy(&drained.stderr).into_owned().into());
        }
        self.server.kill().await?;
        say("ended", "nothing is left but the images and recipes of the set-up");
        Ok(())
    }
}

/// Shows a green pull request and a red one.
async fn show(program: &Path, recipes: &Path, folder: &Path) -> Result<Going, Box<dyn Error>> {
    let served = Served::new(program, folder).await?;
    let repo = served.recipe("miniflux", &recipes.join("miniflux"))?;
    let good = served.offer(&repo, "next-version", &recipes.join("miniflux"))?;
    let bad = served.offer(&repo, "loses-rows", &recipes.join("sabotage-upgrade-loses-row"))?;
    let page = |pull: u64| format!("{}/{repo}/pulls/{pull}", served.forge.url());
    say("forge", &format!("{} (a stand-in; it lives as long as this demonstration)", served.forge.url()));
    let server = served.start().await?;
    say("server", &format!("{} (cc-ci serve, state in {})", served.address(), served.state().display()));
    served.enrol(&repo).await?;
    say("enrolled", &repo);
    scene::play(&served, &good, &page(good.pull), Expected::Green).await?;
    scene::play(&served, &bad, &page(bad.pull), Expected::LostRows).await?;
    println!("\nLook at");
    for (what, at) in [
        ("the pull request that is green", page(good.pull)),
        ("the pull request that loses rows", page(bad.pull)),
        ("the server's overview", served.address().to_owned()),
        ("the recipe's history", format!("{}/recipe/miniflux", served.address())),
        ("the queue", format!("{}/queue", served.address())),
    ] {
        println!("  {what:33} {at}");
    }
    Ok(Going { served, server })
}

/// Waits for Ctrl-C. Where it cannot be heard, the kernel's own answer to it ends this program.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
