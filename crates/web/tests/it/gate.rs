//! The gate: who says nothing keeps nobody out.

use axum::Router;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use cc_ci_web::gate::ConnectionGate;
use futures_util::stream;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const MOST: usize = 3;

const QUIET: Duration = Duration::from_millis(400);

/// Far more than anything here may take.
const LONG: Duration = Duration::from_secs(20);

/// A server behind a small gate: a page, and a stream that has nothing but signs of life.
async fn served() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = || async {
        Sse::new(stream::pending::<Result<Event, Infallible>>()).keep_alive(KeepAlive::new().interval(QUIET / 4))
    };
    let pages = Router::new().route("/", get(|| async { "here\n" })).route("/live", get(silent));
    tokio::spawn(axum::serve(ConnectionGate::with(listener, MOST, QUIET), pages).into_future());
    address
}

async fn asks(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: ci.test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// All that still comes, until the connection ends.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // One that was ended hard has nothing more to say either.
    drop(timeout(LONG, stream.read_to_end(&mut text)).await.expect("the connection ends"));
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn connections_that_say_nothing_end_and_who_waited_for_a_place_is_answered() {
    let address = served().await;
    let mut silent = Vec::new();
    for _ in 0..MOST {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut late = asks(address, "/").await;
    let mut byte = [0];
    assert!(timeout(QUIET / 4, late.read(&mut byte)).await.is_err(), "every place is taken");
    assert!(rest(&mut late).await.ends_with("here\n"));
    for mut stream in silent {
        assert_eq!(rest(&mut stream).await, "");
    }
}

#[tokio::test]
async fn a_byte_now_and_then_gains_no_time() {
    let mut stream = TcpStream::connect(served().await).await.unwrap();
    let slowly = async {
        for byte in b"GET / HTTP/1.1\r\nX: ".iter().chain(std::iter::repeat(&b'a')) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(QUIET / 20).await;
        }
    };
    timeout(LONG, slowly).await.expect("the connection is ended");
}

#[tokio::test]
async fn a_stream_with_signs_of_life_goes_on() {
    let mut stream = asks(served().await, "/live").await;
    let mut text = String::new();
    let signs = async {
        let mut some = [0; 512];
        // Each sign is a comment without words; so many take thrice as long as nothing may.
        while text.matches(":\n\n").count() < 12 {
            let read = stream.read(&mut some).await.unwrap();
            assert_ne!(read, 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&some[..read]));
        }
    };
    timeout(LONG, signs).await.expect("signs of life");
}
