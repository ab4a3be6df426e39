//! Where credentials for registries of images come from.

use crate::environment::{address, variable};
use cc_ci_runner::credentials::{self, CredentialsFile};
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::request::EngineChoice;
use cc_ci_terminal as terminal;
use clap::Args;
use std::path::PathBuf;

/// Where credentials for registries of images come from.
#[derive(Debug, Clone, Default, Args)]
pub struct RegistryArgs {
    /// Credentials for registries of images, in the format of Docker's `config.json`: only its `auths` are read, and
    /// credential helpers never run [default: the user's own file]
    #[arg(long, env = "CC_CI_REGISTRY_AUTH", value_name = "FILE", hide_env_values = true)]
    pub registry_auth: Option<PathBuf>,
}

impl RegistryArgs {
    /// The file; `None` when nobody named one and there is no place for a usual one.
    #[must_use]
    pub fn file(&self) -> Option<CredentialsFile> {
        let given = self.registry_auth.clone().filter(|file| !file.as_os_str().is_empty());
        let folder = || {
            let home = || variable("HOME").map(|home| PathBuf::from(home).join(".docker"));
            variable("DOCKER_CONFIG").map(PathBuf::from).or_else(home)
        };
        let usual = || Some(CredentialsFile::Usual(folder()?.join("config.json"))).filter(CredentialsFile::is_there);
        given.map(CredentialsFile::Given).or_else(usual)
    }

    /// The engine, and what registries of images are told.
    pub fn engine(&self) -> Result<EngineChoice, RunnerError> {
        credentials::engine(address()?, self.file().as_ref(), terminal::note)
    }
}
