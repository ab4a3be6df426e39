//! Credentials for registries of images: read as data from a file in the format of Docker's `config.json`, and chosen by the
//! registry that an image comes from.
//!
//! Only `auths` is read. Credential helpers are programs that the file names; they are never run.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::auth::DockerCredentials;
use cc_ci_model::redact::Vault;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// No such file is larger. Bytes.
const LARGEST: u64 = 1024 * 1024;

/// What is known about registries. Cheap to clone; never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RegistryCredentials(Arc<Known>);

#[derive(Default, PartialEq, Eq)]
struct Known {
    /// By the key in the file: a host name, or an address of which only the host counts.
    auths: BTreeMap<String, Credential>,
    helpers: Vec<String>,
}

/// What one registry is told.
#[derive(Clone, Default, PartialEq, Eq)]
struct Credential {
    username: String,
    password: String,
    identity_token: String,
    registry_token: String,
}

/// A file of credentials that cannot be used. Never quotes the file.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// It cannot be read.
    #[error("cannot read the registry credentials in {}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It does not say what it should.
    #[error("the registry credentials in {} cannot be used: {why}", .file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
}

impl fmt::Debug for RegistryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the values.
        f.debug_struct("RegistryCredentials").field("registries", &self.registries()).finish_non_exhaustive()
    }
}

impl RegistryCredentials {
    /// Reads a file in the format of Docker's `config.json`.
    pub fn read(file: &Path) -> Result<Self, CredentialsError> {
        let unreadable = |source| CredentialsError::Unreadable { file: file.to_owned(), source };
        let unusable = |why: String| CredentialsError::Unusable { file: file.to_owned(), why };
        // A pipe would be waited for; only an ordinary file is opened.
        if !std::fs::metadata(file).map_err(unreadable)?.is_file() {
            return Err(unusable("it is not a file".to_owned()));
        }
        let mut text = String::new();
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        let read = opened.take(LARGEST + 1).read_to_string(&mut text);
        read.map_err(unreadable)?;
        if text.len() as u64 > LARGEST {
            return Err(unusable(format!("it is larger than {} KiB", LARGEST / 1024)));
        }
        Self::parse(&text).map_err(unusable)
    }

