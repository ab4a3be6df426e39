//! HTTP to a forge, and the only file that knows a client of it: no redirects, no proxy, no cookies, no compression,
//! limits on time and memory, and the token in one header.

use crate::error::ForgeFault;
use crate::room;
use crate::secret::Token;
use crate::time::ForgeTime;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, Method};
use reqwest::{Client, Response, Url};
use serde::de::DeserializeOwned;
use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The address of a forge, such as `https://git.example.org` or `https://example.org/forge`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeUrl(Url);

/// A text that is no address of a forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an address.
    #[error("expected the forge's address, such as `https://git.example.org`")]
    NoUrl,
    /// A token would be readable on the way.
    #[error(
        "expected `https`: over `http` everybody on the way can read the token (only a host of this machine is exempt)"
    )]
    Plain,
    /// It holds a name, a password, a query or a fragment.
    #[error("expected the forge's address alone, without user, password, query or fragment")]
    TooMuch,
}

impl FromStr for ForgeUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let url = Url::parse(text).map_err(|_| UrlError::NoUrl)?;
        let host = url.host_str().ok_or(UrlError::NoUrl)?.trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let bare = url.username().is_empty() && url.password().is_none();
        match url.scheme() {
            _ if !bare || url.query().is_some() || url.fragment().is_some() => Err(UrlError::TooMuch),
            "https" => Ok(Self(url)),
            "http" if here => Ok(Self(url)),
            "http" => Err(UrlError::Plain),
            _ => Err(UrlError::NoUrl),
        }
    }
}

impl fmt::Display for ForgeUrl {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// How long a forge may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgeLimits {
    /// To take a connection.
    pub connect: Duration,
    /// For one whole answer, the connection with it.
    pub answer: Duration,
}

impl Default for ForgeLimits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(20) }
    }
}

/// Why there is no door.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the client of the forge: {0}")]
pub struct OpenError(String);

/// A client that knows where the forge is.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    client: Client,
    base: Url,
    limits: ForgeLimits,
}

/// One question.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) method: Method,
    /// Below `/api/v1`, one entry for each part, so that no part can become two.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<String>,
    /// How much of a good answer is read.
    pub(crate) room: usize,
}

impl<'a> Question<'a> {
    /// A look at a path.
    pub(crate) const fn get(path: &'a [&'a str], room: usize) -> Self {
        Self { method: Method::GET, path, query: &[], body: None, room }
    }

    /// A change at a path.
    pub(crate) const fn send(method: Method, path: &'a [&'a str], body: String) -> Self {
        Self { method, path, query: &[], body: Some(body), room: room::ONE }
    }
}

