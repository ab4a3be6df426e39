//! Label keys as paths: `traefik.http.routers.<name>.rule` and its like.

use std::collections::BTreeMap;

use super::LabelError;

/// A key with its value.
#[derive(Clone, Copy)]
pub(super) struct Label<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

impl Label<'_> {
    pub(super) fn parse<T: std::str::FromStr>(self, wanted: &'static str) -> Result<T, LabelError> {
        self.value.trim().parse().map_err(|_| self.refused(wanted))
    }

    /// A truth value in any spelling that Go, and so Traefik, takes.
    pub(super) fn flag(self) -> Result<bool, LabelError> {
        match self.value {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err(self.refused("true or false")),
        }
    }

    fn refused(self, wanted: &'static str) -> LabelError {
        LabelError::Value { label: self.key.to_owned(), wanted, value: self.value.to_owned() }
    }
}

/// The items of a value that is a list with commas.
pub(super) fn list(label: Label<'_>) -> Vec<String> {
    label.value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// The labels below `traefik.`, by path. Field names are compared without case, as Traefik does; names of routers,
/// services and middlewares with it.
pub(super) struct Labels<'a>(Vec<(Vec<String>, Label<'a>)>);

impl<'a> Labels<'a> {
    /// Takes the labels below `traefik.` apart.
    pub(super) fn read(labels: &'a BTreeMap<String, String>) -> Self {
        let below_traefik = labels.iter().filter_map(|(key, value)| {
            let mut path: Vec<String> = key.split('.').map(str::to_owned).collect();
            if !path.remove(0).eq_ignore_ascii_case("traefik") {
                return None;
            }
            // In `http.routers.<name>.rule` only the third part is a name of the recipe's choice.
            for (place, part) in path.iter_mut().enumerate() {
                if place != 2 {
                    part.make_ascii_lowercase();
                }
            }
            Some((path, Label { key, value }))
        });
        Self(below_traefik.collect())
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &[String]> {
        self.0.iter().map(|(path, _)| path.as_slice())
    }

    pub(super) fn get(&self, path: &[&str]) -> Option<Label<'a>> {
        self.0.iter().find(|(have, _)| have.iter().eq(path)).map(|(_, label)| *label)
    }

    pub(super) fn enabled(&self) -> Result<bool, LabelError> {
        self.get(&["enable"]).map_or(Ok(false), Label::flag)
    }

    /// The names defined below `http.<section>`, sorted.
    pub(super) fn names(&self, section: &str) -> Vec<String> {
        self.children(&["http", section])
    }

    pub(super) fn children(&self, path: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = self
            .keys()
            .filter(|have| have.len() > path.len() && have.iter().zip(path).all(|(a, b)| a == b))
            .map(|have| have[path.len()].clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Any label from `tls` on turns TLS on, even `tls.certresolver` with no value, unless `tls` itself says no.
    pub(super) fn has_tls(&self, router: &str) -> bool {
        let path = ["http", "routers", router, "tls"];
        let refused =
            self.get(&path).is_some_and(|label| !label.value.is_empty() && !label.value.eq_ignore_ascii_case("true"));
        !refused && (self.get(&path).is_some() || !self.children(&path).is_empty())
    }
}
