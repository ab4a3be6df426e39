//! Marker rows in SQLite files, which are recognised by their content and written on the bench while the app runs.
//!
//! The bench's `sqlite3` takes the same locks as the app and runs as the file's owner, so that nothing it leaves (journal,
//! write-ahead log) keeps the app out.

use cc_ci_model::data::Mounted;
use cc_ci_model::data::churn::Churn;
use cc_ci_model::data::rows::{DatabaseObject, FilledColumns, Tables};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::asking::{self, Asked, DatabaseAnswer, TRY, Tried};
use super::files::Folder;
use super::index;
use super::tables::{
    Dialect, Held, Table, all_quoted, columns, columns_by_table, name_of, objects, questions, quoted,
    read as read_counts,
};
use super::{FoundMarkers, MarkerPhase, sql};
use crate::exec::{ExecCommand, ExecOutput, ExecStatus};
use crate::workbench::{WorkError, Workbench};

/// At most this many files are marked; the report names what is left out.
pub const MOST: usize = 20;

/// A database file in a volume, by where a service mounts the volume.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SqliteFile {
    /// The service, without the stack's name.
    pub service: String,
    /// The volume's mount target in it.
    pub target: String,
    /// The file relative to the volume's root.
    pub path: String,
    /// The volume, by its full name: where to look when the service mounts nothing at the target any more.
    pub volume: String,
}

impl SqliteFile {
    /// A file of what is mounted.
    #[must_use]
    pub fn at(mount: &Mounted, path: &str) -> Self {
        let Mounted { service, target, volume } = mount.clone();
        Self { service, target, path: path.to_owned(), volume }
    }
}

impl fmt::Display for SqliteFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQLite file {}:{}/{}", self.service, self.target, self.path)
    }
}

/// `$1` the file, `$2` what to do. 66: there is no such file.
const SCRIPT: &str = r#"
file=$1 sql=$2
command -v sqlite3 >/dev/null || { echo "the tools image has no sqlite3: build it anew" >&2; exit 78; }
{ [ -f "$file" ] && [ ! -L "$file" ]; } || { echo "there is no such file" >&2; exit 66; }
owner=$(stat -c '--reuid=%u --regid=%g' -- "$file") || exit 66
HOME=/ exec setpriv $owner --clear-groups sqlite3 -batch -bail -init /dev/null -cmd '.timeout 5000' "$file" "$sql"
"#;

/// The SQLite files in the volumes of `mounts` that the bench has, journals and caches left out.
pub async fn find(bench: &Workbench, mounts: &BTreeSet<Mounted>) -> Result<Vec<SqliteFile>, WorkError> {
    let what = "look for SQLite files";
    let mut seen = BTreeSet::new();
    let mounts: Vec<&Mounted> =
        mounts.iter().filter(|mount| bench.volumes().contains(&mount.volume) && seen.insert(&mount.volume)).collect();
    if mounts.is_empty() {
        return Ok(Vec::new());
    }
    let command = index::program("sqlite", 0, mounts.iter().map(|mount| &mount.volume));
    let output = bench.must(what, &command).await?;
    let churn = Churn::default();
    let files = output.stdout.split(|byte| *byte == 0).filter_map(|path| {
        // A name that is not text is no name a recipe's database has.
        let (volume, path) = std::str::from_utf8(path).ok()?.strip_prefix("./")?.split_once('/')?;
        let mount = mounts.iter().find(|mount| mount.volume == volume)?;
        let file = SqliteFile::at(mount, path);
        (!churn.covers(path)).then_some(file)
    });
    Ok(files.collect())
}

