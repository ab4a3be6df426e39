//! Takes the index of every volume of a stack, by one command on the bench.

use cc_ci_model::data::{DataIndex, Entry, EntryKind, Mounted, VolumeIndex};
use cc_ci_model::ids::StackName;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::exec::{ExecCommand, Overflow};
use crate::swarm::Mounts;
use crate::workbench::{WorkError, Workbench};

/// Contents are read for digests up to this many bytes over all volumes, smallest files first.
const DIGEST_BUDGET: u64 = 256 << 20;

/// Whether contents are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digests {
    /// Up to a total of 256 MiB.
    Budget,
    /// Not at all.
    None,
}

/// The listing's own cap; about half a million files.
const LISTING_CAP: usize = 64 << 20;

/// Two lists, parted by an empty field: entries, then digests. Files that go away while it runs are no error. A database's own
/// files get no digest: they are compared by their bulk (see [`VolumeIndex::database_folders`]).
const SCRIPT: &str = r#"
set -u
budget=$1; shift
cd /volumes || exit 1
if ! find "$@" -mindepth 1 -printf '%y %s %m %U %G %p\0' 2>/tmp/find.err && grep -v 'No such file' /tmp/find.err >&2; then
  exit 1
fi
[ "$budget" -gt 0 ] || exit 0
printf '\0'
own=()
while IFS= read -r -d '' folder; do
  own+=(-path "$(printf '%s' "$folder" | sed 's/[][*?\\]/\\&/g')" -prune -o)
done < <(find "$@" \( -name PG_VERSION ! -path '*/base/*' -o -name ibdata1 -o -name WiredTiger \) -printf '%h\0' 2>/dev/null)
find "$@" "${own[@]}" -type f -printf '%s %p\0' 2>/dev/null | sort -zn |
while IFS= read -r -d '' line; do
  budget=$((budget - ${line%% *}))
  [ "$budget" -ge 0 ] || break
  printf '%s\0' "${line#* }"
done | xargs -0r sha256sum -z -- 2>/dev/null
exit 0
"#;

/// The volumes of a set of mounts, by full name.
#[must_use]
pub fn volumes_of(mounts: &BTreeSet<Mounted>) -> BTreeSet<String> {
    mounts.iter().map(|mount| mount.volume.clone()).collect()
}

/// Looks at all volumes of the stack that its running containers mount. The bench must have them; see [`Workbench::covering`].
/// Volumes of others, and nameless ones that no new task gets again, are left out.
pub async fn take(bench: &Workbench, stack: &StackName) -> Result<DataIndex, WorkError> {
    let observe = &bench.containers().observe;
    let (Mounts { services, volumes: mut mounts }, own) =
        tokio::try_join!(observe.mounts(stack), observe.volumes(stack))?;
    mounts.retain(|mount| own.contains(&mount.volume));
    let wanted = volumes_of(&mounts);
    if let Some(missing) = wanted.difference(bench.volumes()).next() {
        let text = format!("volume {missing} is not mounted on the bench");
        return Err(WorkError::Answer { what: "index the volumes".to_owned(), text });
    }
    let volumes = contents(bench, &wanted, Digests::Budget).await?;
    Ok(DataIndex { services, mounts, volumes })
}

/// The content of `volumes`, which the bench must have.
pub async fn contents(
    bench: &Workbench,
    volumes: &BTreeSet<String>,
    digests: Digests,
) -> Result<BTreeMap<String, VolumeIndex>, WorkError> {
    let mut found: BTreeMap<String, VolumeIndex> =
        volumes.iter().map(|volume| (volume.clone(), VolumeIndex::default())).collect();
    if volumes.is_empty() {
        return Ok(found);
    }
    let what = "index the volumes";
    let budget = match digests {
        Digests::Budget => DIGEST_BUDGET,
        Digests::None => 0,
    };
    let words = ["bash", "-c", SCRIPT, "index"].map(str::to_owned).into_iter();
    let words = words.chain([budget.to_string()]).chain(volumes.iter().map(|volume| format!("./{volume}")));
    let command = ExecCommand::new(words).limit(Duration::from_secs(120)).cap(LISTING_CAP, Overflow::Stop);
    let output = bench.must(what, &command).await?;
    read(&output.stdout, &mut found).map_err(|text| WorkError::Answer { what: what.to_owned(), text })?;
    Ok(found)
}

