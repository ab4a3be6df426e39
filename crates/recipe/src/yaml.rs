//! YAML as a tree that keeps the line and the written text of every node.
//!
//! The parser (anchors, merge keys, limits against hostile input) is serde-saphyr; this module is the only one that knows
//! it. Reading into a tree first lets a file with three mistakes be reported with three problems.

mod allowance;
mod dialects;
mod notation;

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, NonFiniteFloatPolicy, Spanned, alias_limits, budget, options};

use crate::scalar::{Number, Scalar, ScalarKind, plain};
use crate::source::{Problem, Topic};
use allowance::MAX_UNFOLDED;
use notation::Texts;

pub(crate) use allowance::{Allowance, MAX_FROM_FILES, entries};
pub(crate) use dialects::differences;

/// The longest YAML text that is read, in bytes: real recipes stay under 50 KiB.
const MAX_TEXT: usize = 1 << 20;

/// How many lists and mappings may lie in one another.
const MAX_DEPTH: usize = 24;

/// A node and the line it is written on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) value: Value,
}

impl Node {
    /// The node as JSON. Numbers keep what they are to the loader: `1.0` is no `1`, because it prints otherwise.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Scalar(scalar) => match scalar.kind {
                ScalarKind::Boolean => Json::Bool(scalar.text == "true"),
                ScalarKind::Number => json_number(scalar).unwrap_or_else(|| Json::from(scalar.text.clone())),
                ScalarKind::Text | ScalarKind::Time => Json::from(scalar.text.clone()),
            },
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                let entries = entries.iter().map(|(key, node)| (key.name.clone(), node.to_json()));
                Json::Object(entries.collect())
            }
        }
    }
}

/// A number as JSON has it; `None` for one that JSON cannot say.
fn json_number(scalar: &Scalar) -> Option<serde_json::Value> {
    let number = match scalar.number()? {
        Number::Whole(whole) => serde_json::Number::from_i128(whole)?,
        Number::Float(float) => serde_json::Number::from_f64(float)?,
    };
    Some(serde_json::Value::Number(number))
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and the line it is written on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) line: u32,
    /// Whether it is written without quotes.
    pub(crate) plain: bool,
}

/// Reads one YAML document, whose aliases use up some of what those of all files may unfold to.
///
/// # Errors
/// Fails with one problem when the text is not YAML or is larger or deeper than any recipe.
pub(crate) fn parse(file: &str, text: &str, allowance: &mut Allowance) -> Result<Node, Problem> {
    if text.len() > MAX_TEXT {
        return Err(Problem::error(file, format!("is larger than {MAX_TEXT} bytes")).topic(Topic::Unreadable));
    }
    let texts = notation::texts(file, text, allowance)?;
    // The depth bounds the stack that the recursive reading needs: about 1 MiB without optimisation.
    let options = options! {
        // Two hundred services may well take one mapping over.
        budget: budget! {
            max_events: 200_000, max_aliases: 2_000, max_anchors: 2_000, max_depth: MAX_DEPTH, max_nodes: 100_000,
            enforce_alias_anchor_ratio: false
        },
        alias_limits: alias_limits! { // The notation has been bounded already; a list or mapping is two events.
            max_total_replayed_events: 2 * MAX_UNFOLDED, max_replay_stack_depth: 16 },
        ignore_binary_tag_for_string: true,
        // What such a scalar is to the loader is decided in `scalar`.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(root) => Ok(node(text, &texts, root)),
        Err(error) => {
            let line = error.location().map(|at| at.line()).filter(|line| *line > 0);
            let problem = Problem::error(file, reason(text, &error));
            let problem = problem.topic(Topic::Unreadable);
            Err(Problem { line: line.and_then(|line| u32::try_from(line).ok()), ..problem })
        }
    }
}

/// Why a text is not read, in words for those reasons that people meet.
fn reason(text: &str, error: &serde_saphyr::Error) -> String {
    let said = first_sentence(error);
    let conflict = text.lines().any(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "));
    if conflict {
        "holds the marks of a merge conflict (`<<<<<<<`)".to_owned()
    } else if said.starts_with("budget breached: Depth") {
        format!("nested more than {MAX_DEPTH} deep")
    } else if said.starts_with("budget breached") {
        "holds more than a compose file can".to_owned()
    } else if said.starts_with("alias replay limit exceeded") {
        format!("aliases unfold to more than {MAX_UNFOLDED} entries")
    } else if said.starts_with("multiple YAML documents") {
        "a second YAML document begins (`---`): remove it".to_owned()
    } else {
        format!("not readable as YAML: {said}")
    }
}

/// The parser's own message without its source excerpt and its place, which the problem states itself.
fn first_sentence(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or_default();
    let cut =
        [" at line ", " (line ", ", set "].into_iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
    line[..cut].trim_end_matches([',', ':', ' ']).to_owned()
}

/// A node as the parser hands it over: typed scalars lose their text, which the span gives back.
enum Raw {
    Null,
    Text(String),
    Typed,
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<RawKey>, Spanned<Self>)>),
}

/// `None` for nothing as a key.
struct RawKey(Option<String>);

