//! The command line of cc-ci: reads arguments, wires engine, model and store together, prints, and answers with an exit code.

pub mod args;
pub mod clock;
pub mod commands;
pub mod error;
pub mod prepare;
pub mod terminal;

use args::{Bench, Cli, Verb};
use clap::Parser;
use error::UserError;
use std::process::ExitCode;

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => {
            let shown = said.print();
            // Help and version are answers; they fail only when nobody reads them.
            let code = if said.use_stderr() || shown.is_err() { cc_ci_model::exit::USAGE } else { 0 };
            return ExitCode::from(code);
        }
    };
    // It waits for a long time, and must hold nothing meanwhile.
    if let Verb::Reap(args) = &cli.verb {
        return commands::reap::exec(args).map_or_else(|error| ExitCode::from(error.kind.exit_code()), ExitCode::from);
    }
    let answer = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| UserError::internal(format!("cannot start the runtime: {source}")))
        .and_then(|runtime| runtime.block_on(perform(&cli)));
    match answer {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            terminal::error(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// Performs one command; its answer is the exit code.
async fn perform(cli: &Cli) -> Result<u8, UserError> {
    match &cli.verb {
        Verb::Run(args) => Box::pin(commands::run::exec(&cli.state()?, args)).await,
        Verb::Reap(args) => commands::reap::exec(args),
        Verb::Clean(args) => commands::clean::exec(&cli.state()?, args).await,
        Verb::Plan(args) => commands::plan::exec(&cli.state()?, args).await,
        Verb::Lint(args) => commands::lint::exec(&cli.state()?, args).await,
        Verb::Judge(args) => commands::judge::exec(&cli.state()?, args),
        Verb::Report(args) => commands::report::exec(&cli.state()?, args),
        Verb::Bench(args) => match &args.what {
            Bench::Floor(args) => Box::pin(commands::bench::exec(&cli.state()?, args)).await,
        },
        Verb::Warm(args) => Box::pin(commands::warm::exec(&cli.state()?, args)).await,
        Verb::Doctor(args) => commands::doctor::exec(&cli.state()?, args).await,
        Verb::Selftest(args) => Box::pin(commands::selftest::exec(&cli.state()?, args)).await,
    }
}
