//! When to try again what went wrong.

use cc_ci_forge::Again;
use std::time::Duration;

/// How patience grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Growth {
    /// After the first failure.
    pub(crate) first: Duration,
    /// At most.
    pub(crate) most: Duration,
}

impl Growth {
    /// How long to wait after so many failures in a row, spread by up to a quarter so that not everybody comes back at once.
    /// `chance` is any number.
    pub(crate) fn after(self, failures: u32, again: Again, chance: u32) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        let own = doubled.min(self.most);
        let wait = match again {
            Again::After(asked) => asked,
            Again::NotByItself => self.most,
            Again::Later | Again::LookFirst => own,
        };
        wait + wait.mul_f64(f64::from(chance % 256) / 1024.0)
    }

    /// The longest wait that is not the forge's own wish.
    pub(crate) fn longest(self) -> Duration {
        self.most + self.most / 4
    }

    /// How many tries fit into this time at least, with the longest wait before each.
    pub(crate) fn tries_within(self, time: Duration) -> u32 {
        let tries = time.as_millis() / self.longest().as_millis().max(1);
        u32::try_from(tries).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Growth;
    use cc_ci_forge::Again;
    use std::time::Duration;

    #[test]
    fn waits_double_up_to_a_limit_and_obey_the_forge() {
        let seconds = Duration::from_secs;
        let growth = Growth { first: seconds(20), most: seconds(300) };
        let after = |failures, again| growth.after(failures, again, 0);
        let doubled: Vec<u64> = (1..=6).map(|failures| after(failures, Again::Later).as_secs()).collect();
        assert_eq!(doubled, [20, 40, 80, 160, 300, 300]);
        assert_eq!(after(1000, Again::LookFirst), seconds(300));
        assert_eq!(after(1, Again::After(seconds(3600))), seconds(3600));
        assert_eq!(after(9, Again::After(seconds(1))), seconds(1));
        assert_eq!(after(1, Again::NotByItself), seconds(300));
        assert_eq!((growth.longest(), growth.tries_within(seconds(24 * 3600))), (seconds(375), 230));
        assert!((0..1000).all(|chance| (20..=25).contains(&growth.after(1, Again::Later, chance).as_secs())));
    }
}
