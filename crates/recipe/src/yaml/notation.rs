//! What the notation of a document says beside its content: tags, where a second document begins, how much there is.
//!
//! Docker's reader obeys tags, ours does not see them; `!!binary` turns letters into a mount. So every tag that could make a
//! difference is refused, and the others are told to the reader.

use std::collections::BTreeSet;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::allowance::{Allowance, Entries, MAX_EVENTS};
use crate::scalar::{Number, ScalarKind, plain};
use crate::source::{Problem, Topic};

/// Where scalars start, in bytes, that a tag makes texts whatever they look like.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Texts(BTreeSet<usize>);

impl Texts {
    pub(super) fn has(&self, start: usize) -> bool {
        self.0.contains(&start)
    }
}

/// Reads the notation of `text`. What is no YAML at all is left to the reading proper.
pub(super) fn texts(file: &str, text: &str, allowance: &mut Allowance) -> Result<Texts, Problem> {
    let mut texts = Texts::default();
    let mut entries = Entries::default();
    let mut documents = 0;
    for event in Parser::new_from_str(text).take(MAX_EVENTS) {
        let Ok((event, span)) = event else { break };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                let what = "a second YAML document begins here (`---`): docker reads only the first";
                return Err(problem(file, &span, what.to_owned()).hint("remove the line or the rest"));
            }
        }
        let before = (entries.all, entries.unfolded);
        entries.see(&event);
        allowance.take(entries.all - before.0, entries.unfolded - before.1).map_err(|what| {
            problem(file, &span, what).hint("the limit is for all compose files that are deployed together")
        })?;
        let Some(tag) = event.tag() else { continue };
        match meaning(tag, &event) {
            Meaning::Nothing => {}
            Meaning::Text => drop(span.byte_range().map(|range| texts.0.insert(range.start))),
            Meaning::Doubtful => {
                let what = format!("the tag `{}` is not taken alike by every reader", tag.original());
                return Err(problem(file, &span, what).hint("remove it, and write the value itself"));
            }
        }
    }
    Ok(texts)
}

fn problem(file: &str, span: &Span, what: String) -> Problem {
    let line = span.tag_start().unwrap_or(span.start).line();
    Problem::error(file, what).line(u32::try_from(line).unwrap_or(u32::MAX).max(1)).topic(Topic::Unreadable)
}

/// What a tag makes of its node.
enum Meaning {
    /// What it is without.
    Nothing,
    /// A text.
    Text,
    /// Something that readers may differ about.
    Doubtful,
}

fn meaning(tag: &Tag, event: &Event<'_>) -> Meaning {
    let core = tag.core_suffix();
    let Some((value, style)) = event.scalar() else {
        let own = if matches!(event, Event::SequenceStart(..)) { "seq" } else { "map" };
        return if core == Some(own) || is_local(tag) { Meaning::Nothing } else { Meaning::Doubtful };
    };
    let kind = if style == ScalarStyle::Plain { kind_of(value) } else { Some(ScalarKind::Text) };
    match (core, kind) {
        (Some("str"), _) => Meaning::Text,
        (Some("int" | "float"), Some(ScalarKind::Number)) if is_int(value) == (core == Some("int")) => Meaning::Nothing,
        (Some("bool"), Some(ScalarKind::Boolean)) | (Some("null"), None) => Meaning::Nothing,
        // A tag of somebody's own says nothing to docker, which takes the text as it is.
        (None, Some(ScalarKind::Text)) if is_local(tag) => Meaning::Text,
        _ => Meaning::Doubtful,
    }
}

/// What a plain scalar is to the loader; `None` for nothing.
fn kind_of(value: &str) -> Option<ScalarKind> {
    (!matches!(value, "" | "~" | "null" | "Null" | "NULL")).then(|| plain(value).kind)
}

fn is_int(value: &str) -> bool {
    matches!(plain(value).number(), Some(Number::Whole(_)))
}

/// `!name`, which no specification gives a meaning.
fn is_local(tag: &Tag) -> bool {
    tag.handle() == "!" && tag.original_handle() == "!" && !tag.suffix().is_empty()
}
