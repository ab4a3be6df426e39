//! How JSON, HTML, shells, YAML, SQL and URLs write a value. A scan reads most escapes by itself; what a value holds that
//! looks like an escape it would read, too, and only the whole form shows it.

use std::collections::BTreeSet;

/// The value as it is and as each of them writes it.
pub(super) fn written(value: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::from([value.to_owned()]);
    let mut plain = |value: &str| {
        json(value, &mut forms);
        markup(value, &mut forms);
        quoted(value, &mut forms);
    };
    plain(value);
    if value.contains('$') {
        // As a compose file writes it.
        plain(&value.replace('$', "$$"));
    }
    percent(value, &mut forms);
    forms
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
