//! The program: performs what the command line asks for, passes signals on, prints, and answers with an exit code.

pub mod commands;
pub mod signals;

use cc_ci_args::bench::Measurement;
use cc_ci_args::environment;
use cc_ci_args::words;
use cc_ci_args::{Cli, Verb};
use cc_ci_model::exit;
use cc_ci_runner::error::shown::shown;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::outcome::{OutcomeGuard, RunOutcome};
use cc_ci_terminal as terminal;
use clap::Parser;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// How the program ended.
struct ProgramEnd {
    code: u8,
    /// Only runs have one.
    outcome: Option<RunOutcome>,
}

impl From<u8> for ProgramEnd {
    fn from(code: u8) -> Self {
        Self { code, outcome: None }
    }
}

impl From<RunOutcome> for ProgramEnd {
    fn from(outcome: RunOutcome) -> Self {
        Self { code: outcome.exit_code, outcome: Some(outcome) }
    }
}

impl From<&RunnerError> for ProgramEnd {
    fn from(error: &RunnerError) -> Self {
        RunOutcome::refused(None, error).into()
    }
}

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let mut given = environment::given();
    if given.len() == 1 {
        // Somebody who says nothing wants to know what can be said.
        given.push("--help".into());
    }
    // Before anything else: whoever wants an outcome gets one, whatever happens from here on.
    let promised = words::promised(&given).map(|(file, run)| OutcomeGuard::new(file, run));
    let answer = match Cli::try_parse_from(&given) {
        Ok(cli) => {
            catch_unwind(AssertUnwindSafe(|| act(&cli))).unwrap_or_else(|_said_already| ProgramEnd::from(exit::BUG))
        }
        Err(said) => misunderstood(&said),
    };
    let Some(promised) = promised else { return ExitCode::from(answer.code) };
    // Without an outcome of its own it was a bug, and the guard says so.
    let Some(outcome) = answer.outcome else { return ExitCode::from(answer.code) };
    if let Err(error) = promised.keep(&outcome) {
        terminal::note(&shown(&error));
        return ExitCode::from(error.kind.exit_code());
    }
    ExitCode::from(answer.code)
}

/// Help and version are answers; they fail only when nobody reads them.
fn misunderstood(said: &clap::Error) -> ProgramEnd {
    let shown = said.print();
    if !said.use_stderr() {
        return ProgramEnd::from(if shown.is_err() { exit::USAGE } else { exit::GREEN });
    }
    ProgramEnd::from(&RunnerError::new(ErrorKind::Usage, said.to_string().trim_end()))
}

fn act(cli: &Cli) -> ProgramEnd {
    // It waits for a long time, and must hold nothing meanwhile.
    if let Verb::Reap(args) = &cli.verb {
        return ProgramEnd::from(commands::reap::exec(args).unwrap_or_else(|error| error.kind.exit_code()));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| RunnerError::internal(format!("cannot start the runtime: {source}")));
    match runtime.and_then(|runtime| runtime.block_on(perform(cli))) {
        Ok(answer) => answer,
        Err(error) => {
            terminal::note(&shown(&error));
            ProgramEnd::from(&error)
        }
    }
}

/// Performs one command.
async fn perform(cli: &Cli) -> Result<ProgramEnd, RunnerError> {
    let state = cli.state()?;
    let code = match &cli.verb {
        Verb::Run(args) => match args.upgrades()? {
            Some(asked) => Box::pin(commands::upgrades::exec(&state, args, &asked)).await,
            None => return Box::pin(commands::run::exec(state, args)).await.map(ProgramEnd::from),
        },
        Verb::Reap(args) => commands::reap::exec(args),
        Verb::Clean(args) => commands::clean::exec(&state, args).await,
        Verb::Plan(args) => Box::pin(commands::plan::exec(&state, args)).await,
        Verb::Lint(args) => commands::lint::exec(&state, args).await,
        Verb::Judge(args) => commands::judge::exec(&state, args),
        Verb::Report(args) => commands::report::exec(&state, args),
        Verb::Bisect(args) => Box::pin(commands::bisect::exec(&state, args)).await,
        Verb::Soak(args) => Box::pin(commands::soak::exec(&state, args)).await,
        Verb::Sweep(args) => Box::pin(commands::sweep::exec(&state, args)).await,
        Verb::Bench(args) => match &args.what {
            Measurement::Floor(args) => Box::pin(commands::bench::exec(&state, args)).await,
        },
        Verb::Canonical(args) => Box::pin(commands::canonical::exec(&state, args)).await,
        Verb::Warm(args) => Box::pin(commands::warm::exec(&state, args)).await,
        Verb::Doctor(args) => commands::doctor::exec(&state, args).await,
        Verb::Serve(args) => Box::pin(commands::serve::exec(&state, args)).await,
        Verb::Server(args) => commands::server::exec(&state, args).await,
        Verb::Manual { folder } => commands::manual::exec(folder),
        Verb::Selftest(args) => Box::pin(commands::selftest::exec(&state, args)).await,
    };
    code.map(ProgramEnd::from)
}
