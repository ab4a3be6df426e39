//! Tests of masking.

mod hostile;
mod spelt;

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

/// A text as a program prints it that breaks its lines after so many characters.
fn wrapped(text: &str, width: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(width).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// Values with everything in them that some encoding writes differently, on one line or several.
fn hard() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "$", "$$", "\"", "'", "\\", "\\n", "%", "&", "<", "+", "/", "=", " ", "ä", "€", "🔑", "x",
    ]);
    let line = prop::collection::vec(prop_oneof!["[A-Za-z0-9]{2,6}", piece.prop_map(str::to_owned)], 4..9);
    let line = line.prop_map(|pieces| format!("k{}k{}k", pieces.concat(), pieces.len()));
    prop_oneof![3 => line.clone(), 1 => prop::collection::vec(line, 2..4).prop_map(|lines| lines.join("\n"))]
}

#[test]
fn a_secret_that_two_secrets_share_a_part_of_goes_whole() {
    let both = redactor(&[("a", "abcdefgh"), ("b", "efghijkl")]);
    assert_eq!(both.mask("-abcdefghijkl-"), "-*****-");
}

#[test]
fn base64_in_lines_of_76_is_masked_and_its_lines_stay() {
    let key = "0123456789abcdef".repeat(8);
    let printed = wrapped(&STANDARD.encode(&key), 76);
    let one = redactor(&[("key", &key)]);
    assert_eq!(one.mask(&format!("key:\n{printed}\nend\n")), "key:\n*****\n\n\nend\n");
    let lines = printed.lines().map(str::to_owned).collect();
    assert_eq!(one.mask_lines(lines), ["*****", "", ""]);
}

#[test]
fn two_short_lines_do_not_make_a_secret() {
    let one = redactor(&[("pin", "123456")]);
    assert_eq!(one.mask("123\n456"), "123\n456");
}

#[test]
fn a_text_as_compose_files_shells_and_yaml_write_it_is_masked() {
    let one = redactor(&[("p", "it's $5 \"x\"")]);
    for text in
        ["it's $$5 \"x\"", "it'\\''s $5 \"x\"", "it''s $5 \"x\"", "it's \\$5 \\\"x\\\"", "it\\'s\\ \\$5\\ \\\"x\\\""]
    {
        assert_eq!(one.mask(text), MASK, "{text}");
    }
}

#[test]
fn a_line_is_shown_when_no_secret_can_go_on_in_the_next() {
    let vault = Vault::default();
    let mut lines = LineMasker::new(&vault);
    assert_eq!(lines.push("nothing to hide"), ["nothing to hide"]);
    vault.learn("word", "swordfish");
    let reach = vault.redactor().reach();
    assert!(lines.push("it is sword").is_empty());
    assert!(lines.push("fish, they say").is_empty());
    assert_eq!(lines.push(&"-".repeat(2 * reach)), ["it is *****", ", they say"]);
    assert_eq!(lines.finish(), ["-".repeat(2 * reach)]);
}

#[test]
fn a_scan_that_cannot_be_built_lets_nothing_pass() {
    let none = Redactor { looking: Looking::NotPossible, owners: vec!["s".to_owned()], ..Redactor::default() };
    assert_eq!(none.mask_owned("hello".to_owned()), MASK);
    assert_eq!(none.find("hello"), ["s"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn every_encoding_in_every_place_is_masked_however_its_lines_are_broken(
        value in hard(),
        width in 3usize..80,
        before in "[ -~]{0,8}",
        after in "[ -~]{0,8}",
    ) {
        let vault = Vault::new(vec![("s".to_owned(), value.clone())]);
        let redactor = vault.redactor();
        for form in all_encodings(&value).into_iter().chain([value.replace('$', "$$")]) {
            let inside_json = serde_json::to_string(&format!("{before}{value}{after}")).unwrap();
            let inside_twice = serde_json::to_string(&inside_json).unwrap();
            let inside_base64 = STANDARD.encode(format!("{before}{value}{after}"));
            for text in [format!("{before}{form}{after}"), inside_json, inside_twice, inside_base64] {
                for text in [wrapped(&text, width), text] {
                    prop_assert_eq!(redactor.find(&text), vec!["s"], "{}", text);
                    let masked = redactor.mask(&text);
                    prop_assert!(redactor.find(masked.as_bytes()).is_empty(), "{} -> {}", text, masked);
                    prop_assert_eq!(masked.matches('\n').count(), text.matches('\n').count());
                    let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
                    let together = redactor.mask_lines(lines.clone());
                    prop_assert_eq!(&together.join("\n"), masked.as_ref());
                    let mut one_by_one = LineMasker::new(&vault);
                    let mut shown: Vec<String> = lines.iter().flat_map(|line| one_by_one.push(line)).collect();
                    shown.extend(one_by_one.finish());
                    prop_assert_eq!(shown.len(), lines.len());
                    prop_assert!(redactor.find(shown.join("\n").as_bytes()).is_empty(), "{:?}", shown);
                }
            }
        }
    }

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
