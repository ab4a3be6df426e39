//! A webhook as a forge signs it. What is lost, doubled or reordered on the way, a test does with a list of them.

use super::dialect::{Age, StandInDialect};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A webhook on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDelivery {
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The raw body, which in old forges holds the secret.
    pub body: String,
}

impl SignedDelivery {
    pub(super) fn new(dialect: StandInDialect, id: i64, secret: &str, body: String) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mac| mac.chain_update(&body).finalize());
        let digits = mac.map(|mac| hex::encode(mac.into_bytes())).unwrap_or_default();
        let mut headers: Vec<(String, String)> =
            dialect.signatures().iter().map(|name| ((*name).to_owned(), digits.clone())).collect();
        if dialect.age() == Age::New {
            headers.push(("X-Hub-Signature-256".to_owned(), format!("sha256={digits}")));
            headers.push(("X-Gitea-Event-Type".to_owned(), "pull_request_comment".to_owned()));
        }
        headers.push(("X-Gitea-Event".to_owned(), "issue_comment".to_owned()));
        headers.push(("X-Gitea-Delivery".to_owned(), format!("00000000-0000-4000-8000-{id:012}")));
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        Self { headers, body }
    }

    /// The same event once more, under another id, as forges send it at times.
    #[must_use]
    pub fn doubled(&self) -> Self {
        let mut twin = self.clone();
        for (_, value) in twin.headers.iter_mut().filter(|(name, _)| name == "X-Gitea-Delivery") {
            *value = value.replacen("0000", "ffff", 1);
        }
        twin
    }

    /// The same body with a signature that no secret made.
    #[must_use]
    pub fn forged(&self) -> Self {
        let mut forged = self.clone();
        for (_, value) in forged.headers.iter_mut().filter(|(name, _)| name.contains("Signature")) {
            *value = value.chars().rev().collect();
        }
        forged
    }
}
