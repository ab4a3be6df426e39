//! The command line: the only place that reads arguments and the environment.

pub mod bisect;
pub mod canonical;
mod from;
mod machine;
pub mod operator;
mod quick;
pub mod registries;
pub mod request;
pub mod selftest;
mod serving;
pub mod soak;
pub mod sweep;
pub mod value;
pub mod warm;
pub mod words;

use bisect::{BISECT_CODES, BisectArgs};
use canonical::CanonicalArgs;
use cc_ci_engine::docker::{AddressError, EngineAddress, RegistryCredentials};
use cc_ci_model::ids::RunId;
use cc_ci_pages::comment::Address;
use cc_ci_recipe::requests::Item;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::request::{EngineChoice, GivenSecret, Places};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal::Wishes;
use clap::{Args, Parser, Subcommand, ValueEnum};
use from::FromArgs;
pub use machine::{cores, places_for};
use quick::QuickArgs;
use registries::RegistryArgs;
pub use selftest::SelftestArgs;
pub use serving::{ServeArgs, ServerArgs, ServerVerb, credentials, for_runs};
use soak::{SOAK_CODES, SoakArgs};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use sweep::{SWEEP_CODES, SweepArgs};
use warm::WarmArgs;

/// Tests a Co-op Cloud recipe: install, upgrade, backup, restore and its own tests, on a real Docker Swarm, in one deploy.
#[derive(Debug, Parser)]
#[command(name = "cc-ci", version, about, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Folder for everything cc-ci keeps: runs, copies of repositories, locks
    /// [default: $XDG_STATE_HOME/cc-ci or ~/.local/state/cc-ci]
    #[arg(long, global = true, env = "CC_CI_STATE", value_name = "DIR", hide_env_values = true)]
    pub state: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

impl Cli {
    /// The state folder.
    pub fn state(&self) -> Result<StateFolder, RunnerError> {
        let from = |name: &str| variable(name).map(PathBuf::from);
        let chosen = self.state.clone().filter(|dir| !dir.as_os_str().is_empty());
        let dir = chosen
            .or_else(|| from("XDG_STATE_HOME").map(|dir| dir.join("cc-ci")))
            .or_else(|| from("HOME").map(|home| home.join(".local/state/cc-ci")))
            .ok_or_else(|| {
                RunnerError::new(ErrorKind::Usage, "there is no folder for state").hint("give --state DIR")
            })?;
        Ok(StateFolder::open(&dir)?)
    }
}

/// A variable of the environment; one that is set to nothing is not set.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The words of this process's command line.
#[must_use]
pub fn given() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The engine that everything of this process speaks to: what `DOCKER_HOST` says, read nowhere else.
pub fn address() -> Result<EngineAddress, AddressError> {
    EngineAddress::parse(variable("DOCKER_HOST").as_deref())
}

/// The engine, for what pulls no image.
pub fn engine() -> Result<EngineChoice, AddressError> {
    Ok(EngineChoice::At { address: address()?, credentials: RegistryCredentials::default() })
}

/// Folders of other programs that hold something for us.
#[must_use]
pub fn places() -> Places {
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".abra"));
    let abra = variable("ABRA_DIR").map(PathBuf::from).or_else(home);
    let catalogue = abra.as_ref().and_then(|abra| std::path::absolute(abra.join("catalogue")).ok());
    Places {
        abra_recipes: abra.map(|abra| abra.join("recipes")),
        abra_catalogue: catalogue.filter(|folder| folder.is_dir()),
    }
}

