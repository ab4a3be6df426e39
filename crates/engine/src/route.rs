//! The app's route: how checks, tests and other apps reach it by its domain (SWARM-9).
//!
//! One edge container per run joins the `proxy` network with the domains of the run as its aliases, so that whatever is on
//! that network reaches `https://<domain>/` on the ordinary port. The runner itself reaches the container by its address on the
//! engine's local bridge, never by an overlay address: those are not routed on the host.

use crate::docker::start::start;
use crate::labels;
use crate::ledger::Ledger;
use crate::pace::Tries;
use crate::swarm::SwarmError;
use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, NetworkingConfig, RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    CreateContainerOptions, InspectNetworkOptions, KillContainerOptions, UploadToContainerOptions,
};
use cc_ci_edge::Routes;
use cc_ci_model::ids::{Domain, RunId};
use cc_ci_model::object::{Object, ObjectKind};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The network operators put their proxy on.
pub const PROXY_NETWORK: &str = "proxy";

/// The bridge every task with an outside connection is on; its addresses are reachable from the host.
const BRIDGE: &str = "docker_gwbridge";

/// How long one request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long the edge may take to follow new routes.
const FOLLOW_LIMIT: Duration = Duration::from_secs(5);

/// Where the edge's files lie in its container.
const FOLDER: &str = "/edge";

/// Certificates of one run: an authority that lives only in memory, and what it signed.
struct Certificates {
    authority: String,
    certificate: String,
    key: String,
}

/// An open route.
pub struct Route {
    docker: Docker,
    container: String,
    address: IpAddr,
    authority: String,
    client: reqwest::Client,
    revision: u64,
}

/// How long an edge stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// As long as its run; it is not started again.
    Run,
    /// Until somebody removes it, also over a restart of the engine.
    Kept,
}

impl Stay {
    fn policy(self) -> RestartPolicy {
        match self {
            Self::Run => RestartPolicy::default(),
            Self::Kept => {
                RestartPolicy { name: Some(RestartPolicyNameEnum::UNLESS_STOPPED), maximum_retry_count: None }
            }
        }
    }
}

/// The name of a run's edge container.
fn container_of(run: &RunId) -> String {
    format!("cc-ci-{run}-edge")
}

/// What came back from one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The app answered with this status.
    App(u16),
    /// The edge answered in its place: why.
    Edge(String),
    /// Nothing answered: why.
    None(String),
}

impl Route {
    /// Starts the edge for `domains` from the tools image and waits until it can be reached.
    pub async fn open(
        docker: &Docker,
        ledger: &Ledger,
        run: &RunId,
        tools_image: &str,
        domains: &[Domain],
        routes: &Routes,
        stay: Stay,
    ) -> Result<Self, SwarmError> {
        let name = container_of(run);
        let certificates = mint(domains)?;
        ledger.making(Object::new(ObjectKind::Container, &name))?;
        let verb = || format!("start the edge container {name}");
        let options = CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
        docker
            .create_container(Some(options), body(run, tools_image, domains, stay))
            .await
            .map_err(SwarmError::engine(verb()))?;
        let files = [
            ("routes.json", routes_text(routes, 0)?),
            ("cert.pem", certificates.certificate),
            ("key.pem", certificates.key),
        ];
        upload(docker, &name, &files).await?;
        start(docker, &name).await.map_err(SwarmError::engine(verb()))?;
        let address = bridge_address(docker, &name).await?;
        let client = client(domains, address, &certificates.authority)?;
        Ok(Self {
            docker: docker.clone(),
            container: name,
            address,
            authority: certificates.authority,
            client,
            revision: 0,
        })
    }

    /// The way that an edge which is up already serves, such as a warm provider's. Its authority is what was kept of it.
    pub async fn join(docker: &Docker, run: &RunId, domain: &Domain, authority: &str) -> Result<Self, SwarmError> {
        let container = container_of(run);
        let address = bridge_address(docker, &container).await?;
        let client = client(std::slice::from_ref(domain), address, authority)?;
        let authority = authority.to_owned();
        Ok(Self { docker: docker.clone(), container, address, authority, client, revision: 0 })
    }