/// Reads the script's two lists into the volumes they belong to.
fn read(listing: &[u8], volumes: &mut BTreeMap<String, VolumeIndex>) -> Result<(), String> {
    let mut fields = listing.split(|byte| *byte == 0);
    for field in fields.by_ref().take_while(|field| !field.is_empty()) {
        let (entry, path) = read_entry(field).ok_or_else(|| escape(field))?;
        let (volume, path) = place(path).ok_or_else(|| escape(field))?;
        let index = volumes.get_mut(&volume).ok_or_else(|| escape(field))?;
        index.entries.insert(path, entry);
    }
    for field in fields.filter(|field| !field.is_empty()) {
        // `<64 hexadecimal digits>  <path>`
        let (digest, path) = field.split_at_checked(66).ok_or_else(|| escape(field))?;
        let (volume, path) = place(path).ok_or_else(|| escape(field))?;
        if let Some(entry) = volumes.get_mut(&volume).and_then(|index| index.entries.get_mut(&path)) {
            entry.digest = Some(String::from_utf8_lossy(&digest[..64]).into_owned());
        }
    }
    Ok(())
}

fn read_entry(field: &[u8]) -> Option<(Entry, &[u8])> {
    let mut parts = field.splitn(6, |byte| *byte == b' ');
    let kind = match parts.next()? {
        b"f" => EntryKind::File,
        b"d" => EntryKind::Folder,
        b"l" => EntryKind::Link,
        _ => EntryKind::Other,
    };
    let mut number = |radix| u64::from_str_radix(std::str::from_utf8(parts.next()?).ok()?, radix).ok();
    let size = number(10)?;
    let mode = u32::try_from(number(8)?).ok()?;
    let uid = u32::try_from(number(10)?).ok()?;
    let gid = u32::try_from(number(10)?).ok()?;
    let size = if kind == EntryKind::File { size } else { 0 };
    Some((Entry { kind, size, mode, uid, gid, digest: None }, parts.next()?))
}

/// `./<volume>/<path>` as volume and escaped path.
fn place(path: &[u8]) -> Option<(String, String)> {
    let path = path.strip_prefix(b"./")?;
    let slash = path.iter().position(|byte| *byte == b'/')?;
    Some((String::from_utf8(path[..slash].to_vec()).ok()?, escape(&path[slash + 1..])))
}

/// Bytes that are not UTF-8, control characters and `\` become `\xNN`, so that no two paths look the same and none can
/// write lines of its own into a report.
fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' || c.is_control() {
                let mut encoded = [0; 4];
                c.encode_utf8(&mut encoded).bytes().for_each(|byte| push_hex(&mut text, byte));
            } else {
                text.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| push_hex(&mut text, *byte));
    }
    text
}

fn push_hex(text: &mut String, byte: u8) {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('?');
    text.extend(['\\', 'x', digit(byte >> 4), digit(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volumes(names: &[&str]) -> BTreeMap<String, VolumeIndex> {
        names.iter().map(|name| ((*name).to_owned(), VolumeIndex::default())).collect()
    }

    #[test]
    fn entries_and_digests_land_in_their_volumes() {
        let digest = "ab".repeat(32);
        let listing = format!(
            "d 4096 755 0 0 ./v1/sub\0f 12 600 101 102 ./v1/sub/a b\n\0l 5 777 0 0 ./v2/link\0\0{digest}  ./v1/sub/a b\n\0"
        );
        let mut found = volumes(&["v1", "v2"]);
        read(listing.as_bytes(), &mut found).unwrap();
        let file = &found["v1"].entries[r"sub/a b\x0a"];
        assert_eq!((file.kind, file.size, file.mode, file.uid, file.gid), (EntryKind::File, 12, 0o600, 101, 102));
        assert_eq!(file.digest.as_deref(), Some(digest.as_str()));
        assert_eq!(found["v1"].entries["sub"].size, 0);
        assert_eq!(found["v2"].entries["link"].kind, EntryKind::Link);
    }

    #[test]
    fn hostile_names_stay_apart() {
        assert_eq!(escape(b"a\xffb"), r"a\xffb");
        assert_eq!(escape(br"a\xffb"), r"a\x5cxffb");
        assert_eq!(escape("\u{1b}[2Jü".as_bytes()), r"\x1b[2Jü");
    }

    #[test]
    fn nonsense_is_reported_with_its_text() {
        assert_eq!(read(b"f x ./v/a\0\0", &mut volumes(&["v"])).unwrap_err(), "f x ./v/a");
        assert!(read(b"f 1 644 0 0 ./other/a\0\0", &mut volumes(&["v"])).is_err());
        assert!(read(b"", &mut volumes(&["v"])).is_ok());
    }
}
