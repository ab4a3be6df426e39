//! The words of `cc-ci soak`.

use crate::recipe::RecipeArgs;
use crate::registries::RegistryArgs;
use crate::series::SeriesArgs;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::soak::SoakRequest;
use clap::Args;
use std::path::PathBuf;

/// What the answer of `soak` means.
pub const SOAK_CODES: &str = "Exit codes: 0 every run is green; 10 a check is flaky, or a run is red; else the code of the first run that \
    is not green; 130, 143 ended by a signal.\nWhat it compares is explained in docs/design/searching.md.";

/// What is run how often.
#[derive(Debug, Args)]
pub struct SoakArgs {
    /// Which recipe.
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// Credentials for registries.
    #[command(flatten)]
    pub registries: RegistryArgs,
    /// How many runs
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// How many of them at the same time; each needs room for the whole app
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub jobs: u32,
    /// Write the result as a page, too
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// How it is shown and watched over.
    #[command(flatten)]
    pub series: SeriesArgs,
}

impl SoakArgs {
    /// What is run.
    pub fn wanted(&self) -> Result<SoakRequest, RunnerError> {
        Ok(SoakRequest { run: self.recipe.request()?, runs: self.runs, jobs: self.jobs })
    }
}
