//! What a YAML scalar means to the loader that `docker stack deploy` uses.
//!
//! That loader reads plain `0755` as the number 493 and `1.10` as 1.1, and hands a label or variable on as that number's
//! text. The product has to see what will be deployed, so the same is done here, and the written text is kept next to it.

/// A scalar: its text after typing and interpolation, and as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scalar {
    /// What the loader hands on where a text is wanted.
    pub(crate) text: String,
    /// What the file says, before interpolation.
    pub(crate) raw: String,
    /// What the loader takes it for.
    pub(crate) kind: ScalarKind,
    /// Whether the written text has variables in it.
    pub(crate) substituted: bool,
    /// Whether it is written without quotes.
    pub(crate) plain: bool,
}

/// The types that matter to the loader's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScalarKind {
    Text,
    Number,
    Boolean,
    Time,
}

/// A number as the loader holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// Written as a whole number that fits 64 bits, signed or not.
    Whole(i128),
    /// Anything else, whole or not.
    Float(f64),
}

impl Number {
    /// Its value, near enough to ask whether it is below zero or whole.
    pub(crate) fn value(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }
}

impl Scalar {
    /// A scalar that is text whatever it looks like, because it is quoted.
    pub(crate) fn text(value: String) -> Self {
        Self { raw: value.clone(), text: value, kind: ScalarKind::Text, substituted: false, plain: false }
    }

    /// The number, when it is one.
    pub(crate) fn number(&self) -> Option<Number> {
        let digits = self.raw.replace('_', "");
        match self.kind {
            ScalarKind::Number => integer(&digits).map(Number::Whole).or_else(|| float(&digits).map(Number::Float)),
            ScalarKind::Text | ScalarKind::Boolean | ScalarKind::Time => None,
        }
    }

    /// The number, when it is a whole one.
    pub(crate) fn whole(&self) -> Option<i64> {
        match self.number()? {
            Number::Whole(whole) => i64::try_from(whole).ok(),
            // A count may be written as 2.0: what follows the point is cut off.
            Number::Float(float) => (float.abs() < 9e15).then_some(float.trunc() as i64),
        }
    }
}

/// Whether a scalar without quotes is text to us and to current loaders, but true or false to those that follow YAML 1.1:
/// Docker 26 still does, Docker 28 no longer.
pub(crate) fn is_old_boolean(written: &str) -> bool {
    const WORDS: [&str; 6] = ["y", "yes", "on", "n", "no", "off"];
    let lower = written.to_ascii_lowercase();
    let shape = [lower.clone(), written.to_ascii_uppercase(), capitalised(&lower)];
    WORDS.contains(&lower.as_str()) && shape.iter().any(|shape| shape == written)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// A scalar written without quotes.
pub(crate) fn plain(written: &str) -> Scalar {
    let kept =
        |kind| Scalar { text: written.to_owned(), raw: written.to_owned(), kind, substituted: false, plain: true };
    if matches!(written, "true" | "True" | "TRUE" | "false" | "False" | "FALSE") {
        return Scalar { text: written.to_ascii_lowercase(), ..kept(ScalarKind::Boolean) };
    }
    if !written.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return kept(ScalarKind::Text);
    }
    if let Some(text) = date(written) {
        return Scalar { text, ..kept(ScalarKind::Time) };
    }
    let digits = written.replace('_', "");
    if let Some(value) = integer(&digits) {
        return Scalar { text: value.to_string(), ..kept(ScalarKind::Number) };
    }
    match float(&digits) {
        Some(value) => Scalar { text: go_float(value), ..kept(ScalarKind::Number) },
        None => kept(ScalarKind::Text),
    }
}

/// A whole number that fits 64 bits, signed or not, in the notations of Go: decimal, `0x`, `0o`, `0b` and `017`.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, base).ok()?);
    let value = if negative { -value } else { value };
    // Go reads a sign only in front of numbers that fit 64 signed bits.
    let fits = i64::try_from(value).is_ok() || !text.starts_with(['+', '-']);
    fits.then_some(value)
}

/// A float in YAML's notation.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(f64::NAN);
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let exponent_fine = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    if !has_digits || !all_digits(whole) || !all_digits(fraction) || !exponent_fine {
        return None;
    }
    // One that is too large for a float is text to the loader, such as the commit 294e1909 in a label.
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A float as Go prints it: shortest digits, with an exponent from a million on and below 0.0001.
fn go_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(power) = exponent.parse::<i32>() else { return scientific };
    if (-4..6).contains(&power) {
        return format!("{value}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.abs())
}

/// `YYYY-M-D` as Go prints that day: the loader turns an unquoted date into a time.
fn date(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str, least, most| {
        (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if parts.next().is_some() || !digits(year, 4, 4) || !digits(month, 1, 2) || !digits(day, 1, 2) {
        return None;
    }
    let (year, month, day): (u32, u32, u32) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=days).contains(&day).then(|| format!("{year:04}-{month:02}-{day:02} 00:00:00 +0000 UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_older_loaders_take_for_booleans() {
        for written in ["y", "Y", "yes", "Yes", "NO", "On", "off"] {
            assert!(is_old_boolean(written), "{written}");
        }
        for written in ["", "yEs", "oN", "true", "nope", "é"] {
            assert!(!is_old_boolean(written), "{written}");
        }
    }

    /// Every pair here was read off `docker stack config`.
    #[test]
    fn plain_scalars_become_what_the_loader_makes_of_them() {
        let pairs = [
            ("0755", "493"),
            ("1.10", "1.1"),
            ("0x10", "16"),
            ("1e3", "1000"),
            ("0o17", "15"),
            ("1_000", "1000"),
            ("12345678901234567890", "12345678901234567890"),
            ("2001-01-01", "2001-01-01 00:00:00 +0000 UTC"),
            ("123456789.5", "1.234567895e+08"),
            ("1e21", "1e+21"),
            ("294e1909", "294e1909"),
            ("0b11", "3"),
            ("-0", "0"),
            ("+5", "5"),
            ("yes", "yes"),
            ("on", "on"),
            ("190:20:30", "190:20:30"),
            ("30s", "30s"),
            ("1.27.2", "1.27.2"),
            ("-", "-"),
            (".5", "0.5"),
            ("1.", "1"),
            ("0.00001", "1e-05"),
            ("09", "9"),
            ("1000000.0", "1e+06"),
            ("123456.5", "123456.5"),
            ("-1.5e-7", "-1.5e-07"),
            ("1e20", "1e+20"),
            ("-017", "-15"),
            ("0o9", "0o9"),
            ("18446744073709551616", "1.8446744073709552e+19"),
            ("+18446744073709551615", "1.8446744073709552e+19"),
            ("2001-02-30", "2001-02-30"),
            ("0x", "0x"),
            ("1e+", "1e+"),
        ];
        for (written, expected) in pairs {
            assert_eq!(plain(written).text, expected, "{written}");
        }
    }
}
