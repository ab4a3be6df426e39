//! HTTPS: names, protocols, and a certificate that is replaced.

use http_body_util::BodyExt;
use hyper::Request;

use crate::back_end::BackEnd;
use crate::world::{Answer, World, empty, secure, until};

#[tokio::test]
async fn the_certificate_is_good_for_its_names_only() {
    let world = World::start(vec![]).await;
    assert!(world.connect_tls("a.test", &[]).await.is_ok());
    let refused = world.connect_tls("other.test", &[]).await.unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
}

#[tokio::test]
async fn http2_is_spoken_and_cookies_reach_the_app_in_one_header() {
    let app = BackEnd::start("app").await;
    let world = World::start(vec![secure("a", "Host(`a.test`)", app.address)]).await;
    let mut sender = world.connect_http2("a.test").await;
    let request =
        Request::get("https://a.test/x").header("cookie", "a=1").header("cookie", "b=2").body(empty()).unwrap();
    let answer = Answer::read(sender.send_request(request).await.unwrap()).await;
    assert_eq!(answer.head.version, hyper::Version::HTTP_2);
    assert_eq!(answer.gist(), (200, None, Some("app")));
    assert!(answer.body.starts_with("GET /x HTTP/1.1\ncookie: a=1; b=2\nhost: a.test\n"), "{}", answer.body);
}

#[tokio::test]
async fn many_http2_requests_share_a_connection() {
    let app = BackEnd::start("app").await;
    let world = World::start(vec![secure("a", "Host(`a.test`)", app.address)]).await;
    let sender = world.connect_http2("a.test").await;
    let waiting = (0..20).map(|_| {
        let mut sender = sender.clone();
        tokio::spawn(async move {
            let request = Request::get("https://a.test/slow").body(empty()).unwrap();
            Answer::read(sender.send_request(request).await.unwrap()).await.body
        })
    });
    let waiting: Vec<_> = waiting.collect();
    // A quick one is answered while all the others wait.
    let request = Request::get("https://a.test/quick").body(empty()).unwrap();
    let quick = sender.clone().send_request(request).await.unwrap();
    assert!(quick.into_body().collect().await.is_ok());
    app.gate.add_permits(20);
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), "at last");
    }
}

#[tokio::test]
async fn http1_is_spoken_to_clients_that_ask_for_nothing() {
    let app = BackEnd::start("app").await;
    let world = World::start(vec![secure("a", "Host(`a.test`)", app.address)]).await;
    assert_eq!(world.get("https://a.test/").await.head.version, hyper::Version::HTTP_11);
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart() {
    let mut world = World::start(vec![]).await;
    world.files.write_certificate(&["new.test"]);
    until(async || world.connect_tls("new.test", &[]).await.is_ok()).await;
    assert!(world.connect_tls("a.test", &[]).await.is_err());

    std::fs::write(world.files.path("cert.pem"), "no certificate").unwrap();
    until(async || world.logged.lines().iter().any(|line| line["event"] == "certificate-refused")).await;
    assert!(world.connect_tls("new.test", &[]).await.is_ok());
}
