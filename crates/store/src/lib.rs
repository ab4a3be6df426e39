//! Remembers runs: folders, records, retention.
