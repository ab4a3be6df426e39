//! Reads database dumps back out of a snapshot and tells complete ones from empty and cut-off ones (BAK-2).

use cc_ci_model::outcome::{Cause, Finding};
use std::time::Duration;

use super::restic::BackupRepository;
use crate::exec::ExecCommand;
use crate::workbench::{WorkError, Workbench};

/// File name endings that make a file a dump.
const ENDINGS: [&str; 15] = [
    ".sql",
    ".sql.gz",
    ".sql.zst",
    ".sql.xz",
    ".sql.bz2",
    ".dump",
    ".dump.gz",
    ".pgdump",
    ".pg_dump",
    ".rdb",
    ".rdb.gz",
    ".sqlite",
    ".sqlite.gz",
    ".sqlite3",
    ".sqlite3.gz",
];

/// At most this many dumps are read back.
pub(crate) const MOST: usize = 50;

/// Whether a path names a dump.
pub(crate) fn is_dump(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// What a dump was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dump {
    pub(crate) path: String,
    pub(crate) state: DumpState,
    /// Whether the marker's value stands in it.
    pub(crate) marked: bool,
}

/// Whether a dump can be trusted to hold everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DumpState {
    /// It ends as its program ends a dump.
    Complete,
    /// It is not empty and reads well, but nothing in it says where it should end.
    Plain,
    /// It is packed in a way the bench cannot unpack, so its inside is not known.
    Packed,
    /// It holds nothing.
    Empty,
    /// Its packing breaks off or its end mark is missing.
    Cut,
    /// It is whole pages, yet SQLite finds them malformed: copied while they changed.
    Malformed,
    /// The snapshot could not give it back.
    Unreadable,
}

/// For each path: state, then `yes` or `no` for the marker, one line each. `$1` snapshot, `$2` the marker's value.
const SCRIPT: &str = r#"
snapshot=$1 value=$2; shift 2
work=$(mktemp -d) && cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
unpack() {
  case $(head -c 6 raw | od -An -tx1 | tr -d ' \n') in
    1f8b*) tool=gzip ;;
    28b52ffd*) tool=zstd ;;
    fd377a585a00*) tool=xz ;;
    425a68*) tool=bzip2 ;;
    *) mv raw text; return ;;
  esac
  command -v $tool >/dev/null || return 9
  $tool -dc <raw >text 2>/dev/null || return 1
}
judge() {
  restic --no-cache --quiet dump --no-lock "$snapshot" "$1" >raw 2>err || { echo unreadable; return; }
  [ -s raw ] || { echo empty; return; }
  unpack; case $? in 0) ;; 9) echo packed; return ;; *) echo cut; return ;; esac
  [ -s text ] || { echo empty; return; }
  if [ "$(head -c 5 text)" = PGDMP ]; then
    mv text custom
    if pg_restore -f text custom 2>err; then echo complete; else echo cut; fi
  elif head -c 4096 text | grep -aqE '^-- (PostgreSQL database|MySQL|MariaDB) (cluster )?dump'; then
    if tail -c 4096 text | grep -aqE '^-- (PostgreSQL database (cluster )?dump complete|Dump completed)'; then echo complete; else echo cut; fi
  elif head -c 200 text | grep -aqx 'PRAGMA foreign_keys=OFF;'; then # what sqlite3 writes for .dump
    if tail -c 20 text | grep -aqx 'COMMIT;'; then echo complete; else echo cut; fi
  elif [ "$(head -c 5 text | tr -d '\0')" = REDIS ]; then # the end mark, then eight bytes of checksum
    if [ "$(tail -c 9 text | head -c 1 | od -An -tx1 | tr -d ' ')" = ff ]; then echo complete; else echo cut; fi
  elif [ "$(head -c 15 text | tr -d '\0')" = 'SQLite format 3' ] && [ "$(stat -c %s text)" -ge 100 ] && command -v sqlite3 >/dev/null; then
    sqlite
  else
    echo plain
  fi
}
# A database is as many pages as its header says, of the size it says.
number() { head -c $(($1 + $2)) text | tail -c $2 | od -An -tu1 | awk '{ for (i = 1; i <= NF; i++) n = n * 256 + $i } END { print n + 0 }'; }
sqlite() {
  page=$(number 16 2) pages=$(number 28 4)
  [ "$page" != 1 ] || page=65536
  if [ "$(stat -c %s text)" -lt $((page * pages)) ]; then echo cut; return; fi
  if [ "$(sqlite3 -batch -init /dev/null 'file:text?mode=ro&immutable=1' 'PRAGMA quick_check(1)' 2>&1)" = ok ]; then echo complete; else echo malformed; fi
}
for path; do
  rm -f raw text custom
  judge "$path"
  if [ -n "$value" ] && [ -f text ] && grep -aqF -- "$value" text; then echo yes; else echo no; fi