    /// The certificate authority of this run, PEM, for whoever must trust the route.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Follows other routes from now on, as after an upgrade that changed labels.
    pub async fn follow(&mut self, routes: &Routes) -> Result<(), SwarmError> {
        self.revision += 1;
        upload(&self.docker, &self.container, &[("routes.json", routes_text(routes, self.revision)?)]).await?;
        let options = KillContainerOptions { signal: "HUP".to_owned() };
        let verb = "tell the edge its new routes";
        self.docker.kill_container(&self.container, Some(options)).await.map_err(SwarmError::engine(verb))?;
        let wanted = self.revision.to_string();
        let mut tries = Tries::new(FOLLOW_LIMIT, Duration::from_millis(5));
        while tries.again().await {
            if self.followed().await.is_some_and(|revision| revision == wanted) {
                return Ok(());
            }
        }
        let text = format!("the edge did not take them over within {} s", FOLLOW_LIMIT.as_secs());
        Err(SwarmError::Command { verb: verb.to_owned(), text })
    }

    /// The revision of the routes the edge follows, as it says itself.
    async fn followed(&self) -> Option<String> {
        let request = self.client.get(format!("http://{}/", self.address)).header("host", cc_ci_edge::STATUS_HOST);
        let text = request.send().await.ok()?.text().await.ok()?;
        let status: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(status["revision"].as_str()?.to_owned())
    }

    /// Asks what answers on a domain once. Redirects are not followed: the first answer is the one that counts.
    pub async fn ask(&self, domain: &Domain, scheme: &str, path: &str) -> Answer {
        let address = format!("{scheme}://{domain}{path}");
        match self.client.get(address).send().await {
            Ok(answer) => match answer.headers().get(cc_ci_edge::MARK_HEADER) {
                None => Answer::App(answer.status().as_u16()),
                Some(mark) => {
                    let reason = answer.headers().get(cc_ci_edge::REASON_HEADER).unwrap_or(mark);
                    Answer::Edge(String::from_utf8_lossy(reason.as_bytes()).into_owned())
                }
            },
            Err(error) => Answer::None(last_source(&error)),
        }
    }
}

fn last_source(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn body(run: &RunId, image: &str, domains: &[Domain], stay: Stay) -> ContainerCreateBody {
    let args = ["--routes", "routes.json", "--cert", "cert.pem", "--key", "key.pem", "--connect-ms", "1000"];
    let command = std::iter::once("cc-ci-edge").chain(args).map(str::to_owned).collect();
    let aliases = domains.iter().map(Domain::to_string).collect();
    let endpoint = EndpointSettings { aliases: Some(aliases), ..EndpointSettings::default() };
    ContainerCreateBody {
        image: Some(image.to_owned()),
        cmd: Some(command),
        working_dir: Some(FOLDER.to_owned()),
        labels: Some(labels::of_run(run)),
        host_config: Some(HostConfig {
            network_mode: Some(PROXY_NETWORK.to_owned()),
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(vec!["NET_BIND_SERVICE".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            restart_policy: Some(stay.policy()),
            memory: Some(128 * 1024 * 1024),
            ..HostConfig::default()
        }),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(HashMap::from([(PROXY_NETWORK.to_owned(), endpoint)])),
        }),
        ..ContainerCreateBody::default()
    }
}

fn routes_text(routes: &Routes, revision: u64) -> Result<String, SwarmError> {
    let routes = Routes { revision: revision.to_string(), ..routes.clone() };
    serde_json::to_string(&routes)
        .map_err(|error| SwarmError::Command { verb: "write the edge's routes".to_owned(), text: error.to_string() })
}

async fn upload(docker: &Docker, container: &str, files: &[(&str, String)]) -> Result<(), SwarmError> {
    let failed = |error: std::io::Error| SwarmError::Command {
        verb: "pack the edge's files".to_owned(),
        text: error.to_string(),
    };
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        let path = format!("{}/{name}", FOLDER.trim_start_matches('/'));
        archive.append_data(&mut header, path, text.as_bytes()).map_err(failed)?;
    }
    let bytes = archive.into_inner().map_err(failed)?;
    let options = UploadToContainerOptions { path: "/".to_owned(), ..UploadToContainerOptions::default() };
    docker
        .upload_to_container(container, Some(options), bollard::body_full(bytes.into()))
        .await
        .map_err(SwarmError::engine(format!("copy files into {container}")))
}

