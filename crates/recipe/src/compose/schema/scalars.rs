//! Whether a scalar is what the loader wants at a place.

use super::form::Plain;
use crate::compose::words::parse_duration;
use crate::scalar::{Number, Scalar, ScalarKind};
use crate::source::Topic;

/// What is wrong with a scalar.
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) hint: Option<String>,
    pub(super) topic: Topic,
}

impl Plain {
    pub(super) fn judge(self, scalar: &Scalar) -> Result<(), Fault> {
        if self.is_typed() && scalar.substituted && scalar.text != scalar.raw {
            return Err(Fault {
                what: format!("a variable (`{}`) in a field that is not a text", scalar.raw),
                hint: Some("write the value itself: abra refuses the recipe before it fills in variables".to_owned()),
                topic: Topic::TypedVariable,
            });
        }
        let quotes = || Some(format!("put it in quotes: \"{}\"", scalar.raw));
        let number = scalar.number();
        let text = scalar.kind == ScalarKind::Text;
        match self {
            Self::Own => Ok(()),
            Self::Text | Self::Pair => when(text, "must be a string", quotes),
            Self::TextOrNumber => {
                let fits = text || matches!(scalar.kind, ScalarKind::Number | ScalarKind::Time);
                when(fits, "must be a string, number or null", quotes)
            }
            Self::Duration if !text => when(false, "must be a string", quotes),
            Self::Duration => {
                let hint = || Some("write a number with its unit: 30s, 1m30s, 500ms".to_owned());
                when(parse_duration(&scalar.text).is_some(), &format!("`{}` is not a duration", scalar.text), hint)
            }
            Self::Size if !text => when(false, "must be a string", quotes),
            Self::Size => {
                let hint = || Some("write a number with its unit: 64m, 1.5g".to_owned());
                when(is_size(&scalar.text), &format!("`{}` is not a size", scalar.text), hint)
            }
            Self::Processors if !text => when(false, "must be a string", quotes),
            Self::Processors => {
                let hint = || Some("write a number with at most nine places: \"0.5\"".to_owned());
                when(is_processors(&scalar.text), &format!("`{}` is no number of processors", scalar.text), hint)
            }
            Self::Switch => when(scalar.kind == ScalarKind::Boolean, "must be true or false", || None),
            Self::Number => when(number.is_some(), "must be a number", || None),
            Self::Amount => when(number.is_some_and(|one| one.value() >= 0.0), "must be an integer", || None),
            Self::Whole => when(number.is_some_and(|one| one.value().fract() == 0.0), "must be an integer", || None),
            Self::Digits => when(matches!(number, Some(Number::Whole(_))), "must be an integer", || None),
            Self::Count => {
                let fits = number.is_some_and(|one| one.value().fract() == 0.0 && one.value() >= 0.0);
                when(fits, "must be an integer", || None)
            }
        }
    }

    /// Whether something else than any text is wanted.
    fn is_typed(self) -> bool {
        match self {
            Self::Text | Self::Pair | Self::Own | Self::TextOrNumber | Self::Size | Self::Processors => false,
            Self::Duration | Self::Switch | Self::Number | Self::Amount | Self::Whole | Self::Digits | Self::Count => {
                true
            }
        }
    }
}

fn when(fits: bool, what: &str, hint: impl FnOnce() -> Option<String>) -> Result<(), Fault> {
    if fits { Ok(()) } else { Err(Fault { what: what.to_owned(), hint: hint(), topic: Topic::General }) }
}

/// A number and a unit of bytes: `64m`, `1.5 GiB`, `1024`.
fn is_size(text: &str) -> bool {
    let Some(end) = text.rfind(|letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ' ')) else {
        return false;
    };
    let (number, unit) = text.split_at(end + 1);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let amount: Option<f64> = number.parse().ok();
    let unit = unit.to_ascii_lowercase();
    let units = ["k", "m", "g", "t", "p"];
    let known = matches!(unit.as_str(), "" | "b")
        || units.iter().any(|one| unit.strip_prefix(one).is_some_and(|rest| matches!(rest, "" | "b" | "ib")));
    known && amount.is_some_and(|amount| amount >= 0.0 && amount.is_finite())
}

/// A number of processors, in billionths at most.
fn is_processors(text: &str) -> bool {
    let places = text.split_once('.').map_or(0, |(_, places)| places.trim_end_matches('0').len());
    text.parse::<f64>().is_ok_and(|number| number.is_finite() && number >= 0.0) && places <= 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_docker_reads_them() {
        for text in ["64m", "1.5g", "1024", "1.5 GiB", "10MB", "3b", "0", "1K"] {
            assert!(is_size(text), "{text}");
        }
        for text in ["", "m", "1x", "1.5gg", "-1m", "1bb", "1mbb", "1..5m", "inf"] {
            assert!(!is_size(text), "{text}");
        }
    }

    #[test]
    fn processors_are_numbers() {
        assert!(is_processors("0.5") && is_processors("2") && is_processors("0.1234567890"));
        assert!(!is_processors("half") && !is_processors("0.1234567891") && !is_processors(""));
    }
}
