//! The app's route: how checks, tests and other apps reach it by its domain (SWARM-9).
//!
//! One edge container per run joins the `proxy` network with the domains of the run as its aliases, and with the hosts below them that
//! routers name, so that whatever is on that network reaches `https://<domain>/` on the ordinary port. The runner itself reaches the
//! container by its address on the engine's local bridge, never by an overlay address: those are not routed on the host.

use crate::exec::{ExecCommand, ExecError};
use crate::ledger::Ledger;
use crate::pace::Tries;
use crate::swarm::{
    Asking, Bounds, HttpAnswer, Launch, LaunchNetwork, NewFile, Node, Privileges, RunEdge, Stay, SwarmError, is_below,
};
use cc_ci_edge::Routes;
use cc_ci_model::contact::Contact;
use cc_ci_model::ids::{Domain, RunId};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_recipe::traefik::{self, PROXY_NETWORK, TraefikRoute};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long the edge may take from its container's start until it answers.
const LISTEN_LIMIT: Duration = Duration::from_secs(30);

/// How long the edge may take to follow new routes.
const FOLLOW_LIMIT: Duration = Duration::from_secs(5);

/// How much of what the edge says about itself is read. Bytes.
const STATUS_MOST: usize = 64 << 10;

/// The most memory the edge may use. Bytes.
const MEMORY: i64 = 128 << 20;

/// Makes one connection (see its own description).
const CONNECT: &str = include_str!("route/connect.py");

/// How long one connection may take. The program has limits of its own, which are shorter.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);

/// Where the edge's files lie in its container.
const FOLDER: &str = "/edge";

/// Certificates of one run: an authority that lives only in memory, and what it signed.
struct Certificates {
    authority: String,
    certificate: String,
    key: String,
}

/// The names under which an edge is found.
#[derive(Debug, Clone)]
pub struct EdgeNames {
    domains: Vec<Domain>,
    /// Hosts right below one of the domains, for which a router has a rule.
    below: BTreeSet<String>,
}

impl EdgeNames {
    /// Domains, and the hosts below them that routers of the apps name.
    pub fn of<'a>(domains: Vec<Domain>, routes: impl IntoIterator<Item = &'a [TraefikRoute]>) -> Self {
        let hosts = routes.into_iter().flat_map(traefik::entrances).map(|entrance| entrance.host);
        let below = hosts.filter(|host| is_below(&domains, host)).collect();
        Self { domains, below }
    }

    fn aliases(&self) -> Vec<String> {
        self.domains.iter().map(Domain::to_string).chain(self.below.iter().cloned()).collect()
    }
}

/// An open route.
pub struct OpenRoute {
    node: Arc<dyn Node>,
    edge: RunEdge,
    revision: u64,
}

/// The name of a run's edge container.
pub(crate) fn container_of(run: &RunId) -> String {
    format!("cc-ci-{run}-edge")
}

impl OpenRoute {
    /// Starts the edge for these names from the tools image; an error when it cannot be reached from this machine.
    pub async fn open(
        node: Arc<dyn Node>,
        ledger: &Ledger,
        run: &RunId,
        tools_image: &str,
        names: &EdgeNames,
        routes: &Routes,
        stay: Stay,
    ) -> Result<Self, SwarmError> {
        let certificates = mint(&names.domains)?;
        let authority = certificates.authority.clone();
        let edge = RunEdge { container: container_of(run), domains: names.domains.clone(), authority };
        ledger.making(Object::new(ObjectKind::Container, &edge.container))?;
        let files = vec![
            file("routes.json", routes_text(routes, 0)?),
            file("cert.pem", certificates.certificate),
            file("key.pem", certificates.key),
        ];
        node.launch(&edge.container, &Launch { files, ..launch_of(run, tools_image, names, stay) }).await?;
        Self::to(node, edge).await
    }

    /// The way that an edge which is up already serves, such as a warm provider's. Its authority is what was kept of it.
    pub async fn join(node: Arc<dyn Node>, run: &RunId, domain: &Domain, authority: &str) -> Result<Self, SwarmError> {
        let (container, authority) = (container_of(run), authority.to_owned());
        Self::to(node, RunEdge { container, domains: vec![domain.clone()], authority }).await
    }

    /// Waits until the edge answers: its container may run before the program in it listens.
    async fn to(node: Arc<dyn Node>, edge: RunEdge) -> Result<Self, SwarmError> {
        let asking = Asking::of("http", cc_ci_edge::STATUS_HOST, "/");
        let mut tries = Tries::new(LISTEN_LIMIT, Duration::from_millis(5));
        let mut why = String::new();
        while tries.again().await {
            match node.ask(&edge, &asking).await? {
                HttpAnswer::App { .. } | HttpAnswer::Edge { .. } => return Ok(Self { node, edge, revision: 0 }),
                HttpAnswer::None { why: last } => why = last,
            }
        }
        let text = format!("{} did not answer within {} s: {why}", edge.container, LISTEN_LIMIT.as_secs());
        Err(SwarmError::Command { verb: "open the route".to_owned(), text })
    }

