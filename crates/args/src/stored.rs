//! The words of `cc-ci judge` and `cc-ci report`.

use cc_ci_pages::comment::Address;
use clap::{Args, ValueEnum};

/// A stored run.
#[derive(Debug, Args)]
pub struct StoredArgs {
    /// A run's id, its folder, or `latest`
    pub run: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A stored run and how to show it.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A run's id, its folder, or `latest`
    pub run: String,
    /// What to draw
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// With `--format markdown`: the address the run's folder is published at; without it there are no pictures and no links
    #[arg(long, value_name = "URL", value_parser = Address::parse)]
    pub published: Option<Address>,
}

/// The forms a report can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The RUN SUMMARY
    Text,
    /// `results.json`
    Json,
    /// `junit.xml`
    Junit,
    /// A trace for Perfetto
    Timeline,
    /// The run page, `index.html`
    Html,
    /// The comment on a pull request
    Markdown,
    /// `badge.svg`
    Badge,
    /// `card.png`
    Card,
}
