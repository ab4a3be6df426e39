//! Secrets of a forge: read from files, shown to nobody, wiped from memory when they are dropped.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::HeaderValue;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longer secrets are a wrong file.
const LONGEST: usize = 4096;

/// A file that holds no secret that could be used. What was read is in no message.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("cannot read the secret in {}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is empty.
    #[error("the secret in {} is empty", .0.display())]
    Empty(PathBuf),
    /// It is more than one word.
    #[error("the file {} holds more than one secret: expected one line without spaces, at most {LONGEST} bytes", .0.display())]
    NotOneWord(PathBuf),
    /// A credential's name is one of a file elsewhere.
    #[error("{0:?} is no name of a credential")]
    Name(String),
}

/// The one word in a file, without the line's end.
fn word(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let unread = |source| SecretFileError::Unread { path: path.to_owned(), source };
    let not_one = || SecretFileError::NotOneWord(path.to_owned());
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    let limit = LONGEST as u64 + 1;
    File::open(path).map_err(unread)?.take(limit).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() > LONGEST {
        return Err(not_one());
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| not_one())?.trim_ascii();
    if text.is_empty() {
        return Err(SecretFileError::Empty(path.to_owned()));
    }
    if text.bytes().all(|letter| letter.is_ascii_graphic()) {
        Ok(Zeroizing::new(text.to_owned()))
    } else {
        Err(not_one())
    }
}

/// The file of a credential in the folder that systemd's `LoadCredential=` fills.
fn credential(folder: &Path, name: &str) -> Result<PathBuf, SecretFileError> {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
    let good = !name.is_empty() && name.bytes().all(plain) && !name.starts_with('.');
    if good { Ok(folder.join(name)) } else { Err(SecretFileError::Name(name.to_owned())) }
}

/// A secret type: read from a file, and shown by nothing but its name.
macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Reads it from a file of one line.
            pub fn read(file: &Path) -> Result<Self, SecretFileError> {
                word(file).map(Self)
            }

            /// Reads it from the folder of credentials that systemd hands to a service.
            pub fn credential(folder: &Path, name: &str) -> Result<Self, SecretFileError> {
                Self::read(&credential(folder, name)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret!(
    /// An access token. Only the header of a request sees it.
    Token
);
secret!(
    /// The secret that signs a repository's webhooks.
    HookSecret
);

impl Token {
    /// The value of `Authorization`, marked so that no client prints it.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let text = Zeroizing::new(format!("token {}", self.0.as_str()));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl Token {
    /// The header by which git takes it over HTTP. It belongs into the environment of one program, and nowhere else.
    #[must_use]
    pub fn for_git(&self) -> Zeroizing<String> {
        let pair = Zeroizing::new(format!("cc-ci:{}", self.0.as_str()));
        Zeroizing::new(format!("Authorization: Basic {}", BASE64_STANDARD.encode(pair.as_bytes())))
    }
}

impl HookSecret {
    /// The key of the signature.
    pub(crate) fn key(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The secrets that sign webhooks now: two while one replaces the other.
#[derive(Clone, Debug)]
pub struct HookSecrets {
    current: HookSecret,
    other: Option<HookSecret>,
}

impl HookSecrets {
    /// One secret.
    #[must_use]
    pub const fn one(current: HookSecret) -> Self {
        Self { current, other: None }
    }

    /// Both, while the forge is told the new one.
    #[must_use]
    pub const fn two(current: HookSecret, other: HookSecret) -> Self {
        Self { current, other: Some(other) }
    }

    /// Each of them.
    pub(crate) fn each(&self) -> impl Iterator<Item = &HookSecret> {
        std::iter::once(&self.current).chain(&self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::{SecretFileError, Token};
    use std::fs;

    #[test]
    fn a_secret_is_one_word_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &[u8]| {
            fs::write(folder.path().join("token"), text).unwrap();
            Token::credential(folder.path(), "token")
        };
        for good in ["abc", "abc\n", "  abc\r\n"] {
            assert_eq!(read(good.as_bytes()).unwrap().0.as_str(), "abc");
        }
        assert!(matches!(read(b" \n"), Err(SecretFileError::Empty(_))));
        for bad in [&b"abc def"[..], b"abc\ndef\n", b"\xff\xfe", "abc\u{e9}".as_bytes(), &[b'a'; 4097]] {
            let error = read(bad).unwrap_err();
            assert!(matches!(error, SecretFileError::NotOneWord(_)), "{bad:?}");
            assert!(!error.to_string().contains("abc"));
        }
    }

    #[test]
    fn a_credential_lies_in_its_folder() {
        for name in ["", "..", "../token", "a/b", ".hidden"] {
            assert!(matches!(Token::credential("/".as_ref(), name), Err(SecretFileError::Name(_))), "{name}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), "abc").unwrap();
        let token = Token::credential(folder.path(), "token").unwrap();
        assert_eq!(token.for_git().as_str(), "Authorization: Basic Y2MtY2k6YWJj");
        assert_eq!(format!("{token:?} {:?}", token.header().unwrap()), "Token(..) Sensitive");
    }
}
