//! Values that `abra app secret generate` has made: it shows them once, and never again.

use serde_json::Value;
use std::collections::BTreeMap;

/// Values by name, from the list that `-m` asks for or from the table that people get (K).
#[must_use]
pub fn generated(text: &str) -> BTreeMap<String, String> {
    if let Some(listed) = from_json(text) {
        return listed;
    }
    let rows = super::table::columns(text, ["name", "value"]).unwrap_or_default();
    rows.into_iter().map(|[name, value]| (name, value)).filter(|(name, _)| !name.is_empty()).collect()
}

/// The first list of objects with `name` and `value`, in whatever letters.
fn from_json(text: &str) -> Option<BTreeMap<String, String>> {
    let lists = text.match_indices('[').filter_map(|(at, _)| {
        let mut values =
            serde_json::Deserializer::from_str(&text[at..]).into_iter::<Vec<serde_json::Map<String, Value>>>();
        values.next()?.ok()
    });
    let pair = |entry: serde_json::Map<String, Value>| {
        let field = |wanted: &str| {
            let found = entry.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted));
            found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
        };
        Some((field("name")?, field("value")?))
    };
    let mut found = lists.map(|list| list.into_iter().filter_map(pair).collect::<BTreeMap<_, _>>());
    found.find(|list| !list.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_from_the_list_and_from_the_table() {
        let expected = BTreeMap::from([
            ("admin_pass".to_owned(), "a|b\"c".to_owned()),
            ("db_password".to_owned(), "correct horse battery".to_owned()),
        ]);
        let json = "INFO [1/2] generating\n[{\"name\":\"admin_pass\",\"value\":\"a|b\\\"c\"},{\"NAME\":\"db_password\",\"VALUE\":\"correct horse battery\"}]\nWARN not shown again";
        assert_eq!(generated(json), expected);
        let table = "│ NAME │ VALUE │\n│ db_password │ correct horse battery │\n";
        assert_eq!(generated(table)["db_password"], "correct horse battery");
        assert_eq!(generated("WARN db_password already exists"), BTreeMap::new());
    }
}
