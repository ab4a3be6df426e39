//! Tests of the rule language: what recipes write, what is refused, and properties of all rules.

use proptest::prelude::*;

use super::*;

fn check(rule: &str, method: &str, url: &str, expected: bool) {
    let (host, path) = url.split_at(url.find('/').unwrap());
    let parsed = RouteRule::parse(rule).unwrap();
    let facts = RequestFacts { host, path, method };
    assert_eq!(parsed.matches(facts), expected, "{rule} on {method} {url}");
}

#[test]
fn host_ignores_case_port_and_final_dot() {
    check("Host(`a.example.com`)", "GET", "A.Example.COM:443/", true);
    check("Host(`a.example.com`)", "GET", "a.example.com./", true);
    check("Host(`A.example.com`)", "GET", "a.example.com/", true);
    check("Host(`a.example.com`)", "GET", "b.example.com/", false);
    check("host(`[::1]`)", "GET", "[::1]:80/", true);
    check("host(`[::1]`)", "GET", "[::1]/", true);
}

#[test]
fn both_spellings_of_several_hosts_mean_the_same() {
    for rule in ["Host(`a.test`,`b.test`)", "Host(`a.test`) || Host(`b.test`)", "Host(`a.test`, `b.test`,)"] {
        check(rule, "GET", "a.test/", true);
        check(rule, "GET", "b.test/x", true);
        check(rule, "GET", "c.test/", false);
    }
}

#[test]
fn paths_match_whole_or_by_prefix() {
    check("Path(`/a`)", "GET", "h/a", true);
    check("Path(`/a`)", "GET", "h/a/b", false);
    check("PathPrefix(`/a`)", "GET", "h/a/b", true);
    check("PathPrefix(`/a`)", "GET", "h/ab", true);
    check("PathPrefix(`/a`)", "GET", "h/b/a", false);
    check("PathPrefix(`/a.b`)", "GET", "h/axb", false);
    check("PathPrefix(`/users/{id:[0-9]+}/x`)", "GET", "h/users/12/x/y", true);
    check("PathPrefix(`/users/{id:[0-9]{2}}/x`)", "GET", "h/users/123/x", false);
    check("Path(`/users/{id}`)", "GET", "h/users/1/2", false);
    check("PathRegexp(`\\.(js|css)$`)", "GET", "h/static/a.css", true);
}

#[test]
fn host_patterns_of_both_versions() {
    check("HostRegexp(`{sub:[a-z]+}.example.com`)", "GET", "app.example.com/", true);
    check("HostRegexp(`{sub:[a-z]+}.example.com`)", "GET", "app.example.community/", false);
    check("HostRegexp(`{sub}.example.com`)", "GET", "a.b.example.com/", false);
    check("HostRegexp(`^[a-z]{2,3}\\.example\\.com$`)", "GET", "app.example.com:443/", true);
    check("HostRegexp(`^[a-z]{2,3}\\.example\\.com$`)", "GET", "apps.example.com/", false);
}

#[test]
fn operators_bind_as_in_go() {
    let rule = "Host(`a`) && PathPrefix(`/x`) || Host(`b`)";
    check(rule, "GET", "b/", true);
    check(rule, "GET", "a/", false);
    check("Host(`a`) && (PathPrefix(`/x`) || PathPrefix(`/y`))", "GET", "a/y", true);
    check("Host(`a`) && !PathPrefix(`/x`)", "GET", "a/x", false);
    check("Host(`a`) && !(PathPrefix(`/x`) || Method(`POST`, `put`))", "PUT", "a/y", false);
    check("!!Host(`a`)", "GET", "a/", true);
    check("Host(\"a\") && Path(\"/q\\\"\")", "GET", "a/q\"", true);
}

#[test]
fn literal_hosts_are_listed_once_and_not_under_a_not() {
    let rule = RouteRule::parse("(Host(`B`,`a`) || Host(`b`)) && !Host(`c`) && PathPrefix(`/`)").unwrap();
    assert_eq!(rule.hosts(), ["b", "a"]);
}

#[test]
fn refusals_say_what_and_where() {
    let check = |rule: &str, expected: &str| {
        assert_eq!(RouteRule::parse(rule).unwrap_err().to_string(), expected, "{rule}");
    };
    check(" ", "the rule is empty");
    check(
        "Host(`a`) && ClientIP(`10.0.0.0/8`)",
        "unknown matcher `ClientIP` at column 14; known are Host, HostRegexp, Path, PathPrefix, PathRegexp and Method",
    );
    check("Host(``)", "matcher `Host` at column 1 has an empty value; is a variable of the recipe unset?");
    check("Host()", "matcher `Host` at column 1 has an empty value; is a variable of the recipe unset?");
    check("Host(`a`", "expected `,` or `)` at column 9, found the end of the rule");
    check("Host(`a`) Host(`b`)", "expected `&&`, `||` or the end of the rule at column 11, found `H`");
    check("Host:a.test;PathPrefix:/x", "expected `(` after the matcher at column 5, found `:`");
    check("Host('a')", "expected a value in backticks or double quotes at column 6, found `'`");
    check("(Host(`é`)", "expected `)` at column 11, found the end of the rule");
    check("Host(`a", "expected the closing quote of the value at column 8, found the end of the rule");
    assert!(matches!(
        RouteRule::parse("Path(`/`) || PathRegexp(`(`)").unwrap_err(),
        RuleError::Pattern { column: 14, .. }
    ));
    assert_eq!(RouteRule::parse(&"!".repeat(100_000)).unwrap_err(), RuleError::TooDeep { column: 66 });
    assert_eq!(RouteRule::parse(&"(".repeat(100_000)).unwrap_err(), RuleError::TooDeep { column: 66 });
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let hosts = prop::collection::vec("[a-z]{1,6}\\.test", 1..3);
    let paths = prop::collection::vec("/[a-zA-Z0-9._`\"\\\\-]{0,8}", 1..3);
    let template = |anchor| {
        move |values: Vec<String>| -> Vec<Pattern> {
            values.iter().map(|value| Pattern::template(value, anchor, '/').unwrap()).collect()
        }
    };
    prop_oneof![
        hosts.prop_map(Matcher::Host),
        paths.clone().prop_map(template(pattern::Anchor::Whole)).prop_map(Matcher::Path),
        paths.prop_map(template(pattern::Anchor::Start)).prop_map(Matcher::PathPrefix),
        Just(Matcher::Method(vec!["GET".to_owned(), "POST".to_owned()])),
    ]
}

fn rule() -> impl Strategy<Value = RouteRule> {
    matcher().prop_map(RouteRule::Match).prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|rule| RouteRule::Not(Box::new(rule))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(RouteRule::All),
            prop::collection::vec(inner, 2..4).prop_map(RouteRule::Any),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_answered_without_a_panic(text in any::<String>(), path in any::<String>()) {
        if let Ok(rule) = RouteRule::parse(&text) {
            let _: bool = rule.matches(RequestFacts { host: &text, path: &path, method: "GET" });
        }
    }

    #[test]
    fn text_of_rule_symbols_is_answered_without_a_panic(
        text in "((Host|Path|PathPrefix|HostRegexp)?[()`,!&|\"{}:\\\\ a*]{0,6}){0,8}",
    ) {
        if let Ok(rule) = RouteRule::parse(&text) {
            let _: bool = rule.matches(RequestFacts { host: "a", path: "/a", method: "GET" });
        }
    }

    #[test]
    fn a_printed_rule_reads_back_the_same(rule in rule()) {
        let printed = rule.to_string();
        prop_assert_eq!(RouteRule::parse(&printed).unwrap(), rule, "{}", printed);
    }
}
