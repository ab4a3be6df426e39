//! A recipe at one commit, assembled from its parsed parts.

pub mod abra_sh;
pub mod compose;
pub mod env_sample;
pub mod interpolate;
mod scalar;
pub mod source;
pub mod version;
mod yaml;
