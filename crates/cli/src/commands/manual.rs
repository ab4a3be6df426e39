//! `cc-ci manual`: pages of the manual and completions, made from the arguments as this program knows them.

use cc_ci_args::Cli;
use cc_ci_model::exit;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_terminal as terminal;
use clap::CommandFactory;
use clap_complete::Shell;
use std::fs;
use std::path::Path;

/// The shells that completions are written for.
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// Writes them into a folder.
pub fn exec(folder: &Path) -> Result<u8, RunnerError> {
    let unwritten = |source: std::io::Error| {
        RunnerError::new(ErrorKind::Infrastructure, format!("cannot write into {}: {source}", folder.display()))
    };
    fs::create_dir_all(folder).map_err(unwritten)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(unwritten)?;
    for shell in SHELLS {
        clap_complete::generate_to(shell, &mut Cli::command(), "cc-ci", folder).map_err(unwritten)?;
    }
    terminal::out(&format!("{} holds the manual and completions\n", folder.display()));
    Ok(exit::GREEN)
}
