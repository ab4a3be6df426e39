//! Serves a state folder to look at, with a board on which there is something of everything: `look FOLDER [ADDRESS]`.
//! A folder that is not there yet is filled with stored runs, one of which goes on, an event a second.

#![expect(clippy::unwrap_used, reason = "a world that cannot be made has nothing to show")]

#[path = "../tests/it/boards.rs"]
mod boards;
#[expect(dead_code, reason = "tests plant more")]
#[path = "../tests/it/planted.rs"]
mod planted;

use cc_ci_model::ids::RunId;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_web::source::PageSource;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().ok_or("usage: look FOLDER [ADDRESS]")?);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:8411".to_owned());
    if !folder.exists() {
        planted::many(&folder, 500, 30);
    }
    let state = StateFolder::open(&folder)?;
    let board = boards::full(SystemTime::now(), "going-on", "2026-11-27-0000");
    let (publish, seen) = watch::channel(Arc::new(board));
    let going = tokio::spawn(go_on(state.clone()));
    let listener = tokio::net::TcpListener::bind(address).await?;
    cc_ci_web::serve(listener, PageSource::new(state, seen), async { drop(tokio::signal::ctrl_c().await) }).await?;
    going.abort();
    drop(publish);
    Ok(())
}

/// A run that goes on, over and over.
async fn go_on(state: StateFolder) {
    let run = RunId::parse("going-on").unwrap();
    let record = planted::like("pictured", "going-on").record();
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    loop {
        drop(std::fs::remove_dir_all(state.runs().join("going-on")));
        let (dir, lock): (RunDir, _) = RunDir::create(&state, &run).unwrap();
        for line in &record {
            clock.tick().await;
            let mut file =
                std::fs::OpenOptions::new().create(true).append(true).open(dir.file("events.jsonl")).unwrap();
            writeln!(file, "{line}").unwrap();
        }
        drop(lock);
        for _ in 0..20 {
            clock.tick().await;
        }
    }
}
