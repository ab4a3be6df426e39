//! What has become worse, and what only looks so.

use super::*;

fn ending(end: FrontEnd) -> FrontPage {
    FrontPage {
        door: Door::Front("/".to_owned()),
        redirects: Vec::new(),
        end,
        took: Duration::ZERO,
        missing: Vec::new(),
        links: Vec::new(),
    }
}

fn answered(answer: FrontAnswer<'_>) -> FrontPage {
    ending(match Page::read(answer) {
        Ok(page) => FrontEnd::Page(Box::new(page)),
        Err(why) => FrontEnd::Nothing { why },
    })
}

fn html(status: u16, body: &str) -> FrontPage {
    let content_type = Some("text/html; charset=utf-8");
    answered(FrontAnswer { status, content_type, body: body.as_bytes(), ..FrontAnswer::default() })
}

fn typed(content_type: &str, body: &str) -> FrontPage {
    answered(FrontAnswer {
        status: 200,
        content_type: Some(content_type),
        body: body.as_bytes(),
        ..FrontAnswer::default()
    })
}

fn to(target: &str, page: FrontPage) -> FrontPage {
    FrontPage { redirects: vec![target.to_owned()], ..page }
}

fn shop() -> FrontPage {
    html(200, "<html><head><TITLE>My\n shop</TITLE></head><body>Welcome</body></html>")
}

fn check(head: &FrontPage, says: &str) {
    assert_eq!(shop().worse_at(head, &[]).map(|worse| worse.summary).as_deref(), Some(says));
}

#[test]
fn errors_circles_and_dead_ends_are_worse() {
    let cut = FrontEnd::Nothing { why: "connection closed".to_owned() };
    let inside = FrontEnd::Nowhere { why: "a name of the stack" };
    check(&html(500, "x"), "/ answers 500");
    check(&to("/login", html(500, "x")), "/ leads to /login, which answers 500");
    check(&ending(FrontEnd::Circle), "the redirects of / lead in a circle");
    check(&ending(cut), "/ answers nothing that can be read: connection closed");
    check(&to("http://app:3000/", ending(inside)), "/ leads to http://app:3000/: a name of the stack");
    let gzip = FrontAnswer { status: 200, encoding: Some("gzip"), body: b"plain", ..FrontAnswer::default() };
    check(&answered(gzip), "/ answers nothing that can be read: it says that it is packed with gzip and is not");
}

#[test]
fn nothing_to_see_is_worse() {
    let says = "/ answers with an empty body, which was none at base";
    check(&html(200, " \n"), says);
    check(&html(204, ""), says);
    check(&html(200, "<html><head><title>My shop</title></head><body><div> </div></body></html>"), says);
}

#[test]
fn a_page_that_became_a_download_or_a_text_is_worse() {
    let file = "/ answers with application/octet-stream (a download) in place of a page";
    check(&typed("application/octet-stream", "<?php"), file);
    let source = "/ answers with application/x-httpd-php (a download) in place of a page";
    check(&typed("application/x-httpd-php", "<?php"), source);
    check(&typed("text/plain", "<html>"), "/ answers with text/plain in place of a page");
    let attached = FrontAnswer {
        status: 200,
        content_type: Some("text/html"),
        disposition: Some("attachment; filename=index.html"),
        body: b"<title>My shop</title>Welcome",
        ..FrontAnswer::default()
    };
    check(&answered(attached), "/ answers with text/html (a download) in place of a page");
}

#[test]
fn a_page_that_stands_in_place_of_the_app_is_worse() {
    let another = |label: &str| format!("/ answers with another page than at base: {label}");
    for (body, label) in [
        ("<h1 class=a>Down for <b>maintenance</b></h1><p>Come back", "\"Down for maintenance\""),
        ("<title>My shop</title><h2>We'll be right back!</h2>", "\"We'll be right back!\""),
        ("<title>Welcome to nginx!</title>x", "\"Welcome to nginx!\""),
        ("<br />\n<b>Fatal error</b>:  Uncaught PDOException", "\"Fatal error : Uncaught PDOException\""),
    ] {
        check(&html(200, body), &another(label));
    }
    let install = to("/install.php", html(200, "<title>My shop</title>x"));
    check(&install, "/ leads to /install.php, which answers with another page than at base: /install.php");
}

