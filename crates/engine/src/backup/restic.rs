//! Calls restic on the bench: make the repository, save, list, read one file, restore.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::repository;
use crate::exec::{ExecCommand, ExecStatus, Overflow};
use crate::workbench::{REPOSITORY, VOLUMES, WorkError, Workbench};

/// A snapshot's own listing can be as long as the index of its volumes.
const LISTING_CAP: usize = 64 << 20;

/// The run's backup repository: what it takes to open it.
#[derive(Clone)]
pub struct BackupRepository {
    password: String,
    /// The files of an empty one, by path.
    files: Vec<(String, Vec<u8>)>,
}

impl std::fmt::Debug for BackupRepository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BackupRepository")
    }
}

/// What restic says at the end of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Summary {
    pub(crate) snapshot_id: String,
    pub(crate) total_files_processed: u64,
    pub(crate) total_bytes_processed: u64,
}

/// A snapshot in restic's list of them.
#[derive(Debug, Deserialize)]
struct SnapshotId {
    id: String,
}

/// One entry of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Node {
    pub(crate) path: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) size: u64,
}

/// What [`WorkError`] says cannot be done.
const MAKING: &str = "make the backup repository";

const MAKE: &str = r#"
cd /repo || exit 1
umask 077
find . -mindepth 1 -delete
mkdir -p index keys locks snapshots data/{0,1,2,3,4,5,6,7,8,9,a,b,c,d,e,f}{0,1,2,3,4,5,6,7,8,9,a,b,c,d,e,f} || exit 1
while [ $# -gt 0 ]; do printf %s "$2" | base64 -d >"$1" || exit 1; shift 2; done
"#;

impl BackupRepository {
    /// Makes an empty repository in the bench's repository volume; whatever was there is deleted.
    pub async fn make(bench: &Workbench) -> Result<Self, WorkError> {
        let repository = Self::new()?;
        repository.lay_out(bench).await?;
        Ok(repository)
    }

    /// A repository that lies nowhere yet.
    pub(crate) fn new() -> Result<Self, WorkError> {
        let new = repository::new_repository();
        let refused = |error: repository::DeriveError| error.to_string();
        let new = new.map_err(|error| WorkError::Answer { what: MAKING.to_owned(), text: refused(error) })?;
        Ok(Self { password: new.password, files: new.files.into() })
    }

    /// One that was laid out before, by what opens it.
    pub(crate) fn opened_by(key: &str) -> Self {
        Self { password: key.to_owned(), files: Vec::new() }
    }

    /// What opens it.
    pub(crate) fn key(&self) -> &str {
        &self.password
    }

    /// Writes it, empty, into the bench's repository volume; whatever was there is deleted.
    pub(crate) async fn lay_out(&self, bench: &Workbench) -> Result<(), WorkError> {
        let words = ["bash", "-c", MAKE, "make"].map(str::to_owned).into_iter();
        let files = self.files.iter().flat_map(|(path, bytes)| [path.clone(), BASE64.encode(bytes)]);
        bench.must(MAKING, &ExecCommand::new(words.chain(files))).await.map(drop)
    }

    /// A restic call with the password in this call's environment and nowhere else.
    pub(crate) fn command<I: IntoIterator<Item = String>>(&self, words: I) -> ExecCommand {
        let fixed = ["restic", "--no-cache", "--quiet"].map(str::to_owned).into_iter();
        self.unlock(ExecCommand::new(fixed.chain(words)))
    }

    /// Gives any command what restic needs to open the repository.
    pub(crate) fn unlock(&self, command: ExecCommand) -> ExecCommand {
        command.env("RESTIC_PASSWORD", &self.password).env("RESTIC_REPOSITORY", REPOSITORY)
    }
}

/// Saves `paths` of the bench as one snapshot. Paths that do not exist are left out by restic; what the snapshot really
/// holds is [`list`]'s business.
pub(crate) async fn save(
    bench: &Workbench,
    repository: &BackupRepository,
    paths: &[String],
    limit: Duration,
) -> Result<Summary, WorkError> {
    save_tagged(bench, repository, paths, &[], limit).await
}

/// The same with tags on the snapshot.
pub(crate) async fn save_tagged(
    bench: &Workbench,
    repository: &BackupRepository,
    paths: &[String],
    tags: &[String],
    limit: Duration,
) -> Result<Summary, WorkError> {
    let what = "save the snapshot";
    let words = ["backup", "--json", "--compression", "off", "--host", "cc-ci", "--force"].map(str::to_owned);
    let tags = tags.iter().flat_map(|tag| ["--tag".to_owned(), tag.clone()]);
    let words = words.into_iter().chain(tags).chain(["--".to_owned()]);
    let command = repository.command(words.chain(paths.iter().cloned())).limit(limit);
    let output = bench.exec(&command).await?;
    // 3: some files could not be read, as when one is deleted meanwhile.
    let text = output.text();
    let summary = text.lines().rev().find_map(|line| serde_json::from_str::<Summary>(line).ok());
    match (output.status, summary) {
        (ExecStatus::Exited(0 | 3), Some(summary)) => Ok(summary),
        (ExecStatus::Exited(_) | ExecStatus::TimedOut | ExecStatus::TooMuchOutput, _) => {
            Err(WorkError::failed(what, &output))
        }
    }
}

/// Forgets every snapshot but those that are needed, with the data that only they hold. Nobody else may work with the repository: a
/// lock that a killed restic left is removed.
pub(crate) async fn forget_others(
    bench: &Workbench,
    repository: &BackupRepository,
    needed: &BTreeSet<String>,
    limit: Duration,
) -> Result<(), WorkError> {
    let (what, limited) = ("forget old snapshots", |words: Vec<String>| repository.command(words).limit(limit));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    bench.must(what, &limited(words(&["unlock", "--remove-all"]))).await?;
    let listed = bench.must(what, &limited(words(&["snapshots", "--json"]))).await?.text();
    let listed: Vec<SnapshotId> = serde_json::from_str(&listed)
        .map_err(|error| WorkError::Answer { what: what.to_owned(), text: format!("{error} in {listed}") })?;
    let others: Vec<String> = listed.into_iter().map(|one| one.id).filter(|id| !needed.contains(id)).collect();
    if !others.is_empty() {
        bench.must(what, &limited(words(&["forget", "--prune"]).into_iter().chain(others).collect())).await?;
    }
    Ok(())
}

/// Everything a snapshot holds, by path on the bench.
pub(crate) async fn list(
    bench: &Workbench,
    repository: &BackupRepository,
    snapshot: &str,
) -> Result<BTreeMap<String, Node>, WorkError> {
    let what = "list the snapshot";
    let words = ["ls", "--json", "--no-lock", snapshot].map(str::to_owned);
    let command = repository.command(words).limit(Duration::from_secs(120)).cap(LISTING_CAP, Overflow::Stop);
    let output = bench.must(what, &command).await?;
    read_listing(&output.text()).map_err(|text| WorkError::Answer { what: what.to_owned(), text })
}

/// Whether an entry can be put back anywhere; devices and sockets cannot.
pub(crate) fn is_plain(node: &Node) -> bool {
    matches!(node.kind.as_str(), "file" | "dir" | "symlink" | "fifo")
}

fn read_listing(text: &str) -> Result<BTreeMap<String, Node>, String> {
    let mut nodes = BTreeMap::new();
    // The first line describes the snapshot itself.
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let node: Node = serde_json::from_str(line).map_err(|error| format!("{error} in {line}"))?;
        nodes.insert(node.path.clone(), node);
    }
    Ok(nodes)
}

