//! A small edge proxy that follows Traefik router labels, so that an app under test is reached by its domain on the
//! usual ports without Traefik, DNS or a public certificate.
//!
//! The runner turns the labels of a service into [`Routes`] with [`routes_from_labels`], writes them to a file, and
//! starts the program `cc-ci-edge` beside the app; [`Edge`] is that program as a library.

mod answer;
mod certificate;
mod follow;
mod forward;
mod headers;
mod labels;
mod log;
mod middleware;
mod resolve;
mod routes;
mod rule;
mod server;
mod table;

pub use answer::{MARK_HEADER, Mark, REASON_HEADER};
pub use certificate::{CertificateError, CertificateFiles};
pub use follow::RoutesError;
pub use forward::{STATUS_HOST, WebPolicy};
pub use labels::{LabelError, LabelRoutes, Unsupported, routes_from_labels};
pub use log::EdgeLog;
pub use routes::{Backend, Middleware, Router, Routes, WEB, WEB_SECURE};
pub use rule::{Matcher, Pattern, RequestFacts, RouteRule, RuleError};
pub use server::{Edge, EdgeSettings, StartError};
pub use table::{EntryPoint, Route, Table, TableError};