#[test]
fn what_is_as_it_was_or_only_looks_worse_is_no_finding() {
    let plain = || typed("text/plain", "ok");
    let nothing = || ending(FrontEnd::Nothing { why: String::new() });
    let app = || html(200, "<title>My shop</title><body><div id=app></div><script src=a.js></script>");
    for (what, base, head) in [
        ("another title", shop(), html(200, "<title>My new shop 2.0, 28 November</title>x")),
        (
            "a text about all that",
            shop(),
            html(200, "<title>My shop</title>Our maintenance plans, error pages and setup"),
        ),
        ("a header is no heading", shop(), html(200, "<title>My shop</title><header>error</header><body>fine")),
        ("a word in another", shop(), html(200, "<title>Terrors and mirrors</title>x")),
        ("an installer at base, too", html(200, "<title>Installation</title>x"), html(200, "<title>Setup</title>x")),
        ("an error at base, too", html(503, "x"), html(500, "x")),
        ("an error that was mended", html(503, "x"), shop()),
        ("empty at base, too", html(200, ""), html(200, "")),
        ("a new login page", shop(), to("/login", html(200, "<title>Log in</title>x"))),
        ("a login page at both", to("/login", shop()), to("/login?next=%2F", shop())),
        ("no login any more", to("/login", shop()), shop()),
        ("another site", shop(), to("https://login.coop/", ending(FrontEnd::Elsewhere))),
        ("no page at base", plain(), plain()),
        ("a page that was none", plain(), shop()),
        ("nothing at base", nothing(), html(500, "x")),
        ("a page that a script makes", shop(), app()),
        ("letters that grow in lower case", shop(), html(200, "<title>İİİ</title>x<h1>İ</h1>")),
        (
            "no type, and a page to browsers",
            shop(),
            answered(FrontAnswer { status: 200, body: b"<!DOCTYPE html><p>x", ..FrontAnswer::default() }),
        ),
        (
            "a page packed unasked",
            shop(),
            answered(FrontAnswer {
                status: 200,
                content_type: Some("text/html"),
                encoding: Some("gzip"),
                body: &[0x1f, 0x8b, 0],
                ..FrontAnswer::default()
            }),
        ),
        ("a broken tag", shop(), html(200, "<title>My shop</title>x <h1 <b>< ! -- <")),
    ] {
        assert_eq!(base.worse_at(&head, &[]), None, "{what}");
    }
}

#[test]
fn an_accepted_status_is_well() {
    assert_eq!(html(401, "x").worse_at(&html(403, "x"), &[]), None);
    let worse = html(401, "x").worse_at(&html(403, "x"), &[401]);
    assert_eq!(worse.map(|worse| worse.summary).as_deref(), Some("/ answers 403"));
    assert_eq!(shop().worse_at(&html(401, "x"), &[200, 401]), None);
}

#[test]
fn what_a_recipe_may_declare_is_told_from_what_nobody_wants() {
    let kind = |head: &FrontPage| shop().worse_at(head, &[]).map(|worse| worse.kind);
    let setup = to("/setup", html(200, "<title>Welcome</title>x"));
    assert_eq!(kind(&setup), Some(WorseKind::Changed));
    assert!(setup.shows("welcome") && setup.shows("/setup") && !setup.shows("wizard"));
    assert_eq!(kind(&typed("application/json", "{}")), Some(WorseKind::Changed));
    assert!(typed("application/json", "{}").shows("application/json"));
    assert_eq!(kind(&html(500, "x")), Some(WorseKind::Broken));
}

#[test]
fn a_front_page_is_described_in_one_line() {
    assert_eq!(to("/login", shop()).words(), "/ -> /login: status 200, text/html, \"My shop\"");
    assert_eq!(html(200, "").words(), "/: status 200, text/html, empty");
}