/// Removes links and pipes, whose paths come with `\xNN` for odd bytes. Nothing else is touched.
const CLEAR: &str = r#"
for path; do
  printf -v file %b "$path"
  if [ -L "$file" ] || [ -p "$file" ]; then rm -f -- "$file"; fi
done
exit 0
"#;

/// At most this many paths are given to one command.
const CHUNK: usize = 1000;

/// `$1` the snapshot, `$2` whether it holds large files: a hole in one stays a hole where restic can leave it one.
const RESTORE: &str = r#"
snapshot=$1 sparse=
if [ "$2" = yes ] && restic restore --help | grep -q -- --sparse; then sparse=--sparse; fi
exec restic --no-cache --quiet restore --no-lock $sparse --target /volumes "$snapshot:/volumes"
"#;

/// What is restored.
pub(crate) struct Restoring<'a> {
    /// The snapshot.
    pub(crate) id: &'a str,
    /// The links and pipes in it, by escaped path on the bench: restic does not replace one that is there, so they go first.
    pub(crate) specials: Vec<String>,
    /// Bytes of the largest file.
    pub(crate) largest: u64,
}

/// A file may have holes from this size on.
const LARGE: u64 = 16 << 20;

/// How restic begins the line about a path that it could not put back.
const REFUSED: &str = "ignoring error for ";

