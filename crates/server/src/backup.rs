//! All that a server knows in one file, and a server made of it again. Copies of repositories are fetched anew; secrets are in
//! files of their own that no backup holds.

use crate::db::{DbError, copy_of, look_at};
use crate::place::{DATABASE, Place, PlaceError};
use cc_ci_model::ids::RunId;
use cc_ci_store::run_dir::{RunDir, RunDirError};
use cc_ci_store::state::StateFolder;
use cc_ci_store::stored::folders;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use tar::{Archive, Builder, EntryType};

/// Files of the state folder that a person wrote.
const WRITTEN: [&str; 2] = [cc_ci_model::serving::FILE, "policy.toml"];

/// Where it is put together, in the state folder.
const DRAFT: &str = "restore-draft";

/// Whether the folders of runs are in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsIn {
    /// Those that are over.
    Backup,
    /// None: the history is told by the database alone.
    Nothing,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The state folder, the file, or the database in one of them.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The runs.
    #[error(transparent)]
    Runs(#[from] RunDirError),
    /// There is nothing to keep.
    #[error("{} has no database: no server was ever started there", .0.display())]
    Nothing(PathBuf),
    /// There is something already.
    #[error("{} has a database already; a backup is restored into an empty folder", .0.display())]
    Occupied(PathBuf),
    /// It is no backup of ours.
    #[error("{} is no backup of a server: {why}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let failed = PlaceError::io(path);
    move |source| BackupError::Place(failed(source))
}

impl From<DbError> for BackupError {
    fn from(error: DbError) -> Self {
        Self::Place(error.into())
    }
}

/// Writes a backup, while the server works or not. It is there whole, or not at all; only its owner can read it.
pub fn backup(state: &StateFolder, to: &Path, runs: RunsIn) -> Result<(), BackupError> {
    let root = state.root();
    let database = root.join(DATABASE);
    if !database.is_file() {
        return Err(BackupError::Nothing(root.to_owned()));
    }
    let copy = tempfile_beside(to, "database");
    remove(&copy)?;
    copy_of(&database, &copy)?;
    let draft = tempfile_beside(to, "draft");
    remove(&draft)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(io(&draft))?;
    let mut archive = Builder::new(file);
    archive.follow_symlinks(false);
    archive.append_path_with_name(&copy, DATABASE).map_err(io(&draft))?;
    remove(&copy)?;
    for name in WRITTEN {
        if root.join(name).is_file() {
            archive.append_path_with_name(root.join(name), name).map_err(io(&root.join(name)))?;
        }
    }
    match runs {
        RunsIn::Nothing => {}
        RunsIn::Backup => {
            for (run, dir) in folders(state)? {
                if !dir.is_running()? {
                    add_run(&mut archive, &run, &dir)?;
                }
            }
        }
    }
    let file = archive.into_inner().map_err(io(&draft))?;
    file.sync_all().map_err(io(&draft))?;
    fs::rename(&draft, to).map_err(io(to))
}

/// Adds the files of a run. What is no file of its own, such as a link, is left out.
fn add_run(archive: &mut Builder<File>, run: &RunId, dir: &RunDir) -> Result<(), BackupError> {
    let mut open = vec![PathBuf::new()];
    while let Some(at) = open.pop() {
        let folder = dir.path().join(&at);
        for entry in fs::read_dir(&folder).map_err(io(&folder))? {
            let entry = entry.map_err(io(&folder))?;
            let (within, kind) = (at.join(entry.file_name()), entry.file_type().map_err(io(&folder))?);
            if kind.is_dir() {
                open.push(within);
            } else if kind.is_file() {
                let name = Path::new("runs").join(run.as_str()).join(&within);
                archive.append_path_with_name(entry.path(), name).map_err(io(&entry.path()))?;
            }
        }
    }
    Ok(())
}

/// Makes a server's folder of a backup. Nothing is changed in it before the whole backup was read and its database looked at.
pub fn restore(state: &StateFolder, from: &Path) -> Result<(), BackupError> {
    let root = state.root();
    let _place = Place::take(root)?;
    fill(root, from)
}

/// Fills a folder that is ours alone meanwhile.
fn fill(root: &Path, from: &Path) -> Result<(), BackupError> {
    if root.join(DATABASE).exists() {
        return Err(BackupError::Occupied(root.to_owned()));
    }
    let draft = root.join(DRAFT);
    clear(&draft)?;
    DirBuilder::new().mode(0o700).create(&draft).map_err(io(&draft))?;
    let unpacked = unpack(from, &draft).and_then(|()| settle(&draft, root));
    clear(&draft)?;
    unpacked
}

/// Reads a backup into an empty folder. Nothing in it is believed: names, kinds and the database are looked at.
fn unpack(from: &Path, draft: &Path) -> Result<(), BackupError> {
    let foreign = |why: String| BackupError::Foreign { path: from.to_owned(), why };
    let mut file = File::open(from).map_err(io(from))?;
    file.rewind().map_err(io(from))?;
    let mut archive = Archive::new(file);
    for entry in archive.entries().map_err(|error| foreign(error.to_string()))? {
        let mut entry = entry.map_err(|error| foreign(error.to_string()))?;
        let name = entry.path().map_err(|error| foreign(error.to_string()))?.into_owned();
        if entry.header().entry_type() != EntryType::Regular || !is_ours(&name) {
            return Err(foreign(format!("it holds `{}`", name.display())));
        }
        let target = draft.join(&name);
        if let Some(folder) = target.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io(folder))?;
        }
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target).map_err(io(&target))?;
        io::copy(&mut entry, &mut out).map_err(io(&target))?;
        let mode = if name.starts_with("runs") { 0o644 } else { 0o600 };
        fs::set_permissions(&target, fs::Permissions::from_mode(mode)).map_err(io(&target))?;
    }
    let database = draft.join(DATABASE);
    if !database.is_file() {
        return Err(foreign("it has no database".to_owned()));
    }
    Ok(look_at(&database)?)
}

/// Whether a backup of ours has a file of this name.
fn is_ours(name: &Path) -> bool {
    let parts: Vec<&str> = name
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str().unwrap_or_default(),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => "",
        })
        .collect();
    match parts[..] {
        [one] => one == DATABASE || WRITTEN.contains(&one),
        ["runs", run, _, ..] => RunId::parse(run).is_ok() && parts.iter().all(|part| !part.is_empty()),
        _ => false,
    }
}

/// Moves what was read to its place; what stands there already stays. The database comes last: with it there is a server.
fn settle(draft: &Path, root: &Path) -> Result<(), BackupError> {
    let runs = draft.join("runs");
    if runs.is_dir() {
        let home = root.join("runs");
        fs::create_dir_all(&home).map_err(io(&home))?;
        for entry in fs::read_dir(&runs).map_err(io(&runs))? {
            let entry = entry.map_err(io(&runs))?;
            place(&entry.path(), &home.join(entry.file_name()))?;
        }
    }
    for name in WRITTEN.iter().chain([&DATABASE]) {
        if draft.join(name).is_file() {
            place(&draft.join(name), &root.join(name))?;
        }
    }
    Ok(())
}

fn place(from: &Path, to: &Path) -> Result<(), BackupError> {
    if to.exists() { Ok(()) } else { fs::rename(from, to).map_err(io(to)) }
}

fn tempfile_beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{what}"));
    PathBuf::from(name)
}

fn remove(file: &Path) -> Result<(), BackupError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io(file)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn clear(folder: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io(folder)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
