//! The routes file: what the runner writes and the proxy follows.

use serde::{Deserialize, Serialize};

/// The entry point for plain HTTP, by the name Co-op Cloud's Traefik gives it.
pub const WEB: &str = "web";

/// The entry point for HTTPS, by the name Co-op Cloud's Traefik gives it.
pub const WEB_SECURE: &str = "web-secure";

/// Everything a routes file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routes {
    /// A name the writer gives to this version of the file. The status answer repeats it, so that the writer can wait
    /// until its routes are followed.
    #[serde(default)]
    pub revision: String,
    /// The routers; their order has no meaning.
    #[serde(default)]
    pub routers: Vec<Router>,
}

/// One router: which requests it takes and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Router {
    /// Name, as in the labels; unique in the file.
    pub name: String,
    /// Rule in Traefik's language, see [`crate::RouteRule`].
    pub rule: String,
    /// Entry points it listens on; empty means all. Names other than [`WEB`] and [`WEB_SECURE`] never match.
    #[serde(default)]
    pub entry_points: Vec<String>,
    /// Whether it takes TLS requests. As in Traefik, a router takes only TLS requests or only plain ones.
    #[serde(default)]
    pub tls: bool,
    /// Higher wins; `None` and 0 stand for the length of the rule in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// What happens to a request before it is forwarded, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub middlewares: Vec<Middleware>,
    /// Where requests go.
    pub backend: Backend,
}

/// A change to a request, or an answer in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Middleware {
    /// Sends requests of another scheme away.
    RedirectScheme {
        /// Scheme to use, `http` or `https`.
        scheme: String,
        /// Port to name in the new address; `None` leaves it out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        /// Whether the answer says that the move is for ever (301/308) or for now (302/307).
        #[serde(default)]
        permanent: bool,
    },
    /// Takes the first of these prefixes that fits off the path and names it in `X-Forwarded-Prefix`.
    StripPrefix {
        /// Prefixes, tried in order.
        prefixes: Vec<String>,
    },
}

/// The server a router forwards to. It is spoken to in HTTP/1.1 without TLS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// Name, looked up anew for each connection, or IP address. In a swarm `tasks.<stack>_<service>`, which gives the
    /// tasks' own addresses with any endpoint mode.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_only_the_needed_keys_is_read() {
        let routes: Routes = serde_json::from_str(
            r#"{"routers": [{"name": "app", "rule": "Host(`a.test`)", "backend": {"host": "tasks.s_app", "port": 80}}]}"#,
        )
        .unwrap();
        let router = &routes.routers[0];
        assert_eq!((router.entry_points.len(), router.tls, router.priority), (0, false, None));
        let written = serde_json::to_string(&routes).unwrap();
        assert_eq!(serde_json::from_str::<Routes>(&written).unwrap(), routes);
    }

    #[test]
    fn middlewares_are_written_as_one_key_each() {
        let strip = Middleware::StripPrefix { prefixes: vec!["/api".to_owned()] };
        assert_eq!(serde_json::to_string(&strip).unwrap(), r#"{"strip_prefix":{"prefixes":["/api"]}}"#);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let error = serde_json::from_str::<Routes>(r#"{"router": []}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `router`"), "{error}");
    }
}
