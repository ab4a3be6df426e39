//! Header rules of a proxy: what is not passed on, and what is added.

use std::net::SocketAddr;

use hyper::HeaderMap;
use hyper::header::{
    CONNECTION, COOKIE, HOST, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};

use crate::answer::MARK_HEADER;
use crate::table::EntryPoint;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PREFIX: &str = "x-forwarded-prefix";

/// Headers about a client that only a proxy may set; a client's own are dropped, as Traefik does for those it does not
/// trust.
const FROM_PROXIES_ONLY: [&str; 12] = [
    FORWARDED_FOR,
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-port",
    FORWARDED_PREFIX,
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-forwarded-tls-client-cert",
    "x-forwarded-tls-client-cert-info",
    "x-forwarded-uri",
    "x-real-ip",
    MARK_HEADER,
];

/// Whether a request asks to leave HTTP, as a WebSocket does.
pub(crate) fn asks_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(UPGRADE) && connection_options(headers).any(|option| option == "upgrade")
}

/// Removes the headers that concern one connection only: the fixed ones and those `Connection` names.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<String> = connection_options(headers).collect();
    for name in named {
        headers.remove(name.as_str());
    }
    for name in [
        CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ] {
        headers.remove(name);
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) entry: EntryPoint,
    pub(crate) client: SocketAddr,
}

/// Turns the headers of a client's request into those of the request to the back end.
pub(crate) fn prepare_request(
    headers: &mut HeaderMap,
    arrival: Arrival,
    host: &HeaderValue,
    server_name: &HeaderValue,
    stripped: &[String],
) {
    let upgrade = asks_upgrade(headers).then(|| headers.get(UPGRADE).cloned()).flatten();
    remove_hop_by_hop(headers);
    for name in FROM_PROXIES_ONLY {
        headers.remove(name);
    }
    let scheme = match (arrival.entry, &upgrade) {
        (EntryPoint::WebSecure, Some(value)) if is_websocket(value) => "wss",
        (EntryPoint::Web, Some(value)) if is_websocket(value) => "ws",
        (EntryPoint::WebSecure, Some(_) | None) => "https",
        (EntryPoint::Web, Some(_) | None) => "http",
    };
    if let Some(upgrade) = upgrade {
        restore_upgrade(headers, upgrade);
    }
    join_cookies(headers);
    let client = arrival.client.ip().to_canonical().to_string();
    if let Ok(client) = HeaderValue::from_str(&client) {
        headers.insert(FORWARDED_FOR, client.clone());
        headers.insert("x-real-ip", client);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static(scheme));
    headers.insert("x-forwarded-host", host.clone());
    headers.insert("x-forwarded-port", port_of(host, arrival.entry));
    headers.insert("x-forwarded-server", server_name.clone());
    for prefix in stripped {
        if let Ok(prefix) = HeaderValue::from_str(prefix) {
            headers.append(FORWARDED_PREFIX, prefix);
        }
    }
    headers.insert(HOST, host.clone());
}

/// Puts back the two headers of an upgrade, which are hop-by-hop but here go on to the next hop.
pub(crate) fn restore_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// The size of all names and values in bytes.
pub(crate) fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = String> {
    headers
        .get_all(CONNECTION)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|option| option.trim().to_ascii_lowercase())
        .filter(|option| !option.is_empty())
}

fn is_websocket(upgrade: &HeaderValue) -> bool {
    upgrade.as_bytes().eq_ignore_ascii_case(b"websocket")
}

/// HTTP/2 may split cookies over several headers, which HTTP/1.1 does not know.
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers.get_all(COOKIE).into_iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..]))
    {
        headers.insert(COOKIE, joined);
    }
}

/// The port the client named, else the usual one.
fn port_of(host: &HeaderValue, entry: EntryPoint) -> HeaderValue {
    let named =
        host.to_str().ok().and_then(|host| host.rsplit_once(':')).and_then(|(_, port)| port.parse::<u16>().ok());
    match (named, entry) {
        (Some(port), _) => HeaderValue::from(port),
        (None, EntryPoint::WebSecure) => HeaderValue::from_static("443"),
        (None, EntryPoint::Web) => HeaderValue::from_static("80"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    fn prepared(entry: EntryPoint, host: &'static str, lines: &[(&'static str, &'static str)]) -> String {
        let mut map = headers(lines);
        let arrival = Arrival { entry, client: "10.1.2.3:4567".parse().unwrap() };
        let server = HeaderValue::from_static("edge");
        prepare_request(&mut map, arrival, &HeaderValue::from_static(host), &server, &[]);
        let mut lines: Vec<String> =
            map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines.join("\n")
    }

    #[test]
    fn a_request_carries_what_the_proxy_knows_and_not_what_the_client_claims() {
        let got = prepared(
            EntryPoint::WebSecure,
            "a.test",
            &[
                ("accept", "*/*"),
                ("connection", "keep-alive, X-Private"),
                ("x-private", "1"),
                ("te", "trailers"),
                ("proxy-authorization", "secret"),
                ("x-forwarded-for", "6.6.6.6"),
                ("x-cc-ci-edge", "forged"),
                ("cookie", "a=1"),
                ("cookie", "b=2"),
            ],
        );
        assert_eq!(
            got,
            "accept: */*\ncookie: a=1; b=2\nhost: a.test\nx-forwarded-for: 10.1.2.3\nx-forwarded-host: a.test\n\
             x-forwarded-port: 443\nx-forwarded-proto: https\nx-forwarded-server: edge\nx-real-ip: 10.1.2.3"
        );
    }

    #[test]
    fn an_upgrade_goes_on_to_the_next_hop() {
        let got = prepared(
            EntryPoint::Web,
            "a.test:8080",
            &[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")],
        );
        assert_eq!(
            got,
            "connection: Upgrade\nhost: a.test:8080\nupgrade: websocket\nx-forwarded-for: 10.1.2.3\n\
             x-forwarded-host: a.test:8080\nx-forwarded-port: 8080\nx-forwarded-proto: ws\nx-forwarded-server: edge\n\
             x-real-ip: 10.1.2.3"
        );
    }

    #[test]
    fn an_upgrade_header_alone_is_hop_by_hop() {
        let map = headers(&[("upgrade", "h2c")]);
        assert!(!asks_upgrade(&map));
        let got = prepared(EntryPoint::Web, "a.test", &[("upgrade", "h2c")]);
        assert!(!got.contains("upgrade"), "{got}");
    }
}
