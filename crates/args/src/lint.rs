//! The words of `cc-ci lint`.

use clap::{Args, ValueEnum};

/// What the answer of `lint` means.
pub const LINT_CODES: &str = "Exit codes: 0 no finding of severity error (warnings do not count), 10 at least one, \
    2 wrong usage, 21 no recipe's repository.\nThe rules are explained in docs/reference/lint.md.";

/// Which recipe is linted, and how the findings are printed.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// A folder with a git repository, a git URL, or a recipe's name
    #[arg(default_value = ".", env = "RECIPE", hide_env_values = true)]
    pub recipe: String,
    /// The commit to lint: a branch, a tag or a commit id [default: HEAD]
    #[arg(long = "ref", env = "REF", value_name = "REF", hide_env_values = true)]
    pub revision: Option<String>,
    /// Lint what lies in the folder over HEAD, committed or not, without what git ignores
    #[arg(long)]
    pub worktree: bool,
    /// Only what the change since this branch, tag or commit adds; configs are compared with it, instead of with the newest
    /// published version
    #[arg(long, value_name = "REF")]
    pub against: Option<String>,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub format: LintFormat,
}

/// The forms lint can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// A line per finding
    Text,
    /// The report as JSON
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
}
