//! Values on the command line that are more than a text.

use cc_ci_recipe::requests::Item;
use cc_ci_recipe::source::nearest;
use cc_ci_runner::request::GivenSecret;
use std::path::PathBuf;
use std::time::Duration;

/// Reads `NAME=FILE`. A value on the command line itself could be read by every other user.
pub fn secret(text: &str) -> Result<GivenSecret, String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok(GivenSecret { name: name.to_owned(), file: PathBuf::from(file) })
        }
        Some(_) | None => Err("write NAME=FILE".to_owned()),
    }
}

/// Reads `ITEM=VALUE`, as a policy file has it.
pub fn allowed(text: &str) -> Result<(Item, String), String> {
    let (word, value) = text.split_once('=').ok_or("write ITEM=VALUE, as in `host-port=53/udp`")?;
    match Item::ALL.into_iter().find(|item| item.word() == word) {
        Some(item) if !value.is_empty() => Ok((item, value.to_owned())),
        Some(_) => Err(format!("which `{word}`? Write {word}=VALUE")),
        None => Err(match nearest(word, Item::ALL.map(Item::word)) {
            Some(near) => format!("there is no item `{word}`; did you mean `{near}`?"),
            None => format!("there is no item `{word}`; docs/reference/policy.md lists them"),
        }),
    }
}

/// Reads `90s`, `30m`, `1h 30m`, or plain seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text).map_err(|error| format!("{error}; write it like 30m or 2h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit_or_plain_seconds() {
        for (text, seconds) in
            [("30m", 1800), ("90", 90), ("2h", 7200), ("1d", 86_400), ("1h 30m", 5400), ("1.5h", 5400)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "m", "-1s", "1.5x", "99999999999999999999s", "9999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_item_is_one_that_the_policy_knows() {
        assert_eq!(allowed("sysctl=net.core.somaxconn=1024"), Ok((Item::Sysctl, "net.core.somaxconn=1024".to_owned())));
        for (wrong, words) in
            [("host-port", "write ITEM=VALUE"), ("host-prot=1/tcp", "`host-port`"), ("device=", "which")]
        {
            assert!(allowed(wrong).is_err_and(|why| why.contains(words)), "{wrong}");
        }
    }

    #[test]
    fn a_secret_names_a_file() {
        let given = secret("smtp_password=/run/x=y").unwrap();
        assert_eq!((given.name.as_str(), given.file.to_str()), ("smtp_password", Some("/run/x=y")));
        assert!(secret("smtp_password").is_err());
        assert!(secret("=x").is_err());
    }
}
