//! The program `cc-ci-edge`: reads its arguments, listens, and stops on a signal.

mod args;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use cc_ci_edge::{Edge, EdgeLog, EdgeSettings};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::args::Asked;

/// Exit status for a wrong command line.
const USAGE: u8 = 2;

/// How long work that cannot be dropped, such as a lookup in the system's resolver, may hold up the end.
const END_LIMIT: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let settings = match args::given() {
        Ok(Asked::Serve(settings)) => settings,
        Ok(Asked::Help) => return print(args::HELP),
        Ok(Asked::Version) => {
            return print(concat!("cc-ci-edge ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        Err(error) => return refuse(&error, USAGE),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&error, 1),
    };
    let ended = runtime.block_on(run(settings));
    runtime.shutdown_timeout(END_LIMIT);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(error.as_ref(), 1),
    }
}

async fn run(settings: EdgeSettings) -> Result<(), Box<dyn std::error::Error>> {
    // The handlers come first: as the first process of a container, this one is not ended by a signal it has none for.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let edge = Edge::bind(settings, EdgeLog::stderr()).await?;
    let reload = Arc::new(Notify::new());
    let stop = async {
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
                Some(()) = hangup.recv() => reload.notify_one(),
            }
        }
    };
    print("ready\n");
    edge.serve(Arc::clone(&reload), stop).await;
    Ok(())
}

/// Writes to standard output; one that is closed is no reason to stop.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    ExitCode::SUCCESS
}

fn refuse(error: &dyn std::error::Error, code: u8) -> ExitCode {
    drop(writeln!(std::io::stderr(), "cc-ci-edge: error: {error}"));
    ExitCode::from(code)
}