    /// Reads the text of such a file.
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        // The error of the parser would quote nothing of the text, but says where.
        let value: Value = serde_json::from_str(text)
            .map_err(|error| format!("line {}, column {}: no JSON", error.line(), error.column()))?;
        let Value::Object(top) = value else { return Err("expected an object".to_owned()) };
        let mut auths = BTreeMap::new();
        for (registry, entry) in object(&top, "auths")? {
            let Value::Object(entry) = entry else { return Err(format!("auths: `{registry}` is no object")) };
            let credential = Credential::parse(entry).map_err(|why| format!("auths: `{registry}`: {why}"))?;
            // `docker login` with a helper leaves an empty entry behind.
            if credential != Credential::default() {
                auths.insert(registry.clone(), credential);
            }
        }
        let one = top.get("credsStore").and_then(Value::as_str).filter(|name| !name.is_empty());
        let mut helpers: Vec<String> = one.map(|name| format!("credsStore `{name}`")).into_iter().collect();
        let of_registry = |(registry, _): (&String, &Value)| format!("credHelpers for `{registry}`");
        helpers.extend(object(&top, "credHelpers")?.map(of_registry));
        Ok(Self(Arc::new(Known { auths, helpers })))
    }

    /// The registries that something is known about, as the file names them.
    #[must_use]
    pub fn registries(&self) -> Vec<&str> {
        self.0.auths.keys().map(String::as_str).collect()
    }

    /// Credential helpers that the file configures. None of them is ever run.
    #[must_use]
    pub fn helpers(&self) -> &[String] {
        &self.0.helpers
    }

    /// Has everything secret of them masked wherever it turns up.
    pub fn teach(&self, vault: &Vault) {
        for (registry, credential) in &self.0.auths {
            let blob = credential.blob();
            let values = [&credential.password, &credential.identity_token, &credential.registry_token, &blob];
            for value in values.into_iter().filter(|value| !value.is_empty()) {
                vault.learn(format!("the credentials for {registry}"), value.clone());
            }
        }
    }

    /// What the registry of an image is told when it is pulled. `default` is the address of the registry that images without
    /// one come from, as the engine names it.
    pub(super) fn of_image(&self, reference: &str, default: &str) -> Option<DockerCredentials> {
        let default = host(default);
        let wanted = registry(reference).unwrap_or(default);
        // The default registry has a short name, too, which is the end of the one it is spoken to by.
        let is_default = wanted == default || default.strip_suffix(wanted).is_some_and(|rest| rest.ends_with('.'));
        let wanted = if is_default { default } else { wanted };
        let (key, found) = self.0.auths.iter().find(|(key, _)| host(key) == wanted)?;
        let given = |value: &String| Some(value.clone()).filter(|value| !value.is_empty());
        Some(DockerCredentials {
            username: given(&found.username),
            password: given(&found.password),
            serveraddress: Some(key.clone()),
            identitytoken: given(&found.identity_token),
            registrytoken: given(&found.registry_token),
            ..DockerCredentials::default()
        })
    }

    /// A `config.json` with these credentials and nothing else; `None` when there are none.
    pub(super) fn config(&self) -> Option<String> {
        if self.0.auths.is_empty() {
            return None;
        }
        let entries = self.0.auths.iter().map(|(registry, credential)| (registry.clone(), credential.entry()));
        Some(json!({ "auths": entries.collect::<Map<_, _>>() }).to_string())
    }
}

impl Credential {
    fn parse(entry: &Map<String, Value>) -> Result<Self, String> {
        let text = |key: &str| match entry.get(key) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(format!("`{key}` is no text")),
        };
        let (mut username, mut password) = (text("username")?, text("password")?);
        let auth = text("auth")?;
        if !auth.is_empty() {
            let decoded = STANDARD.decode(auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let decoded = decoded.ok_or("`auth` is not base64 of a text")?;
            let (user, word) = decoded.split_once(':').ok_or("`auth` has no colon between user and password")?;
            // The docker command lets zero bytes follow.
            (username, password) = (user.to_owned(), word.trim_end_matches('\0').to_owned());
        }
        Ok(Self { username, password, identity_token: text("identitytoken")?, registry_token: text("registrytoken")? })
    }

    /// User and password as `auth` has them.
    fn blob(&self) -> String {
        if self.password.is_empty() {
            return String::new();
        }
        STANDARD.encode(format!("{}:{}", self.username, self.password))
    }

    fn entry(&self) -> Value {
        let auth = STANDARD.encode(format!("{}:{}", self.username, self.password));
        let all = [("auth", &auth), ("identitytoken", &self.identity_token), ("registrytoken", &self.registry_token)];
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        Value::Object(given.map(|(key, value)| (key.to_owned(), json!(value))).collect())
    }
}

fn object<'a>(top: &'a Map<String, Value>, key: &str) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, String> {
    match top.get(key) {
        None | Some(Value::Null) => Ok(None.into_iter().flatten()),
        Some(Value::Object(entries)) => Ok(Some(entries.iter()).into_iter().flatten()),
        Some(_) => Err(format!("`{key}` is no object")),
    }
}

/// The registry that an image's reference names: the part before the first slash, if it has a dot or a port.
fn registry(reference: &str) -> Option<&str> {
    let (first, _) = reference.split_once('/')?;
    (first.contains(['.', ':']) || first == "localhost").then_some(first)
}

/// The host, with its port, of a key: keys can be addresses with a scheme and a path.
fn host(key: &str) -> &str {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    rest.split('/').next().unwrap_or(rest)
}
