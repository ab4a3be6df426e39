//! Whole recipes, read from the folders under `fixtures`.

mod good;
mod loading;
mod malformed;
mod stack_config;
