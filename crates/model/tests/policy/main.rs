//! What a recipe may say and ask for: `ci.toml` and the compose policy, through the crate's door.

#[cfg(test)]
mod requests;
#[cfg(test)]
mod settings;
