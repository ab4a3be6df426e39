//! The real swarm: [`Operate`]. Stacks are written by `docker stack deploy`, the reference loader; the rest by the API.

use super::deploy::stack_deploy;
use super::raw::Written;
use super::{Swarm, read};
use crate::secrets::{self, Secrets};
use crate::swarm::{Deployed, NewSecret, NewValue, Operate, Rendered, SwarmError};
use async_trait::async_trait;
use base64::Engine as _;
use bollard::errors::Error;
use bollard::models::SecretSpec;
use bollard::query_parameters::{
    KillContainerOptions, RemoveContainerOptions, RemoveVolumeOptions, UpdateSecretOptions,
};
use cc_ci_model::ids::{RunId, StackName};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::plan::permit::DeployPermit;
use cc_ci_recipe::overlay::Identity;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;

/// A placement condition that no node meets.
const NOWHERE: &str = "node.labels.cc-ci.nowhere==true";

/// How often an update is tried again when another writer was faster.
const UPDATE_TRIES: usize = 5;

#[async_trait]
impl Operate for Swarm {
    async fn deploy(&self, permit: DeployPermit, stack: &Rendered) -> Result<Deployed, SwarmError> {
        // The permit ends here: nobody can deploy with it again.
        let deployed = Deployed::spend(permit, stack)?;
        stack_deploy(self, stack).await?;
        Ok(deployed)
    }

    async fn redeploy(&self, proof: &Deployed, stack: &Rendered) -> Result<(), SwarmError> {
        proof.covers(stack)?;
        stack_deploy(self, stack).await
    }

    async fn scale(&self, service: &str, replicas: u64) -> Result<(), SwarmError> {
        let path = format!("services/{service}");
        for _ in 0..UPDATE_TRIES {
            let found = self.raw.get(&path).await?;
            let version = found["Version"]["Index"].as_u64().unwrap_or_default();
            let spec = scaled(found["Spec"].clone(), replicas);
            match self.raw.post(&format!("{path}/update?version={version}"), &spec).await? {
                Written::Done => return Ok(()),
                Written::OutOfSequence => {}
            }
        }
        let text = format!("another writer was faster {UPDATE_TRIES} times");
        Err(SwarmError::Command { verb: format!("scale service {service}"), text })
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

    async fn create_secrets(
        &self,
        run: &RunId,
        _stack: &Rendered,
        secrets: &[NewSecret],
        keep: &Secrets,
    ) -> Result<(), SwarmError> {
        for secret in secrets {
            let value = match &secret.value {
                NewValue::Given(value) => value.clone(),
                NewValue::Random { length, charset } => secrets::generate(*length, *charset),
            };
            keep.keep(&secret.name, &value);
            let spec = SecretSpec {
                name: Some(secret.name.clone()),
                labels: Some(crate::labels::of_run(run)),
                data: Some(base64::engine::general_purpose::STANDARD.encode(&value)),
                ..SecretSpec::default()
            };
            let verb = format!("create secret {}", secret.name);
            self.docker.create_secret(spec).await.map_err(SwarmError::engine(verb))?;
        }
        Ok(())
    }

    async fn adopt_secret(&self, run: &RunId, name: &str) -> Result<(), SwarmError> {
        label_secret(self, name, |labels| labels.extend(crate::labels::of_run(run))).await
    }

    async fn keep_secret(&self, recipe: &str, name: &str) -> Result<(), SwarmError> {
        label_secret(self, name, |labels| {
            labels.remove(crate::labels::RUN);
            labels.insert(crate::labels::CANONICAL.to_owned(), recipe.to_owned());
        })
        .await
    }

    fn identity(&self, _folder: &Path) -> Identity {
        Identity::Override
    }

    /// `docker stack rm` removes less than what is removed one by one anyway.
    async fn undeploy(&self, _run: &RunId, _stack: &StackName) -> Result<(), SwarmError> {
        Ok(())
    }

    async fn remove(&self, object: &Object) -> Result<bool, SwarmError> {
        let name = object.name.as_str();
        let done = match object.kind {
            ObjectKind::Service => self.docker.delete_service(name).await,
            ObjectKind::Container => {
                let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
                self.docker.remove_container(name, Some(options)).await
            }
            ObjectKind::Network => self.docker.remove_network(name).await,
            ObjectKind::Volume => self.docker.remove_volume(name, Some(RemoveVolumeOptions { force: true })).await,
            ObjectKind::Secret => self.docker.delete_secret(name).await,
            ObjectKind::Config => self.docker.delete_config(name).await,
        };
        removal(object, done)
    }
}

/// Changes the labels of a secret, the one thing about it that the engine lets anybody change.
async fn label_secret(
    swarm: &Swarm,
    name: &str,
    change: impl FnOnce(&mut HashMap<String, String>) + Send,
) -> Result<(), SwarmError> {
    let verb = || SwarmError::engine(format!("label secret {name}"));
    let found = swarm.docker.inspect_secret(name).await.map_err(verb())?;
    let version = found.version.and_then(|version| version.index).unwrap_or_default();
    let mut spec = found.spec.unwrap_or_default();
    change(spec.labels.get_or_insert_default());
    let version = i64::try_from(version).unwrap_or_default();
    swarm.docker.update_secret(name, spec, UpdateSecretOptions { version }).await.map_err(verb())
}

/// A service's spec that starts and stops it. A global service has no replicas and is stopped by a condition no node meets; a
/// job runs again when it is forced to.
fn scaled(mut spec: Value, replicas: u64) -> Value {
    if spec["Mode"]["Replicated"].is_object() {
        spec["Mode"]["Replicated"]["Replicas"] = json!(replicas);
    } else if spec["Mode"]["Global"].is_object() {
        let placement = &mut spec["TaskTemplate"]["Placement"];
        let mut constraints = placement["Constraints"].as_array().cloned().unwrap_or_default();
        constraints.retain(|constraint| constraint != NOWHERE);
        if replicas == 0 {
            constraints.push(json!(NOWHERE));
        }
        placement["Constraints"] = json!(constraints);
    } else if replicas > 0 {
        let force = spec["TaskTemplate"]["ForceUpdate"].as_u64().unwrap_or_default();
        spec["TaskTemplate"]["ForceUpdate"] = json!(force + 1);
    }
    spec
}

fn removal(object: &Object, done: Result<(), Error>) -> Result<bool, SwarmError> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if read::is_gone(&error) => Ok(true),
        Err(error) if read::is_busy(&error) => Ok(false),
        Err(error) => Err(SwarmError::engine(format!("remove {object}"))(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_can_be_stopped_and_started_again() {
        let replicated = json!({ "Mode": { "Replicated": { "Replicas": 3 } }, "TaskTemplate": {} });
        assert_eq!(scaled(replicated.clone(), 0)["Mode"]["Replicated"]["Replicas"], 0);
        assert_eq!(scaled(scaled(replicated.clone(), 0), 3), replicated);
        let placement = json!({ "Constraints": ["node.role==manager"] });
        let global = json!({ "Mode": { "Global": {} }, "TaskTemplate": { "Placement": placement } });
        let stopped = scaled(global.clone(), 0);
        assert_eq!(stopped["TaskTemplate"]["Placement"]["Constraints"], json!(["node.role==manager", NOWHERE]));
        assert_eq!(scaled(stopped, 1), global);
        let job = json!({ "Mode": { "ReplicatedJob": {} }, "TaskTemplate": {} });
        assert_eq!(scaled(job.clone(), 0), job);
        assert_eq!(scaled(job, 1)["TaskTemplate"]["ForceUpdate"], 1);
    }
}
