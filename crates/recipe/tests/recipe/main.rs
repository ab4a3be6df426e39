//! Whole recipes, read from the folders under `fixtures`.

#![expect(clippy::disallowed_methods, reason = "only the crate itself is pure; its fixtures are files")]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests stop at the first surprise and say why they skip")]

mod broken;
mod cli;
mod forms;
mod good;
mod hostile;
mod loader;
mod loading;
mod malformed;
mod overlays;
mod parts;
mod requests;
mod stack_config;
