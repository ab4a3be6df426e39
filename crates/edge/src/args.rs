//! The command line of `cc-ci-edge`, read by hand to keep the program small.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use cc_ci_edge::{CertificateFiles, EdgeSettings, WebPolicy};

/// The help text.
pub(crate) const HELP: &str = "\
cc-ci-edge: a small reverse proxy that follows Traefik router rules

usage: cc-ci-edge --routes FILE [--cert FILE --key FILE] [options]

  --routes FILE            routes as JSON; read again when it changes or on SIGHUP
  --cert FILE --key FILE   server certificate and key in PEM; turn HTTPS on
  --web ADDRESS            where to listen for HTTP, or `off` (default 0.0.0.0:80)
  --web-secure ADDRESS     where to listen for HTTPS (default 0.0.0.0:443)
  --web-redirect           send all plain requests to HTTPS
  --connect-ms N           longest time for one connection attempt (default 2000)
  --help, --version

Prints `ready` when it listens. Logs one JSON line per request to standard error. Stops on SIGTERM.
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    Serve(EdgeSettings),
    Help,
    Version,
}

/// Why a command line makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgsError {
    #[error("unknown argument `{0}`; see --help")]
    Unknown(String),
    #[error("{0} needs a value; see --help")]
    NoValue(&'static str),
    #[error("{flag} takes {wanted}, not `{value}`")]
    Value { flag: &'static str, wanted: &'static str, value: String },
    #[error("--routes is missing; see --help")]
    NoRoutes,
    #[error("--cert and --key go together")]
    HalfCertificate,
    #[error("nothing to listen on: --web is off and there is no --cert")]
    Nowhere,
}

/// What the command line of this process asks for.
pub(crate) fn given() -> Result<Asked, ArgsError> {
    parse(std::env::args().skip(1))
}

fn parse(args: impl Iterator<Item = String>) -> Result<Asked, ArgsError> {
    let mut args = args;
    let (mut routes, mut certificate, mut key) = (None, None, None);
    let mut web = Some(SocketAddr::from(([0, 0, 0, 0], 80)));
    let mut web_secure = SocketAddr::from(([0, 0, 0, 0], 443));
    let mut web_policy = WebPolicy::Route;
    let mut connect_limit = Duration::from_secs(2);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--version" | "-V" => return Ok(Asked::Version),
            "--routes" => routes = Some(PathBuf::from(value("--routes", &mut args)?)),
            "--cert" => certificate = Some(PathBuf::from(value("--cert", &mut args)?)),
            "--key" => key = Some(PathBuf::from(value("--key", &mut args)?)),
            "--web" => {
                let text = value("--web", &mut args)?;
                web = if text == "off" { None } else { Some(address("--web", text)?) };
            }
            "--web-secure" => {
                web_secure = address("--web-secure", value("--web-secure", &mut args)?)?;
            }
            "--web-redirect" => web_policy = WebPolicy::RedirectToSecure,
            "--connect-ms" => {
                let text = value("--connect-ms", &mut args)?;
                let refused =
                    |_| ArgsError::Value { flag: "--connect-ms", wanted: "milliseconds", value: text.clone() };
                connect_limit = Duration::from_millis(text.parse().map_err(refused)?);
            }
            _ => return Err(ArgsError::Unknown(arg)),
        }
    }
    let web_secure = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((web_secure, CertificateFiles { certificate, key })),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(ArgsError::HalfCertificate),
    };
    if web.is_none() && web_secure.is_none() {
        return Err(ArgsError::Nowhere);
    }
    let routes = routes.ok_or(ArgsError::NoRoutes)?;
    Ok(Asked::Serve(EdgeSettings { routes, web, web_secure, web_policy, connect_limit }))
}

fn value(flag: &'static str, args: &mut impl Iterator<Item = String>) -> Result<String, ArgsError> {
    args.next().ok_or(ArgsError::NoValue(flag))
}

fn address(flag: &'static str, value: String) -> Result<SocketAddr, ArgsError> {
    value.parse().map_err(|_| ArgsError::Value { flag, wanted: "an address such as 0.0.0.0:80", value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Asked, ArgsError> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_full_line_is_read() {
        let line =
            "--routes r.json --cert c --key k --web off --web-secure 127.0.0.1:8443 --web-redirect --connect-ms 50";
        let Ok(Asked::Serve(settings)) = read(line) else { panic!("not a serve line") };
        assert_eq!((settings.web, settings.web_policy), (None, WebPolicy::RedirectToSecure));
        assert_eq!(settings.connect_limit, Duration::from_millis(50));
        let (address, files) = settings.web_secure.unwrap();
        assert_eq!((address.port(), files.key), (8443, PathBuf::from("k")));
    }

    #[test]
    fn plain_http_alone_is_the_least() {
        let Ok(Asked::Serve(settings)) = read("--routes r.json") else { panic!("not a serve line") };
        assert_eq!(settings.web.unwrap().port(), 80);
        assert!(settings.web_secure.is_none());
    }

    #[test]
    fn refusals_name_the_argument() {
        let check = |line: &str, expected: &str| assert_eq!(read(line).unwrap_err().to_string(), expected);
        check("--route r", "unknown argument `--route`; see --help");
        check("--routes", "--routes needs a value; see --help");
        check("", "--routes is missing; see --help");
        check("--routes r --cert c", "--cert and --key go together");
        check("--routes r --web off", "nothing to listen on: --web is off and there is no --cert");
        check("--routes r --web :80", "--web takes an address such as 0.0.0.0:80, not `:80`");
        check("--routes r --connect-ms 2s", "--connect-ms takes milliseconds, not `2s`");
    }
}
