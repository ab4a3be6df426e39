//! Webhooks: a signed hint that something happened. What happened, the forge is asked.

use crate::dialect::{ForgeDialect, SignatureForm};
use crate::json;
use crate::names::{CommentId, RepoName};
use crate::secret::{HookSecret, HookSecrets};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use serde::{Deserialize, Deserializer};
use sha2::Sha256;

/// Longer bodies are not read: who receives them stops here, too.
pub const BODY_LIMIT: usize = 1 << 20;

/// A hint that a comment on a pull request was made, changed or deleted. Whether that is true, the forge is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poke {
    /// The repository that it names.
    pub repo: RepoName,
    /// The comment that it names.
    pub comment: CommentId,
}

/// What a delivery comes to. The raw body is in none of it: old forges write the secret into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Look at this comment.
    Poke(Poke),
    /// Signed, and about something else.
    Other,
    /// It has no signature.
    Unsigned,
    /// No secret made its signature.
    Forged,
    /// It is longer than [`BODY_LIMIT`].
    TooLong,
    /// Signed, and not JSON as these forges write it.
    Senseless {
        /// Where it is not as expected.
        at: String,
        /// What was expected there.
        expected: String,
    },
}

#[derive(Debug, Deserialize)]
struct RawEvent {
    #[serde(default)]
    comment: Option<RawHinted>,
    #[serde(default)]
    repository: Option<RawNamed>,
    #[serde(default)]
    is_pull: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct RawHinted {
    #[serde(deserialize_with = "crate::comments::id")]
    id: CommentId,
}

#[derive(Debug, Deserialize)]
struct RawNamed {
    #[serde(deserialize_with = "repo")]
    full_name: RepoName,
}

fn repo<'de, D: Deserializer<'de>>(from: D) -> Result<RepoName, D::Error> {
    json::parsed(from, "`owner/name`")
}

/// Verifies a delivery, and only then reads it.
#[must_use]
pub fn verify(dialect: ForgeDialect, headers: &HeaderMap, raw: &[u8], secrets: &HookSecrets) -> Delivery {
    if raw.len() > BODY_LIMIT {
        return Delivery::TooLong;
    }
    let mut signatures = signatures(dialect, headers).peekable();
    if signatures.peek().is_none() {
        return Delivery::Unsigned;
    }
    if !signatures.any(|signature| is_by_any(secrets, raw, signature.as_ref())) {
        return Delivery::Forged;
    }
    match json::read::<RawEvent>(raw) {
        Err(misfit) => Delivery::Senseless { at: misfit.at, expected: misfit.expected },
        Ok(RawEvent { comment: Some(comment), repository: Some(repository), is_pull: Some(true) | None }) => {
            Delivery::Poke(Poke { repo: repository.full_name, comment: comment.id })
        }
        Ok(RawEvent { .. }) => Delivery::Other,
    }
}

/// The signatures that the headers carry; `None` for one that cannot be one.
fn signatures(dialect: ForgeDialect, headers: &HeaderMap) -> impl Iterator<Item = Option<[u8; 32]>> {
    let values = dialect.signatures().iter().filter_map(|(name, form)| Some((headers.get(*name)?, form)));
    values.map(|(value, form)| {
        let text = value.to_str().ok()?;
        let digits = match form {
            SignatureForm::Hex => text,
            SignatureForm::Named => text.strip_prefix("sha256=")?,
        };
        let mut signature = [0; 32];
        hex::decode_to_slice(digits, &mut signature).ok()?;
        Some(signature)
    })
}

/// Whether one of the secrets made a signature. Each is tried, and each comparison takes the same time.
fn is_by_any(secrets: &HookSecrets, raw: &[u8], signature: Option<&[u8; 32]>) -> bool {
    let Some(signature) = signature else { return false };
    secrets.each().fold(false, |found, secret| is_by(secret, raw, signature) | found)
}

fn is_by(secret: &HookSecret, raw: &[u8], signature: &[u8; 32]) -> bool {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.key()) else { return false };
    mac.chain_update(raw).verify_slice(signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{BODY_LIMIT, Delivery, verify};
    use crate::dialect::ForgeDialect;
    use crate::secret::{HookSecret, HookSecrets};
    use hmac::{Hmac, KeyInit, Mac};
    use http::{HeaderMap, HeaderName};
    use sha2::Sha256;
    use std::fs;

    const BODY: &str = r#"{"secret":"old","action":"created","comment":{"id":7,"body":"!testme"},
        "repository":{"full_name":"recipes/ghost"},"is_pull":true}"#;

