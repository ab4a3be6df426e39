//! Where the engine is: one value, made from `DOCKER_HOST` once, and handed to both clients and to every program that is
//! started.
//!
//! Docker's contexts and the user's own Docker configuration are never followed. A context can lead `docker stack deploy` to
//! another machine than the one that is looked at and cleaned, and a configuration can name plugins and helpers that are run.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where the engine listens when nothing else is said.
const SOCKET: &str = "/var/run/docker.sock";

/// What an address that names a socket begins with.
const UNIX: &[u8] = b"unix://";

/// A folder that does not exist, for programs that would read the user's Docker configuration: they take a missing one without
/// a word. Nobody can make it, since the kernel lets no one make a folder there.
pub const NO_CONFIGURATION: &str = "/proc/no-docker-configuration";

/// The address of the one engine that everything of this process speaks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineAddress {
    transport: Transport,
}

/// How the engine is reached. Several nodes will bring a second way, TLS with certificates on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Transport {
    /// A socket of this machine.
    Socket(PathBuf),
}

/// An address that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Another machine, or a way that is not known.
    #[error("DOCKER_HOST is `{0}`, which names no socket of this machine")]
    NotASocket(String),
    /// A socket that depends on the folder the command was started in, or none.
    #[error("DOCKER_HOST is `{0}`, which is no absolute path of a socket")]
    NotAbsolute(String),
}

impl AddressError {
    /// What to do now.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotASocket(_) => {
                "set DOCKER_HOST to `unix:///PATH/TO/THE/SOCKET`, or unset it for /var/run/docker.sock; an engine on \
                 another machine is used by running cc-ci there"
            }
            Self::NotAbsolute(_) => "write three slashes: `unix:///run/user/1000/docker.sock`",
        }
    }
}

impl EngineAddress {
    /// Reads the value of `DOCKER_HOST`; unset and empty mean the usual socket.
    pub fn parse(docker_host: Option<&OsStr>) -> Result<Self, AddressError> {
        let Some(host) = docker_host.filter(|host| !host.is_empty()) else {
            return Ok(Self::socket(SOCKET));
        };
        let shown = || host.to_string_lossy().into_owned();
        let Some(path) = host.as_bytes().strip_prefix(UNIX) else { return Err(AddressError::NotASocket(shown())) };
        let path = Path::new(OsStr::from_bytes(path));
        if path.is_absolute() { Ok(Self::socket(path)) } else { Err(AddressError::NotAbsolute(shown())) }
    }

    /// The engine behind a socket, by its absolute path.
    pub fn socket(path: impl Into<PathBuf>) -> Self {
        Self { transport: Transport::Socket(path.into()) }
    }

    /// The socket.
    pub(crate) fn socket_path(&self) -> &Path {
        match &self.transport {
            Transport::Socket(path) => path,
        }
    }

    /// What every program that may speak to the engine gets in its environment: this address, and no configuration.
    #[must_use]
    pub fn env(&self) -> [(&'static str, OsString); 2] {
        [("DOCKER_HOST", self.host()), ("DOCKER_CONFIG", NO_CONFIGURATION.into())]
    }

    fn host(&self) -> OsString {
        match &self.transport {
            Transport::Socket(path) => {
                let mut host = OsString::from("unix://");
                host.push(path);
                host
            }
        }
    }
}

impl fmt::Display for EngineAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host().to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(host: &str) -> Result<String, AddressError> {
        EngineAddress::parse(Some(OsStr::new(host))).map(|address| address.to_string())
    }

    #[test]
    fn unset_and_empty_are_the_usual_socket() {
        let usual = Ok(EngineAddress::socket("/var/run/docker.sock"));
        assert_eq!(EngineAddress::parse(None), usual);
        assert_eq!(EngineAddress::parse(Some(OsStr::new(""))), usual);
    }

    #[test]
    fn a_socket_is_named_by_its_absolute_path() {
        assert_eq!(parsed("unix:///run/user/1000/docker.sock"), Ok("unix:///run/user/1000/docker.sock".to_owned()));
        let odd = OsStr::from_bytes(b"unix:///run/\xff.sock");
        assert_eq!(EngineAddress::parse(Some(odd)).unwrap().env()[0].1, odd, "every byte of a path is kept");
    }

    #[test]
    fn everything_else_is_refused_with_what_to_do() {
        let hosts = [
            "tcp://192.0.2.1:2376",
            "ssh://me@elsewhere",
            "npipe:////./pipe/docker_engine",
            "fd://",
            "http://engine",
            "/var/run/docker.sock",
            " unix:///var/run/docker.sock",
            "UNIX:///var/run/docker.sock",
            "localhost",
        ];
        for host in hosts {
            let error = parsed(host).unwrap_err();
            assert_eq!(error, AddressError::NotASocket(host.to_owned()));
            assert!(error.hint().contains("unix:///"));
        }
        for host in ["unix://", "unix://docker.sock", "unix://../docker.sock"] {
            assert_eq!(parsed(host).unwrap_err(), AddressError::NotAbsolute(host.to_owned()));
        }
    }

    #[test]
    fn a_program_gets_the_address_and_no_configuration() {
        let [(host, socket), (config, folder)] = EngineAddress::socket("/s").env();
        assert_eq!((host, socket.to_str()), ("DOCKER_HOST", Some("unix:///s")));
        assert_eq!(config, "DOCKER_CONFIG");
        assert!(!Path::new(&folder).exists());
        assert!(std::fs::create_dir_all(&folder).is_err(), "nobody can put one there");
    }
}
