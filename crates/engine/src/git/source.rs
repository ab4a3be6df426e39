//! What a caller may name as a recipe's repository: a directory, or a URL of a kind that only transfers data.

use super::GitError;
use std::path::{Path, PathBuf};

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// On this machine.
    Directory(PathBuf),
    /// Elsewhere.
    Url(String),
}

impl Source {
    /// Reads a path or a URL. Transports that run a command of the URL's choice (`ext::`) are refused.
    pub fn parse(text: &str) -> Result<Self, GitError> {
        let refused = || GitError::Source(without_credentials(text));
        if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
            return Err(refused());
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let known = ["https", "http", "ssh", "git", "file"].contains(&scheme);
            let host_is_option =
                rest.starts_with('-') || rest.split('@').nth(1).is_some_and(|host| host.starts_with('-'));
            return if known && !host_is_option { Ok(Self::Url(text.to_owned())) } else { Err(refused()) };
        }
        if Path::new(text).is_dir() {
            return Ok(Self::Directory(PathBuf::from(text)));
        }
        // `user@host:path`, the short form of ssh; `ext::command` has two colons.
        let short = text.split_once(':').filter(|(host, path)| {
            !host.contains('/') && host.contains('@') && !path.is_empty() && !path.starts_with(':')
        });
        match short {
            Some((host, _)) if !host.split('@').any(|part| part.is_empty() || part.starts_with('-')) => {
                Ok(Self::Url(text.to_owned()))
            }
            _ => Err(refused()),
        }
    }

    /// The last part of the path, which is the recipe's name; without `.git`.
    #[must_use]
    pub fn name(&self) -> String {
        let whole = match self {
            Self::Directory(dir) => dir.canonicalize().unwrap_or_else(|_| dir.clone()).to_string_lossy().into_owned(),
            Self::Url(url) => url.clone(),
        };
        let last = whole.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
        last.strip_suffix(".git").unwrap_or(last).to_owned()
    }
}

/// A URL as it may be shown: user and password replaced by `…`.
pub(super) fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let Some((_, host)) = authority.rsplit_once('@') else { return url.to_owned() };
            path.map_or_else(|| format!("{scheme}://…@{host}"), |path| format!("{scheme}://…@{host}/{path}"))
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_paths_and_the_short_ssh_form() {
        for url in ["https://git.example/r/ghost.git", "file:///srv/ghost", "ssh://git@h:22/ghost", "git@h:r/ghost.git"]
        {
            let source = Source::parse(url).unwrap();
            assert_eq!((&source, source.name().as_str()), (&Source::Url(url.to_owned()), "ghost"));
        }
        let dir = tempfile::tempdir().unwrap();
        let recipe = dir.path().join("ghost");
        std::fs::create_dir(&recipe).unwrap();
        assert_eq!(Source::parse(recipe.to_str().unwrap()).unwrap().name(), "ghost");
    }

    #[test]
    fn what_could_run_a_command_is_refused() {
        let hostile = [
            "ext::sh -c touch% /tmp/x",
            "--upload-pack=sh",
            "ssh://-oProxyCommand=x/r",
            "ssh://u@-oProxyCommand=x/r",
            "-oProxyCommand=x@h:r",
            "u@-oProxyCommand=x:r",
            "fd::17",
            "",
            "nowhere",
            "a\nb",
        ];
        for text in hostile {
            assert!(matches!(Source::parse(text), Err(GitError::Source(_))), "{text}");
        }
    }

    #[test]
    fn credentials_are_never_shown() {
        assert_eq!(without_credentials("https://me:tok3n@git.example/r"), "https://…@git.example/r");
        assert_eq!(without_credentials("https://git.example/r@2"), "https://git.example/r@2");
    }
}
