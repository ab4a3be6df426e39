//! How wide a text is in the embedded font, so that pictures can cut what does not fit.

/// The two weights that are embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// For text.
    Regular,
    /// For headings and names.
    SemiBold,
}

/// Widths of the characters from blank to tilde, in thousandths of the font's size.
type Table = [u16; 95];

#[rustfmt::skip]
const REGULAR: Table = [
    281, 278, 403, 631, 638, 812, 639, 222, 362, 362, 500, 659, 280, 460, 276, 357,
    625, 464, 605, 636, 642, 608, 624, 571, 616, 624, 276, 280, 659, 659, 659, 507,
    936, 676, 651, 727, 719, 598, 587, 743, 740, 264, 543, 652, 562, 889, 753, 761,
    635, 761, 639, 638, 642, 741, 676, 949, 642, 665, 625, 362, 357, 362, 469, 452,
    497, 564, 621, 558, 621, 582, 361, 609, 591, 237, 237, 544, 237, 869, 585, 597,
    609, 609, 372, 523, 364, 581, 557, 812, 540, 557, 541, 362, 327, 362, 659,
];

#[rustfmt::skip]
const SEMI_BOLD: Table = [
    248, 309, 396, 643, 649, 844, 663, 213, 393, 393, 543, 673, 295, 466, 290, 379,
    667, 481, 621, 652, 666, 632, 648, 587, 646, 648, 290, 295, 673, 673, 673, 544,
    999, 724, 657, 744, 724, 608, 586, 755, 744, 275, 561, 677, 566, 906, 741, 775,
    643, 776, 651, 649, 660, 734, 724, 1007, 690, 705, 653, 393, 379, 393, 481, 468,
    497, 575, 630, 577, 630, 593, 377, 625, 613, 261, 261, 569, 261, 898, 610, 608,
    625, 625, 397, 549, 380, 608, 576, 837, 562, 576, 562, 393, 358, 393, 673,
];

/// For characters outside of the tables: as wide as a wide letter, so that a text is rather cut than run over.
const OTHER: u16 = 800;

/// The width of `text` at `size`, kerning left out.
#[must_use]
pub(crate) fn of(text: &str, size: f64, weight: Weight) -> f64 {
    let table = match weight {
        Weight::Regular => &REGULAR,
        Weight::SemiBold => &SEMI_BOLD,
    };
    let width = |c: char| (c as usize).checked_sub(0x20).and_then(|at| table.get(at)).copied().unwrap_or(OTHER);
    text.chars().map(|c| f64::from(width(c))).sum::<f64>() * size / 1000.0
}

/// As much of `text` as fits, with an ellipsis in place of the rest.
#[must_use]
pub(crate) fn fit(text: &str, size: f64, weight: Weight, room: f64) -> String {
    if of(text, size, weight) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let room = room - of("…", size, weight);
    for c in text.chars() {
        kept.push(c);
        if of(&kept, size, weight) > room {
            kept.pop();
            break;
        }
    }
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

/// `text` in at most `most` lines of `room`, broken at blanks where there are any; the last one is cut.
#[must_use]
pub(crate) fn wrap(text: &str, size: f64, weight: Weight, room: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || of(&longer, size, weight) <= room {
            line = longer;
        } else if lines.len() + 1 >= most {
            let rest: Vec<&str> = std::iter::once(word).chain(words).collect();
            line = format!("{line} {}", rest.join(" "));
            break;
        } else {
            lines.push(std::mem::replace(&mut line, word.to_owned()));
        }
    }
    lines.push(line);
    lines.iter().map(|line| fit(line, size, weight, room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_and_what_does_not_is_cut_to_the_room() {
        assert_eq!(fit("miniflux", 20.0, Weight::Regular, 200.0), "miniflux");
        let cut = fit(&"w".repeat(100), 20.0, Weight::SemiBold, 200.0);
        assert!(cut.ends_with("w…") && of(&cut, 20.0, Weight::SemiBold) <= 200.0, "{cut}");
        assert_eq!(fit("abc", 20.0, Weight::Regular, 0.0), "…");
    }

    #[test]
    fn a_long_text_takes_the_lines_there_are_and_no_more() {
        let lines = wrap("one two three four five six seven", 10.0, Weight::Regular, 60.0, 2);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[1].ends_with('…'), "{lines:?}");
        assert_eq!(wrap("one", 10.0, Weight::Regular, 60.0, 2), ["one"]);
        assert_eq!(wrap("", 10.0, Weight::Regular, 60.0, 2), [""]);
        assert!(wrap(&"x".repeat(500), 10.0, Weight::Regular, 60.0, 2)[0].ends_with('…'));
    }
}
