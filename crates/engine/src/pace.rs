//! Paces a loop that asks again and again: at an interval, up to a limit.
//!
//! A loop rather than a closure, because futures that hold async closures cannot be shown to be `Send`.

use std::time::Duration;
use tokio::time::Instant;

/// `while tries.again().await { … }` runs at least once.
#[derive(Debug)]
pub(crate) struct Tries {
    end: Instant,
    interval: Duration,
    begun: bool,
}

impl Tries {
    /// Tries every `interval` until `limit` has passed.
    pub(crate) fn new(limit: Duration, interval: Duration) -> Self {
        Self { end: Instant::now() + limit, interval, begun: false }
    }

    /// Waits until the next try is due; `false` when there is none.
    pub(crate) async fn again(&mut self) -> bool {
        if !self.begun {
            self.begun = true;
            return true;
        }
        let next = Instant::now() + self.interval;
        if next > self.end {
            return false;
        }
        tokio::time::sleep_until(next).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_ends_at_the_limit_and_not_before_the_first_try() {
        let mut tries = Tries::new(Duration::from_millis(9), Duration::from_millis(2));
        let mut count = 0;
        while tries.again().await {
            count += 1;
        }
        assert_eq!(count, 5, "at 0, 2, 4, 6 and 8 ms");
        assert!(Tries::new(Duration::ZERO, Duration::from_secs(9)).again().await);
    }
}
