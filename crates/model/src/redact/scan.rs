//! Finds the forms of secrets in a text, also where line breaks stand between their characters.

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use std::ops::Range;

/// A form with fewer bytes does not count when a line break stands inside it: two short lines would make one too easily.
const WRAPPED: usize = 8;

/// All forms in one automaton.
#[derive(Clone)]
pub(super) struct Scan(AhoCorasick);

/// One place in a text.
pub(super) struct Found {
    /// The bytes, line breaks inside with them.
    pub(super) place: Range<usize>,
    /// Which form.
    pub(super) form: usize,
}

impl Scan {
    /// A scan for forms, none of which may hold a line break.
    pub(super) fn new<'f>(forms: impl Iterator<Item = &'f str>) -> Result<Self, BuildError> {
        // Overlapping matches are wanted: where two secrets share a part, both have to go whole.
        AhoCorasick::builder().match_kind(MatchKind::Standard).build(forms).map(Self)
    }

    /// Every place of every form.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Found> {
        let joined = Joined::of(text);
        let found = self.0.find_overlapping_iter(joined.bytes(text)).filter_map(|found| {
            let place = joined.place(found.start()..found.end());
            let wrapped = place.len() > found.len();
            (!wrapped || found.len() >= WRAPPED).then_some(Found { place, form: found.pattern().as_usize() })
        });
        found.collect()
    }

    /// The places of all forms, those that overlap as one, in order.
    pub(super) fn places(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = self.find(text).into_iter().map(|found| found.place).collect();
        found.sort_unstable_by_key(|place| (place.start, place.end));
        let mut places: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for place in found {
            match places.last_mut() {
                Some(last) if place.start < last.end => last.end = last.end.max(place.end),
                Some(_) | None => places.push(place),
            }
        }
        places
    }
}

/// A text without its line breaks, and the way back.
struct Joined {
    /// The text; `None` when it has no line breaks.
    text: Option<Vec<u8>>,
    /// For each piece, where it begins here and where in the original.
    pieces: Vec<(usize, usize)>,
}

impl Joined {
    fn of(text: &[u8]) -> Self {
        let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
        if !text.iter().any(is_break) {
            return Self { text: None, pieces: Vec::new() };
        }
        let (mut joined, mut pieces, mut at) = (Vec::with_capacity(text.len()), Vec::new(), 0);
        for piece in text.split(is_break) {
            if !piece.is_empty() {
                pieces.push((joined.len(), at));
                joined.extend_from_slice(piece);
            }
            at += piece.len() + 1;
        }
        Self { text: Some(joined), pieces }
    }

    fn bytes<'t>(&'t self, original: &'t [u8]) -> &'t [u8] {
        self.text.as_deref().unwrap_or(original)
    }

    /// A place here as one of the original.
    fn place(&self, here: Range<usize>) -> Range<usize> {
        if self.text.is_none() {
            return here;
        }
        self.back(here.start)..self.back(here.end - 1) + 1
    }

    fn back(&self, here: usize) -> usize {
        let after = self.pieces.partition_point(|(joined, _)| *joined <= here);
        let (joined, original) = after.checked_sub(1).and_then(|at| self.pieces.get(at)).copied().unwrap_or_default();
        original + (here - joined)
    }
}
