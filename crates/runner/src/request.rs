//! What is asked of the runner, and what it is given to do it with. Nothing here is read from arguments or the environment:
//! whoever asks has done that.

use crate::providers::LentProviders;
use cc_ci_engine::abra;
use cc_ci_engine::docker::{EngineAddress, RegistryCredentials, Swarm};
use cc_ci_engine::swarm::{Doors, SwarmError};
use cc_ci_model::event::Listener;
use cc_ci_model::plan::scrutiny::TreeState;
use cc_ci_model::redact::Vault;
use cc_ci_model::tier::Tier;
use cc_ci_model::upgrades::plan::RunPermit;
use cc_ci_recipe::requests::Item;
use cc_ci_store::retention::RetentionPolicy;
use cc_ci_store::state::StateFolder;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One run, as somebody wants it.
#[derive(Debug, Clone)]
pub struct Request {
    /// A folder with a repository, a URL, or a recipe's name.
    pub recipe: String,
    /// The commit under test; `None` is `HEAD`.
    pub revision: Option<String>,
    /// Whether that commit is tested, or what lies in the folder over it.
    pub state: TreeState,
    /// What kind of run it is to be.
    pub kind: KindWish,
    /// The tiers that are wanted.
    pub stages: BTreeSet<Tier>,
    /// Where the app is deployed first.
    pub base: BaseWish,
    /// The folder whose tests are used in place of the recipe's own.
    pub tests: Option<PathBuf>,
    /// The operator's catalogue; `None` is the one in the state folder.
    pub catalogue: Option<PathBuf>,
    /// The operator's policy; `None` is the one in the state folder.
    pub policy: Option<PathBuf>,
    /// What the recipe under test may ask for in this run, whatever the policy says.
    pub allow: Vec<(Item, String)>,
    /// Whether hooks may run on the host.
    pub host_hooks: HostHooks,
    /// Values of secrets that nobody can generate.
    pub secrets: Vec<GivenSecret>,
    /// The pull request the commit comes from; only recorded.
    pub pr: Option<u64>,
    /// What deploys the app.
    pub deployer: Deployer,
    /// How long the app stays up after the verdict.
    pub hold: Hold,
}

impl Request {
    /// The plainest request for a recipe: everything, at `HEAD`.
    #[must_use]
    pub fn of(recipe: &str) -> Self {
        Self {
            recipe: recipe.to_owned(),
            revision: None,
            state: TreeState::Committed,
            kind: KindWish::Cold,
            stages: BTreeSet::from(Tier::ALL),
            base: BaseWish::Automatic,
            tests: None,
            catalogue: None,
            policy: None,
            allow: Vec::new(),
            host_hooks: HostHooks::AsThePolicySays,
            secrets: Vec::new(),
            pr: None,
            deployer: Deployer::Swarm,
            hold: Hold::No,
        }
    }

    /// The revision under test.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("HEAD")
    }
}

/// Which kind of run somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KindWish {
    /// The app begins with nothing.
    Cold,
    /// The recipe's canonical is brought back; head is its commit.
    Verify,
    /// The recipe's canonical is brought back and upgraded to head, where that can be; else the app begins with nothing.
    Quick,
}

/// Which base somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseWish {
    /// The newest published version that is older than head, or what the settings say.
    Automatic,
    /// This published version.
    Version(String),
    /// None: the app starts at head, and the upgrade tier is skipped.
    NoUpgrade {
        /// What the plan says about it.
        why: String,
    },
}

/// Whether hooks of the recipe may run on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostHooks {
    /// If the operator's policy allows it.
    AsThePolicySays,
    /// Yes.
    Trusted {
        /// What the record says that they are trusted by.
        by: String,
    },
}

/// A secret's name and the file with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenSecret {
    /// Its key in the compose file.
    pub name: String,
    /// The file.
    pub file: PathBuf,
}

/// What deploys the app.
#[derive(Debug, Clone)]
pub enum Deployer {
    /// Docker alone.
    Swarm,
    /// The `abra` command.
    Abra(abra::Program),
}