fn node(text: &str, texts: &Texts, raw: Spanned<Raw>) -> Node {
    let value = match raw.value {
        _ if texts.has(start(&raw.defined)) => Value::Scalar(Scalar::text(match raw.value {
            Raw::Text(value) => value,
            Raw::Null | Raw::Typed | Raw::List(_) | Raw::Map(_) => written(text, &raw.defined).to_owned(),
        })),
        Raw::Null => Value::Null,
        Raw::Text(value) => {
            let written = written(text, &raw.defined);
            // A plain scalar that this parser reads as text may still be a number or a date to the reference loader.
            if written == value { Value::Scalar(plain(written)) } else { Value::Scalar(Scalar::text(value)) }
        }
        Raw::Typed => Value::Scalar(plain(written(text, &raw.defined))),
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(text, texts, item)).collect()),
        Raw::Map(entries) => {
            let entry = |(key, value): (Spanned<RawKey>, Spanned<Raw>)| {
                let (name, line) = (key.value.0, line(&key.defined));
                let written = written(text, &key.defined);
                let plain = !texts.has(start(&key.defined)) && name.as_deref().is_none_or(|name| name == written);
                let key = Key { name: name.unwrap_or_else(|| "null".to_owned()), line, plain };
                (key, node(text, texts, value))
            };
            Value::Map(entries.into_iter().map(entry).collect())
        }
    };
    Node { line: line(&raw.defined), value }
}

/// Where a node starts, in bytes. Nothing starts at the last of all bytes.
fn start(at: &Location) -> usize {
    at.span().byte_offset().and_then(|start| usize::try_from(start).ok()).unwrap_or(usize::MAX)
}

fn line(at: &Location) -> u32 {
    u32::try_from(at.line()).unwrap_or(u32::MAX).max(1)
}

/// The text of a scalar as it stands in the file.
fn written<'a>(text: &'a str, at: &Location) -> &'a str {
    let span = at.span();
    let bounds = span.byte_offset().zip(span.byte_len()).and_then(|(start, length)| {
        let start = usize::try_from(start).ok()?;
        Some((start, start.checked_add(usize::try_from(length).ok()?)?))
    });
    bounds.and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
}

impl<'de> Deserialize<'de> for RawKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<String>::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a YAML node")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key()? {
            map.push((key, entries.next_value()?));
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, text: &str) -> Result<Node, Problem> {
        parse(file, text, &mut Allowance::default())
    }

    #[test]
    fn lines_and_texts_survive_anchors_and_merge_keys() {
        let root = read("a.yml", "x: &x\n  a: 0755\n  b: 'q'\ny:\n  <<: *x\n  b: 1.10\n").unwrap();
        let Value::Map(top) = root.value else { panic!("a mapping") };
        let Value::Map(merged) = &top[1].1.value else { panic!("a mapping") };
        let mut seen: Vec<String> =
            merged.iter().map(|(key, node)| format!("{} {} {:?}", key.name, node.line, node.value)).collect();
        seen.sort();
        insta::assert_snapshot!(seen.join("\n"), @r#"
        a 2 Scalar(Scalar { text: "493", raw: "0755", kind: Number, substituted: false, plain: true })
        b 6 Scalar(Scalar { text: "1.1", raw: "1.10", kind: Number, substituted: false, plain: true })
        "#);
    }

    /// `docker stack config` writes the label of a commit such as 294e1909 without quotes.
    #[test]
    fn a_number_that_no_float_holds_is_text() {
        let json = read("a.yml", "l: 294e1909\nm: 1e3\n").unwrap().to_json();
        assert_eq!(json["l"], "294e1909");
        assert_eq!(json["m"].to_string(), "1000.0");
    }

    #[test]
    fn broken_yaml_names_its_line() {
        insta::assert_snapshot!(read("compose.yml", "services:\n  app:\n    image: [a\n").unwrap_err(), @"compose.yml, line 3: not readable as YAML: unclosed bracket '['");
        insta::assert_snapshot!(read("compose.yml", "a: 1\na: 2\n").unwrap_err(), @"compose.yml, line 2: not readable as YAML: duplicate mapping key: a");
        insta::assert_snapshot!(read("compose.yml", "a:\n\t- b\n").unwrap_err(), @"compose.yml, line 2: not readable as YAML: tabs disallowed within this context (block indentation)");
        insta::assert_snapshot!(read("compose.yml", "a: *b\n").unwrap_err(), @"compose.yml, line 1: not readable as YAML: alias references unknown anchor");
    }

    #[test]
    fn hostile_input_is_refused_quickly() {
        let level = |i: u32| format!("a{i}: &a{i} [*a{p}, *a{p}, *a{p}]\n", p = i - 1);
        let bomb: String = std::iter::once("a0: &a0 [x, x]\n".to_owned()).chain((1..40).map(level)).collect();
        assert!(read("bomb.yml", &bomb).is_err());
        assert!(read("deep.yml", &"[".repeat(100_000)).is_err());
        assert!(read("deep.yml", &"- ".repeat(10_000)).is_err());
        assert!(read("large.yml", &"#".repeat(MAX_TEXT + 1)).is_err());
    }
}
