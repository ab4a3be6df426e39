//! Starts a container of the run, again if its network is just leaving the node.

use super::read;
use crate::pace::Tries;
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::StartContainerOptions;
use std::time::Duration;

/// How long a network may take to leave before it can come back. The engine itself gives up on an attachment after 20 s, and the
/// next one then succeeds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the container `name`, which exists.
pub(crate) async fn start(docker: &Docker, name: &str) -> Result<(), Error> {
    let mut tries = Tries::new(PATIENCE, Duration::from_millis(50));
    let mut last = Ok(());
    while tries.again().await {
        last = docker.start_container(name, None::<StartContainerOptions>).await;
        match &last {
            Err(error) if read::is_network_in_between(error) => {}
            Ok(()) | Err(_) => break,
        }
    }
    last
}
