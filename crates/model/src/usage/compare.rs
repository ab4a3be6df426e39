//! Base against head, service by service: what is worth a note. A note never decides a verdict.
//!
//! Every bound is two: one in proportion, so that a large service has room, and one in absolute figures, below which two runs of the
//! same thing differ by chance. Where they come from is written in `docs/design/usage.md`.

use super::{Moment, ServiceUsage};
use crate::report::text::{seconds, size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From how many percent on more is worth a note, for what does not hang on what else the machine does.
const PERCENT: u64 = 25;

/// The same for a start: on a machine that others use, the same start can take twice as long a minute later.
const START_PERCENT: u64 = 100;

/// How much memory more is chance, in bytes.
const MEMORY_NOISE: u64 = 16 << 20;

/// How much longer a start is chance, in milliseconds, besides what the health check's interval makes of it.
const START_NOISE: u64 = 5_000;

/// How much larger an image may be without a word, in bytes. It is the same in every run.
const IMAGE_LEAST: u64 = 16 << 20;

/// A figure at base and at head; `null` where it was not measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsagePair {
    /// At base.
    pub base: Option<u64>,
    /// At head.
    pub head: Option<u64>,
}

impl UsagePair {
    /// By how many percent head is more; negative where it is less.
    #[must_use]
    pub fn percent(self) -> Option<i64> {
        let (base, head) = (i128::from(self.base?), i128::from(self.head?));
        if base == 0 {
            return None;
        }
        i64::try_from((head - base) * 100 / base).ok()
    }

    /// Whether head is so much more: by `percent`, and by `least` besides.
    fn grew(self, percent: u64, least: u64) -> bool {
        let (Some(base), Some(head)) = (self.base, self.head) else { return false };
        let more = head.saturating_sub(base);
        base > 0 && more >= least && u128::from(more) * 100 >= u128::from(base) * u128::from(percent)
    }

    fn is_known(self) -> bool {
        self.base.is_some() || self.head.is_some()
    }
}

/// One service at base and at head.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// Its name without the stack.
    pub service: String,
    /// Bytes of memory in use when everything had been asked, without the kernel's cache of files.
    pub memory: UsagePair,
    /// The same, but head's when it had started on empty volumes, as base did.
    pub memory_on_empty: UsagePair,
    /// The most that memory ever was, by the kernel's mark; only where the engine says it. Files that went from the kernel's cache are
    /// in it, so that it is told and not judged.
    pub peak: UsagePair,
    /// Milliseconds of processor time until then.
    pub cpu_ms: UsagePair,
    /// Milliseconds from the start of a container on empty volumes until its health check passed.
    pub first_start_ms: UsagePair,
    /// Bytes of its image.
    pub image: UsagePair,
    /// What of this is worth a note, in words.
    pub notes: Vec<String>,
}

