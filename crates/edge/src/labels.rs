//! Reads the Traefik labels of one swarm service into routers.

mod keys;

use std::collections::BTreeMap;

use self::keys::{Label, Labels, list};
use crate::routes::{Backend, Middleware, Router, WEB, WEB_SECURE};
use crate::rule::{RouteRule, RuleError};

/// What the labels of one service ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelRoutes {
    /// The routers, in the order of their names. Empty if the service does not say `traefik.enable=true`.
    pub routers: Vec<Router>,
    /// What the labels ask for that this proxy does not do. The routers work without it.
    pub unsupported: Vec<Unsupported>,
}

/// Why labels cannot be followed. Traefik would drop the router too, most of them with a line in its log only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// A router has no rule.
    #[error("router `{router}` has no rule; set traefik.http.routers.{router}.rule")]
    NoRule {
        /// The router's name.
        router: String,
    },
    /// A rule cannot be read.
    #[error("label traefik.http.routers.{router}.rule cannot be followed: {source}")]
    Rule {
        /// The router's name.
        router: String,
        /// What is wrong with the rule.
        source: RuleError,
    },
    /// A swarm service has no port that Traefik could guess.
    #[error("no port for router `{router}`; set traefik.http.services.{service}.loadbalancer.server.port")]
    NoPort {
        /// The router's name.
        router: String,
        /// The service it leads to.
        service: String,
    },
    /// A router does not say which of several services it leads to.
    #[error(
        "router `{router}` can lead to {}; set traefik.http.routers.{router}.service",
        services.join(" or ")
    )]
    SeveralServices {
        /// The router's name.
        router: String,
        /// The services these labels define.
        services: Vec<String>,
    },
    /// A router leads to a service these labels do not define.
    #[error("router `{router}` leads to service `{service}`, which these labels do not define")]
    UnknownService {
        /// The router's name.
        router: String,
        /// The service it names.
        service: String,
    },
    /// A value is not of the kind the label takes.
    #[error("label {label} takes {wanted}, not `{value}`")]
    Value {
        /// The whole key.
        label: String,
        /// What it takes.
        wanted: &'static str,
        /// What it has.
        value: String,
    },
}

/// Something the labels ask for that this proxy does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsupported {
    /// A middleware of a kind this proxy does not have, such as `headers`.
    Middleware {
        /// The router that uses it.
        router: String,
        /// The middleware's name.
        name: String,
        /// Its kind, in lower case.
        kind: String,
    },
    /// A middleware that these labels do not define, such as `auth@file`.
    MiddlewareElsewhere {
        /// The router that uses it.
        router: String,
        /// The middleware's name.
        name: String,
    },
    /// A router that leads to something of another provider, such as `api@internal`; it is left out.
    ServiceElsewhere {
        /// The router.
        router: String,
        /// The service it names.
        service: String,
    },
    /// An entry point other than `web` and `web-secure`; the router does not answer there.
    EntryPoint {
        /// The router that names it.
        router: String,
        /// The entry point.
        name: String,
    },
    /// A router on `web-secure` alone without TLS: in Traefik too it never answers an HTTPS request.
    NoTls {
        /// The router.
        router: String,
    },
    /// A back end that wants a scheme other than `http`; it is spoken to in plain HTTP/1.1 all the same.
    Scheme {
        /// The service.
        service: String,
        /// The scheme it asks for.
        scheme: String,
    },
    /// Labels for TCP or UDP routers, which are not read.
    Protocol {
        /// `tcp` or `udp`.
        name: String,
    },
    /// The service is enabled but has no router.
    NoRouter,
}

impl std::fmt::Display for Unsupported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Middleware { router, name, kind } => {
                write!(f, "router `{router}`: middleware `{name}` of kind {kind} is not applied")
            }
            Self::MiddlewareElsewhere { router, name } => {
                write!(f, "router `{router}`: middleware `{name}` is defined elsewhere and is not applied")
            }
            Self::ServiceElsewhere { router, service } => {
                write!(f, "router `{router}` leads to `{service}` of another provider and is left out")
            }
            Self::EntryPoint { router, name } => {
                write!(f, "router `{router}`: entry point `{name}` does not exist here")
            }
            Self::NoTls { router } => {
                write!(f, "router `{router}` listens on web-secure only but sets no tls label, so it never answers")
            }
            Self::Scheme { service, scheme } => {
                write!(f, "service `{service}` asks for scheme {scheme}; it is spoken to in http")
            }
            Self::Protocol { name } => write!(f, "{name} routers are not followed"),
            Self::NoRouter => f.write_str("the service is enabled but defines no router"),
        }
    }
}

