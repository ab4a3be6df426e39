//! What a run leaves besides its record, written at once by whoever started it (SEC-1: masked).

use std::sync::Arc;

/// What a run leaves besides its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Artifact<'a> {
    /// The generated override of the last deployment, and the name of each file it was merged with.
    EffectiveStack(&'a str),
    /// What a service wrote.
    Log {
        /// The service's name; `canaille.app` for one of a dependency.
        service: &'a str,
        /// All of its lines.
        text: &'a str,
    },
    /// The picture of the app, a PNG.
    Screenshot(&'a [u8]),
}

/// Writes an artifact at once, masked. The error says why it could not.
pub type Keep = Arc<dyn Fn(Artifact<'_>) -> Result<(), String> + Send + Sync>;