/// How long the app stays up after the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Not at all.
    No,
    /// For so long, or until somebody ends the run.
    For(Duration),
    /// Until somebody ends the run.
    UntilEnded,
}

impl Hold {
    /// No run stays up for longer.
    const LONGEST: Duration = Duration::from_hours(7 * 24);

    pub(crate) fn time(self) -> Duration {
        match self {
            Self::No => Duration::ZERO,
            Self::For(time) => time,
            Self::UntilEnded => Self::LONGEST,
        }
    }
}

/// What the runner is given to work with.
pub struct Deps {
    /// Where everything is kept.
    pub state: StateFolder,
    /// The engine that runs happen on.
    pub engine: EngineChoice,
    /// Folders outside of the state folder.
    pub places: Places,
    /// Who cleans up if this process is killed.
    pub reaper: Reaper,
    /// What becomes of old runs.
    pub retention: Retention,
    /// What the run is lent of a series, if it is one of a series that stated beforehand what its runs do. Starting spends it.
    pub lent: Option<RunPermit>,
    /// Who else hears what happens. A function, since only preparing fills the vault that they mask with.
    pub listeners: Listeners,
    /// Told what is worth a word and belongs to no record.
    pub say: Say,
    /// What a sweep brought up for the run; `None` for a run of its own.
    pub providers: Option<Arc<LentProviders>>,
    /// How many cores the runs of this machine share.
    pub cores: Cores,
}

/// How many cores the runs of a machine share. Each takes one at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    /// As many as the system lets this process use.
    OfThisMachine,
    /// So many.
    Given(u64),
}

impl Cores {
    pub(crate) fn count(self) -> u64 {
        match self {
            // Where the system does not tell, one run at a time is never too many.
            Self::OfThisMachine => std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64),
            Self::Given(cores) => cores,
        }
    }
}

/// Makes listeners that show nothing of what the vault knows.
pub type Listeners = Box<dyn FnOnce(&Vault) -> Heard + Send>;

/// Listeners of one record, in the order in which they hear.
pub type Heard = Vec<Box<dyn Listener + Send>>;

/// Hears what is worth a word.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// The engine that runs happen on.
#[derive(Clone)]
pub enum EngineChoice {
    /// The one at this address, connected to when it is needed.
    At {
        /// Where it is.
        address: EngineAddress,
        /// What registries of images are told.
        credentials: RegistryCredentials,
    },
    /// One that somebody has opened the doors of already.
    Ready {
        /// Its address, for the programs that a run starts.
        address: EngineAddress,
        /// Its doors.
        doors: Doors,
    },
}

impl EngineChoice {
    /// Opens its doors.
    pub async fn open(&self) -> Result<Doors, SwarmError> {
        match self {
            Self::At { address, credentials } => Ok(Swarm::connect(address, credentials).await?.doors()),
            Self::Ready { doors, .. } => Ok(doors.clone()),
        }
    }

    /// Has the credentials for registries masked wherever they turn up.
    pub(crate) fn teach(&self, vault: &Vault) {
        match self {
            Self::At { credentials, .. } => credentials.teach(vault),
            Self::Ready { .. } => {}
        }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &EngineAddress {
        match self {
            Self::At { address, .. } | Self::Ready { address, .. } => address,
        }
    }
}

/// Folders outside of the state folder that things are looked for in.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Where `abra` keeps its copies of recipes.
    pub abra_recipes: Option<PathBuf>,
    /// The operator's copy of abra's catalogue.
    pub abra_catalogue: Option<PathBuf>,
}

/// Who cleans up after a run whose process is killed.
#[derive(Debug, Clone)]
pub enum Reaper {
    /// Nobody, until `cc-ci clean` or the next run.
    None,
    /// A process of its own: this program with these words, and the run's folder behind them.
    Program {
        /// The program.
        program: OsString,
        /// Its first words.
        words: Vec<OsString>,
    },
}

/// What becomes of old runs when one ends.
#[derive(Debug, Clone, Copy)]
pub enum Retention {
    /// Nothing: somebody else sees to them.
    Leave,
    /// Those that the policy chooses are removed.
    Apply(RetentionPolicy),
}