/// This program.
pub fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// What the environment says about colours and moving lines.
#[must_use]
pub fn wishes() -> Wishes {
    let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    Wishes {
        no_color: text("NO_COLOR"),
        color: text("CLICOLOR"),
        color_force: text("CLICOLOR_FORCE"),
        terminal: text("TERM"),
        ci: text("CI"),
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Test a recipe: one deploy, five tiers, a verdict, and nothing left behind
    Run(Box<RunArgs>),
    /// Say what a run would do and why, without touching Docker
    Plan(Box<PlanArgs>),
    /// Say what is wrong with a recipe's files, without network and without Docker
    #[command(after_help = LINT_CODES)]
    Lint(LintArgs),
    /// Give the verdict on a stored run again, from its events alone
    Judge(StoredArgs),
    /// Draw the reports of a stored run again
    Report(ReportArgs),
    /// Clean up after a run whose process dies
    #[command(hide = true)]
    Reap(ReapArgs),
    /// Remove what runs that died left on the engine, and nothing else
    Clean(CleanArgs),
    /// Keep providers up that runs share: bring one up, take it down, list them
    Warm(WarmArgs),
    /// Look after known-good apps, which green runs of published versions leave
    Canonical(CanonicalArgs),
    /// Name the first commit between a good one and a bad one at which a tier fails, with at most log2(commits) + 1 runs
    #[command(after_help = BISECT_CODES)]
    Bisect(Box<BisectArgs>),
    /// Run the same commit many times and say what each check comes to: what is flaky, and how far times lie apart
    #[command(after_help = SOAK_CODES)]
    Soak(Box<SoakArgs>),
    /// Test many recipes at their newest published versions; what several of them need is brought up once, and what has not changed since
    /// its last run is not run again
    #[command(after_help = SWEEP_CODES)]
    Sweep(Box<SweepArgs>),
    /// Measure cc-ci itself
    Bench(BenchArgs),
    /// Look at this machine and say what a run would need; with --fix, put it right
    Doctor(DoctorArgs),
    /// Answer comments on pull requests by runs, until told to end; runs that go on then go on without it
    Serve(ServeArgs),
    /// Speak to the running server: how it stands, pause, resume, drain, cancel, retry, enrol, alerts
    Server(ServerArgs),
    /// Try cc-ci itself: known recipes, broken and sound, each with the answer that is right for it
    Selftest(SelftestArgs),
    /// Write pages of the manual and completions for shells into a folder; packages are made with them
    Manual {
        /// The folder; it is made
        folder: PathBuf,
    },
}

/// Which recipe, which commit, and which part of the work; the same for `plan` and `run`.
#[derive(Debug, Clone, Args)]
pub struct RecipeArgs {
    /// A folder with a git repository, a git URL, or a recipe's name
    #[arg(default_value = ".", env = "RECIPE", hide_env_values = true)]
    pub recipe: String,
    /// The commit under test: a branch, a tag or a commit id [default: HEAD]
    #[arg(long = "ref", env = "REF", value_name = "REF", hide_env_values = true)]
    pub revision: Option<String>,
    /// Test what lies in the folder over HEAD, committed or not, without what git ignores; such a run has no level and no
    /// badge
    #[arg(long)]
    pub worktree: bool,
    /// The published version under test, if no --ref is given
    #[arg(long, env = "VERSION", value_name = "TAG", hide_env_values = true, hide = true)]
    pub target_version: Option<String>,
    /// Only these tiers, separated by commas: install, upgrade, backup, restore, custom [default: all]
    #[arg(long, env = "STAGES", value_name = "TIERS", hide_env_values = true)]
    pub stages: Option<String>,
    /// Deploy first at this published version [default: the newest one that the commit under
    /// test descends from]
    #[arg(long, value_name = "VERSION")]
    pub base: Option<String>,
    /// Deploy at the commit under test and skip the upgrade tier
    #[arg(long, conflicts_with = "base")]
    pub no_upgrade: bool,
    /// Use the tests in this folder instead of the recipe's own `tests/`
    #[arg(long, value_name = "DIR")]
    pub tests: Option<PathBuf>,
    /// Settings, overlays and tests of CI's own, one folder per recipe; its settings win, its tests run too
    /// [default: `catalogue` in the state folder]
    #[arg(long, value_name = "DIR")]
    pub catalogue: Option<PathBuf>,
    /// What single recipes may ask for beyond their own containers and volumes
    /// [default: `policy.toml` in the state folder]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What the recipe under test may ask for in this run, as the policy writes it; for a recipe of your own
    #[arg(long, value_name = "ITEM=VALUE", value_parser = value::allowed)]
    pub allow: Vec<(Item, String)>,
    /// Run the recipe's hooks that want the host (`tests/hooks/host/`): on this machine, outside of any container
    #[arg(long)]
    pub trust_hooks: bool,
    /// Take the value of a secret that cannot be generated from a file
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = value::secret)]
    pub secrets: Vec<GivenSecret>,
    /// Number of the pull request the commit comes from; only recorded
    #[arg(long, env = "PR", value_name = "NUMBER", hide_env_values = true)]
    pub pr: Option<String>,
}

