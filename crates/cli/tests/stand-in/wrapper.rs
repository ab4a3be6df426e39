//! The stand-in for `abra` with faults: the product clears its environment, so a script sets what it is to see.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// The stand-in itself.
pub(crate) const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand-in/abra");

/// A program `abra` that behaves as it was told.
pub(crate) struct Wrapper {
    folder: tempfile::TempDir,
}

impl Wrapper {
    /// The stand-in with these variables set.
    pub(crate) fn new(faults: &[(&str, &str)]) -> Self {
        let wrapper = Self { folder: tempfile::tempdir().unwrap() };
        let set: String = faults.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
        std::fs::write(wrapper.program(), format!("#!/bin/sh\n{set}exec '{STAND_IN}' \"$@\"\n")).unwrap();
        std::fs::set_permissions(wrapper.program(), std::fs::Permissions::from_mode(0o755)).unwrap();
        wrapper
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.folder.path().join("abra")
    }
}
