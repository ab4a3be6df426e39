//! A forge of the settings, with its secrets read from their files.

use crate::core::KnownForge;
use cc_ci_forge::{Forge, ForgeDialect, ForgeUrl, HookSecret, HookSecrets, SecretFileError, Token};
use cc_ci_model::serving::{ForgeKind, ServedForge};
use std::path::{Path, PathBuf};

/// Why a forge of the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("forge `{forge}`: {what}")]
pub struct KnownForgeError {
    forge: String,
    what: String,
}

impl KnownForge {
    /// Opens the door to a forge. Nothing is asked yet. `credentials` is the folder that systemd hands to a service.
    pub fn open(served: &ServedForge, credentials: Option<&Path>) -> Result<Self, KnownForgeError> {
        let bad = |what: String| KnownForgeError { forge: served.name.clone(), what };
        let url: ForgeUrl = served.url.parse().map_err(|error| bad(format!("`url`: {error}")))?;
        let dialect = match served.kind {
            ForgeKind::Gitea => ForgeDialect::Gitea,
            ForgeKind::Forgejo => ForgeDialect::Forgejo,
        };
        let file = |given: &Option<String>, credential: &str| {
            let handed = || credentials.map(|folder| folder.join(format!("{}-{credential}", served.name)));
            given.as_ref().map(PathBuf::from).or_else(|| handed().filter(|file| file.exists()))
        };
        let unread = |error: SecretFileError| bad(error.to_string());
        let token = |path: PathBuf| Token::read(&path).map_err(unread);
        let hook = |path: PathBuf| HookSecret::read(&path).map_err(unread);
        let none = || bad("there is no token: write `token_file`, or hand the service its credential".to_owned());
        let own = token(file(&served.token_file, "token").ok_or_else(none)?)?;
        let door = Forge::open(url.clone(), dialect, own.clone()).map_err(|error| bad(error.to_string()))?;
        let statuses = file(&served.status_token_file, "status-token").map(token).transpose()?;
        let current = file(&served.hook_secret_file, "hook-secret").map(hook).transpose()?;
        let old = file(&served.old_hook_secret_file, "old-hook-secret").map(hook).transpose()?;
        let organisation = served.organisation.as_deref().map(str::parse).transpose();
        Ok(Self {
            name: served.name.clone(),
            url,
            statuses: statuses.map(|token| door.with_token(token)),
            door,
            token: own,
            hooks: match (current, old) {
                (Some(current), Some(old)) => Some(HookSecrets::two(current, old)),
                (Some(one), None) | (None, Some(one)) => Some(HookSecrets::one(one)),
                (None, None) => None,
            },
            organisation: organisation.map_err(|error| bad(format!("`organisation`: {error}")))?,
        })
    }
}
