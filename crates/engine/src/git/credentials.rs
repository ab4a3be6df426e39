//! The user and password in a URL: taken out, so that they stand in no argument and in no stored setting, and given to git by
//! the environment, which nobody but the same user can read.

use super::door::set;
use crate::process::Command;

/// Says them when git asks for the URL's own host.
const HELPER: &str = "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \"$CC_CI_GIT_USER\" \"$CC_CI_GIT_PASSWORD\"; }; f";

/// A URL without the credentials that stood in it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) url: String,
    credentials: Option<Credentials>,
}

#[derive(Clone, PartialEq, Eq)]
struct Credentials {
    /// `https://git.example`.
    host: String,
    user: String,
    password: String,
}

impl Address {
    /// Takes the credentials out of a URL that git asks them for. The user of an SSH address is none.
    pub(super) fn of(url: &str) -> Self {
        Self::split(url).unwrap_or_else(|| Self { url: url.to_owned(), credentials: None })
    }

    fn split(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "https" | "http"))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (userinfo, host) = rest.get(..end)?.rsplit_once('@')?;
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        let credentials =
            Credentials { host: format!("{scheme}://{host}"), user: decoded(user)?, password: decoded(password)? };
        let url = format!("{scheme}://{host}{}", rest.get(end..)?);
        Some(Self { url, credentials: Some(credentials) })
    }

    /// Lets `command` know the credentials.
    pub(super) fn with_credentials(&self, command: Command) -> Command {
        let Some(Credentials { host, user, password }) = &self.credentials else { return command };
        set(command, format!("credential.{host}.helper"), HELPER)
            .env("CC_CI_GIT_USER", user)
            .env("CC_CI_GIT_PASSWORD", password)
    }
}

/// A part of a URL with its escapes read; `None` where git could not be told it in one line.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| u8::from_str_radix(str::from_utf8(after.get(..2)?).ok()?, 16).ok());
        match escaped.flatten() {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..)?;
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_url_and_reach_git_by_the_environment_for_their_own_host_only() {
        let address = Address::of("https://me:t%40k%2Fn@git.example:8443/r/ghost.git");
        assert_eq!(address.url, "https://git.example:8443/r/ghost.git");
        let command = address.with_credentials(Command::new("git").arg("fetch"));
        let of =
            |name: &str| command.env.get(std::ffi::OsStr::new(name)).map(|value| value.to_string_lossy().into_owned());
        assert_eq!(of("GIT_CONFIG_KEY_0").as_deref(), Some("credential.https://git.example:8443.helper"));
        assert_eq!(of("CC_CI_GIT_PASSWORD").as_deref(), Some("t@k/n"));
        assert_eq!(command.args, ["fetch"]);
    }

    #[test]
    fn a_token_alone_is_a_credential_and_the_user_of_ssh_is_none() {
        assert_eq!(Address::of("https://ghp_tok3n@git.example/r").url, "https://git.example/r");
        for url in ["ssh://git@git.example/r", "git@git.example:r", "https://git.example/r@2", "file:///srv/a@b"] {
            assert_eq!(Address::of(url).url, url);
        }
    }
}
