//! The forms one secret may take in a text.

use super::SHORTEST;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;

/// Every form of `value` worth looking for; empty if the value is too short.
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
        if line != value.trim() && line.chars().count() >= SHORTEST {
            encoded(line, &mut forms);
        }
    }
    forms.retain(|form| form.chars().count() >= SHORTEST);
    forms
}

fn encoded(value: &str, forms: &mut BTreeSet<String>) {
    if !value.contains('\n') {
        forms.insert(value.to_owned());
    }
    json(value, forms);
    percent(value, forms);
    markup(value, forms);
    forms.insert(value.bytes().map(|byte| format!("{byte:02x}")).collect());
    forms.insert(value.bytes().map(|byte| format!("{byte:02X}")).collect());
    base64(value.as_bytes(), forms);
}

fn json(value: &str, forms: &mut BTreeSet<String>) {
    let plain = serde_json::Value::from(value).to_string();
    // Without the quotes around it.
    let plain = plain.get(1..plain.len() - 1).unwrap_or_default().to_owned();
    let ascii: String = plain
        .chars()
        .flat_map(|c| {
            let mut units = [0u16; 2];
            let text = if c.is_ascii() {
                c.to_string()
            } else {
                c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
            };
            text.chars().collect::<Vec<_>>()
        })
        .collect();
    for form in [plain, ascii] {
        forms.insert(form.replace('/', "\\/"));
        forms.insert(form);
    }
}

/// As XML and HTML write it: JUnit files, pages of the app.
fn markup(value: &str, forms: &mut BTreeSet<String>) {
    let text = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quoted = text.replace('"', "&quot;");
    for apostrophe in ["&apos;", "&#39;", "&#x27;"] {
        forms.insert(quoted.replace('\'', apostrophe));
    }
    forms.insert(text);
    forms.insert(quoted);
}

fn percent(value: &str, forms: &mut BTreeSet<String>) {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let of_form = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    let of_uri = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!*'();:@&=+$,/?#".contains(&byte);
    let path = escape(value, unreserved, "%20");
    let form = escape(value, of_form, "+");
    let uri = escape(value, of_uri, "%20");
    for upper in [path, form, uri] {
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
                forms.insert(format!("{text}{}", &"=="[..(3 - value.len() % 3) % 3]));
                forms.insert(text);
            }
        }
    }
}
