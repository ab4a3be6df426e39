//! What the loader of `docker stack deploy` takes: types, keys by compose version, names, lists without repetition.
//!
//! The loader fills in variables first and holds the result against a schema of the version that the file names. A key that
//! came with a later version is unknown to an earlier one, however well the engine knows it. The tables are in
//! [`service`] and [`entries`]; this module walks a filled tree along them and names the line of everything refused.

mod entries;
mod form;
mod scalars;
mod service;

use std::collections::HashMap;

use crate::source::{Problem, Topic, nearest};
use crate::yaml::{Key, Node, Value};
use form::{Fields, Form, Known, Map, Names, Others, Plain, Twice};

/// The latest minor version of the compose format 3 that the loader knows; files without a version have it.
pub(super) const LATEST: u8 = 13;

/// Everything in the filled document `root` that the loader refuses, with version 3.`minor`.
pub(super) fn check(file: &str, root: &Node, minor: u8) -> Vec<Problem> {
    let mut walk = Walk { file, minor, problems: Vec::new() };
    if let Value::Map(keys) = &root.value {
        walk.fields("", root, keys, &entries::ROOT);
    }
    walk.problems
}

struct Walk<'a> {
    file: &'a str,
    minor: u8,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn node(&mut self, path: &str, node: &Node, form: &Form) {
        match &node.value {
            Value::Null if form.null => {}
            Value::Scalar(scalar) => match form.scalar.map(|wanted| wanted.judge(scalar)) {
                Some(Ok(())) => {}
                Some(Err(fault)) => self.report(path, node.line, fault.what, fault.hint, fault.topic),
                None => self.misshapen(path, node, form),
            },
            Value::List(items) => match form.list {
                Some(list) => self.list(path, items, list.item, list.twice),
                None => self.misshapen(path, node, form),
            },
            Value::Map(keys) => match &form.map {
                Some(map) if map.since <= self.minor => self.map(path, node, keys, &map.map),
                Some(_) | None => self.misshapen(path, node, form),
            },
            Value::Null => self.misshapen(path, node, form),
        }
    }

    fn list(&mut self, path: &str, items: &[Node], item: &Form, twice: Twice) {
        for (index, node) in items.iter().enumerate() {
            self.node(&format!("{path}.{index}"), node, item);
        }
        let once = match twice {
            Twice::Allowed => false,
            Twice::Refused => true,
            Twice::RefusedBefore(version) => self.minor < version,
        };
        if !once {
            return;
        }
        let mut seen = HashMap::new();
        let mut repeated = items.iter().enumerate().filter_map(|(index, node)| {
            let first = seen.insert(node.to_json().to_string(), node.line)?;
            Some((index, node.line, first))
        });
        if let Some((index, line, first)) = repeated.next() {
            let what = match first == line {
                true => "is in the list twice".to_owned(),
                false => format!("is in the list twice, first in line {first}"),
            };
            let hint = "remove one: the loader refuses a list that repeats itself";
            self.report(&format!("{path}.{index}"), line, what, Some(hint.to_owned()), Topic::General);
        }
    }

    fn map(&mut self, path: &str, node: &Node, keys: &[(Key, Node)], map: &Map) {
        match map {
            Map::Open => {}
            Map::Fields(fields) => self.fields(path, node, keys, fields),
            Map::Named { names, each } => {
                for (key, child) in keys {
                    let path = format!("{path}.{}", key.name);
                    if let Some(hint) = names.refuse(&key.name) {
                        let what = format!("`{}` is no name that the loader takes", key.name);
                        self.report(&path, key.line, what, Some(hint.to_owned()), Topic::General);
                    }
                    self.node(&path, child, each);
                }
            }
        }
    }

    fn fields(&mut self, path: &str, node: &Node, keys: &[(Key, Node)], fields: &Fields) {
        for (key, child) in keys {
            let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
            match fields.known.iter().find(|known| known.name == key.name) {
                Some(known) if known.since <= self.minor => self.known(&path, child, known),
                Some(known) => self.too_new(&path, key, known.since),
                None => self.unknown(&path, key, fields),
            }
        }
        for (wanted, hint) in
            fields.required.iter().filter(|(wanted, _)| !keys.iter().any(|(key, _)| key.name == *wanted))
        {
            self.report(path, node.line, format!("has no `{wanted}`"), Some((*hint).to_owned()), Topic::General);
        }
    }

    fn known(&mut self, path: &str, node: &Node, known: &Known) {
        let Some(form) = &known.form else {
            let hint = Some("remove it".to_owned());
            return self.report(
                path,
                node.line,
                "is refused by `docker stack deploy`".to_owned(),
                hint,
                Topic::General,
            );
        };
        let before = self.problems.len();
        self.node(path, node, form);
        // A hint of the key's own says more than one about types.
        for problem in self.problems[before..].iter_mut().filter(|problem| problem.key.as_deref() == Some(path)) {
            problem.hint = known.hint.map(str::to_owned).or_else(|| problem.hint.take());
        }
    }

    fn too_new(&mut self, path: &str, key: &Key, since: u8) {
        let what = format!("`{}` came with compose version 3.{since}, and the file says 3.{}", key.name, self.minor);
        let hint = match since {
            ..=8 => "write version: \"3.8\" in every compose file".to_owned(),
            since => format!("remove it, or write version: \"3.{since}\" in every compose file"),
        };
        self.report(path, key.line, what, Some(hint), Topic::General);
    }

    fn unknown(&mut self, path: &str, key: &Key, fields: &Fields) {
        match fields.others {
            Others::Ignored { since } if since <= self.minor => return,
            Others::Extensions { since } if key.name.starts_with("x-") => {
                if since > self.minor {
                    self.too_new(path, key, since);
                }
                return;
            }
            Others::Ignored { .. } | Others::Extensions { .. } | Others::Refused => {}
        }
        let known = fields.known.iter().filter(|known| known.form.is_some() && known.since <= self.minor);
        let hint = match nearest(&key.name, known.map(|known| known.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "remove it: `docker stack deploy` refuses keys it does not know".to_owned(),
        };
        self.report(path, key.line, format!("unknown key `{}`", key.name), Some(hint), Topic::General);
    }

    fn misshapen(&mut self, path: &str, node: &Node, form: &Form) {
        // Somebody wrote `- key: value` where texts are listed.
        if let (Value::Map(entries), Some(Plain::Pair)) = (&node.value, form.scalar)
            && let [(key, _)] = entries.as_slice()
        {
            let hint = format!("write `- {}=value`, or leave out the dashes", key.name);
            let what = "a list item with `key: value` in it".to_owned();
            return self.report(path, node.line, what, Some(hint), Topic::General);
        }
        self.report(path, node.line, format!("must be {}", form.what), None, Topic::General);
    }

    fn report(&mut self, path: &str, line: u32, what: String, hint: Option<String>, topic: Topic) {
        let problem = Problem::error(self.file, what).line(line).key(path).topic(topic);
        self.problems.push(Problem { hint, ..problem });
    }
}

impl Names {
    /// What to do about a name that the loader does not take.
    fn refuse(self, name: &str) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Filled => name.is_empty().then_some("give it a name"),
            Self::Plain => {
                let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
                let fine = !name.is_empty() && name.chars().all(fits);
                (!fine).then_some("use letters from a to z, digits, `.`, `_` and `-`")
            }
        }
    }
}
