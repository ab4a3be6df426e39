//! The program itself: its signs of life, its signals, its refusals.

use std::net::SocketAddr;
use std::process::Stdio;

use cc_ci_edge::STATUS_HOST;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::back_end::BackEnd;
use crate::world::{Files, PATIENCE, plain};

struct Program {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    web: SocketAddr,
}

impl Program {
    async fn start(files: &Files) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cc-ci-edge"))
            .arg("--routes")
            .arg(files.path("routes.json"))
            .arg("--cert")
            .arg(files.path("cert.pem"))
            .arg("--key")
            .arg(files.path("key.pem"))
            .args(["--web", "127.0.0.1:0", "--web-secure", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = timeout(PATIENCE, out.next_line()).await.unwrap().unwrap();
        assert_eq!(ready.as_deref(), Some("ready"));
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut program = Self { child, log, web: SocketAddr::from(([0, 0, 0, 0], 0)) };
        let listening = program.event("listening").await;
        program.web = listening["web"].as_str().unwrap().parse().unwrap();
        program
    }

    /// The next line of the log about this.
    async fn event(&mut self, name: &str) -> serde_json::Value {
        loop {
            let line = timeout(PATIENCE, self.log.next_line()).await.unwrap().unwrap().unwrap();
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if line["event"] == name {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    async fn ask(&self, host: &str) -> String {
        let mut stream = TcpStream::connect(self.web).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

#[tokio::test]
async fn it_serves_and_ends_when_told_even_with_work_open() {
    let app = BackEnd::start("app").await;
    let files = Files::new(vec![plain("a", "Host(`a.test`)", app.address)]);
    let mut program = Program::start(&files).await;
    let answer = program.ask("a.test").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nX-App: app\r\n"), "{answer}");

    // A request that the app never answers, and a connection that asks nothing.
    let mut open = TcpStream::connect(program.web).await.unwrap();
    open.write_all(b"GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n").await.unwrap();
    let _idle = TcpStream::connect(program.web).await.unwrap();
    assert!(program.ask(STATUS_HOST).await.contains("\"revision\":\"first\""));

    // The open request never ends by itself: had the program waited for it, this would not come to its end.
    program.signal(Signal::SIGTERM);
    let status = timeout(PATIENCE, program.child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_hangup_reloads_and_does_not_end_it() {
    let files = Files::new(vec![]);
    let mut program = Program::start(&files).await;
    files.write_routes("second", vec![]);
    program.signal(Signal::SIGHUP);
    assert_eq!(program.event("routes").await["revision"], "second");
    assert!(program.ask(STATUS_HOST).await.contains("\"revision\":\"second\""));
}

#[tokio::test]
async fn it_says_why_it_does_not_start() {
    let files = Files::new(vec![]);
    std::fs::write(files.path("routes.json"), "{\"routers\": 1}").unwrap();
    let check = async |args: &[&str], code: i32, expected: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_cc-ci-edge"))
            .args(args)
            .current_dir(files.path("."))
            .kill_on_drop(true)
            .output();
        let output = timeout(PATIENCE, output).await.unwrap().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{said}");
        assert_eq!(output.status.code(), Some(code));
    };
    check(&["--nonsense"], 2, "error: unknown argument `--nonsense`; see --help").await;
    check(&["--web", "127.0.0.1:0", "--routes", "routes.json"], 1, "error: routes.json is no routes file: ").await;
    std::fs::remove_file(files.path("routes.json")).unwrap();
    let tls = ["--routes", "routes.json", "--web", "off", "--key", "key.pem", "--cert"];
    check(&[&tls[..], &["none.pem"]].concat(), 1, "error: cannot read none.pem: No such file").await;
    check(&[&tls[..], &["key.pem"]].concat(), 1, "cannot be used together").await;
}
