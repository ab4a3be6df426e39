//! Which requests go where, what is changed on the way, and what the proxy answers itself.

use std::net::SocketAddr;

use cc_ci_edge::{EntryPoint, Middleware, Router, WebPolicy};
use hyper::Request;
use tokio::net::TcpListener;

use crate::back_end::BackEnd;
use crate::world::{World, empty, get, plain, secure};

#[tokio::test]
async fn requests_go_by_host_and_by_the_longest_prefix() {
    let (one, two) = (BackEnd::start("one").await, BackEnd::start("two").await);
    let world = World::start(vec![
        secure("one", "Host(`a.test`)", one.address),
        secure("two", "Host(`a.test`) && PathPrefix(`/api`)", two.address),
        secure("b", "Host(`b.test`,`c.test`)", two.address),
    ])
    .await;
    assert_eq!(world.get("https://a.test/").await.gist(), (200, None, Some("one")));
    assert_eq!(world.get("https://a.test/api/x").await.gist(), (200, None, Some("two")));
    assert_eq!(world.get("https://b.test/").await.gist(), (200, None, Some("two")));
}

#[tokio::test]
async fn no_route_is_a_marked_404_that_says_what_nearly_fits() {
    let app = BackEnd::start("app").await;
    let no_tls = Router { tls: false, ..secure("no-tls", "Host(`b.test`)", app.address) };
    let world = World::start(vec![secure("a", "Host(`a.test`)", app.address), no_tls]).await;
    let answer = world.get("https://a.test:443/").await;
    assert_eq!(answer.gist(), (200, None, Some("app")));

    let answer = world.get("http://a.test/x?token=1").await;
    assert_eq!(answer.gist(), (404, Some("no-route"), None));
    assert_eq!(
        answer.body,
        "cc-ci-edge: no router matches GET http://a.test/x; router a fits but listens on web-secure only\n"
    );
    let answer = world.get("https://b.test/").await;
    assert_eq!(answer.gist(), (404, Some("no-route"), None));
    assert_eq!(
        answer.header("x-cc-ci-edge-reason").unwrap(),
        "no router matches GET https://b.test/; router no-tls fits but has no tls label, so it takes plain requests only"
    );
}

#[tokio::test]
async fn a_dead_back_end_is_a_marked_502_that_says_why() {
    // Bound and closed again: nothing listens there.
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut nowhere = plain("nowhere", "PathPrefix(`/nowhere`)", dead);
    nowhere.backend.host = "tasks.nobody.invalid".to_owned();
    let world = World::start(vec![
        plain("dead", "PathPrefix(`/dead`)", dead),
        plain("mute", "PathPrefix(`/mute`)", mute.local_addr().unwrap()),
        nowhere,
    ])
    .await;
    let answer = world.get("http://a.test/dead").await;
    assert_eq!(answer.gist(), (502, Some("bad-gateway"), None));
    let reason = answer.header("x-cc-ci-edge-reason").unwrap();
    assert!(reason.contains("Connection refused"), "{reason}");

    let hang_up = async {
        let (stream, _) = mute.accept().await.unwrap();
        drop(stream);
    };
    let (answer, ()) = tokio::join!(world.get("http://a.test/mute"), hang_up);
    assert_eq!(answer.gist(), (502, Some("bad-gateway"), None));
    let reason = answer.header("x-cc-ci-edge-reason").unwrap();
    assert!(reason.contains("broke off before its answer"), "{reason}");

    let answer = world.get("http://a.test/nowhere").await;
    assert_eq!(answer.gist(), (502, Some("bad-gateway"), None));
    assert!(answer.body.contains("tasks.nobody.invalid"), "{}", answer.body);
}

