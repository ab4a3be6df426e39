//! The real swarm: [`Operate`]. Stacks are written by `docker stack deploy`, the reference loader; the rest by the API.

use super::{Swarm, read};
use crate::process::{self, Command};
use crate::swarm::{NewSecret, Operate, Rendered, SwarmError};
use async_trait::async_trait;
use base64::Engine as _;
use bollard::errors::Error;
use bollard::models::SecretSpec;
use bollard::query_parameters::{
    InspectServiceOptions, KillContainerOptions, RemoveContainerOptions, RemoveVolumeOptions, UpdateServiceOptions,
};
use cc_ci_model::ids::RunId;
use cc_ci_model::object::{Kind, Object};
use cc_ci_model::plan::permit::DeployPermit;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Names the docker command itself reads: an app may not set them for it.
const RESERVED: [&str; 8] = [
    "PATH",
    "HOME",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_API_VERSION",
];

/// How long the command may take to hand the stack to the engine; it does not wait for convergence.
const HAND_OVER: Duration = Duration::from_secs(120);

/// How often an update is tried again when another writer was faster.
const UPDATE_TRIES: usize = 5;

#[async_trait]
impl Operate for Swarm {
    async fn deploy(&self, permit: DeployPermit, stack: &Rendered) -> Result<(), SwarmError> {
        // The permit ends here: nobody can deploy with it again.
        let _purpose = permit.purpose();
        stack_deploy(stack).await
    }

    async fn redeploy(&self, stack: &Rendered) -> Result<(), SwarmError> {
        stack_deploy(stack).await
    }

    async fn scale(&self, service: &str, replicas: u64) -> Result<(), SwarmError> {
        let verb = format!("scale service {service} to {replicas}");
        let wanted = i64::try_from(replicas).unwrap_or(i64::MAX);
        for left in (0..UPDATE_TRIES).rev() {
            let found = self
                .docker
                .inspect_service(service, None::<InspectServiceOptions>)
                .await
                .map_err(SwarmError::engine(verb.clone()))?;
            let version = found.version.and_then(|version| version.index).unwrap_or_default();
            let mut spec = found.spec.unwrap_or_default();
            if let Some(replicated) = spec.mode.as_mut().and_then(|mode| mode.replicated.as_mut()) {
                replicated.replicas = Some(wanted);
            }
            let options = UpdateServiceOptions {
                version: i32::try_from(version).unwrap_or(i32::MAX),
                ..UpdateServiceOptions::default()
            };
            match self.docker.update_service(service, spec, options, None).await {
                Ok(_) => return Ok(()),
                Err(error) if left > 0 && read::is_busy(&error) => {}
                Err(error) => return Err(SwarmError::engine(verb)(error)),
            }
        }
        Ok(())
    }

    async fn kill(&self, container: &str) -> Result<(), SwarmError> {
        let options = KillContainerOptions { signal: "KILL".to_owned() };
        match self.docker.kill_container(container, Some(options)).await {
            Err(error) if !read::is_gone(&error) && !read::is_busy(&error) => {
                Err(SwarmError::engine(format!("kill container {container}"))(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn create_secret(&self, run: &RunId, secret: &NewSecret) -> Result<(), SwarmError> {
        let spec = SecretSpec {
            name: Some(secret.name.clone()),
            labels: Some(crate::labels::of_run(run)),
            data: Some(base64::engine::general_purpose::STANDARD.encode(&secret.value)),
            ..SecretSpec::default()
        };
        let verb = format!("create secret {}", secret.name);
        self.docker.create_secret(spec).await.map(drop).map_err(SwarmError::engine(verb))
    }

    async fn remove(&self, object: &Object) -> Result<bool, SwarmError> {
        let name = object.name.as_str();
        let done = match object.kind {
            Kind::Service => self.docker.delete_service(name).await,
            Kind::Container => {
                let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
                self.docker.remove_container(name, Some(options)).await
            }
            Kind::Network => self.docker.remove_network(name).await,
            Kind::Volume => self.docker.remove_volume(name, Some(RemoveVolumeOptions { force: true })).await,
            Kind::Secret => self.docker.delete_secret(name).await,
            Kind::Config => self.docker.delete_config(name).await,
        };
        removal(object, done)
    }
}

fn removal(object: &Object, done: Result<(), Error>) -> Result<bool, SwarmError> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if read::is_gone(&error) => Ok(true),
        Err(error) if read::is_busy(&error) => Ok(false),
        Err(error) => Err(SwarmError::engine(format!("remove {object}"))(error)),
    }
}

async fn stack_deploy(stack: &Rendered) -> Result<(), SwarmError> {
    let verb = format!("deploy stack {}", stack.stack);
    let mut command = Command::new("docker").args(["stack", "deploy", "--resolve-image", "never"]);
    for file in &stack.files {
        command = command.arg("--compose-file").arg(file);
    }
    command = command.arg(stack.stack.as_str()).cwd(&stack.folder).deadline(HAND_OVER);
    for (name, value) in stack.env.iter().filter(|(name, _)| !RESERVED.contains(&name.as_str())) {
        command = command.env(name, value);
    }
    let command = command.inherit(&["DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH"]);
    let output = process::run(&command, &CancellationToken::new())
        .await
        .map_err(|error| SwarmError::Command { verb: verb.clone(), text: error.to_string() })?;
    if output.success() {
        return Ok(());
    }
    let text = output.stderr_text().trim().to_owned();
    if text.contains("Cannot connect to the Docker daemon") || text.contains("context deadline exceeded") {
        return Err(SwarmError::Command { verb, text });
    }
    Err(SwarmError::Refused { text })
}
