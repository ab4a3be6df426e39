//! The forge's own times. No clock of this machine is in them.

use crate::json;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::str::FromStr;

/// A time on the forge's clock, in whole seconds: finer ones are not kept by these forges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForgeTime(DateTime<Utc>);

impl ForgeTime {
    /// This much earlier.
    pub(crate) fn earlier(self, by: TimeDelta) -> Self {
        Self(self.0.checked_sub_signed(by).unwrap_or(DateTime::UNIX_EPOCH))
    }

    /// The time in a header `Date`.
    pub(crate) fn of_header(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc2822(text).ok().map(|time| Self(time.to_utc()))
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.timestamp()
    }
}

impl fmt::Display for ForgeTime {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl FromStr for ForgeTime {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|time| Self(time.to_utc()))
    }
}

impl<'de> Deserialize<'de> for ForgeTime {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        json::parsed(from, "a time of RFC 3339")
    }
}

/// Up to where the comments of a repository are known: the newest `updated_at` that was seen. It is kept as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(pub(crate) ForgeTime);

impl Cursor {
    /// What is older than this is known. A new repository begins at [`crate::Forge::now`].
    #[must_use]
    pub const fn at(time: ForgeTime) -> Self {
        Self(time)
    }

    /// The same, but so much before it: what was seen in between is seen once more.
    #[must_use]
    pub fn earlier(self, by: std::time::Duration) -> Self {
        Self(TimeDelta::from_std(by).map_or(self.0, |by| self.0.earlier(by)))
    }

    /// The time up to which all is known.
    #[must_use]
    pub const fn time(self) -> ForgeTime {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(to)
    }
}

impl FromStr for Cursor {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, ForgeTime};

    #[test]
    fn every_zone_is_the_same_time() {
        let here: ForgeTime = "2026-11-28T16:39:44+02:00".parse().unwrap();
        assert_eq!(here.to_string(), "2026-11-28T14:39:44Z");
        assert_eq!(ForgeTime::of_header("Sat, 28 Nov 2026 14:39:44 GMT"), Some(here));
        assert_eq!(Cursor::at(here).to_string().parse(), Ok(Cursor::at(here)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in ["", "yesterday", "2026-11-28", "2026-11-28 14:39:44", "99999-01-01T00:00:00Z"] {
            assert!(bad.parse::<ForgeTime>().is_err(), "{bad}");
        }
        assert_eq!(ForgeTime::of_header("1764340784"), None);
    }
}
