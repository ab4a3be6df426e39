//! What a run asks of the app beyond its own rules: where it has to answer, what has to be ready, what may come and go.

use serde::{Deserialize, Serialize};

/// Statuses that never count, because a proxy gives them for an app that is not there.
pub const NEVER_ACCEPTED: [u16; 2] = [404, 502];

/// The question that shows that an app serves (TIER-install).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The path that is asked for.
    pub path: String,
    /// Accepted statuses.
    pub statuses: Vec<u16>,
    /// How the app is asked; `None` for what the recipe's routers say.
    pub scheme: Option<Scheme>,
    /// A text that head's front page shows where it is meant to be another page than at base; plans of earlier versions do not
    /// name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<String>,
}

impl Default for Health {
    fn default() -> Self {
        Self { path: "/".to_owned(), statuses: vec![200, 301, 302], scheme: None, upgrade: None }
    }
}

/// How an app is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// As an address begins.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Something that has to be ready after each deployment, besides the app's route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// A port of a service takes so many connections in a row.
    Tcp {
        /// The service.
        service: String,
        /// The port in its containers.
        port: u16,
        /// How many connections in a row.
        stable: u32,
    },
    /// A path of the app answers.
    Http {
        /// The path.
        path: String,
        /// Accepted statuses.
        statuses: Vec<u16>,
    },
}

impl Probe {
    /// The step's name after `ready/`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Tcp { service, port, .. } => format!("tcp {service}:{port}"),
            Self::Http { path, .. } => format!("http {path}"),
        }
    }
}

/// A command in a container of the app that looks at what the backup left there; it must end with 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verify {
    /// The service.
    pub service: String,
    /// A line for the container's shell.
    pub command: String,
}

/// Everything a plan takes from the settings and hands to the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demands {
    /// Where the app has to answer.
    pub health: Health,
    /// Patterns of files that come and go by themselves, besides [`crate::data::churn::USUAL`].
    pub churn: Vec<String>,
    /// Patterns of tables whose rows may become fewer; plans of earlier versions do not name it.
    #[serde(default)]
    pub expected_losses: Vec<String>,
    /// The page the app is pictured by; plans of earlier versions do not name it.
    #[serde(default = "front")]
    pub screenshot: String,
}

impl Default for Demands {
    fn default() -> Self {
        Self { health: Health::default(), churn: Vec::new(), expected_losses: Vec::new(), screenshot: front() }
    }
}

fn front() -> String {
    "/".to_owned()
}