/// Reads the Traefik 2 or 3 labels of one service (those under `deploy.labels`) into routers that lead to `service_dns`,
/// usually `tasks.<stack>_<service>`.
///
/// As in Co-op Cloud's Traefik, only a service with `traefik.enable=true` is exposed, and a router that names no service
/// leads to the only one the labels define.
///
/// ```
/// let labels = [
///     ("traefik.enable", "true"),
///     ("traefik.http.routers.app.rule", "Host(`app.example.com`)"),
///     ("traefik.http.routers.app.entrypoints", "web-secure"),
///     ("traefik.http.routers.app.tls.certresolver", ""),
///     ("traefik.http.services.app.loadbalancer.server.port", "8080"),
/// ];
/// let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
/// let found = cc_ci_edge::routes_from_labels(&labels, "tasks.stack_app")?;
/// assert_eq!(found.routers[0].backend.port, 8080);
/// assert!(found.routers[0].tls && found.unsupported.is_empty());
/// # Ok::<(), cc_ci_edge::LabelError>(())
/// ```
///
/// # Errors
/// [`LabelError`] for the first label that cannot be followed, with its key and, where known, the label to set.
pub fn routes_from_labels(labels: &BTreeMap<String, String>, service_dns: &str) -> Result<LabelRoutes, LabelError> {
    let labels = Labels::read(labels);
    let mut found = LabelRoutes::default();
    if !labels.enabled()? {
        return Ok(found);
    }
    for protocol in ["tcp", "udp"] {
        if labels.keys().any(|path| path.first().is_some_and(|first| first == protocol)) {
            found.unsupported.push(Unsupported::Protocol { name: protocol.to_owned() });
        }
    }
    let names = labels.names("routers");
    if names.is_empty() {
        found.unsupported.push(Unsupported::NoRouter);
    }
    for name in names {
        if let Some(router) = read_router(&labels, &name, service_dns, &mut found.unsupported)? {
            found.routers.push(router);
        }
    }
    Ok(found)
}

/// Reads one router; `None` for one that leads to something of another provider.
fn read_router(
    labels: &Labels<'_>,
    name: &str,
    service_dns: &str,
    unsupported: &mut Vec<Unsupported>,
) -> Result<Option<Router>, LabelError> {
    let label = |field: &str| labels.get(&["http", "routers", name, field]);
    let router = || name.to_owned();
    let rule = label("rule")
        .filter(|rule| !rule.value.trim().is_empty())
        .ok_or_else(|| LabelError::NoRule { router: router() })?
        .value;
    RouteRule::parse(rule).map_err(|source| LabelError::Rule { router: router(), source })?;
    let Some(service) = read_service(labels, name, unsupported)? else { return Ok(None) };
    let port = read_port(labels, name, &service, unsupported)?;
    let tls = labels.has_tls(name);
    Ok(Some(Router {
        name: router(),
        rule: rule.to_owned(),
        entry_points: read_entry_points(labels, name, tls, unsupported),
        tls,
        priority: label("priority").map(|label| label.parse("a whole number")).transpose()?,
        middlewares: read_middlewares(labels, name, unsupported)?,
        backend: Backend { host: service_dns.to_owned(), port },
    }))
}

