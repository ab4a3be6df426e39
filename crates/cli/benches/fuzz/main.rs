//! Feeds every reader of other people's texts with broken ones, for as long as it is asked to (`make fuzz`).
//!
//! Seeds are the examples and the cases of the self-test; each is changed at random: cut, doubled, spliced, filled with words that
//! matter to the reader. A reader has to come to an end, within its time, and to keep its promise. What does not is written to a file,
//! named, and is the end of that reader's turn: exit code 1.
//!
//! `CC_CI_FUZZ_SECONDS` is how long each reader is fed (20 where it is not given), `CC_CI_FUZZ_SEED` where chance begins, and arguments
//! are the readers that are meant (all where there is none).

#![expect(clippy::unwrap_used, reason = "a world that cannot be made ends it")]
#![expect(clippy::print_stdout, reason = "it prints for a person, past the program's own printer")]

mod change;
mod readers;
mod seeds;

use change::Chance;
use readers::{READERS, Reader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A reader that takes this long over one text hangs.
const HANGS: Duration = Duration::from_secs(20);

/// What is being read now, and since when; whoever watches looks here.
type Now = Arc<Mutex<Option<(Instant, &'static str, String)>>>;

fn main() -> ExitCode {
    let number = |name: &str, or: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or);
    let (seconds, seed) = (number("CC_CI_FUZZ_SECONDS", 20), number("CC_CI_FUZZ_SEED", 1));
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let now = Now::default();
    watch(Arc::clone(&now));
    let seeds = seeds::all();
    println!("{} seeds, {seconds} s for each reader, chance begins at {seed}", seeds.len());
    let mut broken = false;
    for reader in READERS.iter().filter(|reader| asked.is_empty() || asked.iter().any(|word| word == reader.name)) {
        broken |= !feed(reader, &seeds, Duration::from_secs(seconds), seed, &now);
    }
    ExitCode::from(u8::from(broken))
}

/// Feeds one reader; whether it kept its promise.
fn feed(reader: &Reader, seeds: &[seeds::Seed], time: Duration, seed: u64, now: &Now) -> bool {
    let mine: Vec<&str> =
        seeds.iter().filter(|seed| (reader.takes)(&seed.path)).map(|seed| seed.text.as_str()).collect();
    let own = reader.seeds.iter().copied();
    let mine: Vec<&str> = mine.into_iter().chain(own).collect();
    let mut chance = Chance::new(seed);
    let (began, mut texts, mut slowest) = (Instant::now(), 0_u64, Duration::ZERO);
    while began.elapsed() < time {
        let text = change::changed(&mine, reader.words, reader.longest, &mut chance);
        let started = Instant::now();
        *now.lock().unwrap() = Some((started, reader.name, text.clone()));
        let said = catch_unwind(AssertUnwindSafe(|| (reader.read)(&text)));
        *now.lock().unwrap() = None;
        let took = started.elapsed();
        (texts, slowest) = (texts + 1, slowest.max(took));
        let wrong = match said {
            Ok(Ok(())) if took <= reader.limit => continue,
            Ok(Ok(())) => format!("took {took:?}"),
            Ok(Err(wrong)) => wrong,
            Err(_panic) => "panicked".to_owned(),
        };
        println!("{:<12} after {texts} texts: {wrong}; the text is in {}", reader.name, keep(reader.name, &text));
        return false;
    }
    println!("{:<12} {texts} texts of {} seeds, the slowest took {slowest:?}", reader.name, mine.len());
    true
}

/// Ends everything when a reader hangs: nothing else can.
fn watch(now: Now) {
    std::thread::spawn(move || {
        loop {
            std::thread::park_timeout(Duration::from_secs(1));
            let held = now.lock().unwrap().clone();
            if let Some((_, name, text)) = held.filter(|(since, ..)| since.elapsed() > HANGS) {
                println!("{name:<12} hangs; the text is in {}", keep(name, &text));
                std::process::abort();
            }
        }
    });
}

fn keep(name: &str, text: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("fuzz-{name}.txt"));
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}
