//! What the machine has: memory, disk, its age, and which start of it this is.

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::path::Path;

/// Free memory in bytes, as the kernel estimates it.
pub(crate) fn memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibi: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibi * 1024)
}

/// Free bytes on the disk of a folder.
pub(crate) fn disk(folder: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder).ok()?;
    Some(about.f_bavail.saturating_mul(about.f_frsize))
}

/// Seconds since the machine started, sleep included. No clock that somebody sets.
pub(crate) fn uptime() -> i64 {
    clock_gettime(ClockId::Boottime).tv_sec
}

/// Which start of the machine this is.
pub(crate) fn boot() -> String {
    // Without it every start looks the same, and a run that a restart ended is found by its claim all the same.
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|text| text.trim().to_owned()).unwrap_or_default()
}