    fn secret(text: &str) -> HookSecret {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), text).unwrap();
        HookSecret::credential(folder.path(), "secret").unwrap()
    }

    fn signature(key: &str, body: &str) -> String {
        hex::encode(Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap().chain_update(body).finalize().into_bytes())
    }

    fn told(dialect: ForgeDialect, headers: &[(&str, String)], body: &str) -> String {
        let name = |name: &str| name.parse::<HeaderName>().unwrap();
        let headers: HeaderMap = headers.iter().map(|(key, value)| (name(key), value.parse().unwrap())).collect();
        match verify(dialect, &headers, body.as_bytes(), &HookSecrets::two(secret("old"), secret("new"))) {
            Delivery::Poke(poke) => format!("{} {}", poke.repo, poke.comment),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn each_header_and_either_secret_will_do() {
        let named = |key: &str| format!("sha256={}", signature(key, BODY));
        for key in ["old", "new"] {
            for header in ["X-Gitea-Signature", "X-Gogs-Signature", "X-Forgejo-Signature"] {
                assert_eq!(told(ForgeDialect::Forgejo, &[(header, signature(key, BODY))], BODY), "recipes/ghost 7");
            }
            assert_eq!(told(ForgeDialect::Gitea, &[("X-Hub-Signature-256", named(key))], BODY), "recipes/ghost 7");
        }
        let foreign = [("X-Forgejo-Signature", signature("old", BODY))];
        assert_eq!(told(ForgeDialect::Gitea, &foreign, BODY), "Unsigned");
    }

    #[test]
    fn what_no_secret_signed_is_not_read() {
        let gitea = |value: String| told(ForgeDialect::Gitea, &[("X-Gitea-Signature", value)], "s3cret");
        assert_eq!(told(ForgeDialect::Gitea, &[], BODY), "Unsigned");
        for bad in [signature("other", "s3cret"), signature("old", BODY), String::new(), "old".to_owned()] {
            assert_eq!(gitea(bad), "Forged");
        }
        let long = " ".repeat(BODY_LIMIT + 1);
        assert_eq!(told(ForgeDialect::Gitea, &[("X-Gitea-Signature", signature("old", "any"))], &long), "TooLong");
        // One bit of the signature, or a part of it.
        let good = signature("old", "s3cret");
        let flipped = good.replacen(&good[..1], if &good[..1] == "0" { "1" } else { "0" }, 1);
        assert_eq!(gitea(flipped), "Forged");
        assert_eq!(gitea(good[..62].to_owned()), "Forged");
        assert_eq!(gitea(format!("{good}00")), "Forged");
        assert_eq!(gitea(good), r#"Senseless { at: ".", expected: "JSON" }"#);
    }

    #[test]
    fn only_a_comment_on_a_pull_request_is_a_hint() {
        let check = |body: &str, expected: &str| {
            assert_eq!(told(ForgeDialect::Gitea, &[("X-Gitea-Signature", signature("new", body))], body), expected);
        };
        check(r#"{"action":"opened","number":1,"repository":{"full_name":"a/b"}}"#, "Other");
        check(r#"{"comment":{"id":1},"repository":{"full_name":"a/b"},"is_pull":false}"#, "Other");
        check(r#"{"comment":{"id":1},"repository":{"full_name":"a/b"}}"#, "a/b 1");
        let path = "{\"comment\":{\"id\":1},\"repository\":{\"full_name\":\"a/../b\"}}";
        check(path, r#"Senseless { at: "repository.full_name", expected: "`owner/name`" }"#);
        let id = r#"{"comment":{"id":"s3cret"},"repository":{"full_name":"a/b"}}"#;
        check(id, r#"Senseless { at: "comment.id", expected: "i64" }"#);
        check(r#"{"comment":{"id":-1}}"#, r#"Senseless { at: "comment.id", expected: "an id above zero" }"#);
        check(&"[".repeat(10_000), r#"Senseless { at: "[0][0]", expected: "i64" }"#);
    }
}