/// Holds base against head. Empty where there was nothing to compare: without an upgrade, and in records that do not say it.
#[must_use]
pub fn compare(seen: &[(Moment, Vec<ServiceUsage>)]) -> Vec<Compared> {
    let at = |moment: Moment| {
        let found = seen.iter().find(|(when, _)| *when == moment);
        found.map(|(_, services)| services.as_slice()).unwrap_or_default()
    };
    let (base, head, afresh) = (at(Moment::Base), at(Moment::Head), at(Moment::HeadAfresh));
    if base.is_empty() || head.is_empty() {
        return Vec::new();
    }
    let mut names: Vec<&str> = base.iter().chain(head).map(|usage| usage.service.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let row = |name: &str| {
        let find = |all: &[ServiceUsage]| all.iter().find(|usage| usage.service == name).cloned();
        Sides { base: find(base), head: find(head), afresh: find(afresh) }.compared(name)
    };
    names.into_iter().map(row).collect()
}

/// What is known of one service.
struct Sides {
    base: Option<ServiceUsage>,
    head: Option<ServiceUsage>,
    afresh: Option<ServiceUsage>,
}

impl Sides {
    fn compared(&self, service: &str) -> Compared {
        let pair = |figure: fn(&ServiceUsage) -> Option<u64>| UsagePair {
            base: self.base.as_ref().and_then(figure),
            head: self.head.as_ref().and_then(figure),
        };
        let compared = Compared {
            service: service.to_owned(),
            memory: pair(|usage| usage.memory),
            memory_on_empty: UsagePair {
                base: self.base.as_ref().and_then(|usage| usage.memory),
                head: self.afresh.as_ref().and_then(|usage| usage.memory),
            },
            peak: pair(|usage| usage.peak),
            cpu_ms: pair(|usage| usage.cpu_ms),
            first_start_ms: self.first_start(),
            image: pair(|usage| usage.image),
            notes: Vec::new(),
        };
        Compared { notes: self.notes(&compared), ..compared }
    }

    /// Base's first start, and head's on volumes that were as empty. A service that came up at a second attempt says how long that one
    /// took, which is another thing.
    fn first_start(&self) -> UsagePair {
        let first = |usage: &Option<ServiceUsage>| usage.as_ref().filter(|usage| !usage.again)?.start_ms;
        match (first(&self.base), first(&self.afresh)) {
            (Some(base), Some(head)) => UsagePair { base: Some(base), head: Some(head) },
            (None, _) | (_, None) => UsagePair::default(),
        }
    }

    fn notes(&self, compared: &Compared) -> Vec<String> {
        let Compared { service, memory, first_start_ms, image, .. } = compared;
        if !self.was_replaced() {
            return Vec::new();
        }
        let mut notes = Vec::new();
        if memory.grew(PERCENT, MEMORY_NOISE) && self.grew_afresh(compared) {
            notes.push(said(*memory, size, |head, base| {
                format!("head's `{service}` uses {head} of memory, base's {base}")
            }));
        }
        if first_start_ms.grew(START_PERCENT, START_NOISE + self.interval_ms()) {
            notes.push(said(*first_start_ms, seconds, |head, base| {
                format!("head's `{service}` starts in {head} on empty volumes, base's in {base}")
            }));
        }
        if image.grew(PERCENT, IMAGE_LEAST) {
            notes.push(said(*image, size, |head, base| {
                format!("the image of head's `{service}` has {head}, base's {base}")
            }));
        }
        notes
    }

    /// Whether head has more memory on empty volumes, too: over data that are there already the same program can use a quarter more than
    /// at its first start. Where head was not seen there, nothing speaks against it.
    fn grew_afresh(&self, compared: &Compared) -> bool {
        let unknown = self.afresh.as_ref().is_none_or(|usage| usage.memory.is_none());
        unknown || compared.memory_on_empty.grew(PERCENT, MEMORY_NOISE)
    }

    /// Whether the upgrade replaced its containers: one that went on is older, and no different.
    fn was_replaced(&self) -> bool {
        let (Some(base), Some(head)) = (&self.base, &self.head) else { return false };
        !base.containers.iter().any(|one| head.containers.contains(one))
    }

    /// How far apart two starts of the same thing can be seen: the health check asks only so often.
    fn interval_ms(&self) -> u64 {
        let asks = |usage: &Option<ServiceUsage>| usage.as_ref().and_then(|usage| usage.interval_ms);
        asks(&self.base).max(asks(&self.afresh)).unwrap_or_default()
    }
}

/// A note on a figure that grew.
fn said(pair: UsagePair, shown: fn(u64) -> String, words: impl Fn(&str, &str) -> String) -> String {
    let of = |figure: Option<u64>| shown(figure.unwrap_or_default());
    let more = pair.percent().map(|percent| format!(" (+{percent} %)")).unwrap_or_default();
    words(&of(pair.head), &of(pair.base)) + &more
}

impl Compared {
    /// The figures in one line: `app: memory 98.0 MB -> 143.1 MB (+46 %); first start 2.0 s -> 9.1 s (+355 %)`.
    #[must_use]
    pub fn line(&self) -> String {
        let told: Vec<String> =
            self.figures().into_iter().map(|figure| format!("{} {}", figure.name, figure.words())).collect();
        format!("{}: {}", self.service, if told.is_empty() { "not measured".to_owned() } else { told.join("; ") })
    }

    /// What is known of it, for a table. Left out is what says little about head: the peak, and processor time, of which base's holds
    /// the work of its first start and head's that of the upgrade.
    #[must_use]
    pub fn figures(&self) -> Vec<UsageFigure> {
        let all = [
            UsageFigure::of("memory", self.memory, size),
            UsageFigure::of("first start", self.first_start_ms, seconds),
            UsageFigure::of("image", self.image, size),
        ];
        all.into_iter().flatten().collect()
    }
}

/// One figure for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageFigure {
    /// What it is.
    pub name: &'static str,
    /// At base; `-` where it was not measured.
    pub base: String,
    /// At head.
    pub head: String,
    /// By how many percent head is more, where both are known and differ.
    pub change: Option<String>,
}

impl UsageFigure {
    fn of(name: &'static str, pair: UsagePair, shown: fn(u64) -> String) -> Option<Self> {
        let of = |figure: Option<u64>| figure.map_or_else(|| "-".to_owned(), shown);
        let change = pair.percent().filter(|percent| *percent != 0).map(|percent| format!("{percent:+} %"));
        pair.is_known().then(|| Self { name, base: of(pair.base), head: of(pair.head), change })
    }

    fn words(&self) -> String {
        let change = self.change.as_ref().map(|change| format!(" ({change})")).unwrap_or_default();
        format!("{} -> {}{change}", self.base, self.head)
    }
}

#[cfg(test)]
mod tests;
