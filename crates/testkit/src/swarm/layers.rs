//! What services write into their containers beside their volumes.

use std::collections::{BTreeMap, BTreeSet};

/// The files of containers, and how long those of containers that were replaced can be looked at.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// By image: each path with what it holds.
    written: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    pub(super) replaced: Replaced,
    /// Images whose containers are gone when somebody looks into them.
    pub(super) removed: BTreeSet<String>,
}

/// What becomes of a container whose task was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replaced {
    /// The swarm keeps it for a while.
    #[default]
    Stays,
    /// The swarm is set to remove it.
    Goes,
    /// The swarm is set to keep it, and somebody removes it.
    Vanishes,
}

impl Layers {
    pub(super) fn write(&mut self, image: &str, path: &str, content: &str) {
        let of_image = self.written.entry(image.to_owned()).or_default();
        of_image.insert(path.to_owned(), content.as_bytes().to_vec());
    }

    /// Every changed path of a container of `image`, with the folders above them.
    pub(super) fn changes(&self, image: &str) -> BTreeSet<String> {
        let files = self.written.get(image).into_iter().flat_map(BTreeMap::keys);
        files
            .flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at]).chain([path.as_str()]))
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn first_bytes(&self, image: &str, path: &str, most: usize) -> Option<Vec<u8>> {
        let content = self.written.get(image)?.get(path)?;
        Some(content.iter().take(most).copied().collect())
    }
}
