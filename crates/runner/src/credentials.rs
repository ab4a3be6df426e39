//! The file with credentials for registries of images: who named it, and what becomes of one that cannot be used.

use crate::error::{ErrorKind, RunnerError, chain};
use crate::request::EngineChoice;
use cc_ci_engine::docker::{CredentialsError, EngineAddress, RegistryCredentials};
use std::path::PathBuf;

/// A file of credentials, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsFile {
    /// Whoever started this process. It has to be usable.
    Given(PathBuf),
    /// Nobody: it is where the docker command keeps its own. It may be missing.
    Usual(PathBuf),
}

impl CredentialsFile {
    /// Whether it is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
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

/// The engine at an address, and what registries of images are told: what stands in the file, if there is one. A usual file that
/// cannot be used is told about and left out.
pub fn engine(
    address: EngineAddress,
    file: Option<&CredentialsFile>,
    say: impl Fn(&str),
) -> Result<EngineChoice, RunnerError> {
    let credentials = match file.map(|file| (file.read(), file)) {
        None => RegistryCredentials::default(),
        Some((Ok(credentials), _)) => credentials,
        Some((Err(error), CredentialsFile::Given(_))) => {
            return Err(RunnerError::new(ErrorKind::Usage, chain(&error))
                .hint("`docker login` writes such a file as `config.json` into the folder that DOCKER_CONFIG names"));
        }
        Some((Err(error), CredentialsFile::Usual(_))) => {
            say(&format!("{}; images are pulled without", chain(&error)));
            RegistryCredentials::default()
        }
    };
    Ok(EngineChoice::At { address, credentials })
}
