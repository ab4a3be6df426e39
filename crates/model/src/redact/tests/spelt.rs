//! The ways in which a text may spell a secret, each by a test, and what has to stay as it is.

use super::*;

const SECRET: &str = "Tr0ub4dor&3/xK+9=q";

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn each(text: &str, spell: impl Fn(u8) -> String) -> String {
    text.bytes().map(spell).collect()
}

fn base32(text: &str) -> String {
    // By bits, apart from the code under test.
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect();
    let groups: Vec<char> = bits.chars().collect();
    let value = |bits: &[char]| usize::from_str_radix(&format!("{:0<5}", bits.iter().collect::<String>()), 2).unwrap();
    groups.chunks(5).map(|bits| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[value(bits)])).collect()
}

type Spell = fn(&str) -> String;

/// One layer, as the outside world writes it.
fn layers() -> Vec<(&'static str, Spell)> {
    vec![
        ("base64", |text| STANDARD.encode(text)),
        ("base64 for URLs", |text| URL_SAFE_NO_PAD.encode(text)),
        ("base64 behind a user", |text| STANDARD.encode(format!("admin:{text}"))),
        ("base64 in lines", |text| wrapped(&STANDARD.encode(text), 16)),
        ("hexadecimal", hex),
        ("hexadecimal in capitals", |text| hex(text).to_uppercase()),
        ("percent", |text| each(text, |byte| format!("%{byte:02X}"))),
        ("small percent", |text| each(text, |byte| format!("%{byte:02x}"))),
        ("\\x", |text| each(text, |byte| format!("\\x{byte:02x}"))),
        ("\\u", |text| each(text, |byte| format!("\\u{byte:04X}"))),
        ("entities", |text| each(text, |byte| format!("&#{byte};"))),
        ("hexadecimal entities", |text| each(text, |byte| format!("&#x{byte:X};"))),
        ("HTML", |text| text.replace('&', "&amp;")),
        ("JSON", |text| serde_json::to_string(text).unwrap()),
    ]
}

fn assert_hidden(what: &str, text: &str) {
    let one = redactor(&[("s", SECRET)]);
    for text in [text.to_owned(), format!("before {text} after"), format!("key={text}&more=1")] {
        assert_eq!(one.find(&text), ["s"], "{what}: {text}");
        let masked = one.mask(&text);
        assert!(masked.contains(MASK) && one.find(masked.as_bytes()).is_empty(), "{what}: {text} -> {masked}");
    }
}

#[test]
fn a_secret_is_masked_in_each_notation_and_in_each_notation_of_another() {
    for (outer, write) in layers() {
        assert_hidden(outer, &write(SECRET));
        for (inner, spell) in layers() {
            assert_hidden(&format!("{outer} of {inner}"), &write(&spell(SECRET)));
        }
    }
}

#[test]
fn a_secret_in_base32_is_masked_alone_behind_others_and_below_base64() {
    for before in ["", "u", "us", "use", "user", "user:"] {
        assert_hidden("base32", &base32(&format!("{before}{SECRET}")));
    }
    assert_hidden("small base32", &base32(SECRET).to_lowercase());
    assert_hidden("base64 of base32", &STANDARD.encode(base32(SECRET)));
    assert_hidden("base32 of base64", &base32(&STANDARD.encode(SECRET)));
    assert_hidden("base32 of hexadecimal", &base32(&hex(SECRET)));
}

#[test]
fn bytes_with_something_between_them_are_masked() {
    let bytes: Vec<String> = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    for between in [" ", ":", ", ", "-", " 0x", ", 0x"] {
        assert_hidden("bytes", &bytes.join(between));
        assert_hidden("bytes in capitals", &bytes.join(between).to_uppercase().replace("0X", "0x"));
    }
}

#[test]
fn what_no_reader_sees_does_not_hide_a_secret() {
    let unseen = [
        "\n",
        "\r\n",
        "\t",
        "\0",
        "\u{8}",
        "\u{1b}[0m",
        "\u{1b}[1;31m",
        "\u{1b}[38;5;196m",
        "\u{1b}]0;title\u{7}",
        "\u{1b}]8;;x\u{1b}\\",
        "\u{1b}(B",
        "\u{200b}",
        "\u{2060}",
        "\u{feff}",
        "\u{ad}",
        "\u{202e}",
        "\u{2028}",
        "\u{85}",
        "\u{9b}31m",
    ];
    let (first, last) = SECRET.split_at(8);
    for between in unseen {
        assert_hidden("split", &format!("{first}{between}{last}"));
        assert_hidden("split base64", &STANDARD.encode(SECRET).replacen('y', &format!("y{between}"), 1));
        let all: String = SECRET.chars().flat_map(|c| between.chars().chain([c])).collect();
        assert_hidden("each character", &all);
        // As a record of events holds it.
        assert_hidden("split in JSON", &serde_json::to_string(&format!("{first}{between}{last}")).unwrap());
    }
}

#[test]
fn utf_16_in_base64_is_masked_as_powershell_writes_it() {
    let bytes: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_hidden("UTF-16", &STANDARD.encode(bytes));
}

#[test]
fn the_case_of_hexadecimal_and_of_long_secrets_does_not_matter() {
    let token = "0f3a9c27be5d";
    assert_eq!(redactor(&[("t", token)]).mask(&token.to_uppercase()), MASK);
    assert_eq!(redactor(&[("t", "aVeryLongPassphrase")]).mask("AVERYLONGPASSPHRASE"), MASK);
    assert_eq!(redactor(&[("t", "Swordfish")]).mask("a swordfish"), "a swordfish");
}

#[test]
fn stars_at_the_ends_of_a_secret_are_no_part_of_what_is_masked() {
    let stars = redactor(&[("s", "*hunter2*"), ("short", "*****a"), ("two", "first-part*****second-part")]);
    assert_eq!(stars.mask("is *hunter2* or hunter2"), "is ******* or *****");
    assert_eq!(stars.mask("first-part*****second-part"), "***************");
    assert_eq!(stars.too_short(), ["short"]);
}

#[test]
fn text_that_only_resembles_a_secret_stays_as_it_is() {
    let secrets = [("word", "correct horse battery"), ("hex", "deadbeefcafe"), ("mixed", SECRET), ("pin", "482913")];
    let all = redactor(&secrets);
    let ordinary = [
        "GET /wp-content/themes/twentytwentyfour/assets/css/style.min.css?ver=6.4.2&x=%2Fa%20b HTTP/1.1",
        "sha256:9b2c3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
        "\u{1b}[32mok\u{1b}[0m\t12 tests\t3.4 s\r\n",
        "{\"level\":\"info\",\"msg\":\"it\\u2019s up &amp; running\",\"took\":\"$$5\"}",
        "AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDw4o6gJy8UtmIbkcpnkO3Kwc4qsEnSZp",
        "de:ad:be:ef:00:01 48 29 00 correct horse staple dead\nbeef\nca\nfe 4829\n13",
        "00000000  7f 45 4c 46 02 01 01 00  00 00 00 00 00 00 00 00  |.ELF............|",
        "Καλημέρα, 'tis fine — it''s \"\" done 100%41",
    ];
    for text in ordinary {
        // Twelve hexadecimal digits in lines of four are the secret; everything else is not.
        let expected = text.replace("dead\nbeef\nca\nfe", "*****\n\n\n");
        assert_eq!(all.mask(text), expected);
    }
}
