//! Finds the forms of secrets in a text: as it stands, below escapes, and below one more encoding.

use super::decode::decoded;
use super::forms::LAYERS;
use super::unescape::unescaped;
use super::view::View;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, BuildError, MatchKind};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// A form with fewer bytes does not count when something stands inside it: two short lines would make one too easily.
const WRAPPED: usize = 8;

/// How much of a text is looked at at once. Bytes.
const PART: usize = 256 * 1024;

/// All forms in one automaton.
#[derive(Clone)]
pub(super) struct Scan {
    automaton: Arc<NFA>,
    /// How many bytes of a text one form can take up. What is spread wider is not found.
    reach: usize,
}

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The places, those that overlap as one, in order.
    pub(super) places: Vec<Range<usize>>,
    /// Which forms.
    pub(super) forms: BTreeSet<usize>,
    /// How many bytes were looked at: what the work is proportional to.
    pub(super) steps: usize,
}

impl Scan {
    /// A scan for forms. A form that takes up to `reach` bytes is found.
    pub(super) fn new<'f>(forms: impl Iterator<Item = &'f [u8]>, reach: usize) -> Result<Self, BuildError> {
        let automaton = NFA::builder().match_kind(MatchKind::Standard).build(forms)?;
        Ok(Self { automaton: Arc::new(automaton), reach })
    }

    /// Looks through a text in parts, each with as much of the next as one form can take.
    pub(super) fn find(&self, text: &[u8]) -> Found {
        let mut found = Found::default();
        for from in (0..text.len()).step_by(PART.max(self.reach)) {
            let to = text.len().min(from + PART.max(self.reach) + self.reach);
            let of_part = self.part(text.get(from..to).unwrap_or_default());
            found.forms.extend(of_part.forms);
            found.steps += of_part.steps;
            let places = of_part.places.into_iter().map(|place| place.start + from..place.end + from);
            // Only the last places of the part before can overlap with those of this one.
            let apart = found.places.partition_point(|place| place.end <= from);
            let before = found.places.split_off(apart);
            found.places.extend(union(before, places.collect()));
        }
        found
    }

    fn part(&self, text: &[u8]) -> Found {
        let mut found = Found::default();
        let mut layer = View::of(text).visible();
        self.look(&layer, &mut found);
        for _ in 0..LAYERS {
            let Some(below) = unescaped(&layer) else { break };
            self.look(&below, &mut found);
            layer = below;
        }
        decoded(&layer, |view| {
            self.look(&view, &mut found);
            if let Some(below) = unescaped(&view) {
                self.look(&below, &mut found);
            }
        });
        found
    }

    /// One pass over a view. At each byte only the longest form that ends there matters for the places, so that many forms
    /// which end alike cost no more than one.
    fn look(&self, view: &View, found: &mut Found) {
        let automaton = self.automaton.as_ref();
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        let (mut places, mut seen) = (Vec::new(), BTreeSet::new());
        found.steps += view.bytes().len();
        for (at, byte) in view.bytes().iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, *byte);
            if !automaton.is_match(state) {
                continue;
            }
            let mut masked = false;
            // The longest comes first, and those that do not count when wrapped come last.
            for index in 0..automaton.match_len(state) {
                found.steps += 1;
                let form = automaton.match_pattern(state, index);
                let (from, to) = (at + 1 - automaton.pattern_len(form), at + 1);
                if to - from < WRAPPED && !view.is_whole(from, to) {
                    continue;
                }
                if !masked {
                    add(&mut places, view.place(from, to));
                    masked = true;
                }
                if !found.forms.insert(form.as_usize()) && seen.contains(&state) {
                    break;
                }
            }
            seen.insert(state);
        }
        found.places = union(std::mem::take(&mut found.places), places);
    }
}

/// Adds a place that ends behind all others.
fn add(places: &mut Vec<Range<usize>>, mut place: Range<usize>) {
    while let Some(last) = places.pop_if(|last| last.end > place.start) {
        place = last.start.min(place.start)..last.end.max(place.end);
    }
    places.push(place);
}

/// The places of both, those that overlap as one, in order.
fn union(one: Vec<Range<usize>>, other: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let (mut one, mut other) = (one.into_iter().peekable(), other.into_iter().peekable());
    let mut places = Vec::new();
    loop {
        let first = match (one.peek(), other.peek()) {
            (Some(left), Some(right)) if left.start <= right.start => one.next(),
            (Some(_), None) => one.next(),
            (_, Some(_)) => other.next(),
            (None, None) => return places,
        };
        if let Some(place) = first {
            add(&mut places, place);
        }
    }
}