#[tokio::test]
async fn the_app_sees_its_own_host_and_who_asks() {
    let app = BackEnd::start("app").await;
    let world = World::start(vec![secure("a", "Host(`a.test`)", app.address)]).await;
    let request = Request::get("/where?q=1")
        .header("host", "a.test")
        .header("connection", "x-private")
        .header("x-private", "1")
        .header("x-forwarded-for", "6.6.6.6")
        .header("x-forwarded-prefix", "/forged")
        .body(empty())
        .unwrap();
    let answer = world.send(EntryPoint::WebSecure, request).await;
    let server = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let expected = format!(
        "GET /where?q=1 HTTP/1.1\nhost: a.test\nx-forwarded-for: 127.0.0.1\nx-forwarded-host: a.test\n\
         x-forwarded-port: 443\nx-forwarded-proto: https\nx-forwarded-server: {}\nx-real-ip: 127.0.0.1\n",
        server.trim()
    );
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn the_answer_is_the_apps_but_for_hop_by_hop_headers_and_forged_marks() {
    let app = BackEnd::start("app").await;
    let world = World::start(vec![plain("a", "Host(`a.test`)", app.address)]).await;
    let answer = world.get("http://a.test/teapot").await;
    assert_eq!(answer.gist(), (418, None, Some("app")));
    assert_eq!(answer.body, "short");
    for name in ["x-private", "keep-alive"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert_eq!(answer.head.headers.get_all("set-cookie").iter().count(), 2);

    let head = Request::head("/teapot").header("host", "a.test").body(empty()).unwrap();
    let answer = world.send(EntryPoint::Web, head).await;
    assert_eq!((answer.header("content-length"), answer.body.as_str()), (Some("5"), ""));
}

#[tokio::test]
async fn middlewares_strip_and_redirect() {
    let app = BackEnd::start("app").await;
    let to_https = Middleware::RedirectScheme { scheme: "https".to_owned(), port: None, permanent: true };
    let strip = Middleware::StripPrefix { prefixes: vec!["/api".to_owned()] };
    let world = World::start(vec![
        Router { middlewares: vec![to_https], ..plain("plain", "Host(`a.test`)", app.address) },
        Router { middlewares: vec![strip], ..secure("secure", "Host(`a.test`)", app.address) },
    ])
    .await;
    let answer = world.get("http://a.test/x?q=1").await;
    assert_eq!(answer.gist(), (301, Some("redirect"), None));
    assert_eq!(answer.header("location"), Some("https://a.test/x?q=1"));
    assert!(!answer.body.contains("q=1"), "{}", answer.body);
    let answer = world.get("https://a.test/api/x?q=1").await;
    assert!(answer.body.starts_with("GET /x?q=1 HTTP/1.1\n"), "{}", answer.body);
    assert!(answer.body.contains("\nx-forwarded-prefix: /api\n"), "{}", answer.body);
}

#[tokio::test]
async fn the_plain_entry_point_can_send_everything_to_https() {
    let app = BackEnd::start("app").await;
    let routers = vec![plain("a", "Host(`a.test`)", app.address)];
    let world = World::start_with(routers, WebPolicy::RedirectToSecure).await;
    let answer = world.get("http://other.test/x").await;
    assert_eq!(answer.gist(), (301, Some("redirect"), None));
    assert_eq!(answer.header("location"), Some("https://other.test/x"));
    let status = world.get("http://cc-ci-edge.invalid/").await;
    assert_eq!(status.gist(), (200, Some("status"), None));
}

#[tokio::test]
async fn headers_beyond_the_limit_get_a_marked_431() {
    let app = BackEnd::start("app").await;
    let world = World::start(vec![plain("a", "Host(`a.test`)", app.address)]).await;
    let with_header = |size: usize| {
        let mut request = get("a.test", "/");
        request.headers_mut().insert("x-big", "b".repeat(size).parse().unwrap());
        request
    };
    let answer = world.send(EntryPoint::Web, with_header(40_000)).await;
    assert_eq!(answer.gist(), (200, None, Some("app")));
    let answer = world.send(EntryPoint::Web, with_header(70_000)).await;
    assert_eq!(answer.gist(), (431, Some("headers-too-large"), None));
}

#[tokio::test]
async fn a_request_without_a_host_gets_a_marked_400() {
    let world = World::start(vec![]).await;
    let request = Request::get("/").body(empty()).unwrap();
    let answer = world.send(EntryPoint::Web, request).await;
    assert_eq!(answer.gist(), (400, Some("bad-request"), None));
}

#[tokio::test]
async fn each_request_is_one_log_line_without_its_query() {
    let app = BackEnd::start("app").await;
    let world = World::start(vec![plain("a", "Host(`a.test`)", app.address)]).await;
    world.get("http://a.test/x?token=secret").await;
    world.get("http://b.test/y?token=secret").await;
    let mut lines = world.logged.lines();
    lines.retain(|line| line["event"].is_null());
    assert!(lines[1]["ms"].as_f64().unwrap() < 10_000.0, "{}", lines[1]);
    let shown: Vec<String> = lines
        .into_iter()
        .map(|mut line| {
            line.as_object_mut().unwrap().remove("ms");
            line.to_string()
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"{"client":"127.0.0.1","entry":"web","host":"a.test","method":"GET","path":"/x","router":"a","status":200}"#,
            r#"{"client":"127.0.0.1","edge":"no-route","entry":"web","host":"b.test","method":"GET","path":"/y","reason":"no router matches GET http://b.test/y","status":404}"#,
        ]
    );
}

#[tokio::test]
async fn the_next_address_of_a_name_is_used_when_one_refuses() {
    let app = BackEnd::start("app").await;
    // `localhost` has an IPv6 address too on most hosts; the app listens on the IPv4 one only.
    let mut router = plain("a", "Host(`a.test`)", SocketAddr::from(([127, 0, 0, 1], app.address.port())));
    router.backend.host = "localhost".to_owned();
    let world = World::start(vec![router]).await;
    for _ in 0..4 {
        assert_eq!(world.get("http://a.test/").await.gist(), (200, None, Some("app")));
    }
}
