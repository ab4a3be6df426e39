//! Reads one layer of base64 or hexadecimal text, wherever in it the first character stood.

use super::unescape::hex;
use super::view::View;

/// A run with fewer characters holds no form of a secret that is encoded twice.
const SHORTEST_RUN: usize = 11;

/// Stands between runs. No form of a secret holds it, since no text does.
const BETWEEN: u8 = 0xff;

/// A text in a notation that writes `bits` bits with each character.
struct Notation {
    bits: u32,
    /// How many characters stand for whole bytes.
    group: usize,
    value: fn(u8) -> Option<u8>,
}

const NOTATIONS: [Notation; 2] =
    [Notation { bits: 6, group: 4, value: base64 }, Notation { bits: 4, group: 2, value: hex }];

/// What the runs in `view` may stand for, each view with one place at which a run may have begun.
pub(super) fn decoded(view: &View, mut each: impl FnMut(View)) {
    for notation in &NOTATIONS {
        let runs = runs(view.bytes(), notation.value);
        if !runs.is_empty() {
            (0..notation.group).for_each(|phase| each(notation.decoded(view, &runs, phase)));
        }
    }
    if let Some(pairs) = pairs(view) {
        each(pairs);
    }
}

impl Notation {
    fn decoded(&self, view: &View, runs: &[(usize, usize)], phase: usize) -> View {
        let mut decoded = View::default();
        for &(from, to) in runs {
            let (mut held, mut bits) = (0u32, 0);
            for at in from + phase..to {
                let Some(value) = view.bytes().get(at).and_then(|byte| (self.value)(*byte)) else { break };
                held = held << self.bits | u32::from(value);
                bits += self.bits;
                if bits >= 8 {
                    bits -= 8;
                    let [.., byte] = (held >> bits).to_be_bytes();
                    // A byte is written with the character that completes it and with the one or two before.
                    let before = (8 + bits).div_ceil(self.bits) as usize;
                    decoded.take(byte, view, (at + 1).saturating_sub(before).max(from), at + 1);
                }
            }
            decoded.take(BETWEEN, view, to - 1, to);
        }
        decoded.visible()
    }
}

/// Where enough characters of a notation follow one another.
fn runs(text: &[u8], value: fn(u8) -> Option<u8>) -> Vec<(usize, usize)> {
    let (mut runs, mut from) = (Vec::new(), 0);
    for piece in text.split(|byte| value(*byte).is_none()) {
        if piece.len() >= SHORTEST_RUN {
            runs.push((from, from + piece.len()));
        }
        from += piece.len() + 1;
    }
    runs
}

/// Hexadecimal digits in pairs with something between them: `73:65:63`, `0x73, 0x65`.
fn pairs(view: &View) -> Option<View> {
    let text = view.bytes();
    let mut decoded = View::default();
    let (mut at, mut last) = (0, None);
    while at + 1 < text.len() {
        let digit = |at: usize| text.get(at).copied().and_then(hex);
        let begins = at == 0 || digit(at - 1).is_none();
        match (digit(at), digit(at + 1)) {
            (Some(high), Some(low)) if begins && digit(at + 2).is_none() => {
                if last.is_some_and(|last| !is_between(&text[last..at])) {
                    decoded.take(BETWEEN, view, at, at + 1);
                }
                decoded.take(high << 4 | low, view, at, at + 2);
                at += 2;
                last = Some(at);
            }
            _ => at += 1,
        }
    }
    last.map(|_| decoded.visible())
}

/// Whether pairs of digits with this between them belong together.
fn is_between(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"0x").unwrap_or(text);
    text.len() <= 2 && text.iter().all(|byte| b" :,;-".contains(byte))
}

fn base64(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}