/// When each SQLite file in `volumes` was written last, by its path on the bench.
pub(crate) async fn stamps(
    bench: &Workbench,
    volumes: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, WorkError> {
    let output = bench.must("look at SQLite files", &index::program("stamps", 0, volumes.iter())).await?;
    let text = output.text();
    let mut fields = text.split('\0');
    let mut found = BTreeMap::new();
    while let (Some(path), Some(stamp)) = (fields.next(), fields.next()) {
        if let Some(path) = path.strip_prefix("./") {
            found.insert(Workbench::path(path), stamp.to_owned());
        }
    }
    Ok(found)
}

pub(super) async fn seed(
    bench: &Workbench,
    mounts: &BTreeSet<Mounted>,
    file: &SqliteFile,
    phase: MarkerPhase,
    value: &str,
) -> Result<Result<(), String>, WorkError> {
    let sql = format!("BEGIN IMMEDIATE; {} COMMIT;", sql::seed(phase, value));
    Ok(ask(bench, mounts, file, &sql).await?.map(|_| ()))
}

pub(super) async fn mutate(
    bench: &Workbench,
    mounts: &BTreeSet<Mounted>,
    file: &SqliteFile,
    phase: MarkerPhase,
    value: &str,
) -> Result<Result<(), String>, WorkError> {
    let sql = format!("BEGIN IMMEDIATE; {} COMMIT;", sql::mutate(phase, value));
    Ok(ask(bench, mounts, file, &sql).await?.map(|_| ()))
}

pub(super) async fn read(
    bench: &Workbench,
    mounts: &BTreeSet<Mounted>,
    file: &SqliteFile,
    phase: MarkerPhase,
) -> Result<Result<FoundMarkers, String>, WorkError> {
    Ok(match ask(bench, mounts, file, &sql::read(phase)).await? {
        Ok(rows) => Ok(sql::found(&rows, phase)),
        Err(refusal) if refusal.contains("no such table") => Ok(FoundMarkers::default()),
        Err(refusal) => Err(refusal),
    })
}

/// Every table with rows of its own; those that only a module of the app's can read, and what such a module keeps below its
/// table's name, are left out.
const TABLES: &str = "SELECT hex(name), 0 FROM sqlite_master AS own WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' \
    AND NOT EXISTS (SELECT 1 FROM sqlite_master AS other WHERE other.sql LIKE 'CREATE VIRTUAL TABLE%' \
    AND (own.name = other.name OR substr(own.name, 1, length(other.name) + 1) = other.name || '_'))";

/// Every column of every table, under the table's name.
const COLUMNS: &str = "SELECT hex(own.name), hex(one.name) FROM sqlite_master AS own, pragma_table_info(own.name) AS one \
    WHERE own.type = 'table' AND own.sql NOT LIKE 'CREATE VIRTUAL TABLE%'";

/// What is counted beside tables, in the order of [`OBJECTS`].
const OBJECT_KINDS: [DatabaseObject; 6] = [
    DatabaseObject::Index,
    DatabaseObject::View,
    DatabaseObject::Trigger,
    DatabaseObject::Column,
    DatabaseObject::Default,
    DatabaseObject::NotNull,
];

/// How many objects the file has beside tables, and the two numbers that it keeps for its app, which a dump as text leaves out: many apps
/// know by the first which of their migrations they have to do. The key of a table is an index without a statement of its own, and
/// comes with it.
const OBJECTS: &str = "SELECT hex('main'), count(CASE WHEN type = 'index' AND sql IS NOT NULL THEN 1 END) || ',' \
    || count(CASE WHEN type = 'view' THEN 1 END) || ',' || count(CASE WHEN type = 'trigger' THEN 1 END) || ',' \
    || (SELECT count(*) || ',' || count(one.dflt_value) || ',' || count(CASE WHEN one.\"notnull\" THEN 1 END) FROM sqlite_master AS own, pragma_table_info(own.name) AS one \
    WHERE own.type = 'table' AND own.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND own.sql NOT LIKE 'CREATE VIRTUAL TABLE%') \
    || (SELECT CASE WHEN user_version <> 0 THEN ',' || hex('user_version ' || user_version) ELSE '' END FROM pragma_user_version) \
    || (SELECT CASE WHEN application_id <> 0 THEN ',' || hex('application_id ' || application_id) ELSE '' END FROM pragma_application_id) \
    FROM sqlite_master";

/// Counts every table of the file; the inner error is what the file said instead.
pub(super) async fn count(
    bench: &Workbench,
    mounts: &BTreeSet<Mounted>,
    file: &SqliteFile,
) -> Result<Result<Held, String>, WorkError> {
    let asked = tokio::try_join!(
        ask(bench, mounts, file, TABLES),
        ask(bench, mounts, file, COLUMNS),
        ask(bench, mounts, file, OBJECTS)
    );
    let (list, each, beside) = match asked? {
        (Ok(list), Ok(each), Ok(beside)) => (list, columns_by_table(&each), beside),
        (Err(refusal), _, _) | (_, Err(refusal), _) | (_, _, Err(refusal)) => return Ok(Err(refusal)),
    };
    let tables = columns(&list).filter_map(|[hex, _]| {
        let shown = name_of(hex)?;
        Some(Table { quoted: quoted(&shown, '"'), shown, columns: all_quoted(each.get(hex), '"') })
    });
    let tables: Vec<Table> = tables.collect();
    let (mut counts, mut filled) = (Tables::new(), FilledColumns::new());
    for (chunk, sql) in questions(&tables, Dialect::Sqlite) {
        match ask(bench, mounts, file, &sql).await? {
            Ok(answer) => read_counts(chunk, &answer, &mut counts, &mut filled),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    let main = || "main".to_owned();
    let beside = columns(&beside).map(|[_, numbers]| (main(), objects(&OBJECT_KINDS, numbers)));
    Ok(Ok(Held {
        databases: [(main(), counts)].into(),
        filled: [(main(), filled)].into(),
        objects: beside.collect(),
        used: BTreeSet::new(),
    }))
}

async fn ask(
    bench: &Workbench,
    mounts: &BTreeSet<Mounted>,
    file: &SqliteFile,
    sql: &str,
) -> Result<DatabaseAnswer, WorkError> {
    let SqliteFile { service, target, path, volume } = file.clone();
    let folder = Folder { service, target, path, volume };
    let path = match super::files::locate(mounts, &folder) {
        Ok([_, path]) => path,
        Err(why) => return Ok(Err(why)),
    };
    let words = ["bash", "-c", SCRIPT, "marker", &path, sql];
    asking::ask(Asked::Workbench(bench), &ExecCommand::new(words).limit(TRY), judge).await
}

/// A lock that the app holds passes; an app that never lets go (exclusive locking) is a refusal in the end.
fn judge(output: &ExecOutput, said: String) -> Tried {
    match output.status {
        ExecStatus::Exited(0) => Tried::Answer(output.text()),
        _ if said.contains("is locked") => Tried::NotYet(said),
        _ => Tried::Refused(said),
    }
}
