//! Where markers can be put: a folder of a volume, a database server, a `SQLite` file.

use cc_ci_model::data::Mounted;
use cc_ci_model::data::rows::Counted;
use cc_ci_model::ids::StackName;
use cc_ci_recipe::database::Database;
use std::collections::BTreeSet;
use std::fmt;

use super::files::Folder;
use super::server::DatabaseServer;
use super::sqlite;
use crate::workbench::{WorkError, Workbench};

/// Where a marker can be put. Named by service and mount target, so that it is looked for through whatever volume is
/// mounted there later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkerPlace {
    /// A folder in a volume.
    Folder(Folder),
    /// A database server.
    Server(DatabaseServer),
    /// A SQLite file in a volume.
    Sqlite(sqlite::SqliteFile),
}

impl MarkerPlace {
    /// The place of a recognised database; `None` for SQLite, whose files are found by their content ([`sqlite::find`]).
    #[must_use]
    pub fn of(database: &Database) -> Option<Self> {
        DatabaseServer::of(database).map(Self::Server)
    }

    /// The service it belongs to, without the stack's name.
    #[must_use]
    pub fn service(&self) -> &str {
        match self {
            Self::Folder(folder) => &folder.service,
            Self::Server(server) => server.service(),
            Self::Sqlite(file) => &file.service,
        }
    }

    /// The volume and the path in it of a `SQLite` file.
    pub(crate) fn sqlite(&self) -> Option<(&str, &str)> {
        match self {
            Self::Sqlite(file) => Some((&file.volume, &file.path)),
            Self::Folder(_) | Self::Server(_) => None,
        }
    }

    /// The database or folder by itself, without what is put there.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Folder(folder) => folder.to_string(),
            Self::Server(server) => server.to_string(),
            Self::Sqlite(file) => file.to_string(),
        }
    }
}

impl fmt::Display for MarkerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Folder(_) => "files",
            Self::Server(server) => match server.counted() {
                Counted::Rows => "rows",
                Counted::Keys => "keys",
            },
            Self::Sqlite(_) => "rows",
        };
        write!(f, "{what} in {}", self.name())
    }
}

/// Those that are folders.
pub(super) fn folders(places: &[MarkerPlace]) -> Vec<&Folder> {
    places
        .iter()
        .filter_map(|place| match place {
            MarkerPlace::Folder(folder) => Some(folder),
            MarkerPlace::Server(_) | MarkerPlace::Sqlite(_) => None,
        })
        .collect()
}

/// Those that are databases.
pub(super) fn databases(places: &[MarkerPlace]) -> impl Iterator<Item = &MarkerPlace> {
    places.iter().filter(|place| match place {
        MarkerPlace::Folder(_) => false,
        MarkerPlace::Server(_) | MarkerPlace::Sqlite(_) => true,
    })
}

/// What is mounted where; asked only for places in volumes.
pub(super) async fn mounts_for(
    bench: &Workbench,
    stack: &StackName,
    places: &[MarkerPlace],
) -> Result<BTreeSet<Mounted>, WorkError> {
    let in_volumes = places.iter().any(|place| match place {
        MarkerPlace::Folder(_) | MarkerPlace::Sqlite(_) => true,
        MarkerPlace::Server(_) => false,
    });
    if !in_volumes {
        return Ok(BTreeSet::new());
    }
    Ok(bench.containers().observe.mounts(stack).await?.volumes)
}
