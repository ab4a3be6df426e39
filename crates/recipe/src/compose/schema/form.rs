//! The vocabulary of the schema tables.

/// What may stand at one place.
pub(super) struct Form {
    /// What it must be, as a message says it: `a string`.
    pub(super) what: &'static str,
    /// Whether nothing at all may stand there.
    pub(super) null: bool,
    /// The scalars that may.
    pub(super) scalar: Option<Plain>,
    /// The list that may.
    pub(super) list: Option<List>,
    /// The mapping that may.
    pub(super) map: Option<Since>,
}

/// The kinds of scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// A text.
    Text,
    /// A text of a list that a mapping could stand for: `key=value`.
    Pair,
    /// A text, number or nothing that is read on by its own grammar, such as a port.
    Own,
    /// A text that says how long.
    Duration,
    /// A text that says how much, such as `1.5g`.
    Size,
    /// A text that says how many processors, such as `0.5`.
    Processors,
    /// `true` or `false`.
    Switch,
    /// Any number.
    Number,
    /// A number from 0 on.
    Amount,
    /// A whole number, below 0 too.
    Whole,
    /// A whole number that is written as one.
    Digits,
    /// A whole number from 0 on.
    Count,
    /// A text or a number.
    TextOrNumber,
}

/// A list.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub(super) item: &'static Form,
    pub(super) twice: Twice,
}

/// Whether a list may repeat itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twice {
    Allowed,
    Refused,
    /// Not in versions before this one.
    RefusedBefore(u8),
}

/// A mapping, and the minor version that brought it.
pub(super) struct Since {
    pub(super) since: u8,
    pub(super) map: Map,
}

/// What a mapping may hold.
pub(super) enum Map {
    /// These keys.
    Fields(&'static Fields),
    /// Any key of some form, each with the same below it.
    Named { names: Names, each: &'static Form },
    /// Anything.
    Open,
}

/// The names that a mapping takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    Any,
    Filled,
    /// Latin letters, digits, `.`, `_` and `-`.
    Plain,
}

/// A mapping with known keys.
pub(super) struct Fields {
    pub(super) known: &'static [Known],
    pub(super) others: Others,
    /// Keys that must be there, each with what to do where it is not.
    pub(super) required: &'static [(&'static str, &'static str)],
}

/// What becomes of keys that are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    Refused,
    /// Refused, but for those that start with `x-`.
    Extensions {
        since: u8,
    },
    /// Passed over in silence, from a version on; refused before.
    Ignored {
        since: u8,
    },
}

/// A known key.
pub(super) struct Known {
    pub(super) name: &'static str,
    /// The minor version that brought it.
    pub(super) since: u8,
    /// What may stand there; `None` for a key of other composes that the loader refuses by name.
    pub(super) form: Option<Form>,
    /// What to do where the form is not met, if that is more than the form says.
    pub(super) hint: Option<&'static str>,
}

impl Form {
    pub(super) const fn scalar(what: &'static str, scalar: Plain) -> Self {
        Self { what, null: false, scalar: Some(scalar), list: None, map: None }
    }

    pub(super) const fn list(what: &'static str, item: &'static Self, twice: Twice) -> Self {
        Self { what, null: false, scalar: None, list: Some(List { item, twice }), map: None }
    }

    pub(super) const fn map(map: Map) -> Self {
        Self { what: "a mapping", null: false, scalar: None, list: None, map: Some(Since { since: 0, map }) }
    }

    pub(super) const fn or_null(self) -> Self {
        Self { null: true, ..self }
    }

    pub(super) const fn or_list(self, what: &'static str, item: &'static Self, twice: Twice) -> Self {
        Self { what, null: self.null, scalar: self.scalar, list: Some(List { item, twice }), map: self.map }
    }

    pub(super) const fn or_map(self, what: &'static str, since: u8, map: Map) -> Self {
        Self { what, null: self.null, scalar: self.scalar, list: self.list, map: Some(Since { since, map }) }
    }
}

/// A key that version 3.0 has.
pub(super) const fn key(name: &'static str, form: Form) -> Known {
    since(0, name, form)
}

/// A key that came with a later version.
pub(super) const fn since(since: u8, name: &'static str, form: Form) -> Known {
    Known { name, since, form: Some(form), hint: None }
}

/// A key that the loader refuses by name.
pub(super) const fn refused(name: &'static str) -> Known {
    Known { name, since: 0, form: None, hint: None }
}

/// A mapping of these keys and no other.
pub(super) const fn closed(known: &'static [Known]) -> Fields {
    Fields { known, others: Others::Refused, required: &[] }
}

/// A mapping of these keys; others are passed over.
pub(super) const fn open(known: &'static [Known]) -> Fields {
    Fields { known, others: Others::Ignored { since: 0 }, required: &[] }
}

/// A mapping of these keys, and of such that start with `x-` from a version on.
pub(super) const fn extensible(since: u8, known: &'static [Known]) -> Fields {
    Fields { known, others: Others::Extensions { since }, required: &[] }
}

pub(super) const TEXT: Form = Form::scalar("a string", Plain::Text);
pub(super) const DURATION: Form = Form::scalar("a string", Plain::Duration);
pub(super) const SIZE: Form = Form::scalar("a string", Plain::Size);
pub(super) const SWITCH: Form = Form::scalar("true or false", Plain::Switch);
pub(super) const NUMBER: Form = Form::scalar("a number", Plain::Number);
pub(super) const AMOUNT: Form = Form::scalar("an integer", Plain::Amount);
pub(super) const WHOLE: Form = Form::scalar("an integer", Plain::Whole);
pub(super) const DIGITS: Form = Form::scalar("an integer", Plain::Digits);
pub(super) const COUNT: Form = Form::scalar("an integer", Plain::Count);
const PAIR: Form = Form::scalar("a string", Plain::Pair);
const VALUE: Form = Form::scalar("a string or number", Plain::TextOrNumber);
const VALUE_OR_NULL: Form = Form::scalar("a string, number or null", Plain::TextOrNumber).or_null();

/// A list of texts that may repeat itself.
pub(super) const TEXTS: Form = Form::list("a list", &TEXT, Twice::Allowed);
/// A list of texts, each once.
pub(super) const SET: Form = Form::list("a list", &TEXT, Twice::Refused);
/// One text, or a list of them, each once.
pub(super) const TEXT_OR_SET: Form = TEXT.or_list("a string or a list", &TEXT, Twice::Refused);
/// One text, or a list of them.
pub(super) const TEXT_OR_TEXTS: Form = TEXT.or_list("a string or a list", &TEXT, Twice::Allowed);
/// A mapping, or a list of `key=value`.
pub(super) const PAIRS: Form = Form::list(PAIRS_WHAT, &PAIR, Twice::Refused).or_map(
    PAIRS_WHAT,
    0,
    Map::Named { names: Names::Filled, each: &VALUE_OR_NULL },
);
const PAIRS_WHAT: &str = "a mapping or a list of `key=value`";
/// Options of a driver.
pub(super) const OPTIONS: Form = Form::map(Map::Named { names: Names::Any, each: &VALUE });
/// Options that may be named without a value.
pub(super) const OPTIONS_OR_NULL: Form = Form::map(Map::Named { names: Names::Any, each: &VALUE_OR_NULL });
