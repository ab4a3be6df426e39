//! The forms of one secret that a scan looks for.

use super::unescape::unescaped;
use super::view::View;
use super::written::written;
use super::{MASK, SHORTEST};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;

/// A line of a secret with several lines counts by itself from this many characters on: `version: 3` is in many texts.
const SHORTEST_LINE: usize = 12;

/// From this many characters on, a secret counts in capitals and in small letters, too: shorter ones could be words.
const ANY_CASE: usize = 16;

/// A longer value, such as a whole file, counts as it is, line by line, and in base64 only. Bytes.
const LONG: usize = 8 * 1024;

/// How many layers of escapes a scan reads.
pub(super) const LAYERS: usize = 2;

/// Every form of `value` worth looking for, as a scan sees it; empty if the value is too short.
pub(super) fn of(value: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    if without_masks(View::of(value.trim().as_bytes()).visible().bytes()).next().is_none() {
        return forms;
    }
    let encode = if value.len() > LONG { simply } else { encoded };
    // Commands tend to add or drop a line break at the end.
    for value in [value, value.trim()] {
        encode(value, &mut forms);
    }
    for line in value.lines().map(str::trim) {
        // The frame around a key is in every key.
        let counts = line.chars().count() >= SHORTEST_LINE && !line.starts_with("-----");
        if counts && line != value.trim() {
            encode(line, &mut forms);
        }
    }
    forms.iter().flat_map(|form| without_masks(form)).collect()
}

fn encoded(value: &str, forms: &mut BTreeSet<Vec<u8>>) {
    plain(value, forms);
    let bytes = value.as_bytes();
    for text in [STANDARD.encode(bytes), hex::encode(bytes)] {
        base32(text.as_bytes(), &[0], forms);
    }
    forms.insert(hex::encode(bytes).to_uppercase().into_bytes());
    forms.insert(hex::encode(bytes).into_bytes());
    base32(bytes, &[0, 1, 2, 3, 4], forms);
    base64(bytes, forms);
}

/// A value so long that each form costs memory.
fn simply(value: &str, forms: &mut BTreeSet<Vec<u8>>) {
    forms.insert(View::of(value.as_bytes()).visible().bytes().to_vec());
    inside(value.as_bytes(), &[0, 1, 2], 6, |bytes| STANDARD_NO_PAD.encode(bytes), forms);
}

/// The value as texts write it, and as a scan sees it at each layer of escapes.
fn plain(value: &str, forms: &mut BTreeSet<Vec<u8>>) {
    let mut texts: Vec<String> = written(value).into_iter().collect();
    if value.contains(' ') {
        // As forms on pages write it.
        texts.push(value.replace(' ', "+"));
    }
    let digits = value.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if digits || value.chars().count() >= ANY_CASE {
        texts.extend([value.to_uppercase(), value.to_lowercase()]);
    }
    for text in texts {
        let mut layer = View::of(text.as_bytes()).visible();
        forms.insert(layer.bytes().to_vec());
        for _ in 0..LAYERS {
            let Some(below) = unescaped(&layer) else { break };
            forms.insert(below.bytes().to_vec());
            layer = below;
        }
    }
}

/// Base64 of the value alone, and of the part that does not depend on its neighbours when the value stands at any place
/// inside a longer encoded text, such as `user:password`.
fn base64(value: &[u8], forms: &mut BTreeSet<Vec<u8>>) {
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        inside(value, &[0, 1, 2], 6, |bytes| engine.encode(bytes), forms);
    }
    for padded in [STANDARD.encode(value), URL_SAFE.encode(value)] {
        // The lines of `base64` and of `openssl base64`, of which a log may keep only the last.
        let lines = [64, 76].into_iter().filter(|width| padded.len() > *width);
        let lines = lines.flat_map(|width| padded.as_bytes().chunks(width));
        forms.extend(lines.filter(|line| line.len() >= SHORTEST_LINE).map(<[u8]>::to_vec));
        forms.insert(padded.trim_end_matches('=').into());
        forms.insert(padded.into_bytes());
    }
}

/// Base32 of the value, behind so many other bytes, in capitals and in small letters.
fn base32(value: &[u8], behind: &[usize], forms: &mut BTreeSet<Vec<u8>>) {
    let mut upper = BTreeSet::new();
    inside(value, behind, 5, in_base32, &mut upper);
    forms.extend(upper.iter().map(|form| form.to_ascii_lowercase()));
    forms.append(&mut upper);
}

/// The characters of an encoding that depend on nothing but the value, when it stands behind so many other bytes.
fn inside(
    value: &[u8],
    behind: &[usize],
    bits: usize,
    encode: impl Fn(&[u8]) -> String,
    forms: &mut BTreeSet<Vec<u8>>,
) {
    for offset in behind {
        let shifted: Vec<u8> = std::iter::repeat_n(0, *offset).chain(value.iter().copied()).collect();
        let (from, to) = ((offset * 8).div_ceil(bits), shifted.len() * 8 / bits);
        forms.extend(encode(&shifted).get(from..to).map(|form| form.as_bytes().to_vec()));
    }
}

fn in_base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let group = |bytes: &[u8]| {
        let whole = bytes.iter().fold(0u64, |whole, byte| whole << 8 | u64::from(*byte)) << (8 * (5 - bytes.len()));
        let chars = (bytes.len() * 8).div_ceil(5);
        let at = move |place: usize| (whole >> (35 - 5 * place)) as usize & 31;
        (0..chars).map(move |place| char::from(ALPHABET[at(place)])).collect::<String>()
    };
    bytes.chunks(5).map(group).collect()
}

/// The parts of a form that can stand beside a mask without being completed by it: none begins or ends with a star, and
/// none holds as many of them as a mask. So what was masked once holds nothing that has to be masked again.
fn without_masks(form: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut parts = vec![Vec::new()];
    for run in form.chunk_by(|one, other| (*one == b'*') == (*other == b'*')) {
        match parts.last_mut() {
            Some(part) if run[0] != b'*' || run.len() < MASK.len() => part.extend_from_slice(run),
            Some(_) | None => parts.push(Vec::new()),
        }
    }
    let trimmed = parts.into_iter().map(|part| {
        let from = part.iter().position(|byte| *byte != b'*').unwrap_or(part.len());
        let to = part.iter().rposition(|byte| *byte != b'*').map_or(from, |last| last + 1);
        part[from..to].to_vec()
    });
    trimmed.filter(|part| characters(part) >= SHORTEST)
}

/// How many characters bytes have, when they are text; a byte that is none counts as one.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}