    /// The certificate authority of this run, PEM, for whoever must trust the route.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.edge.authority
    }

    /// Follows other routes from now on, as after an upgrade that changed labels.
    pub async fn follow(&mut self, routes: &Routes) -> Result<(), SwarmError> {
        self.revision += 1;
        let container = &self.edge.container;
        self.node.upload(container, &[file("routes.json", routes_text(routes, self.revision)?)]).await?;
        self.node.signal(container, "HUP").await?;
        let wanted = self.revision.to_string();
        let mut tries = Tries::new(FOLLOW_LIMIT, Duration::from_millis(5));
        while tries.again().await {
            if self.followed().await.is_some_and(|revision| revision == wanted) {
                return Ok(());
            }
        }
        let text = format!("the edge did not take them over within {} s", FOLLOW_LIMIT.as_secs());
        Err(SwarmError::Command { verb: "tell the edge its new routes".to_owned(), text })
    }

    /// The same where an earlier process may have told it others.
    pub async fn follow_anew(&mut self, routes: &Routes) -> Result<(), SwarmError> {
        let follows = self.followed().await.and_then(|revision| revision.parse().ok());
        self.revision = self.revision.max(follows.unwrap_or_default());
        self.follow(routes).await
    }

    /// The revision of the routes the edge follows, as it says itself.
    async fn followed(&self) -> Option<String> {
        let asking = Asking::of("http", cc_ci_edge::STATUS_HOST, "/").reading(STATUS_MOST);
        let (HttpAnswer::App { body, .. } | HttpAnswer::Edge { body, .. }) =
            self.node.ask(&self.edge, &asking).await.ok()?
        else {
            return None;
        };
        let status: serde_json::Value = serde_json::from_slice(&body).ok()?;
        Some(status["revision"].as_str()?.to_owned())
    }

    /// Asks what answers on a domain once.
    pub async fn ask(&self, domain: &Domain, scheme: &str, path: &str) -> HttpAnswer {
        self.asked(&Asking::of(scheme, domain.as_str(), path)).await
    }

    /// Makes one connection to a port on the network that the edge is on; with a name, a TLS handshake for it is begun.
    pub async fn connect(&self, host: &str, port: u16, name: Option<&str>) -> Result<Contact, Finding> {
        let port = port.to_string();
        let words = ["python3", "-I", "-S", "-c", CONNECT, host, &port].into_iter().chain(name);
        let command = ExecCommand::new(words).limit(CONNECT_LIMIT);
        let output = match self.node.exec(&self.edge.container, &command).await {
            Ok(output) => output,
            Err(error @ (ExecError::Gone { .. } | ExecError::CannotStart { .. })) => {
                return Err(Finding::new(Cause::Harness, error.to_string()));
            }
            Err(error @ (ExecError::Engine { .. } | ExecError::NoExitCode { .. })) => {
                return Err(Finding::new(Cause::EngineLost, error.to_string()));
            }
        };
        Contact::read(&output.text()).ok_or_else(|| {
            Finding::new(Cause::Harness, format!("cannot try a connection: {}", output.tail(1).concat()))
        })
    }

    /// Asks once, as `asking` says.
    pub async fn asked(&self, asking: &Asking) -> HttpAnswer {
        let answer = self.node.ask(&self.edge, asking).await;
        answer.unwrap_or_else(|error| HttpAnswer::None { why: error.to_string() })
    }
}

/// The edge's container.
pub(crate) fn launch_of(run: &RunId, image: &str, names: &EdgeNames, stay: Stay) -> Launch {
    let args = ["--routes", "routes.json", "--cert", "cert.pem", "--key", "key.pem", "--connect-ms", "1000"];
    Launch {
        folder: Some(FOLDER),
        network: LaunchNetwork::Named { name: PROXY_NETWORK.to_owned(), aliases: names.aliases() },
        privileges: Privileges::Only(&["NET_BIND_SERVICE"]),
        bounds: Bounds { memory: Some(MEMORY), ..Bounds::default() },
        stay,
        ..Launch::new(run, image, std::iter::once("cc-ci-edge").chain(args))
    }
}

fn file(name: &str, text: String) -> NewFile {
    NewFile { path: format!("{FOLDER}/{name}"), text }
}

fn routes_text(routes: &Routes, revision: u64) -> Result<String, SwarmError> {
    let routes = Routes { revision: revision.to_string(), ..routes.clone() };
    serde_json::to_string(&routes)
        .map_err(|error| SwarmError::Command { verb: "write the edge's routes".to_owned(), text: error.to_string() })
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
    use cc_ci_recipe::traefik::{RouteProtocol, RouteTls};

    fn route(rule: &str) -> TraefikRoute {
        TraefikRoute {
            service: "app".to_owned(),
            router: "app".to_owned(),
            protocol: RouteProtocol::Http,
            rule: rule.to_owned(),
            entrypoints: Vec::new(),
            tls: RouteTls::Terminated,
            cert_resolver: None,
            backend: None,
            port: None,
            scheme: None,
            middlewares: Vec::new(),
            priority: None,
            network: None,
        }
    }

    #[test]
    fn an_edge_is_found_under_its_domains_and_the_hosts_below_them_that_routers_name() {
        let domain = Domain::of_stack(&StackName::observed("app"), "cc-ci.test");
        let base = [route("Host(`app.cc-ci.test`)"), route("Host(`API.app.cc-ci.test`) && PathPrefix(`/v1`)")];
        let head = [route("Host(`api.app.cc-ci.test`, `a.b.app.cc-ci.test`, `other.cc-ci.test`)")];
        let names = EdgeNames::of(vec![domain], [&base[..], &head[..]]);
        assert_eq!(names.aliases(), ["app.cc-ci.test", "api.app.cc-ci.test"]);
    }

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
