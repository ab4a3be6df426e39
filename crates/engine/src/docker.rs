//! The real swarm, by Docker: the one place that knows the typed client and raw HTTP.
//!
//! What leaves this folder is in our own words ([`crate::swarm`]), errors included.

mod address;
mod containers;
mod credentials;
mod deploy;
mod events;
mod exec;
mod first_bytes;
mod http;
mod image_files;
mod inventory;
mod loader;
mod login_folder;
mod node;
mod node_facts;
mod observe;
mod operate;
mod raw;
mod read;
mod rights;
mod signals;
mod stack_command;
mod standby;
mod usage;
mod users;
mod wire;

use crate::swarm::{Doors, SwarmError};
use bollard::Docker;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

pub use address::{AddressError, EngineAddress, NO_CONFIGURATION};
pub use credentials::{CredentialsError, RegistryCredentials};
pub use loader::config;

/// How long the engine may take to answer, in seconds; streams and waits are not meant.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// A connection to the engine.
#[derive(Clone, Debug)]
pub struct Swarm {
    address: EngineAddress,
    docker: Docker,
    raw: raw::Raw,
    clients: http::Clients,
    client: Arc<deploy::ClientVersion>,
    credentials: RegistryCredentials,
    default_registry: Arc<OnceCell<String>>,
}

impl Swarm {
    /// Connects to the engine and asks for an answer. Images are pulled with these credentials.
    pub async fn connect(address: &EngineAddress, credentials: &RegistryCredentials) -> Result<Self, SwarmError> {
        let verb = || format!("connect to the engine at {address}");
        let (path, limit) = (address.socket_path().to_string_lossy(), ANSWER_LIMIT.as_secs());
        let docker = Docker::connect_with_unix(&path, limit, bollard::API_DEFAULT_VERSION);
        let docker = docker.map_err(SwarmError::engine(verb()))?;
        let docker = match docker.negotiate_version().await {
            Ok(docker) => docker,
            Err(error) => {
                return Err(match rights::lacking(address.socket_path()) {
                    Some(text) => SwarmError::Command { verb: verb(), text },
                    None => SwarmError::engine(verb())(error),
                });
            }
        };
        let raw = raw::Raw::connect(address)?;
        Ok(Self {
            address: address.clone(),
            docker,
            raw,
            clients: http::Clients::default(),
            client: Arc::default(),
            credentials: credentials.clone(),
            default_registry: Arc::default(),
        })
    }

    /// The three doors to this engine.
    #[must_use]
    pub fn doors(&self) -> Doors {
        let swarm = Arc::new(self.clone());
        Doors { observe: swarm.clone(), operate: swarm.clone(), node: swarm }
    }
}