/// What a forge answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Door {
    /// Opens a door to the forge. It connects when something is asked.
    pub(crate) fn open(url: ForgeUrl, limits: ForgeLimits) -> Result<Self, OpenError> {
        let failed = |error: &dyn Error| OpenError(root(error));
        let roots = if url.0.scheme() == "https" { authorities() } else { rustls::RootCertStore::empty() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider);
        let tls = tls.with_safe_default_protocol_versions().map_err(|error| failed(&error))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls.with_root_certificates(roots).with_no_client_auth())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .user_agent(concat!("cc-ci-forge/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .timeout(limits.answer);
        let client = client.build().map_err(|error| failed(&error))?;
        Ok(Self { client, base: url.0, limits })
    }

    /// Asks once.
    pub(crate) async fn ask(&self, token: &Token, question: Question<'_>) -> Result<Answer, ForgeFault> {
        let mut url = self.base.clone();
        let no_url = || ForgeFault::Unreachable("the address has no path".to_owned());
        url.path_segments_mut().map_err(|()| no_url())?.pop_if_empty().extend(["api", "v1"]).extend(question.path);
        if !question.query.is_empty() {
            url.query_pairs_mut().extend_pairs(question.query);
        }
        let mut request = self.client.request(question.method, url);
        if let Some(header) = token.header() {
            request = request.header(AUTHORIZATION, header);
        }
        if let Some(body) = question.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let answer = request.send().await.map_err(|error| self.fault(&error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = if answer.status().is_success() {
            self.read(answer, question.room).await?
        } else {
            // Why it was refused is a help and no answer: what cannot be read of it is not missed.
            self.read(answer, room::WORD).await.unwrap_or_default()
        };
        Ok(Answer { status, headers, body })
    }

    async fn read(&self, mut answer: Response, room: usize) -> Result<Vec<u8>, ForgeFault> {
        if answer.content_length().is_some_and(|length| length > room as u64) {
            return Err(ForgeFault::TooLong(room));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| self.fault(&error))? {
            if body.len() + part.len() > room {
                return Err(ForgeFault::TooLong(room));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    /// What went wrong on the way. The client's own words name the address and stay here.
    fn fault(&self, error: &reqwest::Error) -> ForgeFault {
        if error.is_connect() {
            ForgeFault::Unreachable(root(error))
        } else if error.is_timeout() {
            ForgeFault::Late(self.limits.answer)
        } else {
            ForgeFault::Cut
        }
    }
}

impl Answer {
    /// The JSON of it.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ForgeFault> {
        Ok(crate::json::read(&self.body)?)
    }

    /// What the forge's clock said, or that of whoever stands in front of it.
    pub(crate) fn date(&self) -> Option<ForgeTime> {
        ForgeTime::of_header(self.header(&DATE)?)
    }

    /// How many entries there are in all pages.
    pub(crate) fn total(&self) -> Option<usize> {
        self.header("x-total-count")?.parse().ok()
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> Option<&str> {
        self.header(&LOCATION)
    }

    /// What a status means that the call has no meaning of its own for.
    pub(crate) fn fault(&self) -> ForgeFault {
        match self.status {
            401 => ForgeFault::TokenRefused,
            403 if self.lacks_scope() => ForgeFault::ScopeMissing,
            403 => ForgeFault::Forbidden,
            404 => ForgeFault::NotFound,
            301 | 302 | 303 | 307 | 308 => ForgeFault::Moved(self.status),
            429 => ForgeFault::Busy { status: 429, after: self.retry_after() },
            503 if self.retry_after().is_some() => ForgeFault::Busy { status: 503, after: self.retry_after() },
            500..=599 => ForgeFault::Broken(self.status),
            other => ForgeFault::Strange(other),
        }
    }

    /// Whether a 403 is about the token alone, and not about what was asked.
    pub(crate) fn lacks_scope(&self) -> bool {
        let words = b"required scope";
        self.status == 403 && self.body.windows(words.len()).any(|part| part == words)
    }

    /// Seconds, or a date on the same clock as the answer's own; at most a day.
    fn retry_after(&self) -> Option<Duration> {
        let text = self.header(&RETRY_AFTER)?.trim();
        let seconds = match text.parse::<u64>() {
            Ok(seconds) => seconds,
            Err(_) => {
                let then = ForgeTime::of_header(text)?.seconds();
                u64::try_from(then - self.date()?.seconds()).unwrap_or(0)
            }
        };
        Some(Duration::from_secs(seconds.min(24 * 60 * 60)))
    }

    fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The authorities that this machine trusts. A file of them that cannot be read is missing like any other.
fn authorities() -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// The innermost reason, which names no address.
fn root(error: &dyn Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::{ForgeUrl, UrlError};

    #[test]
    fn an_address_keeps_the_token_private() {
        let check = |text: &str| text.parse::<ForgeUrl>().map(|url| url.to_string());
        assert_eq!(check("https://git.example.org/"), Ok("https://git.example.org".to_owned()));
        assert_eq!(check("https://example.org/forge"), Ok("https://example.org/forge".to_owned()));
        assert_eq!(check("http://127.0.0.1:3000"), Ok("http://127.0.0.1:3000".to_owned()));
        assert_eq!(check("http://[::1]:3000"), Ok("http://[::1]:3000".to_owned()));
        for plain in ["http://git.example.org", "http://127.0.0.1.example.org", "http://10.0.0.1"] {
            assert_eq!(check(plain), Err(UrlError::Plain), "{plain}");
        }
        for much in ["https://bot:s3cret@git.example.org", "https://git.example.org/?token=1", "https://a.org/#b"] {
            assert_eq!(check(much), Err(UrlError::TooMuch), "{much}");
        }
        for none in ["", "git.example.org", "file:///etc", "ssh://git.example.org", "data:text/plain,a"] {
            assert_eq!(check(none), Err(UrlError::NoUrl), "{none}");
        }
    }
}
