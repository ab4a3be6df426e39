//! Bodies that are large or slow, clients that go away, and connections that leave HTTP.

use bytes::Bytes;
use cc_ci_edge::EntryPoint;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::back_end::BackEnd;
use crate::world::{Answer, CONNECT_LIMIT, ClientBody, PATIENCE, World, empty, get, plain, secure};

async fn world(app: &BackEnd) -> World {
    World::start(vec![plain("plain", "Host(`a.test`)", app.address), secure("secure", "Host(`a.test`)", app.address)])
        .await
}

fn upload(parts: impl futures_util::Stream<Item = Bytes> + Send + Sync + 'static) -> Request<ClientBody> {
    use futures_util::StreamExt;
    let body = BodyExt::boxed(StreamBody::new(parts.map(|part| Ok(Frame::data(part)))));
    Request::post("/upload").header("host", "a.test").body(body).unwrap()
}

#[tokio::test]
async fn a_large_body_passes_both_ways() {
    let app = BackEnd::start("app").await;
    let world = world(&app).await;
    for entry in [EntryPoint::Web, EntryPoint::WebSecure] {
        let mut body = world.open(entry, get("a.test", "/download")).await.into_body();
        let mut received = 0;
        while let Some(frame) = body.frame().await {
            received += frame.unwrap().data_ref().map_or(0, Bytes::len);
        }
        assert_eq!(received, 32 * 1024 * 1024);

        let part = Bytes::from(vec![b'y'; 64 * 1024]);
        let parts = futures_util::stream::iter(std::iter::repeat_n(part, 512));
        assert_eq!(world.send(entry, upload(parts)).await.body, (32 * 1024 * 1024).to_string());
    }
}

#[tokio::test]
async fn an_upload_that_asks_first_is_let_through() {
    let app = BackEnd::start("app").await;
    let world = world(&app).await;
    let mut request = upload(futures_util::stream::iter([Bytes::from_static(b"12345")]));
    request.headers_mut().insert("expect", "100-continue".parse().unwrap());
    assert_eq!(world.send(EntryPoint::Web, request).await.body, "5");
}

/// An app that reads one request and answers it with these bytes, then closes.
async fn answer_raw(listener: &TcpListener, answer: &[u8]) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
    }
    stream.write_all(answer).await.unwrap();
    stream.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = World::start(vec![plain("a", "Host(`a.test`)", listener.local_addr().unwrap())]).await;
    let answering = answer_raw(&listener, b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nto the end");
    let (answer, ()) = tokio::join!(world.get("http://a.test/"), answering);
    assert_eq!((answer.gist(), answer.body.as_str()), ((200, None, None), "to the end"));
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_cut_short_for_the_client_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = World::start(vec![plain("a", "Host(`a.test`)", listener.local_addr().unwrap())]).await;
    let answering = answer_raw(&listener, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    let asking = async {
        let response = world.open(EntryPoint::Web, get("a.test", "/")).await;
        response.into_body().collect().await
    };
    let (body, ()) = tokio::join!(asking, answering);
    assert!(body.is_err(), "{body:?}");
}

#[tokio::test]
async fn http2_uploads_arrive_whole() {
    let app = BackEnd::start("app").await;
    let world = world(&app).await;
    let part = Bytes::from(vec![b'y'; 64 * 1024]);
    let mut request = upload(futures_util::stream::iter(std::iter::repeat_n(part, 100)));
    *request.uri_mut() = "https://a.test/upload".parse().unwrap();
    let mut sender = world.connect_http2("a.test").await;
    let answer = Answer::read(sender.send_request(request).await.unwrap()).await;
    assert_eq!(answer.body, (64 * 1024 * 100).to_string());
}

#[tokio::test]
async fn each_part_of_an_answer_arrives_before_the_next_is_made() {
    let app = BackEnd::start("app").await;
    let world = world(&app).await;
    let mut body = world.open(EntryPoint::WebSecure, get("a.test", "/gated")).await.into_body();
    for _ in 0..3 {
        app.gate.add_permits(1);
        let part = timeout(PATIENCE, body.frame()).await.unwrap().unwrap().unwrap();
        assert_eq!(part.into_data().unwrap(), "xxxxx");
    }
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn each_part_of_an_upload_arrives_before_the_next_is_sent() {
    let app = BackEnd::start("app").await;
    let world = world(&app).await;
    let seen = std::sync::Arc::clone(&app.seen);
    let parts = futures_util::stream::unfold(0, move |sent| {
        let seen = std::sync::Arc::clone(&seen);
        async move {
            if sent > 0 {
                timeout(PATIENCE, seen.acquire()).await.unwrap().unwrap().forget();
            }
            (sent < 3).then(|| (Bytes::from_static(b"part"), sent + 1))
        }
    });
    assert_eq!(world.send(EntryPoint::WebSecure, upload(parts)).await.body, "12");
}

#[tokio::test]
async fn a_slow_app_is_waited_for_longer_than_a_connection() {
    let app = BackEnd::start("app").await;
    let world = world(&app).await;
    let release = async {
        timeout(PATIENCE, app.seen.acquire()).await.unwrap().unwrap().forget();
        // Three times the limit for connecting pass; the answer has none.
        tokio::time::pause();
        tokio::time::advance(3 * CONNECT_LIMIT).await;
        tokio::time::resume();
        app.gate.add_permits(1);
    };
    let (answer, ()) = tokio::join!(world.get("http://a.test/slow"), release);
    assert_eq!((answer.gist(), answer.body.as_str()), ((200, None, Some("app")), "at last"));
}

#[tokio::test]
async fn the_app_notices_a_client_that_goes_away() {
    let app = BackEnd::start("app").await;
    let world = world(&app).await;
    let mut body = world.open(EntryPoint::Web, get("a.test", "/gated")).await.into_body();
    app.gate.add_permits(1);
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    // The app's body is dropped, unfinished, once its connection is gone.
    timeout(PATIENCE, app.seen.acquire()).await.unwrap().unwrap().forget();
}

#[tokio::test]
async fn an_upgraded_connection_carries_bytes_both_ways() {
    let app = BackEnd::start("app").await;
    let world = world(&app).await;
    for entry in [EntryPoint::Web, EntryPoint::WebSecure] {
        let request = Request::get("/echo")
            .header("host", "a.test")
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-key", "dGVzdA==")
            .body(empty())
            .unwrap();
        let mut response = world.open(entry, request).await;
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()["upgrade"], "websocket");
        assert_eq!(response.headers()["sec-websocket-accept"], "x");
        let mut tunnel = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
        for message in [&b"hello"[..], &[0_u8; 100_000][..], &b"again"[..]] {
            let mut echoed = vec![1_u8; message.len()];
            let (mut reader, mut writer) = tokio::io::split(&mut tunnel);
            let (read, written) = tokio::join!(reader.read_exact(&mut echoed), writer.write_all(message));
            written.unwrap();
            read.unwrap();
            assert_eq!(echoed, message);
        }
        tunnel.shutdown().await.unwrap();
        let mut rest = Vec::new();
        timeout(PATIENCE, tunnel.read_to_end(&mut rest)).await.unwrap().unwrap();
        assert!(rest.is_empty());
    }
}

#[tokio::test]
async fn an_upgrade_the_app_refuses_is_its_own_answer() {
    let app = BackEnd::start("app").await;
    let world = world(&app).await;
    let request = Request::get("/echo")
        .header("host", "a.test")
        .header("connection", "Upgrade")
        .header("upgrade", "other")
        .body(empty())
        .unwrap();
    assert_eq!(world.send(EntryPoint::Web, request).await.gist(), (400, None, Some("app")));
}
