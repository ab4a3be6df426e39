//! Tests of masking.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

fn redactor(secrets: &[(&str, &str)]) -> Redactor {
    let secrets: Vec<_> = secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Redactor::new(&secrets)
}

#[test]
fn the_longer_of_two_secrets_with_the_same_beginning_is_masked_whole() {
    let both = redactor(&[("a", "hunter2"), ("b", "hunter22")]);
    assert_eq!(both.mask("x hunter22 y hunter2 z"), "x ***** y ***** z");
}

#[test]
fn a_secret_of_fewer_than_six_characters_is_left_alone_and_reported() {
    let short = redactor(&[("pin", "12345"), ("empty", ""), ("long", "123456")]);
    assert_eq!(short.mask("12345 123456"), "12345 *****");
    assert_eq!(short.too_short(), ["pin"]);
}

#[test]
fn a_secret_inside_basic_authentication_is_masked() {
    let one = redactor(&[("password", "correct horse battery")]);
    for user in ["", "u", "us", "admin"] {
        let header = STANDARD.encode(format!("{user}:correct horse battery"));
        assert_eq!(one.find(&header), ["password"], "{header}");
        assert!(one.find(one.mask(&header).as_bytes()).is_empty());
    }
}

#[test]
fn each_line_of_a_key_and_the_key_as_one_json_text_are_masked() {
    let key = "-----BEGIN KEY-----\nAAAABBBBCCCC\nDDDD\n-----END KEY-----\n";
    let one = redactor(&[("key", key)]);
    assert_eq!(one.mask("log: AAAABBBBCCCC"), "log: *****");
    let json = serde_json::json!({ "key": key }).to_string();
    assert_eq!(one.mask(&json), r#"{"key":"*****"}"#);
}

#[test]
fn masking_json_never_breaks_it() {
    let one = redactor(&[("number", "123456"), ("quoted", "pass\"word\\")]);
    let value = serde_json::json!({ "ms": 123_456_789, "log": ["pin 123456", "say pass\"word\\"] });
    let masked = one.mask_json(value);
    assert_eq!(masked, serde_json::json!({ "ms": 123_456_789, "log": ["pin *****", "say *****"] }));
}

#[test]
fn a_secret_learnt_later_is_masked_from_then_on() {
    let vault = Vault::default();
    assert_eq!(vault.redactor().mask("swordfish"), "swordfish");
    vault.clone().learn("fish", "swordfish");
    assert_eq!(vault.redactor().mask("swordfish"), "*****");
    assert!(!format!("{vault:?}").contains("swordfish"));
}

#[test]
fn the_texts_of_an_event_are_masked_and_its_names_are_not() {
    use crate::event::Event;
    use crate::outcome::{Cause, Finding, Outcome};
    let one = redactor(&[("word", "install")]);
    let step = crate::ids::StepId::new(crate::tier::Tier::Install, "serving");
    let event = Event::StepEnded {
        step: step.clone(),
        outcome: Outcome::Failed(Finding::new(Cause::NotServing, "GET /?k=install")),
        ms: 1,
    };
    let expected =
        Event::StepEnded { step, outcome: Outcome::Failed(Finding::new(Cause::NotServing, "GET /?k=*****")), ms: 1 };
    assert_eq!(one.event(event), expected);
}

/// Encodes as the outside world does, apart from the code under test.
fn all_encodings(value: &str) -> Vec<String> {
    let percent_some: String = value
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                (b as char).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    vec![
        value.to_owned(),
        STANDARD.encode(value),
        STANDARD_NO_PAD.encode(value),
        URL_SAFE.encode(value),
        URL_SAFE_NO_PAD.encode(value),
        percent_some,
        serde_json::to_string(value).unwrap(),
        value.bytes().map(|b| format!("{b:02x}")).collect(),
        value.bytes().map(|b| format!("{b:02X}")).collect(),
    ]
}

proptest! {
    #[test]
    fn nothing_is_found_after_masking(
        values in prop::collection::vec("[ -~äß€]{0,24}", 1..5),
        noise in prop::collection::vec("[ -~\n]{0,12}", 1..6),
    ) {
        let secrets: Vec<_> =
            values.iter().enumerate().map(|(at, value)| (format!("s{at}"), value.clone())).collect();
        let redactor = Redactor::new(&secrets);
        let mut text = String::new();
        for value in &values {
            for form in all_encodings(value) {
                text.push_str(&form);
                text.push_str(noise.get(text.len() % noise.len()).unwrap());
            }
        }
        let masked = redactor.mask(&text);
        prop_assert!(redactor.find(masked.as_bytes()).is_empty(), "{text} -> {masked}");
    }

    #[test]
    fn every_encoding_of_a_long_enough_secret_is_found_and_masked(
        value in "[!-~äß€][ -~äß€]{5,30}[!-~]",
        before in "[ -~]{0,8}",
        after in "[ -~]{0,8}",
    ) {
        let redactor = redactor(&[("s", &value)]);
        for form in all_encodings(&value) {
            let text = format!("{before}{form}{after}");
            prop_assert_eq!(redactor.find(&text), vec!["s"], "{}", text);
            prop_assert!(!redactor.mask(&text).contains(&value), "{}", text);
        }
    }

    #[test]
    fn a_text_without_secrets_is_left_as_it_is(text in "[a-z \n]{0,60}") {
        let redactor = redactor(&[("s", "0123456789")]);
        prop_assert_eq!(redactor.mask(&text), text.as_str());
    }
}