impl RecipeArgs {
    /// The revision under test.
    #[must_use]
    pub fn revision(&self) -> &str {
        // A variable that is set to nothing is not set.
        let given = |value: &'_ Option<String>| value.as_deref().is_some_and(|text| !text.is_empty());
        match (&self.revision, &self.target_version) {
            (Some(revision), _) if given(&self.revision) => revision,
            (_, Some(version)) if given(&self.target_version) => version,
            _ => "HEAD",
        }
    }
}

/// What `plan` prints.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Which recipe.
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// How much is tried.
    #[command(flatten)]
    pub speed: QuickArgs,
    /// From which versions.
    #[command(flatten)]
    pub from: FromArgs,
    /// Plan for this run: with the same id, everything is called the same
    #[arg(long, value_name = "ID", value_parser = RunId::parse)]
    pub run_id: Option<RunId>,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}

/// What the answer of `lint` means.
const LINT_CODES: &str = "Exit codes: 0 no finding of severity error (warnings do not count), 10 at least one, \
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

/// How the app is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeployerName {
    /// With Docker alone.
    Swarm,
    /// With the `abra` command.
    Abra,
}

/// Which deployer, and how `abra` is called when it is that one.
#[derive(Debug, Args)]
pub struct DeployerArgs {
    /// What deploys the app
    #[arg(long, value_enum, default_value_t = DeployerName::Swarm)]
    pub deployer: DeployerName,
    /// The `abra` program, for --deployer abra [default: the one in PATH]
    #[arg(long, value_name = "FILE")]
    pub abra: Option<PathBuf>,
    /// How long one command of abra may take: it hands the stack over and waits for nothing [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = value::duration)]
    pub abra_limit: Option<Duration>,
}

/// What `run` does besides.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Which recipe.
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// How much is tried.
    #[command(flatten)]
    pub speed: QuickArgs,
    /// From which versions.
    #[command(flatten)]
    pub from: FromArgs,
    /// Which deployer.
    #[command(flatten)]
    pub deployer: DeployerArgs,
    /// Credentials for registries.
    #[command(flatten)]
    pub registries: RegistryArgs,
    /// Leave the app up after the verdict for this long, or until interrupted: `30m`, `2h`
    #[arg(long, value_name = "TIME", value_parser = value::duration, conflicts_with = "from")]
    pub hold: Option<Duration>,
    /// Leave the app up after the verdict until interrupted
    #[arg(long, conflicts_with_all = ["hold", "from"])]
    pub keep: bool,
    /// Print the results as JSON instead of the summary
    #[arg(long)]
    pub json: bool,
    /// The id of the run; no other run may have it; with --from, what the ids of all runs begin with [default: made of the time]
    #[arg(long, value_name = "ID", value_parser = RunId::parse)]
    pub run_id: Option<RunId>,
    /// Write how the run ended into this file, whatever happens; old runs are then left to whoever asked for it
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub outcome: Option<PathBuf>,
    /// Start no reaper: if this process is killed, `cc-ci clean` has to clean up
    #[arg(long, hide = true)]
    pub no_reaper: bool,
}

/// Which run is watched over.
#[derive(Debug, Args)]
pub struct ReapArgs {
    /// The run's folder
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
}

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

/// What to clean.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Only say what would be cleaned
    #[arg(long)]
    pub dry_run: bool,
}

/// What to look at and whether to act.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Put right what is not, announcing each step first
    #[arg(long)]
    pub fix: bool,
    /// The checkout of cc-ci whose images --fix builds; never the current folder by itself [default: the one that this
    /// program was built from]
    #[arg(long, value_name = "FOLDER", requires = "fix")]
    pub sources: Option<PathBuf>,
    /// For runs with which deployer: with `abra`, that command is looked at too.
    #[command(flatten)]
    pub deployer: DeployerArgs,
    /// Credentials for registries.
    #[command(flatten)]
    pub registries: RegistryArgs,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

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
