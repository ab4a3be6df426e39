//! The forges that are stood in for, and where they differ.

/// A forge of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandInDialect {
    /// Gitea of January 2020: no pages, no scopes, `null` for a pull request whose fork is gone.
    Gitea2020,
    /// Gitea 1.23.
    Gitea123,
    /// Forgejo 12.
    Forgejo12,
}

/// What a form is that old forges do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Old,
    New,
}

impl StandInDialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Gitea2020, Self::Gitea123, Self::Forgejo12];

    pub(super) const fn age(self) -> Age {
        match self {
            Self::Gitea2020 => Age::Old,
            Self::Gitea123 | Self::Forgejo12 => Age::New,
        }
    }

    pub(super) const fn version(self) -> &'static str {
        match self {
            Self::Gitea2020 => "1.12.0+dev-1-g0000000",
            Self::Gitea123 => "1.23.6",
            Self::Forgejo12 => "12.0.0+gitea-1.22.0",
        }
    }

    /// Sends a bot that is no member to the public members.
    pub(super) const fn elsewhere(self) -> u16 {
        match self.age() {
            Age::Old => 302,
            Age::New => 303,
        }
    }

    /// Refuses a change in an archived repository.
    pub(super) const fn archived(self) -> u16 {
        match self.age() {
            Age::Old => 404,
            Age::New => 423,
        }
    }

    /// Headers that carry the digits of a webhook's signature.
    pub(super) const fn signatures(self) -> &'static [&'static str] {
        match self {
            Self::Gitea2020 | Self::Gitea123 => &["X-Gitea-Signature", "X-Gogs-Signature"],
            Self::Forgejo12 => &["X-Forgejo-Signature", "X-Gitea-Signature", "X-Gogs-Signature"],
        }
    }
}
