//! What a connection to a port of the app came to, and whether that is an answer.
//!
//! A service that takes connections may wait for its client to speak first, so silence is an answer on a plain connection. Where
//! the proxy passes TLS through, the first bytes tell whether the service speaks it at all. One that does not is told and is no
//! finding by itself: a protocol may begin in plain text, as that of PostgreSQL does, which Traefik routes, too.

use cc_ci_recipe::traefik::Speaks;

/// What came of one connection, on which a handshake was begun where the service has to speak TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// There was none.
    Refused {
        /// Why, in the words of whoever tried.
        why: String,
    },
    /// It was taken, and nothing was said on it for a while.
    Silent,
    /// It was taken and closed at once, without a byte.
    Closed,
    /// These bytes came first.
    Said(Vec<u8>),
}

impl Contact {
    /// Reads the one line that a try prints; `None` for anything else.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match word {
            "refused" => Some(Self::Refused { why: rest.to_owned() }),
            "silent" => Some(Self::Silent),
            "closed" => Some(Self::Closed),
            "said" => bytes(rest).map(Self::Said),
            _ => None,
        }
    }

    /// What was seen, if it is an answer; else what is wrong.
    ///
    /// # Errors
    /// What is wrong: nobody takes connections there, or they are closed at once.
    pub fn judged(&self, speaks: &Speaks) -> Result<String, String> {
        let tls = match speaks {
            Speaks::Anything => false,
            Speaks::Tls { .. } => true,
        };
        let taken = "takes connections";
        match self {
            Self::Refused { why } => Err(format!("takes no connection: {why}")),
            Self::Closed if !tls => Err("takes connections and closes them at once, without a byte".to_owned()),
            Self::Silent | Self::Said(_) if !tls => Ok(taken.to_owned()),
            Self::Closed => Ok(no_tls("closes the connection at a TLS handshake")),
            Self::Silent => Ok(no_tls("does not answer a TLS handshake")),
            Self::Said(said) => match said.as_slice() {
                [HANDSHAKE, 3, ..] => Ok("speaks TLS".to_owned()),
                [ALERT, 3, _, _, _, _, alert, ..] => {
                    Ok(format!("speaks TLS, and ended the handshake with alert {alert}"))
                }
                [ALERT, 3, ..] => Ok("speaks TLS".to_owned()),
                other => Ok(no_tls(&format!("answers a TLS handshake with `{}`", first_line(other)))),
            },
        }
    }
}

/// The first byte of a TLS record that belongs to a handshake.
const HANDSHAKE: u8 = 22;

/// The first byte of one that tells of a problem.
const ALERT: u8 = 21;

fn no_tls(what: &str) -> String {
    format!("takes connections, but {what}: a client that begins with TLS, as a browser does, gets nowhere")
}

/// The first line of some bytes, as far as it can be printed.
fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
    line.iter().take(60).map(shown).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pair = |at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    (0..hex.len()).step_by(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(line: &str, speaks: &Speaks) -> String {
        match Contact::read(line).map(|contact| contact.judged(speaks)) {
            Some(Ok(said)) => format!("well: {said}"),
            Some(Err(said)) => format!("wrong: {said}"),
            None => "unreadable".to_owned(),
        }
    }

    #[test]
    fn a_plain_connection_has_to_be_taken_and_kept() {
        for (line, says) in [
            ("refused Connection refused", "wrong: takes no connection: Connection refused"),
            ("closed", "wrong: takes connections and closes them at once, without a byte"),
            ("silent", "well: takes connections"),
            ("said 5353482d322e30", "well: takes connections"),
            ("said 5", "unreadable"),
            ("Traceback", "unreadable"),
        ] {
            assert_eq!(judged(line, &Speaks::Anything), says);
        }
    }

    #[test]
    fn a_service_behind_passthrough_is_heard_for_tls() {
        let wrong = "well: takes connections, but ";
        for (line, says) in [
            ("refused Connection refused", "wrong: takes no connection".to_owned()),
            ("said 1603030041", "well: speaks TLS".to_owned()),
            // Without a certificate a server says alert 80, with others for this name 112: it does speak TLS.
            ("said 15030300020250", "well: speaks TLS, and ended the handshake with alert 80".to_owned()),
            (
                "said 485454502f312e3120343030204261640d0a",
                format!("{wrong}answers a TLS handshake with `HTTP/1.1 400 Bad`"),
            ),
            ("said 1b5b32", format!("{wrong}answers a TLS handshake with `.[2`")),
            ("silent", format!("{wrong}does not answer a TLS handshake")),
            ("closed", format!("{wrong}closes the connection at a TLS handshake")),
        ] {
            let said = judged(line, &Speaks::Tls { name: None });
            assert!(said.starts_with(&says), "{said}");
        }
    }
}
