//! The words of `cc-ci bench`.

use crate::recipe::RecipeArgs;
use crate::registries::RegistryArgs;
use clap::{Args, Subcommand};

/// What to measure.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Which measurement.
    #[command(subcommand)]
    pub what: Measurement,
}

/// The measurements.
#[derive(Debug, Subcommand)]
pub enum Measurement {
    /// Time real runs beside the same engine operations with perfect knowledge, in turn, and compare the medians
    Floor(Box<FloorArgs>),
}

/// What `bench floor` measures and how often.
#[derive(Debug, Args)]
pub struct FloorArgs {
    /// Which recipe.
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// Credentials for registries.
    #[command(flatten)]
    pub registries: RegistryArgs,
    /// How often each of the two is measured
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub runs: u32,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cli, Verb};
    use clap::Parser;

    fn floor(words: &[&str]) -> Result<FloorArgs, clap::Error> {
        let cli = Cli::try_parse_from([&["cc-ci", "bench", "floor"], words].concat())?;
        match cli.verb {
            Verb::Bench(BenchArgs { what: Measurement::Floor(args) }) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_measurement_has_at_least_one_run() {
        assert_eq!(floor(&["miniflux"]).unwrap().runs, 5);
        assert_eq!(floor(&["miniflux", "--runs", "9"]).unwrap().runs, 9);
        assert!(floor(&["miniflux", "--runs", "0"]).is_err());
        assert!(Cli::try_parse_from(["cc-ci", "bench"]).is_err());
    }
}
