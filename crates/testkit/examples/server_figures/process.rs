//! What a process uses, as the kernel counts it.

use std::fmt;
use std::fs;
use std::io;

/// What a process uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Memory in KiB.
    resident: u64,
    /// The most it ever had.
    most: u64,
    /// Processor time in seconds since its begin, that of its children not with it.
    pub(crate) processor: f64,
}

impl Usage {
    /// Looks at a process.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let strange = || io::Error::other("the kernel says something else");
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        // Behind the name, which may hold blanks, stand numbers: user and system time are the 12th and the 13th.
        let numbers: Vec<&str> = stat.rsplit_once(')').ok_or_else(strange)?.1.split_whitespace().collect();
        let ticks = |at: usize| numbers.get(at).and_then(|number| number.parse::<f64>().ok()).ok_or_else(strange);
        Ok(Self {
            resident: kib("VmRSS:").ok_or_else(strange)?,
            most: kib("VmHWM:").ok_or_else(strange)?,
            // Linux counts in hundredths of a second for everybody.
            processor: (ticks(11)? + ticks(12)?) / 100.0,
        })
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |kib: u64| kib as f64 / 1024.0;
        let (resident, most) = (mib(self.resident), mib(self.most));
        write!(to, "{resident:.1} MiB of memory ({most:.1} at most), {:.2} s of processor", self.processor)
    }
}
