//! A text as a reader sees it, with the way back to where each of its bytes stood.

/// Bytes, each with the place in the text that it came from.
#[derive(Debug, Default)]
pub(super) struct View {
    bytes: Vec<u8>,
    /// Where the place of each byte begins.
    from: Vec<u32>,
    /// Where it ends.
    to: Vec<u32>,
}

impl View {
    /// The text itself. It must be shorter than 4 GiB; [`super::scan`] hands over parts.
    pub(super) fn of(text: &[u8]) -> Self {
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self { bytes: text.to_vec(), from: (0..end).collect(), to: (1..=end).collect() }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The place in the text that bytes here came from.
    pub(super) fn place(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        let start = self.from.get(from).copied().unwrap_or_default();
        let end = to.checked_sub(1).and_then(|last| self.to.get(last)).copied().unwrap_or_default();
        start as usize..end as usize
    }

    /// Whether nothing was left out between bytes here.
    pub(super) fn is_whole(&self, from: usize, to: usize) -> bool {
        let ends = self.to.get(from..to.saturating_sub(1)).unwrap_or_default();
        let starts = self.from.get(from + 1..to).unwrap_or_default();
        ends == starts
    }

    /// Adds a byte that stands for `bytes[from..to]` of `other`.
    pub(super) fn take(&mut self, byte: u8, other: &Self, from: usize, to: usize) {
        self.bytes.push(byte);
        self.from.push(other.from.get(from).copied().unwrap_or_default());
        self.to.push(to.checked_sub(1).and_then(|last| other.to.get(last)).copied().unwrap_or_default());
    }

    /// Adds `bytes[from..to]` of `other` as they are.
    fn take_all(&mut self, other: &Self, from: usize, to: usize) {
        self.bytes.extend_from_slice(other.bytes.get(from..to).unwrap_or_default());
        self.from.extend_from_slice(other.from.get(from..to).unwrap_or_default());
        self.to.extend_from_slice(other.to.get(from..to).unwrap_or_default());
    }

    /// Without what no reader sees: line breaks, tabs and other control characters, sequences that colour a terminal, and
    /// characters of no width.
    pub(super) fn visible(self) -> Self {
        if !self.bytes.iter().any(|byte| may_be_unseen(*byte)) {
            return self;
        }
        let mut view = Self::default();
        let (mut taken, mut at) = (0, 0);
        while let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let seen = rest.iter().position(|byte| may_be_unseen(*byte)).unwrap_or(rest.len());
            match unseen(rest.get(seen..).unwrap_or_default()) {
                0 => at += (seen + 1).min(rest.len()),
                unseen => {
                    view.take_all(&self, taken, at + seen);
                    at += seen + unseen;
                    taken = at;
                }
            }
        }
        view.take_all(&self, taken, self.bytes.len());
        view
    }
}

fn may_be_unseen(byte: u8) -> bool {
    byte.is_ascii_control() || matches!(byte, 0xc2 | 0xe2 | 0xef)
}

/// How many bytes at the beginning a reader does not see.
fn unseen(text: &[u8]) -> usize {
    match text {
        [0x1b, b'[', rest @ ..] => sequence(rest).map_or(1, |length| length + 2),
        [0x1b, b']' | b'P' | b'_' | b'^', rest @ ..] => command(rest).map_or(1, |length| length + 2),
        [0x1b, b'(' | b')', _, ..] => 3,
        [byte, ..] if byte.is_ascii_control() => 1,
        // C1 controls, the soft hyphen.
        [0xc2, 0x9b, rest @ ..] => sequence(rest).map_or(2, |length| length + 2),
        [0xc2, 0x80..=0x9f | 0xad, ..] => 2,
        // Zero width, directions, line and paragraph separators; the byte order mark.
        [0xe2, 0x80, 0x8b..=0x8f | 0xa8..=0xae, ..] | [0xe2, 0x81, 0xa0..=0xaf, ..] | [0xef, 0xbb, 0xbf, ..] => 3,
        _ => 0,
    }
}

/// The length of what follows `ESC [`: parameters, and a last letter.
fn sequence(text: &[u8]) -> Option<usize> {
    let parameters = text.iter().take_while(|byte| (0x20..=0x3f).contains(*byte)).count();
    text.get(parameters).filter(|byte| (0x40..=0x7e).contains(*byte)).map(|_| parameters + 1)
}

/// The length of what follows `ESC ]`, such as a title: up to BEL or `ESC \`.
fn command(text: &[u8]) -> Option<usize> {
    let words = text.iter().take_while(|byte| !byte.is_ascii_control()).count();
    match text.get(words..)? {
        [0x07, ..] => Some(words + 1),
        [0x1b, b'\\', ..] => Some(words + 2),
        _ => None,
    }
}
