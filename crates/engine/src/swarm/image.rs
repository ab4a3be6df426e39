//! Images of a node, and how a pull goes.

use super::SwarmError;

/// An image that is on the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// The engine's id of it.
    pub id: String,
    /// `repository@digest` for each repository it was pulled from.
    pub digests: Vec<String>,
    /// Its size in bytes; `None` when the engine does not say.
    pub bytes: Option<u64>,
}

/// What the engine tells of one layer while it pulls an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerNews {
    /// The layer; in the first line the image's tag.
    pub id: String,
    /// `Downloading`, `Pull complete` and the like.
    pub status: String,
    /// How many bytes of it are there.
    pub bytes: Option<u64>,
}

/// Hears of each layer.
pub type LayerTeller<'a> = &'a mut (dyn FnMut(&LayerNews) + Send);

/// Why an image was not pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// It does not exist, or not for whoever asks: the recipe's doing.
    #[error("{0}")]
    Missing(String),
    /// The disk is full.
    #[error("{0}")]
    DiskFull(String),
    /// Its registry does not answer, or not now.
    #[error("{0}")]
    Registry(String),
    /// The engine did not answer.
    #[error(transparent)]
    Engine(#[from] SwarmError),
}

impl PullError {
    /// Reads what the engine says: only an image that does not exist is the recipe's doing.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let missing =
            ["not found", "manifest unknown", "does not exist", "access denied", "invalid reference", "name unknown"];
        if lower.contains("no space left") {
            Self::DiskFull(text.to_owned())
        } else if missing.iter().any(|word| lower.contains(word)) && !lower.contains("no such host") {
            Self::Missing(text.to_owned())
        } else {
            Self::Registry(text.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_image_is_told_from_a_silent_registry() {
        use PullError::{DiskFull, Missing, Registry};
        assert!(matches!(
            PullError::read("manifest for x:1 not found: manifest unknown: manifest unknown"),
            Missing(_)
        ));
        assert!(matches!(PullError::read("pull access denied for x, repository does not exist"), Missing(_)));
        assert!(matches!(PullError::read("dial tcp: lookup example.invalid: no such host"), Registry(_)));
        assert!(matches!(PullError::read("toomanyrequests: You have reached your pull rate limit"), Registry(_)));
        assert!(matches!(PullError::read("write /var/x: no space left on device"), DiskFull(_)));
    }
}