/// Puts every file of a snapshot back to where it was, and returns what could not be put back, each with the reason. Files that are
/// not in the snapshot stay.
pub(crate) async fn restore(
    bench: &Workbench,
    repository: &BackupRepository,
    snapshot: Restoring<'_>,
    limit: Duration,
) -> Result<Vec<String>, WorkError> {
    let large = snapshot.largest >= LARGE;
    let fixed = ["bash", "-c", RESTORE, "restore", snapshot.id, if large { "yes" } else { "no" }];
    let words = fixed.map(str::to_owned);
    for specials in snapshot.specials.chunks(CHUNK) {
        let words = ["bash", "-c", CLEAR, "clear"].map(str::to_owned).into_iter().chain(specials.iter().cloned());
        bench.must("restore links and pipes", &ExecCommand::new(words)).await?;
    }
    let output = bench.exec(&repository.unlock(ExecCommand::new(words)).limit(limit)).await?;
    let refused = refused(&output.tail(LINES));
    match output.status {
        ExecStatus::Exited(0) => Ok(Vec::new()),
        ExecStatus::Exited(_) if !refused.is_empty() => Ok(refused),
        ExecStatus::Exited(_) | ExecStatus::TimedOut | ExecStatus::TooMuchOutput => {
            Err(WorkError::failed("restore the snapshot", &output))
        }
    }
}

/// At most this many lines of restic's are looked at.
const LINES: usize = 100;

/// The paths that restic names as not put back; it counts from the folder of the volumes, which itself is never written to. A full disk is nobody's path.
fn refused(lines: &[String]) -> Vec<String> {
    if lines.iter().any(|line| line.contains("no space left on device")) {
        return Vec::new();
    }
    let refused = lines.iter().filter_map(|line| line.strip_prefix(REFUSED));
    let whole = |path: &str| if path.starts_with(VOLUMES) { path.to_owned() } else { format!("{VOLUMES}{path}") };
    refused.map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_put_back_is_told_apart_from_a_full_disk() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let text = "ignoring error for /volumes/v/pipe: file exists\nFatal: There were 1 errors";
        assert_eq!(refused(&lines(text)), ["/volumes/v/pipe: file exists"]);
        let below = "ignoring error for /v/pipe: file exists\nFatal: There were 1 errors";
        assert_eq!(refused(&lines(below)), ["/volumes/v/pipe: file exists"]);
        assert_eq!(refused(&lines("ignoring error for /volumes/v/a: write: no space left on device")), [""; 0]);
        assert_eq!(refused(&lines("Fatal: wrong password")), [""; 0]);
    }

    #[test]
    fn a_listing_is_read_by_path_and_nonsense_is_quoted() {
        let text = r#"{"time":"2026","paths":["/volumes/v"],"short_id":"1","struct_type":"snapshot"}
{"name":"a","type":"file","path":"/volumes/v/a","uid":0,"size":7,"struct_type":"node"}
{"name":"v","type":"dir","path":"/volumes/v","struct_type":"node"}
"#;
        let nodes = read_listing(text).unwrap();
        assert_eq!((nodes["/volumes/v/a"].size, nodes["/volumes/v"].kind.as_str()), (7, "dir"));
        assert!(read_listing("{}\n{\"name\":1}").unwrap_err().contains("{\"name\":1}"));
    }
}
