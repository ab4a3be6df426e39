//! Where a repository comes from, as a policy file names it: two recipes of one name are not one recipe.

use crate::ids::RecipeName;

/// What a bare name stands for, as it does for `cc-ci run NAME`.
const COMMONS: &str = "git.coopcloud.tech/coop-cloud";

/// Where a repository comes from: host and path of a URL, or a folder of this machine. Texts that lead to one place are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryAddress(String);

impl RepositoryAddress {
    /// The address that a text stands for: a URL, `host/path` without a scheme, the path of a folder, or the bare name of a
    /// recipe of the commons.
    ///
    /// Users, passwords, a last `.git` and the usual port of a scheme make no difference, nor do capital letters of a host.
    /// What travels without protection is another address than what does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            return None;
        }
        if text.starts_with('/') {
            return Some(Self(path(text)?).named());
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let (host, path) = rest.split_once('/')?;
            return match scheme {
                "https" => Self::of(host, "443", path, ""),
                "ssh" => Self::of(host, "22", path, ""),
                "http" => Self::of(host, "80", path, "http://"),
                "git" => Self::of(host, "9418", path, "git://"),
                "file" if host.is_empty() => Self::parse(&format!("/{path}")),
                _ => None,
            };
        }
        match text.split_once('/') {
            None if !text.contains(['@', ':']) => {
                RecipeName::parse(text).is_ok().then(|| Self(format!("{COMMONS}/{text}")))
            }
            // The short form of ssh.
            _ if text.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/')) => {
                let (host, path) = text.split_once(':')?;
                Self::of(host, "22", path, "")
            }
            Some((host, path)) => Self::of(host, "443", path, ""),
            None => None,
        }
    }

    fn of(authority: &str, usual: &str, below: &str, scheme: &str) -> Option<Self> {
        let host = authority.rsplit('@').next()?.to_ascii_lowercase();
        let host = host.strip_suffix(&format!(":{usual}")).unwrap_or(&host).trim_end_matches('.');
        let path = path(below)?;
        (!host.is_empty() && !path.is_empty()).then(|| Self(format!("{scheme}{host}{path}")).named())
    }

    fn named(self) -> Self {
        let plain = self.0.strip_suffix(".git").filter(|rest| !rest.ends_with('/')).map(str::to_owned);
        Self(plain.unwrap_or(self.0))
    }

    /// As a policy file may name it; the shortest text.
    #[must_use]
    pub fn shown(&self) -> &str {
        let short = self.0.strip_prefix(COMMONS).and_then(|rest| rest.strip_prefix('/'));
        short.filter(|name| RecipeName::parse(name).is_ok()).unwrap_or(&self.0)
    }

    /// In full: host and path, or the path of a folder.
    #[must_use]
    pub fn full(&self) -> &str {
        &self.0
    }

    /// The last part, which is the recipe's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// The parts of a path below a leading `/`; one that goes up is none.
fn path(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let plain = !parts.contains(&"..") && !text.contains(['?', '#']);
    plain.then(|| parts.iter().map(|part| format!("/{part}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<String> {
        RepositoryAddress::parse(text).map(|address| address.0)
    }

    #[test]
    fn texts_that_lead_to_one_place_are_one_address() {
        for text in [
            "https://git.example.org/r/ghost.git",
            "https://me:tok3n@Git.Example.org:443/r/ghost/",
            "ssh://git@git.example.org:22/r/ghost.git",
            "git@git.example.org:r/ghost.git",
            "git.example.org/r//ghost",
        ] {
            assert_eq!(address(text).as_deref(), Some("git.example.org/r/ghost"), "{text}");
        }
        assert_eq!(address("ghost"), address("https://git.coopcloud.tech/coop-cloud/ghost.git"));
        assert_eq!(RepositoryAddress::parse("ghost").unwrap().shown(), "ghost");
        assert_eq!(address("file:///srv/ghost.git").as_deref(), Some("/srv/ghost"));
    }

    #[test]
    fn other_places_are_other_addresses_whatever_they_look_like() {
        let ghost = address("ghost");
        for text in [
            "https://evil.example/git.coopcloud.tech/coop-cloud/ghost",
            "https://git.coopcloud.tech@evil.example/coop-cloud/ghost",
            "https://git.coopcloud.tech:8443/coop-cloud/ghost",
            "https://git.coopcloud.tech/Coop-Cloud/ghost",
            "https://git.coopcloud.tech/coop-cloud/ghost/x",
            "http://git.coopcloud.tech/coop-cloud/ghost",
            "git://git.coopcloud.tech/coop-cloud/ghost",
            "/git.coopcloud.tech/coop-cloud/ghost",
        ] {
            let other = address(text);
            assert!(other.is_some() && other != ghost, "{text}: {other:?}");
        }
        for text in ["", "*", "https://h/a/../b", "ext::sh -c x", "https://h", "a b", "https://h/a?b", "../x"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