#[test]
fn a_side_door_may_refuse_as_it_did_and_does_not_break() {
    let side = |page: FrontPage| {
        let door = Door::Side { host: Some("api.shop.test".to_owned()), path: "/v1".to_owned() };
        FrontPage { door, ..page }
    };
    let answer = |status| side(html(status, "<title>Interface</title><p>x</p>"));
    let worse = |base: &FrontPage, head: &FrontPage| base.worse_at(head, &[200]).map(|worse| worse.summary);
    assert_eq!(worse(&answer(401), &answer(404)), None);
    assert_eq!(worse(&answer(401), &answer(200)), None);
    assert_eq!(worse(&answer(500), &answer(502)), None);
    assert_eq!(worse(&answer(401), &answer(500)).as_deref(), Some("api.shop.test/v1 answers 500"));
    assert_eq!(worse(&answer(200), &answer(404)).as_deref(), Some("api.shop.test/v1 answers 404"));
    let silent = side(ending(FrontEnd::Nothing { why: "nobody listens".to_owned() }));
    assert!(worse(&answer(404), &silent).is_some_and(|summary| summary.ends_with("nobody listens")));
    assert_eq!((silent.incomparable(&[]).is_some(), answer(404).incomparable(&[])), (true, None));
}

#[test]
fn what_no_router_takes_is_worse_without_waiting_and_silence_may_pass() {
    let none = ending(FrontEnd::Unrouted { why: "no router matches".to_owned() });
    let worse = shop().worse_at(&none, &[]).unwrap();
    assert_eq!(
        (worse.summary.as_str(), none.settles(&worse)),
        ("/ answers with no page: no router matches", Some(Duration::ZERO))
    );
    assert_eq!(none.worse_at(&shop(), &[]), None);
    let silent = ending(FrontEnd::Nothing { why: "nobody listens".to_owned() });
    assert_eq!(silent.settles(&worse), None);
}

#[test]
fn a_page_that_takes_much_longer_is_told() {
    let page = |ms| FrontPage { took: Duration::from_millis(ms), ..shop() };
    let told = |base, head| page(base).slower_at(&page(head));
    assert_eq!(told(80, 9_000).as_deref(), Some("/ took 9.0 s, and 0.1 s at base"));
    assert_eq!(told(80, 1_900), None);
    assert_eq!(told(1_500, 6_000), None);
}

#[test]
fn a_page_whose_scripts_do_not_come_is_worse_unless_base_lacked_some_too() {
    let lacking = |what: &str| FrontPage { missing: vec![what.to_owned()], ..shop() };
    check(&lacking("/app.js: status 404"), "/ shows a page that is not itself without /app.js: status 404");
    assert_eq!(lacking("/old.js: status 404").worse_at(&lacking("/app.js: status 404"), &[]), None);
    assert_eq!(lacking("/old.js: status 404").worse_at(&shop(), &[]), None);
}

#[test]
fn an_error_in_the_text_is_worse_where_base_showed_none() {
    let shows = html(200, "<title>Shop</title><b>Fatal error</b>: Uncaught Error: gone in /index.php on line <b>3</b>");
    let said =
        "/ answers with a page that shows an error: \"Fatal error: Uncaught Error: gone in /index.php on line 3\"";
    check(&shows, said);
    assert_eq!(shows.worse_at(&shows, &[]), None);
}

#[test]
fn what_is_asked_for_over_tls_after_all_is_not_plain() {
    let plain = |policy| {
        let body = b"<script src=HTTP://shop.test/a.js></script><script src=/b.js></script>";
        let answer =
            FrontAnswer { status: 200, content_type: Some("text/html"), policy, body, ..FrontAnswer::default() };
        Page::read(answer).unwrap().plain
    };
    assert_eq!(plain(None), ["HTTP://shop.test/a.js"]);
    assert!(plain(Some("upgrade-insecure-requests")).is_empty());
}

#[test]
fn only_a_page_behind_it_that_may_be_on_its_way_is_waited_for_to_the_end() {
    let linking = |status| {
        let links = vec![Linked { path: "/about".to_owned(), answer: LinkAnswer::Status(status) }];
        FrontPage { links, ..shop() }
    };
    let settles = |head: FrontPage| head.settles(&linking(200).worse_at(&head, &[]).unwrap());
    assert_eq!(settles(linking(503)), None);
    assert_eq!(settles(linking(500)), Some(LAST_WORD));
    // A link that is new and fails decides nothing about what is worse beside it.
    let other = vec![Linked { path: "/new-one".to_owned(), answer: LinkAnswer::Status(503) }];
    let failing = FrontPage { links: [other, linking(200).links].concat(), ..html(200, "<title>Maintenance</title>x") };
    assert!(settles(failing).is_some());
}
