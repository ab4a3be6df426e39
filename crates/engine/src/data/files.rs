//! Marker files in the folders a recipe promises to back up, written and read on the bench.

use cc_ci_model::data::{MARKER_PREFIX, Mounted};
use std::collections::BTreeSet;
use std::fmt;

use super::{FoundMarkers, MarkerPhase};
use crate::exec::ExecCommand;
use crate::workbench::{WorkError, Workbench};

/// A folder in a volume, by where a service mounts the volume.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folder {
    /// The service, without the stack's name.
    pub service: String,
    /// The volume's mount target in it.
    pub target: String,
    /// The folder relative to the volume's root; `""` is the root.
    pub path: String,
    /// The volume, by its full name: where to look when the service mounts nothing at the target any more.
    pub volume: String,
}

impl Folder {
    /// A folder of what is mounted.
    #[must_use]
    pub fn at(mount: &Mounted, path: &str) -> Self {
        let Mounted { service, target, volume } = mount.clone();
        Self { service, target, path: path.to_owned(), volume }
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, target, path, volume: _ } = self;
        if path.is_empty() { write!(f, "{service}:{target}") } else { write!(f, "{service}:{target}/{path}") }
    }
}

/// Whether a folder took its markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    NoFolder,
}

/// `enter ROOT FOLDER` prints the folder's real path if it is a folder inside the volume, links resolved.
const ENTER: &str = r#"
enter() {
  real=$(realpath -e -- "$2" 2>/dev/null) && [ -d "$real" ] || return 1
  case $real/ in "$1"/*) printf '%s' "$real";; *) return 1;; esac
}
"#;

const SEED: &str = r#"
name=$1 value=$2; shift 2
while [ $# -gt 0 ]; do
  if dir=$(enter "$1" "$2"); then
    for part in one two; do
      file=$dir/$name.$part
      rm -rf -- "$file" && printf '%s' "$value" >"$file" && chown --reference="$dir" -- "$file" && chmod 644 -- "$file" || exit 1
    done
    printf 'yes\n'
  else
    printf 'no\n'
  fi
  shift 2
done
"#;

const MUTATE: &str = r#"
name=$1 value=$2; shift 2
while [ $# -gt 0 ]; do
  dir=$(enter "$1" "$2") || { echo "no folder $2" >&2; exit 1; }
  printf '%s' "$value" >"$dir/$name.one" && rm -f -- "$dir/$name.two" || exit 1
  shift 2
done
"#;

/// For each folder two fields: `-` when absent, `=` and the first bytes of the content when there.
const READ: &str = r#"
name=$1; shift
while [ $# -gt 0 ]; do
  dir=$(enter "$1" "$2") || dir=/nowhere
  for part in one two; do
    file=$dir/$name.$part
    if [ -f "$file" ] && [ ! -L "$file" ]; then printf '='; head -c 200 -- "$file" | tr -d '\000'; else printf '-'; fi
    printf '\0'
  done
  shift 2
done
"#;

fn name(phase: MarkerPhase) -> String {
    format!("{MARKER_PREFIX}{}", phase.word())
}

/// The volume's root and the folder's path on the bench, or why there is none. What is mounted at the old place counts, whatever it
/// is; where nothing is, the volume may have moved to another path or service.
pub(super) fn locate(mounts: &BTreeSet<Mounted>, folder: &Folder) -> Result<[String; 2], String> {
    let Folder { service, target, path, volume } = folder;
    let mount = mounts.iter().find(|mount| mount.service == *service && mount.target == *target);
    let mount = mount.or_else(|| mounts.iter().find(|mount| mount.volume == *volume));
    let Some(mount) = mount else {
        return Err(format!("service {service} runs nothing that mounts a volume at {target}"));
    };
    let root = Workbench::path(&mount.volume);
    Ok([root.clone(), if path.is_empty() { root } else { format!("{root}/{path}") }])
}

fn located<'a>(mounts: &BTreeSet<Mounted>, folders: &[&'a Folder]) -> Vec<(&'a Folder, Result<[String; 2], String>)> {
    folders.iter().map(|folder| (*folder, locate(mounts, folder))).collect()
}

fn command(
    (name, script): (&str, &str),
    fixed: &[&str],
    places: &[(&Folder, Result<[String; 2], String>)],
) -> ExecCommand {
    let words = ["bash", "-c"].map(str::to_owned).into_iter();
    let words = words.chain([format!("{ENTER}{script}"), name.to_owned()]);
    let words = words.chain(fixed.iter().map(|word| (*word).to_owned()));
    ExecCommand::new(words.chain(places.iter().filter_map(|(_, place)| place.as_ref().ok()).flatten().cloned()))
}

pub(crate) async fn seed<'a>(
    bench: &Workbench,
    mounts: &BTreeSet<Mounted>,
    phase: MarkerPhase,
    value: &str,
    folders: Vec<&'a Folder>,
) -> Result<Vec<(&'a Folder, Taken)>, WorkError> {
    let places = located(mounts, &folders);
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let output =
        bench.must("seed marker files", &command(("seed-files", SEED), &[&name(phase), value], &places)).await?;
    let text = output.text();
    let mut answers = text.lines();
    let taken = places.into_iter().map(|(folder, place)| match place.ok().and_then(|_| answers.next()) {
        Some("yes") => (folder, Taken::Yes),
        Some(_) | None => (folder, Taken::NoFolder),
    });
    Ok(taken.collect())
}

pub(crate) async fn mutate(
    bench: &Workbench,
    mounts: &BTreeSet<Mounted>,
    phase: MarkerPhase,
    value: &str,
    folders: Vec<&Folder>,
) -> Result<(), WorkError> {
    let places = located(mounts, &folders);
    if !places.is_empty() {
        bench
            .must("change the marker files", &command(("change-files", MUTATE), &[&name(phase), value], &places))
            .await?;
    }
    Ok(())
}

pub(crate) async fn read<'a>(
    bench: &Workbench,
    mounts: &BTreeSet<Mounted>,
    phase: MarkerPhase,
    folders: Vec<&'a Folder>,
) -> Result<Vec<(&'a Folder, Result<FoundMarkers, String>)>, WorkError> {
    let what = "read the marker files";
    let places = located(mounts, &folders);
    if places.iter().all(|(_, place)| place.is_err()) {
        return Ok(places
            .into_iter()
            .map(|(folder, place)| (folder, place.map(|_| FoundMarkers::default())))
            .collect());
    }
    let output = bench.must(what, &command(("read-files", READ), &[&name(phase)], &places)).await?;
    let text = output.text();
    let mut fields = text.split('\0');
    let mut next = || -> Result<Option<String>, WorkError> {
        let field = fields.next().unwrap_or_default();
        match field.split_at_checked(1) {
            Some(("=", content)) => Ok(Some(content.to_owned())),
            Some(("-", "")) => Ok(None),
            _ => Err(WorkError::Answer { what: what.to_owned(), text: format!("field `{field}`") }),
        }
    };
    let mut found = Vec::with_capacity(places.len());
    for (folder, place) in places {
        found.push(match place {
            Ok(_) => (folder, Ok(FoundMarkers { one: next()?, two: next()? })),
            Err(why) => (folder, Err(why)),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_through_whatever_volume_is_mounted_now() {
        let one = |service: &str, target: &str, volume: &str| Mounted {
            service: service.into(),
            target: target.into(),
            volume: volume.into(),
        };
        let folder = Folder::at(&one("app", "/data", "old"), "up/loads");
        let mount = |volume: &str| BTreeSet::from([one("app", "/data", volume), one("files", "/srv", "old")]);
        assert_eq!(locate(&mount("new"), &folder).unwrap(), ["/volumes/new", "/volumes/new/up/loads"]);
        let moved = BTreeSet::from([one("files", "/srv", "old")]);
        assert_eq!(locate(&moved, &folder).unwrap(), ["/volumes/old", "/volumes/old/up/loads"]);
        assert_eq!(folder.to_string(), "app:/data/up/loads");
        let gone = locate(&BTreeSet::new(), &folder).unwrap_err();
        assert_eq!(gone, "service app runs nothing that mounts a volume at /data");
    }
}