async fn bridge_address(docker: &Docker, container: &str) -> Result<IpAddr, SwarmError> {
    let verb = format!("find the address of {container} on {BRIDGE}");
    let found = docker
        .inspect_network(BRIDGE, None::<InspectNetworkOptions>)
        .await
        .map_err(SwarmError::engine(verb.clone()))?;
    // On this bridge endpoints carry a gateway name of the engine's own, keyed by container id.
    let inspected = docker
        .inspect_container(container, None::<bollard::query_parameters::InspectContainerOptions>)
        .await
        .map_err(SwarmError::engine(verb.clone()))?;
    let id = inspected.id.unwrap_or_default();
    found
        .containers
        .unwrap_or_default()
        .remove(&id)
        .and_then(|endpoint| endpoint.ipv4_address)
        .and_then(|address| address.split('/').next().and_then(|ip| ip.parse().ok()))
        .ok_or_else(|| SwarmError::Command {
            verb,
            text: format!(
                "it is not on {BRIDGE}; is the `{PROXY_NETWORK}` network internal, or the runner on another node?"
            ),
        })
}

fn client(domains: &[Domain], address: IpAddr, authority: &str) -> Result<reqwest::Client, SwarmError> {
    let failed = |error: reqwest::Error| SwarmError::Command {
        verb: "set up the HTTP client".to_owned(),
        text: error.to_string(),
    };
    let authority = reqwest::Certificate::from_pem(authority.as_bytes()).map_err(failed)?;
    // Port 0: keep the scheme's own port.
    let builder = domains.iter().fold(reqwest::Client::builder(), |builder, domain| {
        builder.resolve(domain.as_str(), SocketAddr::new(address, 0))
    });
    builder
        .tls_certs_only([authority])
        .redirect(reqwest::redirect::Policy::none())
        .timeout(REQUEST_LIMIT)
        .connect_timeout(Duration::from_secs(2))
        .no_proxy()
        .build()
        .map_err(failed)
}

fn mint(domains: &[Domain]) -> Result<Certificates, SwarmError> {
    let failed = |error: rcgen::Error| SwarmError::Command {
        verb: "mint the run's certificates".to_owned(),
        text: error.to_string(),
    };
    let mut authority = rcgen::CertificateParams::new(Vec::new()).map_err(failed)?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    // Python from 3.13 on refuses an authority that does not say what its key is for.
    authority.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(rcgen::DnType::CommonName, "cc-ci run authority");
    let authority_key = rcgen::KeyPair::generate().map_err(failed)?;
    let authority_certificate = authority.self_signed(&authority_key).map_err(failed)?;
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let names = domains.iter().flat_map(|domain| [domain.to_string(), format!("*.{domain}")]);
    let mut params = rcgen::CertificateParams::new(names.collect::<Vec<_>>()).map_err(failed)?;
    params.use_authority_key_identifier_extension = true;
    let key = rcgen::KeyPair::generate().map_err(failed)?;
    let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
    Ok(Certificates {
        authority: authority_certificate.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::ids::StackName;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test asks another implementation")]
    fn the_strictest_clients_take_the_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let minted = mint(&[Domain::of_stack(&StackName::observed("app"), "cc-ci.test")]).unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (authority, certificate) = (file("ca.pem", &minted.authority), file("cert.pem", &minted.certificate));
        // Each of these is what a browser or Python 3.13 asks for beyond the signature.
        let mut openssl = std::process::Command::new("openssl");
        openssl.args("verify -x509_strict -purpose sslserver -verify_hostname app.cc-ci.test -CAfile".split(' '));
        let output = openssl.arg(authority).arg(certificate).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
