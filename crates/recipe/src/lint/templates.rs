//! Templates that Docker fills in, the calls in them, and what the services that mount them have.

use super::{LintInput, Reading};
use crate::compose::Service;
use std::collections::{BTreeMap, BTreeSet};

/// A call in a template that Docker fills in: `env "X"` or `secret "x"`.
pub(super) struct Call<'r> {
    /// A service that mounts the config.
    pub(super) service: &'r str,
    /// `env` or `secret`.
    pub(super) function: &'static str,
    /// The argument.
    pub(super) name: &'r str,
    /// The template.
    pub(super) file: &'r str,
    /// The line, counted from 1.
    pub(super) line: u32,
}

/// The calls in every template, for every service that mounts it.
pub(super) fn calls<'r>(reading: &'r Reading<'_>) -> Vec<Call<'r>> {
    let mut mounts: BTreeSet<(&str, &str)> = BTreeSet::new();
    for set in &reading.sets {
        for (service, one) in &set.compose.services {
            let used = one.configs.iter().filter_map(|used| set.compose.configs.get(&used.source));
            let templates = used.filter(|config| config.template_driver.is_some());
            mounts.extend(templates.filter_map(|config| Some((service.as_str(), config.file.as_deref()?))));
        }
    }
    let mut found = Vec::new();
    for (service, file) in mounts {
        for (text, line) in reading.files.text(file).unwrap_or_default().lines().zip(1_u32..) {
            let calls = arguments(text).into_iter();
            found.extend(calls.map(|(function, name)| Call { service, function, name, file, line }));
        }
    }
    found
}

/// The functions called with a quoted name between `{{` and `}}`.
fn arguments(line: &str) -> Vec<(&'static str, &str)> {
    let mut found = Vec::new();
    for action in line.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap_or(rest)) {
        let mut before = "";
        for (at, part) in action.split(['"', '`']).enumerate() {
            if at % 2 == 0 {
                before = part;
                continue;
            }
            let word = before.trim_end().rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
            found.extend(["env", "secret"].into_iter().find(|one| word == Some(one)).map(|function| (function, part)));
        }
    }
    found
}

/// Something of each service, over all choices of compose files.
pub(super) fn by_service<'i>(
    input: &'i LintInput<'_>,
    of: impl Fn(&'i Service) -> BTreeSet<&'i str>,
) -> BTreeMap<&'i str, BTreeSet<&'i str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, service) in input.head.sets.iter().flat_map(|set| &set.compose.services) {
        found.entry(name).or_default().extend(of(service));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_in_templates() {
        let seen = arguments(
            r#"{{ if eq (env "A") "1" }}x {{ secret `b_c` }} env "N" {{ printf "%s" (env  "D") }}{{env"E"}}"#,
        );
        assert_eq!(seen, [("env", "A"), ("secret", "b_c"), ("env", "D"), ("env", "E")]);
        assert!(arguments("# env \"X\" {{ .Service }} {{ env .X }} {{").is_empty());
    }
}