/// The service that a router leads to; `None` for one of another provider.
fn read_service(
    labels: &Labels<'_>,
    router: &str,
    unsupported: &mut Vec<Unsupported>,
) -> Result<Option<String>, LabelError> {
    let named = labels.get(&["http", "routers", router, "service"]).map(|label| without_provider(label.value));
    let defined = labels.names("services");
    let router = router.to_owned();
    match (named, defined.as_slice()) {
        (Some(Named::Here(service)), defined) if defined.iter().any(|one| one == service) => {
            Ok(Some(service.to_owned()))
        }
        (Some(Named::Here(service)), _) => Err(LabelError::UnknownService { router, service: service.to_owned() }),
        (Some(Named::Elsewhere(service)), _) => {
            unsupported.push(Unsupported::ServiceElsewhere { router, service: service.to_owned() });
            Ok(None)
        }
        // Traefik makes up a service here and then finds no port for it; the label to set is the same.
        (None, []) => Ok(Some(router)),
        (None, [only]) => Ok(Some(only.clone())),
        (None, several) => Err(LabelError::SeveralServices { router, services: several.to_vec() }),
    }
}

/// The port that a service listens on. Its scheme is `http`, whatever the labels ask for.
fn read_port(
    labels: &Labels<'_>,
    router: &str,
    service: &str,
    unsupported: &mut Vec<Unsupported>,
) -> Result<u16, LabelError> {
    let server = |field: &str| labels.get(&["http", "services", service, "loadbalancer", "server", field]);
    if let Some(scheme) = server("scheme").filter(|label| !label.value.eq_ignore_ascii_case("http")) {
        let notice = Unsupported::Scheme { service: service.to_owned(), scheme: scheme.value.to_owned() };
        if !unsupported.contains(&notice) {
            unsupported.push(notice);
        }
    }
    server("port")
        .ok_or_else(|| LabelError::NoPort { router: router.to_owned(), service: service.to_owned() })?
        .parse("a port number")
}

/// Where a router listens; empty for every entry point.
fn read_entry_points(labels: &Labels<'_>, router: &str, tls: bool, unsupported: &mut Vec<Unsupported>) -> Vec<String> {
    let names: Vec<String> = labels.get(&["http", "routers", router, "entrypoints"]).map(list).unwrap_or_default();
    for name in names.iter().filter(|name| *name != WEB && *name != WEB_SECURE) {
        unsupported.push(Unsupported::EntryPoint { router: router.to_owned(), name: name.clone() });
    }
    if !tls && !names.is_empty() && names.iter().all(|name| name == WEB_SECURE) {
        unsupported.push(Unsupported::NoTls { router: router.to_owned() });
    }
    names
}

fn read_middlewares(
    labels: &Labels<'_>,
    router: &str,
    unsupported: &mut Vec<Unsupported>,
) -> Result<Vec<Middleware>, LabelError> {
    let mut applied = Vec::new();
    let names = labels.get(&["http", "routers", router, "middlewares"]).map(list).unwrap_or_default();
    for name in names {
        let kinds = match without_provider(&name) {
            Named::Here(local) => labels.children(&["http", "middlewares", local]),
            Named::Elsewhere(_) => Vec::new(),
        };
        if kinds.is_empty() {
            unsupported.push(Unsupported::MiddlewareElsewhere { router: router.to_owned(), name: name.clone() });
        }
        for kind in kinds {
            let local = name.split('@').next().unwrap_or(&name);
            let label = |field: &str| labels.get(&["http", "middlewares", local, &kind, field]);
            match kind.as_str() {
                "redirectscheme" => applied.push(Middleware::RedirectScheme {
                    scheme: label("scheme").map_or("https", |label| label.value).to_ascii_lowercase(),
                    port: label("port")
                        .filter(|label| !label.value.is_empty())
                        .map(|label| label.parse("a port number"))
                        .transpose()?,
                    permanent: label("permanent").map(Label::flag).transpose()?.unwrap_or(false),
                }),
                "stripprefix" => {
                    applied.push(Middleware::StripPrefix { prefixes: label("prefixes").map(list).unwrap_or_default() });
                }
                _ => unsupported.push(Unsupported::Middleware { router: router.to_owned(), name: name.clone(), kind }),
            }
        }
    }
    Ok(applied)
}

/// Where a name of the form `name@provider` is defined.
enum Named<'a> {
    Here(&'a str),
    Elsewhere(&'a str),
}

fn without_provider(name: &str) -> Named<'_> {
    match name.trim().split_once('@') {
        None => Named::Here(name.trim()),
        Some((local, "docker" | "swarm")) => Named::Here(local),
        Some(_) => Named::Elsewhere(name.trim()),
    }
}

#[cfg(test)]
mod tests;
