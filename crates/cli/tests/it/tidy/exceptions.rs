//! What does not obey a rule yet. A list here may only get shorter: an entry that is no longer needed fails its test.

/// Files that need each other, by crate.
pub(super) const CIRCLES: &[&str] = &[];

/// Files besides the door that know a client of the engine.
pub(super) const CLIENTS: &[&str] = &[];

/// Files besides `environment.rs` of the arguments and the door for processes that read the environment.
pub(super) const ENVIRONMENT: &[&str] = &[];

/// Files of a run that measure a limit on a clock which tests cannot stop.
pub(super) const CLOCKS: &[&str] = &[];

/// Names that more than one public type has.
pub(super) const NAMES: &[&str] = &[];

/// Files with a `_` arm over an enum.
pub(super) const WILDCARDS: &[&str] = &[];

/// Functions that are too long to be read at once.
pub(super) const FUNCTIONS: &[&str] = &[];
