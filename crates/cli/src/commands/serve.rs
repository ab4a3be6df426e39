//! `cc-ci serve`: answers comments on pull requests by runs, until it is told to end. The runs go on without it.

mod check;
mod plan;

use crate::signals::Signals;
use cc_ci_args::serving::ServeArgs;
use cc_ci_model::exit;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_server::RunningServer;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Serves, or only says what would keep it from serving.
pub async fn exec(state: &StateFolder, args: &ServeArgs) -> Result<u8, RunnerError> {
    let settings = plan::settings(state, args.config.as_deref())?;
    if args.check {
        return check::check(state, &settings).await;
    }
    let signals = Signals::listen()?;
    let plan = plan::plan(state, &settings)?;
    let unusable = |source| {
        RunnerError::new(ErrorKind::Settings, format!("cannot listen at {}: {source}", settings.listen))
            .hint("choose another address with `listen`")
    };
    let listener = TcpListener::bind(&settings.listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let server =
        RunningServer::start(plan).map_err(|error| RunnerError::new(ErrorKind::Infrastructure, error.to_string()))?;
    terminal::note(&format!("serving at http://{address}"));
    let (told, end) = oneshot::channel::<String>();
    let told = std::sync::Mutex::new(Some(told));
    let _watch = signals.pass_on(move |name| {
        let first = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(first) = first {
            // Who waits for it may be gone.
            drop(first.send(name.to_owned()));
        }
    });
    let name = server.serve(listener, end).await;
    let name = name.map_err(|error| RunnerError::new(ErrorKind::Infrastructure, error.to_string()))?;
    terminal::note(&format!(
        "{}: the server ends; runs that go on are found by the next one",
        name.unwrap_or_default()
    ));
    Ok(exit::GREEN)
}
