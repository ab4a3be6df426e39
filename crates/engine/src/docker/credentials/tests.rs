//! Files of credentials as people and strangers write them.

use super::*;

/// The default registry of an engine, by a name that is reserved for documents.
const DEFAULT: &str = "https://index.example.org/v1/";

fn parsed(text: &str) -> Result<RegistryCredentials, String> {
    RegistryCredentials::parse(text)
}

/// The user that the registry of an image is told.
fn user(known: &RegistryCredentials, image: &str) -> Option<String> {
    known.of_image(image, DEFAULT).and_then(|credentials| credentials.username)
}

fn auth(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

#[test]
fn an_image_is_pulled_with_the_credentials_of_its_own_registry() {
    let text = json!({ "auths": {
        DEFAULT: { "auth": auth("main", "a:b") },
        "https://registry.test/v2/": { "username": "plain", "password": "word" },
        "127.0.0.1:5000": { "auth": auth("port", "x") },
    }});
    let known = parsed(&text.to_string()).unwrap();
    assert_eq!(known.registries(), ["127.0.0.1:5000", DEFAULT, "https://registry.test/v2/"]);
    let of_default = ["nginx", "nginx:1", "team/app:1", "example.org/team/app", "index.example.org/team/app"];
    for image in of_default {
        assert_eq!(user(&known, image).as_deref(), Some("main"), "{image}");
    }
    assert_eq!(user(&known, "registry.test/app@sha256:00").as_deref(), Some("plain"));
    assert_eq!(user(&known, "127.0.0.1:5000/app:1").as_deref(), Some("port"));
    let strangers = [
        "registry.test:5000/app",
        "127.0.0.1/app",
        "127.0.0.1:50000/app",
        "evilindex.example.org/app",
        "mple.org/app",
        "index.example.org.evil.test/app",
        "localhost/app",
    ];
    for image in strangers {
        assert_eq!(user(&known, image), None, "{image}");
    }
    let told = known.of_image("nginx", DEFAULT).unwrap();
    assert_eq!((told.password.as_deref(), told.serveraddress.as_deref()), (Some("a:b"), Some(DEFAULT)));
}

#[test]
fn tokens_are_told_and_zero_bytes_left_out() {
    let text = json!({ "auths": {
        "a.test": { "auth": auth("u", "p\0\0"), "identitytoken": "the-identity" },
        "b.test": { "registrytoken": "the-token" },
    }});
    let known = parsed(&text.to_string()).unwrap();
    let told = known.of_image("a.test/x", DEFAULT).unwrap();
    assert_eq!((told.password.as_deref(), told.identitytoken.as_deref()), (Some("p"), Some("the-identity")));
    assert_eq!(known.of_image("b.test/x", DEFAULT).unwrap().registrytoken.as_deref(), Some("the-token"));
}

#[test]
fn helpers_are_named_and_nothing_else_of_a_file_is_taken() {
    let text = json!({
        "auths": { "a.test": {}, "b.test": { "auth": "" } },
        "credsStore": "secretservice",
        "credHelpers": { "c.test": "/bin/evil" },
        "currentContext": "elsewhere",
        "cliPluginsExtraDirs": ["/evil"],
        "HttpHeaders": { "X": "y" },
    });
    let known = parsed(&text.to_string()).unwrap();
    assert!(known.registries().is_empty());
    assert_eq!(known.helpers(), ["credsStore `secretservice`", "credHelpers for `c.test`"]);
    assert_eq!(known.config(), None);
    let text = json!({ "auths": { "a.test": { "auth": auth("u", "p"), "email": "x" } }, "credsStore": "evil" });
    let written: Value = serde_json::from_str(&parsed(&text.to_string()).unwrap().config().unwrap()).unwrap();
    assert_eq!(written, json!({ "auths": { "a.test": { "auth": auth("u", "p") } } }));
}

#[test]
fn an_odd_file_is_refused_without_being_quoted() {
    let cases = [
        ("{\"auths\": s3cret", "line 1, column 11: no JSON"),
        ("[\"s3cret\"]", "expected an object"),
        ("{\"auths\": [\"s3cret\"]}", "`auths` is no object"),
        ("{\"auths\": {\"a.test\": \"s3cret\"}}", "auths: `a.test` is no object"),
        ("{\"auths\": {\"a.test\": {\"auth\": 7}}}", "auths: `a.test`: `auth` is no text"),
        ("{\"auths\": {\"a.test\": {\"auth\": \"s3cret!\"}}}", "auths: `a.test`: `auth` is not base64 of a text"),
        (
            "{\"auths\": {\"a.test\": {\"auth\": \"czNjcmV0\"}}}",
            "auths: `a.test`: `auth` has no colon between user and password",
        ),
        ("{\"auths\": {}, \"credHelpers\": 1}", "`credHelpers` is no object"),
    ];
    for (text, expected) in cases {
        assert_eq!(parsed(text).unwrap_err(), expected);
    }
    for text in ["", "  \n", "{}", "{\"auths\": null}"] {
        assert_eq!(parsed(text), Ok(RegistryCredentials::default()), "{text}");
    }
}

#[test]
fn a_pipe_a_folder_and_a_huge_file_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let said = |path: &Path| RegistryCredentials::read(path).unwrap_err().to_string();
    assert!(said(folder.path()).ends_with("it is not a file"));
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
    assert!(said(&pipe).ends_with("it is not a file"));
    let huge = folder.path().join("huge");
    std::fs::write(&huge, " ".repeat(1024 * 1024 + 1)).unwrap();
    assert!(said(&huge).ends_with("it is larger than 1024 KiB"));
    assert!(said(&folder.path().join("none")).starts_with("cannot read the registry credentials in "));
}

#[test]
fn every_secret_of_them_is_masked_and_no_word_shows_it() {
    let text = json!({ "auths": {
        "a.test": { "auth": auth("somebody", "correct-horse"), "identitytoken": "battery-staple" },
        "b.test": { "registrytoken": "tangerine-dream" },
    }});
    let known = parsed(&text.to_string()).unwrap();
    let vault = Vault::default();
    known.teach(&vault);
    let told = format!("{} battery-staple correct-horse tangerine-dream", auth("somebody", "correct-horse"));
    let shown = vault.redactor().mask(&told).to_string();
    for secret in ["correct-horse", "battery-staple", "tangerine-dream", &auth("somebody", "correct-horse")[..12]] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!format!("{known:?}").contains(secret));
    }
}
