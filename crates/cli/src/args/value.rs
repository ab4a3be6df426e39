//! Values on the command line that are more than a text.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A secret's name and the file with its value. A value on the command line itself could be read by every other user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenSecret {
    /// Its key in the compose file.
    pub name: String,
    /// The file.
    pub file: PathBuf,
}

impl FromStr for GivenSecret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, file)) if !name.is_empty() && !file.is_empty() => {
                Ok(Self { name: name.to_owned(), file: PathBuf::from(file) })
            }
            Some(_) | None => Err("write NAME=FILE".to_owned()),
        }
    }
}

/// Reads `90s`, `30m`, `2h`, or plain seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("write a number with s, m or h, such as 30m".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "write a number with s, m or h, such as 30m".to_owned())?;
    number.checked_mul(factor).map(Duration::from_secs).ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("30m"), Ok(Duration::from_secs(1800)));
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        for wrong in ["", "m", "1d", "-1s", "1.5h", "99999999999999999999s", "9999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_name_a_file() {
        let secret: GivenSecret = "smtp_password=/run/x=y".parse().unwrap();
        assert_eq!((secret.name.as_str(), secret.file.to_str()), ("smtp_password", Some("/run/x=y")));
        assert!("smtp_password".parse::<GivenSecret>().is_err());
        assert!("=x".parse::<GivenSecret>().is_err());
    }
}
