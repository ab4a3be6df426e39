//! The files in the volumes of the double, and the snapshots that were taken of them.

use super::script::Deed;
use std::collections::{BTreeMap, BTreeSet};

/// Where the workbench has volumes.
const ROOT: &str = "/volumes/";

/// Files by path relative to their volume's root.
pub(super) type Content = BTreeMap<String, Vec<u8>>;

/// What lies in volumes. One that nothing was written into is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Volumes {
    /// By full name.
    files: BTreeMap<String, Content>,
    /// What each snapshot holds that was not forgotten, by its number.
    snapshots: BTreeMap<usize, Saved>,
    /// How many snapshots were taken.
    taken: usize,
}

/// What a snapshot holds, by path on the workbench; `None` for a folder.
pub(super) type Saved = BTreeMap<String, Option<Vec<u8>>>;

/// A path of the workbench as volume and path below its root.
pub(super) fn place(path: &str) -> Option<(&str, &str)> {
    let below = path.strip_prefix(ROOT)?;
    Some(below.split_once('/').unwrap_or((below, "")))
}

fn on_bench(volume: &str, path: &str) -> String {
    if path.is_empty() { format!("{ROOT}{volume}") } else { format!("{ROOT}{volume}/{path}") }
}

/// The folders above a path, the volume's root left out.
pub(super) fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

impl Volumes {
    /// What lies in a volume.
    pub(super) fn content(&self, volume: &str) -> Content {
        self.files.get(volume).cloned().unwrap_or_default()
    }

    /// What a file of the workbench holds.
    pub(super) fn read(&self, path: &str) -> Option<&[u8]> {
        let (volume, path) = place(path)?;
        self.files.get(volume)?.get(path).map(Vec::as_slice)
    }

    /// Writes a file by its path on the workbench.
    pub(super) fn write(&mut self, path: &str, content: &[u8]) {
        if let Some((volume, path)) = place(path) {
            self.files.entry(volume.to_owned()).or_default().insert(path.to_owned(), content.to_vec());
        }
    }

    /// Deletes a file by its path on the workbench.
    pub(super) fn delete(&mut self, path: &str) {
        if let Some((volume, path)) = place(path) {
            self.files.entry(volume.to_owned()).or_default().remove(path);
        }
    }

    /// Deletes everything in a volume.
    pub(super) fn empty(&mut self, volume: &str) {
        self.files.remove(volume);
    }

    /// Whether a path of the workbench is the root of a volume or a folder with something in it.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        place(path).is_some_and(|(volume, path)| {
            path.is_empty() || self.content(volume).keys().any(|file| folders(file).any(|folder| folder == path))
        })
    }

    /// Does to the volumes called `names` what a test ordered.
    pub(super) fn suffer<'a>(&mut self, deed: &Deed, names: impl Iterator<Item = &'a String>) {
        let (Deed::Writes { volume: key, .. } | Deed::Deletes { volume: key, .. } | Deed::Empties { volume: key }) =
            deed;
        for name in names.filter(|name| name.ends_with(&format!("_{key}"))) {
            match deed {
                Deed::Writes { path, content, .. } => self.write(&on_bench(name, path), content.as_bytes()),
                Deed::Deletes { path, .. } => self.delete(&on_bench(name, path)),
                Deed::Empties { .. } => self.empty(name),
            }
        }
    }

    /// Saves what lies at or below `paths` of the workbench; what is not there is left out. Returns the snapshot's number.
    pub(super) fn save(&mut self, paths: &[&str]) -> usize {
        let mut saved = BTreeMap::new();
        for (volume, path) in paths.iter().filter_map(|path| place(path)) {
            let below = format!("{path}/");
            let inside = |file: &str| path.is_empty() || file == path || file.starts_with(&below);
            let content = self.content(volume).into_iter().filter(|(file, _)| inside(file)).collect::<Content>();
            if path.is_empty() || !content.is_empty() {
                saved.insert(on_bench(volume, ""), None);
            }
            for (file, bytes) in content {
                saved.extend(folders(&file).map(|folder| (on_bench(volume, folder), None)));
                saved.insert(on_bench(volume, &file), Some(bytes));
            }
        }
        let number = self.taken;
        self.taken += 1;
        self.snapshots.insert(number, saved);
        number
    }

    /// What a snapshot holds.
    pub(super) fn snapshot(&self, number: &str) -> Saved {
        let saved = number.parse().ok().and_then(|number: usize| self.snapshots.get(&number));
        saved.cloned().unwrap_or_default()
    }

    /// The numbers of the snapshots that there are.
    pub(super) fn snapshots(&self) -> impl Iterator<Item = String> {
        self.snapshots.keys().map(ToString::to_string)
    }

    /// Removes snapshots by their number.
    pub(super) fn forget(&mut self, numbers: &[&str]) {
        self.snapshots.retain(|number, _| !numbers.contains(&number.to_string().as_str()));
    }

    /// Puts the files of a snapshot back; others stay.
    pub(super) fn restore(&mut self, number: &str) {
        for (path, bytes) in self.snapshot(number) {
            if let Some(bytes) = bytes {
                self.write(&path, &bytes);
            }
        }
    }
}

/// The folders of a volume.
pub(super) fn all_folders(content: &Content) -> BTreeSet<&str> {
    content.keys().flat_map(|path| folders(path)).collect()
}
