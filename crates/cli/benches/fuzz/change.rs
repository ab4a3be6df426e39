//! Changes a text at random, so that it is still nearly what a reader expects.

/// Numbers by chance, the same ones for the same beginning (xorshift).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`; 0 where there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { usize::try_from(self.next() % end as u64).unwrap_or(0) }
    }
}

/// What readers stumble over, whatever they read.
const ODD: [&str; 24] = [
    "\u{0}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\r",
    "\t",
    "\u{202e}",
    "\u{1f642}",
    "$",
    "$$",
    "${",
    "}",
    "\"",
    "'",
    "\\",
    "`",
    "#",
    ": ",
    "- ",
    "99999999999999999999",
    "-1",
    "1e309",
    "\n\n",
    "\u{e4}",
];

/// One of the seeds, changed some times; never longer than `longest` bytes.
pub(crate) fn changed(seeds: &[&str], words: &[&str], longest: usize, chance: &mut Chance) -> String {
    let mut text = seeds[chance.below(seeds.len())].to_owned();
    for _ in 0..=chance.below(8) {
        let (from, to) = range(&text, chance);
        let part = text[from..to].to_owned();
        match chance.below(8) {
            0 => text.replace_range(from..to, ""),
            1 => text.insert_str(from, &part),
            2 => text.insert_str(from, ODD[chance.below(ODD.len())]),
            3 | 4 if !words.is_empty() => text.insert_str(from, words[chance.below(words.len())]),
            5 => {
                let other = seeds[chance.below(seeds.len())];
                let (from_other, to_other) = range(other, chance);
                text.replace_range(from..to, &other[from_other..to_other]);
            }
            // A reader whose time grows faster than its text shows it here.
            6 => text.insert_str(from, &part.repeat(1 + chance.below(300))),
            _ => text = lines_swapped(&text, chance),
        }
        if text.len() > longest {
            text.truncate(text.floor_char_boundary(longest));
        }
    }
    text
}

/// A part of a text, mostly a short one.
fn range(text: &str, chance: &mut Chance) -> (usize, usize) {
    let from = chance.below(text.len() + 1);
    let most = if chance.below(4) == 0 { text.len() } else { 40 };
    let to = (from + chance.below(most + 1)).min(text.len());
    (text.floor_char_boundary(from), text.ceil_char_boundary(to))
}

fn lines_swapped(text: &str, chance: &mut Chance) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (one, other) = (chance.below(lines.len()), chance.below(lines.len()));
    if !lines.is_empty() {
        lines.swap(one, other);
    }
    lines.concat()
}
