//! How long programs of this machine waited for what it is short of, and a clock that goes more slowly meanwhile (PERF-4).
//!
//! How long an app may take is a question about the app. On a machine that others use it starts more slowly, and a limit by the clock on the
//! wall would call it broken. The kernel counts the time in which some program could have gone on and did not get a processor, memory or
//! its disk ([pressure stall information](https://docs.kernel.org/accounting/psi.html)); half of that time does not count
//! against the app, so a wait takes at most twice its limit.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What a program can be made to wait for. One that waits for two at once is counted twice, so more than the time that passed is cut.
const OF_WHAT: [&str; 3] = ["cpu", "io", "memory"];

/// From which share of the time on a reader should know of it, in percent.
const WORTH_A_WORD: u128 = 20;

/// For how long programs have waited since the machine was started; `None` where the kernel does not say it.
pub type Stalls = Arc<dyn Fn() -> Option<Duration> + Send + Sync>;

/// What the kernel counts on this machine.
#[must_use]
pub fn of_this_machine() -> Stalls {
    Arc::new(|| stalled(Path::new("/proc/pressure")))
}

/// A machine on which nothing ever waits.
#[must_use]
pub fn none() -> Stalls {
    Arc::new(|| None)
}

fn stalled(folder: &Path) -> Option<Duration> {
    let of = |what: &str| total(&std::fs::read_to_string(folder.join(what)).ok()?);
    let all: Vec<Duration> = OF_WHAT.into_iter().filter_map(of).collect();
    (!all.is_empty()).then(|| all.iter().sum())
}

/// The microseconds behind `total=` in the line of which one program is enough.
fn total(text: &str) -> Option<Duration> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let micros = line.split(' ').find_map(|word| word.strip_prefix("total="))?;
    Some(Duration::from_micros(micros.parse().ok()?))
}

/// A clock that goes more slowly while programs wait for their machine: at half the pace at the least.
#[derive(Clone)]
pub struct EasedClock {
    stalls: Stalls,
    began: Instant,
    before: Option<Duration>,
}

impl fmt::Debug for EasedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EasedClock").field("began", &self.began).field("before", &self.before).finish_non_exhaustive()
    }
}

impl EasedClock {
    /// Begins now.
    #[must_use]
    pub fn new(stalls: Stalls) -> Self {
        let before = stalls();
        Self { stalls, began: Instant::now(), before }
    }

    /// The time that counts since it began.
    fn now(&self) -> Duration {
        let (passed, stalled) = self.passed();
        passed.saturating_sub(stalled / 2)
    }

    /// How much time has passed since it began, and in how much of it programs waited.
    fn passed(&self) -> (Duration, Duration) {
        let passed = self.began.elapsed();
        let stalled = (self.stalls)().zip(self.before).map(|(now, before)| now.saturating_sub(before));
        (passed, stalled.unwrap_or_default().min(passed))
    }

    /// A limit of something that begins now.
    #[must_use]
    pub fn limit(&self, limit: Duration) -> TimeLimit<'_> {
        TimeLimit { clock: self, began: self.now(), limit }
    }

    /// What a reader should know: for how much of the time programs waited, where that was much.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let (passed, stalled) = self.passed();
        let percent = (stalled.as_millis() * 100).checked_div(passed.as_millis())?;
        (percent >= WORTH_A_WORD).then(|| {
            format!(
                "for {percent} % of {:.1} s programs waited for a processor, memory or a disk, and limits of waiting were \
                 stretched by half of that",
                passed.as_secs_f64()
            )
        })
    }
}

/// How long something may take, by a clock that goes more slowly on a busy machine.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimit<'a> {
    clock: &'a EasedClock,
    began: Duration,
    limit: Duration,
}

impl TimeLimit<'_> {
    /// Whether it has taken too long.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.has_lasted(self.limit)
    }

    /// Whether it has taken so long.
    #[must_use]
    pub fn has_lasted(&self, time: Duration) -> bool {
        self.clock.now().saturating_sub(self.began) >= time
    }

    /// Begins anew.
    pub fn again(&mut self) {
        self.began = self.clock.now();
    }

    /// The limit in whole seconds, for a reader.
    #[must_use]
    pub fn as_secs(&self) -> u64 {
        self.limit.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine on which programs wait for this share of the time, in percent.
    fn busy(percent: u32) -> Stalls {
        let began = Instant::now();
        Arc::new(move || Some(Duration::from_secs(1_000) + began.elapsed() * percent / 100))
    }

    /// After how many seconds a limit of 10 s is over.
    async fn over_after(stalls: Stalls) -> u64 {
        let clock = EasedClock::new(stalls);
        let (limit, began) = (clock.limit(Duration::from_secs(10)), Instant::now());
        while !limit.is_over() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn half_of_the_time_in_which_programs_wait_does_not_count() {
        assert_eq!(over_after(none()).await, 10);
        assert_eq!(over_after(busy(0)).await, 10);
        assert_eq!(over_after(busy(50)).await, 13);
        assert_eq!(over_after(busy(100)).await, 20);
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_is_more_than_doubled_whatever_is_counted() {
        assert_eq!(over_after(busy(300)).await, 20);
        // A count that goes back is none.
        let back: Stalls = {
            let began = Instant::now();
            Arc::new(move || Duration::from_secs(1_000).checked_sub(began.elapsed()))
        };
        assert_eq!(over_after(back).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_begins_anew_has_its_whole_time_again() {
        let clock = EasedClock::new(none());
        let mut limit = clock.limit(Duration::from_secs(3));
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(limit.is_over());
        limit.again();
        assert!(!limit.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_machine_is_worth_a_word_and_another_is_not() {
        let (quiet, loud) = (EasedClock::new(busy(19)), EasedClock::new(busy(61)));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(quiet.note(), None);
        let note = loud.note().unwrap();
        assert!(note.starts_with("for 61 % of 60.0 s programs waited"), "{note}");
    }

    #[test]
    fn what_the_kernel_counts_is_read_and_what_it_does_not_count_is_none() {
        let text = "some avg10=4.14 avg60=8.22 avg300=11.12 total=21769643058\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
        assert_eq!(total(text), Some(Duration::from_micros(21_769_643_058)));
        assert_eq!([total(""), total("full total=3\n"), total("some total=x\n")], [None; 3]);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(stalled(folder.path()), None);
        for (what, micros) in [("cpu", 5), ("io", 7)] {
            std::fs::write(folder.path().join(what), format!("some avg10=0.00 total={micros}\n")).unwrap();
        }
        assert_eq!(stalled(folder.path()), Some(Duration::from_micros(12)));
    }
}
