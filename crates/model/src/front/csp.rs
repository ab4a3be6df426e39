//! What a page's content security policy keeps a browser from loading (Content Security Policy Level 3, W3C).

/// What a page loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loaded {
    /// Its scripts.
    Scripts,
    /// Its style sheets.
    Styles,
}

impl Loaded {
    /// The directives that say from where, the first of them that a policy has.
    fn directives(self) -> [&'static str; 3] {
        match self {
            Self::Scripts => ["script-src-elem", "script-src", "default-src"],
            Self::Styles => ["style-src-elem", "style-src", "default-src"],
        }
    }
}

/// Whether a policy keeps a page on `host` from loading what it names there. What is read otherwise than it is meant, such as a nonce,
/// allows it.
pub(super) fn forbids(loaded: Loaded, policy: &str, host: &str) -> bool {
    // Several policies have to allow it, each.
    policy.split(',').any(|policy| {
        let sources = |wanted: &str| {
            let directives = policy.split(';').map(|directive| directive.trim().to_ascii_lowercase());
            let mut words =
                directives.map(|directive| directive.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>());
            words.find(|words| words.first().is_some_and(|name| name == wanted)).map(|words| words[1..].to_vec())
        };
        let listed = loaded.directives().into_iter().find_map(sources);
        listed.is_some_and(|sources| !sources.iter().any(|source| may_allow(source, &host.to_ascii_lowercase())))
    })
}

/// Whether a policy has a browser ask over TLS for what a page names over plain HTTP.
pub(super) fn upgrades(policy: &str) -> bool {
    policy.split([';', ',']).any(|directive| directive.trim().eq_ignore_ascii_case("upgrade-insecure-requests"))
}

fn may_allow(source: &str, host: &str) -> bool {
    match source {
        "'self'" | "*" | "https:" | "http:" => true,
        _ if source.starts_with("'nonce-") || source.starts_with("'sha") || source == "'strict-dynamic'" => true,
        _ if source.starts_with('\'') => false,
        _ => {
            let name = source.split_once("://").map_or(source, |(_, rest)| rest);
            let name = name.split(['/', ':']).next().unwrap_or(name);
            name == host || name.strip_prefix('*').is_some_and(|end| host.ends_with(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::{FrontAnswer, Page};

    #[test]
    fn a_policy_may_have_everything_asked_for_over_tls() {
        assert!(upgrades("default-src 'self'; Upgrade-Insecure-Requests"));
        assert!(!upgrades("default-src upgrade-insecure-requests-not"));
    }

    #[test]
    fn a_policy_forbids_what_no_source_allows() {
        let forbids = |policy: &str| forbids(Loaded::Scripts, policy, "shop.cc-ci.test");
        for policy in [
            "default-src 'none'",
            "default-src 'self'; script-src 'none'",
            "Script-Src https://localhost:3000 'unsafe-inline' 'unsafe-eval'; style-src 'self'",
            "script-src 'self'; script-src-elem cdn.example.org data: blob:",
            "script-src",
            "default-src 'self', default-src https://other.test",
        ] {
            assert!(forbids(policy), "{policy}");
        }
        for policy in [
            "",
            "upgrade-insecure-requests",
            "default-src 'self'",
            "default-src 'none'; script-src 'self'",
            "script-src 'nonce-abc' 'strict-dynamic'",
            "script-src 'sha256-abc'",
            "script-src https:",
            "script-src https://shop.cc-ci.test:443/js/",
            "script-src *.cc-ci.test",
            "style-src 'none'; img-src 'none'",
        ] {
            assert!(!forbids(policy), "{policy}");
        }
    }

    #[test]
    fn style_sheets_have_directives_of_their_own() {
        let forbids = |policy: &str| forbids(Loaded::Styles, policy, "shop.cc-ci.test");
        for policy in [
            "default-src 'none'; script-src 'self'",
            "style-src 'unsafe-inline'",
            "style-src 'self'; style-src-elem data:",
        ] {
            assert!(forbids(policy), "{policy}");
        }
        for policy in ["script-src 'none'", "default-src 'none'; style-src 'self'", "style-src-attr 'none'"] {
            assert!(!forbids(policy), "{policy}");
        }
    }

    #[test]
    fn scripts_of_other_hosts_are_none_of_its_own() {
        let page = |script: &str| {
            let html = format!("<script src={script}></script><link rel=stylesheet href={script}.css>");
            let (policy, body) = (Some("script-src https://cdn.test"), html.as_bytes());
            Page::read(FrontAnswer { content_type: Some("text/html"), policy, body, ..FrontAnswer::default() }).unwrap()
        };
        let none: [&str; 0] = [];
        assert_eq!(page("/app.js").forbidden("shop.test", "/"), ["scripts"]);
        assert_eq!(page("https://cdn.test/app.js").forbidden("shop.test", "/"), none);
        assert_eq!(page("/app.js").forbidden("cdn.test", "/"), none);
        let html = b"<link rel=stylesheet href=a.css>";
        let (content_type, policy) = (Some("text/html"), Some("style-src 'none'"));
        let bare = Page::read(FrontAnswer { content_type, policy, body: html, ..FrontAnswer::default() }).unwrap();
        assert_eq!(bare.forbidden("shop.test", "/"), ["style sheets"]);
    }
}
