//! The words of `cc-ci sweep`.

use crate::environment;
use crate::operator::OperatorArgs;
use crate::series::SeriesArgs;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::sweep::{EarlierAnswers, SweepRequest, WantedRecipes};
use clap::Args;

/// What the answer of `sweep` means.
pub const SWEEP_CODES: &str = "Exit codes: 0 every recipe has a good answer, from a run or from evidence that nothing changed; 10 a run is red, \
    the counts of deploys do not agree, nothing was found, or something that was expected has no answer; else the code of the first thing in \
    the way; 130, 143 ended by a signal.\nWhat counts as evidence is explained in docs/design/sweep.md.";

/// What is swept.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// Recipes: folders with a git repository, git URLs, or names
    #[arg(required_unless_present = "enrolled", conflicts_with = "enrolled", value_name = "RECIPE")]
    pub recipes: Vec<String>,
    /// The recipes whose settings in the catalogue say `canonical.enrol = true`
    #[arg(long)]
    pub enrolled: bool,
    /// How many recipes have to have an answer; fewer are red
    #[arg(long, value_name = "NUMBER")]
    pub expect: Option<usize>,
    /// How many runs at the same time; each needs room for the whole app
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub jobs: u32,
    /// Run every recipe, also where its last answer stands
    #[arg(long)]
    pub fresh: bool,
    /// What the operator says about all of them.
    #[command(flatten)]
    pub operator: OperatorArgs,
    /// How it is shown and watched over.
    #[command(flatten)]
    pub series: SeriesArgs,
}

impl SweepArgs {
    /// The sweep.
    pub fn wanted(&self) -> Result<SweepRequest, RunnerError> {
        let program = environment::program();
        let program = program.map_err(|error| RunnerError::internal(format!("cannot find this program: {error}")))?;
        Ok(SweepRequest {
            wanted: match self.enrolled {
                true => WantedRecipes::Enrolled,
                false => WantedRecipes::Named(self.recipes.clone()),
            },
            operator: self.operator.request(""),
            expect: self.expect,
            jobs: self.jobs,
            answers: if self.fresh { EarlierAnswers::Ignored } else { EarlierAnswers::Count },
            program,
        })
    }
}
