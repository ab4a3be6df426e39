//! The colours of a RUN SUMMARY.

use crate::Paint;
use cc_ci_model::tier::Tier;

/// One of the colours of [`Paint`].
type Colour = fn(Paint, &str) -> String;

/// A line of the summary with the colour of what it says.
pub(crate) fn dressed(line: &str, paint: Paint) -> String {
    let words: [(&str, Colour); 9] = [
        ("GREEN", Paint::good),
        ("RED", Paint::bad),
        ("FIRST TO FAIL", Paint::bad),
        ("SECRET LEAKED", Paint::bad),
        ("left behind", Paint::bad),
        ("UNVERIFIED", Paint::doubtful),
        ("CANCELLED", Paint::doubtful),
        ("NOT FINISHED", Paint::doubtful),
        ("RUNNING", Paint::doubtful),
    ];
    if let Some((word, colour)) = words.into_iter().find(|(word, _)| line.starts_with(word)) {
        return format!("{}{}", colour(paint, word), &line[word.len()..]);
    }
    let Some(tier) = Tier::ALL.into_iter().find(|tier| line.starts_with(&format!("{:<8} ", tier.word()))) else {
        return line.to_owned();
    };
    let (name, rest) = line.split_at(tier.word().len().max(8) + 1);
    let status = rest.split(' ').next().unwrap_or_default();
    let colour = match status {
        "pass" => Paint::good,
        "fail" => Paint::bad,
        "skip" => Paint::faint,
        _ => Paint::doubtful,
    };
    format!("{name}{}{}", colour(paint, status), &rest[status.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_coloured_by_its_words() {
        let ansi = |line: &str| dressed(line, Paint::Ansi);
        assert_eq!(ansi("install  pass      1.2 s  ok"), "install  \x1b[32mpass\x1b[0m      1.2 s  ok");
        assert_eq!(ansi("backup   skip          -"), "backup   \x1b[2mskip\x1b[0m          -");
        assert_eq!(ansi("GREEN (level 5) after 17 s"), "\x1b[32mGREEN\x1b[0m (level 5) after 17 s");
        assert_eq!(ansi("install"), "install");
        assert_eq!(dressed("RED (x)", Paint::Plain), "RED (x)");
    }
}
