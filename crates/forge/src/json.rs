//! JSON from outside: every wrong text is an error that says where it is and what was expected, and repeats nothing of it.

use serde::de::{DeserializeOwned, Error, Unexpected};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::str::FromStr;

/// Where JSON is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The place, as `[2].user.id`; `.` is the whole.
    pub(crate) at: String,
    /// What was expected there.
    pub(crate) expected: String,
}

/// Reads a text. What is not asked for is ignored.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Misfit> {
    let mut from = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut from)
        .map_err(|error| Misfit { at: error.path().to_string(), expected: expected(error.inner()) })?;
    from.end().map_err(|_| Misfit { at: ".".to_owned(), expected: "nothing after the end of the JSON".to_owned() })?;
    Ok(value)
}

/// What an error says was expected. The rest of its words may repeat what was read.
fn expected(error: &serde_json::Error) -> String {
    if !error.is_data() {
        return "JSON".to_owned();
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let missing = text.strip_prefix("missing field ").map(|field| format!("a field {field}"));
    missing.or_else(|| Some(text.rsplit_once(", expected ")?.1.to_owned())).unwrap_or_else(|| "other JSON".to_owned())
}

/// A text that is of a type of its own.
pub(crate) fn parsed<'de, D: Deserializer<'de>, T: FromStr>(from: D, what: &'static str) -> Result<T, D::Error> {
    let text = Cow::<str>::deserialize(from)?;
    text.parse().map_err(|_| D::Error::invalid_value(Unexpected::Other("another text"), &what))
}

#[cfg(test)]
mod tests {
    use super::read;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[serde(rename = "user")]
        _user: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[serde(rename = "id")]
        _id: i64,
    }

    fn check(text: &str, at: &str, expected: &str) {
        let misfit = read::<Vec<Outer>>(text.as_bytes()).unwrap_err();
        assert_eq!((misfit.at.as_str(), misfit.expected.as_str()), (at, expected), "{text}");
    }

    #[test]
    fn an_error_says_where_and_repeats_nothing() {
        check(r#"[{"user":{"id":1}},{"user":{"id":"s3cret, expected s3cret"}}]"#, "[1].user.id", "i64");
        check(r#"[{"user":{}}]"#, "[0].user", "a field `id`");
        check(r#"[{"user":7}]"#, "[0].user", "struct Inner");
        check("{}", ".", "a sequence");
        check(r#"[{"user":{"id":1e99}}]"#, "[0].user.id", "i64");
        check(r#"[{"user":{"id":1}}] s3cret"#, ".", "nothing after the end of the JSON");
        check("<html>", ".", "JSON");
        check(r#"[{"user":{"id":1"#, "[0].user.?", "JSON");
    }

    #[test]
    fn what_nobody_asked_for_may_be_deep() {
        let deep = format!(r#"[{{"other":{}{}}}]"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(read::<Vec<Outer>>(deep.as_bytes()).is_ok());
        let deep = format!(r#"[{{"user":{}"#, "[".repeat(100_000));
        assert!(read::<Vec<Outer>>(deep.as_bytes()).is_err());
    }
}