done
"#;

/// Reads each of `paths` out of the snapshot. `value` is looked for in each.
pub(crate) async fn read(
    bench: &Workbench,
    repository: &BackupRepository,
    snapshot: &str,
    paths: Vec<String>,
    value: &str,
    limit: Duration,
) -> Result<Vec<Dump>, WorkError> {
    let what = "read the dumps of the snapshot";
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let words = ["bash", "-c", SCRIPT, "dumps", snapshot, value].map(str::to_owned).into_iter();
    let command = repository.unlock(ExecCommand::new(words.chain(paths.iter().cloned()))).limit(limit);
    let text = bench.must(what, &command).await?.text();
    let mut lines = text.lines();
    let mut dumps = Vec::new();
    for path in paths {
        let (state, marked) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let state = match state {
            "complete" => DumpState::Complete,
            "plain" => DumpState::Plain,
            "packed" => DumpState::Packed,
            "empty" => DumpState::Empty,
            "cut" => DumpState::Cut,
            "malformed" => DumpState::Malformed,
            "unreadable" => DumpState::Unreadable,
            other => return Err(WorkError::Answer { what: what.to_owned(), text: format!("`{other}` for {path}") }),
        };
        dumps.push(Dump { path, state, marked: marked == "yes" });
    }
    Ok(dumps)
}

/// What is wrong with a dump by itself. `shown` is its path as the recipe knows it.
pub(crate) fn finding(dump: &Dump, shown: &str, service: &str) -> Option<Finding> {
    let (cause, what) = match dump.state {
        DumpState::Complete | DumpState::Plain | DumpState::Packed => return None,
        DumpState::Empty => (Cause::DumpTruncated, "is empty"),
        DumpState::Cut => (Cause::DumpTruncated, "breaks off: its end is missing"),
        DumpState::Malformed => (Cause::DumpTruncated, "is malformed: SQLite cannot read all of it"),
        DumpState::Unreadable => (Cause::BackupIncomplete, "cannot be read back from the snapshot"),
    };
    Some(Finding::new(cause, format!("the dump {shown} {what}")).of_service(service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_are_known_by_their_names() {
        for dump in
            ["/v/backup.sql", "/v/a/Backup.SQL.gz", "/v/x.dump", "/v/x.pgdump", "/v/dump.rdb", "/v/a.sqlite3.gz"]
        {
            assert!(is_dump(dump), "{dump}");
        }
        for other in
            ["/v/backup.sql.part", "/v/sql", "/v/base/1/sql", "/v/mysql/x.ibd", "/v/app.sqlite-wal", "/v/thumbs.db"]
        {
            assert!(!is_dump(other), "{other}");
        }
    }

    #[test]
    fn an_empty_or_cut_dump_is_a_finding_of_its_service() {
        let dump = |state| Dump { path: "/volumes/v/a.sql".into(), state, marked: false };
        let found = finding(&dump(DumpState::Cut), "db:/data/a.sql", "db").unwrap();
        assert_eq!((found.cause, found.service.as_deref()), (Cause::DumpTruncated, Some("db")));
        assert_eq!(found.summary, "the dump db:/data/a.sql breaks off: its end is missing");
        assert_eq!(finding(&dump(DumpState::Complete), "", ""), None);
    }
}
