//! How much tests may use up.

/// What a sandbox is for, which decides what its tests may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Tests of every kind but those with a browser.
    Ordinary,
    /// Tests with a browser, which is many processes and much memory.
    Browser,
}

impl Size {
    /// Memory and swap together, in bytes.
    #[must_use]
    pub fn memory(self) -> i64 {
        match self {
            Self::Ordinary => 512 << 20,
            Self::Browser => 2 << 30,
        }
    }

    /// CPU time per time, in billionths of one CPU.
    #[must_use]
    pub fn cpus(self) -> i64 {
        match self {
            Self::Ordinary => 1_000_000_000,
            Self::Browser => 2_000_000_000,
        }
    }

    /// The most processes and threads.
    #[must_use]
    pub fn processes(self) -> i64 {
        match self {
            Self::Ordinary => 256,
            Self::Browser => 768,
        }
    }

    /// The size of `/tmp` as a mount option.
    pub(super) fn scratch(self) -> &'static str {
        match self {
            Self::Ordinary => "128m",
            Self::Browser => "512m",
        }
    }
}
