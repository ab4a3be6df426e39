//! The forms one secret may take in a text.

use super::SHORTEST;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;

/// A line of a secret with several lines counts by itself from this many characters on: `version: 3` is in many texts.
const SHORTEST_LINE: usize = 12;

/// Every form of `value` worth looking for, without line breaks; empty if the value is too short.
pub(super) fn of(value: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    if value.trim().chars().count() < SHORTEST {
        return forms;
    }
    // Commands tend to add or drop a line break at the end.
    for value in [value, value.trim()] {
        encoded(value, &mut forms);
    }
    for line in value.lines().map(str::trim) {
        // The frame around a key is in every key.
        let counts = line.chars().count() >= SHORTEST_LINE && !line.starts_with("-----");
        if counts && line != value.trim() {
            encoded(line, &mut forms);
        }
    }
    // A scan looks past line breaks, wherever they are.
    let forms = forms.into_iter().map(|form| form.replace(['\n', '\r'], ""));
    forms.filter(|form| form.chars().count() >= SHORTEST).collect()
}

fn encoded(value: &str, forms: &mut BTreeSet<String>) {
    plain(value, forms);
    if value.contains('$') {
        // As a compose file writes it.
        plain(&value.replace('$', "$$"), forms);
    }
    percent(value, forms);
    forms.insert(value.bytes().map(|byte| format!("{byte:02x}")).collect());
    forms.insert(value.bytes().map(|byte| format!("{byte:02X}")).collect());
    base64(value.as_bytes(), forms);
}

/// As it is, and as texts quote it.
fn plain(value: &str, forms: &mut BTreeSet<String>) {
    forms.insert(value.to_owned());
    json(value, forms);
    markup(value, forms);
    quoted(value, forms);
}

fn json(value: &str, forms: &mut BTreeSet<String>) {
    let plain = in_json(value);
    // A log of JSON lines often quotes an answer in JSON.
    forms.insert(in_json(&plain));
    for form in [ascii(&plain, |unit| format!("\\u{unit:04x}")), ascii(&plain, |unit| format!("\\u{unit:04X}")), plain]
    {
        forms.insert(form.replace('/', "\\/"));
        forms.insert(form);
    }
}

/// As JSON writes it, without the quotes around it.
fn in_json(text: &str) -> String {
    let text = serde_json::Value::from(text).to_string();
    text.get(1..text.len() - 1).unwrap_or_default().to_owned()
}

/// A text with everything beyond ASCII escaped, by UTF-16 unit.
fn ascii(text: &str, escape: impl Fn(u16) -> String) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            ascii.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| escape(*unit)));
        }
    }
    ascii
}

/// As XML and HTML write it: JUnit files, pages of the app.
fn markup(value: &str, forms: &mut BTreeSet<String>) {
    let text = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    for quote in ["\"", "&quot;", "&#34;"] {
        for apostrophe in ["'", "&apos;", "&#39;", "&#x27;"] {
            forms.insert(text.replace('"', quote).replace('\'', apostrophe));
        }
    }
}

/// As shells, YAML and SQL quote it.
fn quoted(value: &str, forms: &mut BTreeSet<String>) {
    for apostrophe in ["'\\''", "''", "\\'"] {
        forms.insert(value.replace('\'', apostrophe));
    }
    let before = |marked: &dyn Fn(char) -> bool| {
        let chars = value.chars().flat_map(|c| marked(c).then_some('\\').into_iter().chain([c]));
        chars.collect::<String>()
    };
    forms.insert(before(&|c| "\"\\$`".contains(c)));
    forms.insert(before(&|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_./:=+@%,\n\r".contains(c)));
}

fn percent(value: &str, forms: &mut BTreeSet<String>) {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let of_form = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    let of_uri = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!*'();:@&=+$,/?#".contains(&byte);
    let of_component = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!*'()".contains(&byte);
    let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let forms_of = [
        escape(value, unreserved, "%20"),
        escape(value, of_form, "+"),
        escape(value, of_uri, "%20"),
        escape(value, of_component, "%20"),
        escape(value, in_path, "%20"),
        escape(value, |_| false, "%20"),
    ];
    for upper in forms_of {
        forms.insert(lower_escapes(&upper));
        forms.insert(upper);
    }
}

fn escape(value: &str, keep: impl Fn(u8) -> bool, space: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b' ' => space.to_owned(),
            byte if keep(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn lower_escapes(escaped: &str) -> String {
    let mut digits = 0;
    escaped
        .chars()
        .map(|c| {
            if c == '%' {
                digits = 2;
                c
            } else if digits > 0 {
                digits -= 1;
                c.to_ascii_lowercase()
            } else {
                c
            }
        })
        .collect()
}

/// Base64 of the value alone, and of the part that does not depend on its neighbours when the value stands at any place
/// inside a longer encoded text, such as `user:password`.
fn base64(value: &[u8], forms: &mut BTreeSet<String>) {
    for offset in 0..3usize {
        let mut shifted = vec![0; offset];
        shifted.extend_from_slice(value);
        let from = match offset {
            0 => 0,
            1 => 2,
            _ => 3,
        };
        let to = shifted.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&shifted);
            if let Some(inner) = text.get(from..to) {
                forms.insert(inner.to_owned());
            }
            if offset == 0 {
                let padded = format!("{text}{}", &"=="[..(3 - value.len() % 3) % 3]);
                // The lines of `base64` and of `openssl base64`, of which a log may keep only the last.
                let lines = [64, 76].into_iter().filter(|width| padded.len() > *width);
                let lines = lines
                    .flat_map(|width| padded.as_bytes().chunks(width))
                    .filter_map(|line| str::from_utf8(line).ok());
                forms.extend(lines.filter(|line| line.len() >= SHORTEST_LINE).map(str::to_owned));
                forms.insert(padded);
                forms.insert(text);
            }
        }
    }
}
