//! The environment file of an app, as an operator has it below `servers/<server>/`.

use crate::env_sample::{Charset, EnvSample, Modifiers};
use std::collections::BTreeMap;

/// The text of an app's file that gives exactly `env`: every value is written out, so that no line depends on another, and
/// what the sample's comments ask for is kept, because `abra` reads it from the app's own file.
#[must_use]
pub fn render(env: &BTreeMap<String, String>, sample: &EnvSample) -> String {
    let line = |(key, value): (&String, &String)| {
        let asked = sample.entry(key).map(|entry| comment(entry.modifiers)).unwrap_or_default();
        format!("{key}={}{asked}\n", quoted(value))
    };
    env.iter().map(line).collect()
}

fn quoted(value: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_./:@+,-%".contains(letter);
    if value.chars().all(plain) {
        value.to_owned()
    } else if !value.contains(['\'', '\\', '\n', '\r']) {
        // Taken literally [R].
        format!("'{value}'")
    } else {
        let mut text = String::from('"');
        for letter in value.chars() {
            match letter {
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '"' | '\\' | '$' => text.extend(['\\', letter]),
                other => text.push(other),
            }
        }
        text.push('"');
        text
    }
}

fn comment(modifiers: Modifiers) -> String {
    let charset = modifiers.charset.map(|charset| match charset {
        Charset::Alnum => "charset=default",
        Charset::Hex => "charset=hex",
        Charset::Special => "charset=special",
        Charset::SafeSpecial => "charset=safespecial",
    });
    let words = [
        modifiers.length.map(|length| format!("length={length}")),
        charset.map(str::to_owned),
        modifiers.generate.map(|generate| format!("generate={generate}")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() { String::new() } else { format!(" # {}", words.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_written_out_and_comments_kept() {
        let text = "TYPE=shop\nDOMAIN=shop.example.com\nURL=\"https://$DOMAIN/?a=b\"\nEXTRA=', `w.example.com`'\nSECRET_A_VERSION=v1 # length=32 charset=hex\nSECRET_B_VERSION=v2 # generate=false\nQUOTE=\"it's $$\"\n";
        let (sample, _) = EnvSample::read(".env.sample", text);
        let env = sample.resolve(&BTreeMap::from([("DOMAIN".to_owned(), "x.test".to_owned())]));
        insta::assert_snapshot!(render(&env, &sample), @r#"
        DOMAIN=x.test
        EXTRA=', `w.example.com`'
        QUOTE="it's \$\$"
        SECRET_A_VERSION=v1 # length=32 charset=hex
        SECRET_B_VERSION=v2 # generate=false
        TYPE=shop
        URL='https://x.test/?a=b'
        "#);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(values in proptest::collection::vec("[ -~\n\\\\\"'$#àü]{0,24}", 1..6)) {
            let env: BTreeMap<String, String> =
                values.into_iter().enumerate().map(|(at, value)| (format!("KEY_{at}"), value)).collect();
            let (sample, problems) = EnvSample::read("app.env", &render(&env, &EnvSample::default()));
            prop_assert!(problems.is_empty(), "{problems:?}");
            prop_assert_eq!(sample.resolve(&BTreeMap::new()), env);
        }
    }
}
