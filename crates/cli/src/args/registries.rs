//! Where credentials for registries of images come from.

use super::{address, variable};
use crate::terminal;
use cc_ci_engine::docker::{CredentialsError, RegistryCredentials};
use cc_ci_runner::error::{ErrorKind, RunnerError, chain};
use cc_ci_runner::request::EngineChoice;
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

/// A file of credentials, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsFile {
    /// Whoever started this process. It has to be usable.
    Given(PathBuf),
    /// Nobody: it is where the docker command keeps its own. It may be missing.
    Usual(PathBuf),
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

    /// The engine, and what registries of images are told. A usual file that cannot be used is told about and left out.
    pub fn engine(&self) -> Result<EngineChoice, RunnerError> {
        let address = address()?;
        let credentials = match self.file().map(|file| (file.read(), file)) {
            None => RegistryCredentials::default(),
            Some((Ok(credentials), _)) => credentials,
            Some((Err(error), CredentialsFile::Given(_))) => {
                return Err(RunnerError::new(ErrorKind::Usage, chain(&error)).hint(
                    "`docker login` writes such a file as `config.json` into the folder that DOCKER_CONFIG names",
                ));
            }
            Some((Err(error), CredentialsFile::Usual(_))) => {
                terminal::note(&format!("{}; images are pulled without", chain(&error)));
                RegistryCredentials::default()
            }
        };
        Ok(EngineChoice::At { address, credentials })
    }
}

impl CredentialsFile {
    fn is_there(&self) -> bool {
        self.path().exists()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &PathBuf {
        match self {
            Self::Given(path) | Self::Usual(path) => path,
        }
    }

    /// Reads it.
    pub fn read(&self) -> Result<RegistryCredentials, CredentialsError> {
        RegistryCredentials::read(self.path())
    }
}
