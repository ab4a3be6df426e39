//! Takes the index of every volume of a stack, by one command on the bench.

use cc_ci_model::data::content::{Content, Form};
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
const LISTING_CAP: usize = 128 << 20;

/// One pass over all volumes, by one program (see its own description).
const PROGRAM: &str = include_str!("index.py");

/// A call of the program on the bench, for some volumes.
pub(super) fn program<'a>(task: &str, bytes: u64, volumes: impl Iterator<Item = &'a String>) -> ExecCommand {
    let words = ["python3", "-I", "-S", "-c", PROGRAM, task].map(str::to_owned).into_iter();
    ExecCommand::new(words.chain([bytes.to_string()]).chain(volumes.map(|volume| format!("./{volume}"))))
        .limit(Duration::from_secs(120))
        .cap(LISTING_CAP, Overflow::Stop)
}

/// The volumes of a set of mounts, by full name.
#[must_use]
pub fn volumes_of(mounts: &BTreeSet<Mounted>) -> BTreeSet<String> {
    mounts.iter().map(|mount| mount.volume.clone()).collect()
}

/// Looks at all volumes of the stack that its running containers mount. The bench must have them.
/// Volumes of others, and nameless ones that no new task gets again, are left out.
pub async fn take(bench: &Workbench, stack: &StackName) -> Result<DataIndex, WorkError> {
    let observe = &bench.containers().observe;
    let (Mounts { services, volumes: mut mounts, read_only, covers }, own) =
        tokio::try_join!(observe.mounts(stack), observe.volumes(stack))?;
    mounts.retain(|mount| own.contains(&mount.volume));
    let wanted = volumes_of(&mounts);
    if let Some(missing) = wanted.difference(bench.volumes()).next() {
        let text = format!("volume {missing} is not mounted on the bench");
        return Err(WorkError::Answer { what: "index the volumes".to_owned(), text });
    }
    let volumes = contents(bench, &wanted, Digests::Budget).await?;
    Ok(DataIndex { services, mounts, read_only, covers, users: BTreeMap::new(), volumes })
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
    let command = program("index", budget, volumes.iter());
    let output = bench.must(what, &command).await?;
    read(&output.stdout, &mut found).map_err(|text| WorkError::Answer { what: what.to_owned(), text })?;
    Ok(found)
}

/// Reads what the program wrote into the volumes it belongs to: pairs of facts and path.
fn read(listing: &[u8], volumes: &mut BTreeMap<String, VolumeIndex>) -> Result<(), String> {
    let mut fields = listing.split(|byte| *byte == 0);
    while let (Some(facts), Some(path)) = (fields.next(), fields.next()) {
        let entry = read_entry(facts).ok_or_else(|| escape(facts))?;
        let (volume, path) = place(path).ok_or_else(|| escape(path))?;
        let index = volumes.get_mut(&volume).ok_or_else(|| escape(facts))?;
        match path.as_str() {
            "" => index.root = Some(entry),
            _ => drop(index.entries.insert(path, entry)),
        }
    }
    Ok(())
}

fn read_entry(facts: &[u8]) -> Option<Entry> {
    let words: Vec<&str> = std::str::from_utf8(facts).ok()?.split(' ').collect();
    let [kind, size, mode, uid, gid, form, digest, sample] = words.as_slice() else { return None };
    let kind = match *kind {
        "f" => EntryKind::File,
        "d" => EntryKind::Folder,
        "l" => EntryKind::Link,
        "p" => EntryKind::Pipe,
        "s" => EntryKind::Socket,
        _ => EntryKind::Other,
    };
    let form = match *form {
        "t" => Form::Text,
        "s" => Form::Sqlite,
        "b" => Form::Binary,
        _ => Form::Target,
    };
    let size = size.parse().ok()?;
    Some(Entry {
        kind,
        size: if kind == EntryKind::File { size } else { 0 },
        mode: u32::from_str_radix(mode, 8).ok()?,
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        content: (*digest != "-").then(|| Content {
            digest: (*digest).to_owned(),
            form,
            sample: hex::decode(sample).unwrap_or_default(),
        }),
    })
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
    text.extend(["\\x", &hex::encode([byte])]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volumes(names: &[&str]) -> BTreeMap<String, VolumeIndex> {
        names.iter().map(|name| ((*name).to_owned(), VolumeIndex::default())).collect()
    }

    #[test]
    fn entries_land_in_their_volumes_with_what_they_hold() {
        let digest = "ab".repeat(32);
        let listing = format!(
            "d 4096 755 0 0 - - -\0./v1/\0d 4096 755 0 0 - - -\0./v1/sub\0f 12 600 101 102 t {digest} 6869\0./v1/sub/a b\n\0\
             l 5 777 0 0 - {digest} 2f\0./v2/link\0p 0 644 0 0 - - -\0./v2/pipe\0"
        );
        let mut found = volumes(&["v1", "v2"]);
        read(listing.as_bytes(), &mut found).unwrap();
        let file = &found["v1"].entries[r"sub/a b\x0a"];
        assert_eq!((file.kind, file.size, file.mode, file.uid, file.gid), (EntryKind::File, 12, 0o600, 101, 102));
        let content = file.content.as_ref().unwrap();
        assert_eq!(
            (content.digest.as_str(), content.form, content.sample.as_slice()),
            (digest.as_str(), Form::Text, &b"hi"[..])
        );
        assert_eq!((found["v1"].entries["sub"].size, found["v1"].root.is_some()), (0, true));
        assert_eq!(found["v2"].entries["link"].kind, EntryKind::Link);
        assert_eq!((found["v2"].entries["pipe"].kind, found["v2"].root.is_some()), (EntryKind::Pipe, false));
    }

    #[test]
    fn hostile_names_stay_apart() {
        assert_eq!(escape(b"a\xffb"), r"a\xffb");
        assert_eq!(escape(br"a\xffb"), r"a\x5cxffb");
        assert_eq!(escape("\u{1b}[2Jü".as_bytes()), r"\x1b[2Jü");
    }

    #[test]
    fn nonsense_is_reported_with_its_text() {
        assert_eq!(read(b"f x\0./v/a\0", &mut volumes(&["v"])).unwrap_err(), "f x");
        assert!(read(b"f 1 644 0 0 - - -\0./other/a\0", &mut volumes(&["v"])).is_err());
        assert!(read(b"", &mut volumes(&["v"])).is_ok());
    }
}
