//! What the `abra` command is told and what it answers, as texts: versions, errors, tables, the app's environment file.
//!
//! The real command was never at hand when this was written. Each quirk names where it was read about: `(S…)` are public
//! sources, `(K)` is recalled knowledge, both as in `docs/guide/abra.md`.

pub mod alike;
pub mod env_file;
pub mod opinion;
pub mod said;
pub mod secrets;
mod table;
pub mod version;
