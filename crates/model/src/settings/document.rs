//! TOML with the place of every key, so that a file with three mistakes is reported with three problems.

use crate::plan::demands::NEVER_ACCEPTED;
use cc_ci_recipe::source::{Problem, nearest};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Variables that the run itself gives a value.
pub(super) const OURS: [&str; 3] = ["STACK_NAME", "DOMAIN", "LETS_ENCRYPT_ENV"];

/// The longest file that is read, in bytes.
const MAX_TEXT: usize = 256 * 1024;

/// One file being read, and what is wrong with it so far.
pub(crate) struct Document<'a> {
    pub(crate) file: &'a str,
    text: &'a str,
    pub(crate) problems: Vec<Problem>,
}

/// A key with its value.
pub(crate) struct Item<'d> {
    /// Dotted, from the top of the file.
    pub(crate) key: String,
    /// The last part of it.
    pub(crate) name: String,
    /// Counted from 1.
    pub(crate) line: u32,
    pub(crate) value: &'d DeValue<'d>,
    span: Range<usize>,
}

impl<'a> Document<'a> {
    /// Starts with `file`, whose content is `text`.
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// The top of the file; what is no TOML is reported.
    pub(crate) fn parse(&mut self) -> DeTable<'a> {
        if self.text.len() > MAX_TEXT {
            self.problems.push(Problem::error(self.file, format!("is larger than {MAX_TEXT} bytes")));
            return DeTable::new();
        }
        match DeTable::parse(self.text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let what = error.message().lines().next().unwrap_or_default().to_owned();
                let problem = Problem::error(self.file, format!("not readable as TOML: {what}"));
                let line = error.span().map(|span| self.line(span.start));
                self.problems.push(Problem { line, ..problem });
                DeTable::new()
            }
        }
    }

    /// The entries of `table`, whose own key is `prefix`, in the order of the file.
    pub(crate) fn items<'d>(&self, prefix: &str, table: &'d DeTable<'d>) -> Vec<Item<'d>> {
        let mut items: Vec<Item<'d>> = table
            .iter()
            .map(|(key, value)| {
                let name = key.get_ref().to_string();
                let full = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                let (line, span) = (self.line(key.span().start), value.span());
                Item { key: full, name, line, value: value.get_ref(), span }
            })
            .collect();
        items.sort_by_key(|item| item.line);
        items
    }

    /// The value as it is written.
    pub(crate) fn written(&self, item: &Item<'_>) -> String {
        let text = self.text.get(item.span.clone()).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Reports what is wrong with an entry.
    pub(crate) fn report(&mut self, item: &Item<'_>, what: impl Into<String>, hint: &str) {
        self.problems.push(Problem::error(self.file, what).line(item.line).key(item.key.clone()).hint(hint));
    }

    /// An entry's table; anything else is reported.
    pub(crate) fn table<'d>(&mut self, item: &Item<'d>) -> Option<&'d DeTable<'d>> {
        let table = item.value.as_table();
        if table.is_none() {
            let hint = format!("write `[{}]` and its keys below, one a line", item.key);
            self.report(item, "must be a table", &hint);
        }
        table
    }

    /// An entry's text, which may not be empty; anything else is reported.
    pub(crate) fn text(&mut self, item: &Item<'_>) -> Option<String> {
        let text = item.value.as_str().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            self.report(item, "must be a text, and not an empty one", "put it in quotes");
        }
        text.map(str::to_owned)
    }

    /// An entry's yes or no; anything else is reported.
    pub(crate) fn flag(&mut self, item: &Item<'_>) -> Option<bool> {
        let flag = item.value.as_bool();
        if flag.is_none() {
            self.report(item, "must be true or false", "write it without quotes");
        }
        flag
    }

    /// An entry's whole number within a range; anything else is reported.
    pub(crate) fn number(&mut self, item: &Item<'_>, from: u64, to: u64) -> Option<u64> {
        match whole(item.value) {
            Some(number) if number > to => {
                self.report(
                    item,
                    format!("is {number}, and must be from {from} to {to}"),
                    &format!("write {to} or less"),
                );
            }
            Some(number) if number < from => {
                self.report(
                    item,
                    format!("is {number}, and must be from {from} to {to}"),
                    &format!("write {from} or more"),
                );
            }
            None => {
                let what = format!("must be a whole number from {from} to {to}");
                self.report(item, what, "write it without quotes and unit");
            }
            Some(number) => return Some(number),
        }
        None
    }

    /// An entry's list of texts; anything else is reported.
    pub(crate) fn texts(&mut self, item: &Item<'_>) -> Option<Vec<String>> {
        let texts: Option<Vec<String>> = item.value.as_array().and_then(|array| {
            let texts = array.iter().map(|one| one.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty()));
            texts.map(|text| text.map(str::to_owned)).collect()
        });
        if texts.is_none() {
            self.report(item, "must be a list of texts", "write it as [\"one\", \"two\"]");
        }
        texts
    }

    /// An entry's list of statuses; anything else is reported.
    pub(super) fn statuses(&mut self, item: &Item<'_>) -> Option<Vec<u16>> {
        let status = |value: &DeValue<'_>| {
            let number = whole(value)?;
            u16::try_from(number).ok().filter(|status| (200..=599).contains(status) && !NEVER_ACCEPTED.contains(status))
        };
        let statuses: Option<Vec<u16>> =
            item.value.as_array().and_then(|array| array.iter().map(|one| status(one.get_ref())).collect());
        let statuses = statuses.filter(|statuses| !statuses.is_empty());
        if statuses.is_none() {
            let what = "must be a list of statuses from 200 to 599 without 404 and 502";
            self.report(item, what, "a proxy answers 404 or 502 for an app that is not there");
        }
        statuses
    }

    /// Reports a key of an inner table that has only the `known` ones.
    pub(crate) fn unknown(&mut self, item: &Item<'_>, known: &[&str]) {
        let hint = match nearest(&item.name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys here are {}", known.join(", ")),
        };
        self.report(item, format!("unknown key `{}`", item.name), &hint);
    }

    /// The tables of an entry that is a list of tables; anything else is reported. Each has the list's key with its number.
    pub(crate) fn tables<'d>(&mut self, item: &Item<'d>) -> Vec<(Item<'d>, &'d DeTable<'d>)> {
        let Some(array) = item.value.as_array() else {
            self.report(item, "must be a list of tables", &format!("write `[[{}]]` above each", item.key));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (index, one) in array.iter().enumerate() {
            let item = self.element(item, index, one);
            match one.get_ref().as_table() {
                Some(table) => tables.push((item, table)),
                None => self.report(&item, "must be a table", &format!("write `[[{}]]` above each", item.name)),
            }
        }
        tables
    }

    fn element<'d>(&self, list: &Item<'d>, index: usize, one: &'d Spanned<DeValue<'d>>) -> Item<'d> {
        let key = format!("{}.{}", list.key, index + 1);
        let span = one.span();
        Item { key, name: list.name.clone(), line: self.line(span.start), value: one.get_ref(), span }
    }

    fn line(&self, at: usize) -> u32 {
        let before = self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }
}

/// A value that is a whole number from 0 on.
pub(crate) fn whole(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Whether a text can follow `https://domain`.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#')
}
