//! The command line of the self-test.

use clap::Args;

/// What `cc-ci selftest` is told.
#[derive(Debug, Clone, Args)]
pub struct SelftestArgs {
    /// Only these cases: groups, names, or `group/name` [default: all]
    #[arg(value_name = "CASE")]
    pub cases: Vec<String>,
    /// Only cases that files alone decide: no engine is needed, and they take seconds
    #[arg(long)]
    pub files: bool,
    /// How many cases are tried at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub jobs: usize,
    /// Say which cases there are, and try none
    #[arg(long)]
    pub list: bool,
}
