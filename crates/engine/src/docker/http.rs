//! HTTP through a run's edge, by its address on the engine's local bridge and never by an overlay address: those are not
//! routed on the host.

use super::Swarm;
use crate::swarm::{AnswerHeaders, Asker, Asking, HttpAnswer, RunEdge, SwarmError};
use bollard::query_parameters::{InspectContainerOptions, InspectNetworkOptions};
use cc_ci_recipe::traefik::PROXY_NETWORK;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The bridge every task with an outside connection is on; its addresses are reachable from the host.
const BRIDGE: &str = "docker_gwbridge";

/// How long one request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long it may take to connect.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// What a browser says it takes when it opens a page.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A client for each edge that was asked already, so that connections are used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients(Arc<Mutex<HashMap<String, Client>>>);

#[derive(Clone, Debug)]
struct Client {
    edge: RunEdge,
    address: IpAddr,
    http: reqwest::Client,
}

impl Clients {
    fn known(&self, edge: &RunEdge) -> Option<Client> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&edge.container).filter(|client| client.edge == *edge).cloned()
    }

    fn keep(&self, client: Client) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(client.edge.container.clone(), client);
    }

    /// An edge that was started again has another address.
    fn forget(&self, edge: &RunEdge) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&edge.container);
    }
}

/// Asks once. What does not answer is an answer, too.
pub(super) async fn ask(swarm: &Swarm, edge: &RunEdge, asking: &Asking) -> Result<HttpAnswer, SwarmError> {
    let client = client_of(swarm, edge).await?;
    let Asking { scheme, host, path, read, who } = asking;
    // A name that its certificate has not is asked for at its address.
    let request = if edge.is_named(host) {
        client.http.get(format!("{scheme}://{host}{path}"))
    } else {
        client.http.get(format!("{scheme}://{}{path}", client.address)).header("host", host)
    };
    let request = match who {
        Asker::Program => request,
        Asker::Browser(cookies) if cookies.is_empty() => request.header("accept", BROWSER),
        Asker::Browser(cookies) => request.header("accept", BROWSER).header("cookie", cookies),
    };
    match request.send().await {
        Ok(answer) => Ok(answered(answer, *read).await),
        Err(error) => {
            if error.is_connect() {
                swarm.clients.forget(edge);
            }
            Ok(HttpAnswer::None { why: last_source(&error) })
        }
    }
}

async fn answered(mut answer: reqwest::Response, read: usize) -> HttpAnswer {
    let status = answer.status().as_u16();
    let headers = answer.headers();
    let of_edge = headers.get(cc_ci_edge::MARK_HEADER).map(|mark| {
        let reason = headers.get(cc_ci_edge::REASON_HEADER).unwrap_or(mark);
        let known = mark.to_str().ok().and_then(cc_ci_edge::Mark::parse);
        (known, String::from_utf8_lossy(reason.as_bytes()).into_owned())
    });
    let told = told(headers);
    let mut body = Vec::new();
    while body.len() < read {
        match answer.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return HttpAnswer::None { why: last_source(&error) },
        }
    }
    body.truncate(read);
    match of_edge {
        None => HttpAnswer::App { status, headers: told, body },
        Some((mark, reason)) => HttpAnswer::Edge { mark, reason, body },
    }
}

fn told(headers: &reqwest::header::HeaderMap) -> AnswerHeaders {
    let words = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let one = |name: &str| headers.get(name).map(words);
    let cookies = headers.get_all("set-cookie").iter().map(words);
    AnswerHeaders {
        location: one("location"),
        content_type: one("content-type"),
        disposition: one("content-disposition"),
        encoding: one("content-encoding"),
        policy: one("content-security-policy"),
        cookies: cookies.filter_map(|cookie| Some(cookie.split(';').next()?.trim().to_owned())).collect(),
    }
}

fn last_source(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

async fn client_of(swarm: &Swarm, edge: &RunEdge) -> Result<Client, SwarmError> {
    if let Some(known) = swarm.clients.known(edge) {
        return Ok(known);
    }
    let address = bridge_address(swarm, &edge.container).await?;
    let client = Client { edge: edge.clone(), address, http: client(edge, address)? };
    swarm.clients.keep(client.clone());
    Ok(client)
}

async fn bridge_address(swarm: &Swarm, container: &str) -> Result<IpAddr, SwarmError> {
    let verb = || format!("find the address of {container} on {BRIDGE}");
    // On this bridge endpoints carry a gateway name of the engine's own, keyed by container id.
    let (network, container) = tokio::try_join!(
        swarm.docker.inspect_network(BRIDGE, None::<InspectNetworkOptions>),
        swarm.docker.inspect_container(container, None::<InspectContainerOptions>),
    )
    .map_err(SwarmError::engine(verb()))?;
    let endpoint = network.containers.unwrap_or_default().remove(&container.id.unwrap_or_default());
    let address = endpoint.and_then(|endpoint| endpoint.ipv4_address);
    address.and_then(|address| address.split('/').next().and_then(|ip| ip.parse().ok())).ok_or_else(|| {
        SwarmError::Command {
            verb: verb(),
            text: format!(
                "it is not on {BRIDGE}; is the `{PROXY_NETWORK}` network internal, or the runner on another node?"
            ),
        }
    })
}

fn client(edge: &RunEdge, address: IpAddr) -> Result<reqwest::Client, SwarmError> {
    let failed = |text: String| SwarmError::Command { verb: "set up the HTTP client".to_owned(), text };
    let mut roots = rustls::RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(edge.authority.as_bytes());
    let authority = authority.map_err(|error| failed(format!("the run's authority cannot be read: {error}")))?;
    roots.add(authority).map_err(|error| failed(error.to_string()))?;
    reqwest::Client::builder()
        .dns_resolver(ToEdge(address))
        .tls_backend_preconfigured(tls(roots).map_err(|error| failed(error.to_string()))?)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(REQUEST_LIMIT)
        .connect_timeout(CONNECT_LIMIT)
        .no_proxy()
        .build()
        .map_err(|error| failed(error.to_string()))
}

/// Every name that this client is asked to open is the edge's.
struct ToEdge(IpAddr);

impl Resolve for ToEdge {
    fn resolve(&self, _name: Name) -> Resolving {
        // Port 0: keep the scheme's own port.
        let addresses: Addrs = Box::new(std::iter::once(SocketAddr::new(self.0, 0)));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// TLS with these authorities and the cryptography that this program was built with, so that nobody has to install any.
pub(super) fn tls(roots: rustls::RootCertStore) -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
