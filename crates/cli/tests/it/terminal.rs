//! What a terminal shows of a run: a real terminal device of a given size on one side, the program's own drawing on the other,
//! and a screen in between that understands what terminals understand.

use cc_ci_args::environment;
use cc_ci_model::event::{Event, Listener, Stamped};
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::redact::Vault;
use cc_ci_model::tier::Tier;
use cc_ci_terminal::{self as terminal, Paint, Style, Terminal};
use nix::pty::{Winsize, openpty};
use std::fs::File;
use std::io::{BufRead, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// The variable that makes [`a_story_is_told_when_it_is_asked_for`] tell one.
const STORY: &str = "CC_CI_TEST_STORY";

/// A step as a record names it.
fn step(what: &str) -> StepId {
    serde_json::from_value(format!("install/{what}").into()).unwrap()
}

/// A run in which much is said; each event is told when somebody says so.
fn story() -> Vec<(u64, Event)> {
    let waiting = |on: &str| Event::Waiting { step: step("converged"), on: on.to_owned(), limit: 300 };
    let failed =
        Finding::new(Cause::NotServing, "not serving within 60 s: status 503 on /, accepted are 200, 301 and 302");
    let pulling = Event::Pulling {
        image: "registry.example.org/team/wordpress:6.8.3".into(),
        layers: 3,
        of: 12,
        bytes: 45_600_000,
    };
    vec![
        (
            100,
            Event::HostFact {
                name: "network".into(),
                value: "no IPVS here, so service names resolve to their tasks".into(),
            },
        ),
        (200, pulling),
        (
            400,
            Event::ImageResolved {
                image: "registry.example.org/team/wordpress:6.8.3".into(),
                digest: "d".into(),
                pulled_ms: Some(200),
            },
        ),
        (500, Event::TierStarted { tier: Tier::Install }),
        (500, Event::StepStarted { step: step("converged") }),
        (600, waiting("db: 0/1 starting (not healthy yet); app: 0/1 pending, old task still there")),
        (700, waiting("数据库: 0/1 starting (not healthy yet) 日本語日本語日本語日本語日本語日本語日本語日本語日本語")),
        (800, Event::StepEnded { step: step("converged"), outcome: Outcome::Passed { note: None }, ms: 300 }),
        (900, Event::StepStarted { step: step("serving") }),
        (
            950,
            Event::Noted {
                step: None,
                text: "a hook says \u{1b}[2J\u{1b}[1;1H\u{1b}]0;title\u{7}nothing\rof all that\tmatters".into(),
            },
        ),
        (60_900, Event::StepEnded { step: step("serving"), outcome: Outcome::Failed(failed), ms: 60_000 }),
        (60_900, Event::TierEnded { tier: Tier::Install }),
        (61_000, Event::VerdictDue),
    ]
}

const SUMMARY: &str = "RUN SUMMARY  shop 1.2.0+1.26 @ 1a2b3c4d  (run 20261124-020000-aaaaaa, base: 1.1.0+1.25)\n\n\
    FIRST TO FAIL  app during install/serving: not serving within 60 s: status 503 on /\n\
    install  fail        1 m 00 s  status 503 on /, accepted are 200, 301 and 302\n\
    upgrade  unver          -  not reached: install failed, so there is nothing to upgrade\n\
    backup   skip          -  no service carries the label `backupbot.backup=true`\n\n\
    RED (level 0, blame: recipe) after 1 m 01 s: install failed: install/serving: not serving within 60 s\n";

/// What comes behind it is the test program's own.
const END: &str = "=== end";

/// Tells the story on standard error, an event for every line on standard input; then prints the summary.
#[test]
fn a_story_is_told_when_it_is_asked_for() {
    if std::env::var_os(STORY).is_none() {
        return;
    }
    let screen = Terminal::start(Style::for_stderr(&environment::wishes()), Paint::for_stderr(&environment::wishes()));
    let mut ear = screen.ear(Vault::default());
    let mut lines = std::io::stdin().lock().lines();
    for (seq, (ms, event)) in story().into_iter().enumerate() {
        lines.next().unwrap().unwrap();
        ear.on_event(&Stamped { seq: seq as u64, ms, event });
    }
    lines.next().unwrap().unwrap();
    screen.finish();
    terminal::note("---");
    terminal::summary(SUMMARY, &environment::wishes());
    terminal::out(END);
}

/// A program on a terminal.
struct Shown {
    parser: vt100::Parser,
    bytes: Receiver<Vec<u8>>,
    raw: Vec<u8>,
    child: Child,
    talk: Option<ChildStdin>,
    name: std::path::PathBuf,
    _master: OwnedFd,
}

impl Shown {
    /// Starts the teller of the story on a terminal of so many columns, with these variables besides.
    fn start(columns: u16, variables: &[(&str, &str)]) -> Self {
        let size = Winsize { ws_row: 60, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).unwrap();
        let name = nix::unistd::ttyname(&pty.slave).unwrap();
        let out = pty.slave.try_clone().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["terminal::a_story_is_told_when_it_is_asked_for", "--exact", "--nocapture", "--quiet"])
            .env_clear()
            .env("TERM", "xterm-256color")
            .env(STORY, "1")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(pty.slave)
            .spawn()
            .unwrap();
        let mut reader = File::from(pty.master.try_clone().unwrap());
        let (send, bytes) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The last holder of the other side is gone when this fails.
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || send.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let talk = child.stdin.take();
        let parser = vt100::Parser::new(60, columns, 0);
        Self { parser, bytes, raw: Vec::new(), child, talk, name, _master: pty.master }
    }

    fn go_on(&mut self) {
        self.talk.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    fn rows(&self) -> Vec<String> {
        let (_, columns) = self.parser.screen().size();
        let rows: Vec<String> = self.parser.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
        let last = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |at| at + 1);
        rows[..last].to_vec()
    }

    /// Reads until the screen is as asked. No row may ever go on in the next: what does not fit is for the program to fold.
    fn until(&mut self, what: &str, so: impl Fn(&[String]) -> bool) {
        let began = Instant::now();
        while !so(&self.rows()) {
            let left = Duration::from_secs(20).saturating_sub(began.elapsed());
            let Ok(bytes) = self.bytes.recv_timeout(left) else { panic!("{what}: {:#?}", self.rows()) };
            self.take(&bytes);
        }
    }

    fn is_over(&self) -> bool {
        self.rows().iter().any(|row| row == END)
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if let Some(at) = String::from_utf8_lossy(bytes).find(END) {
            bytes = &bytes[..at + END.len()];
        }
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
        let (rows, _) = self.parser.screen().size();
        let wrapped: Vec<u16> = (0..rows).filter(|row| self.parser.screen().row_wrapped(*row)).collect();
        assert!(wrapped.is_empty(), "rows {wrapped:?} were wrapped: {:#?}", self.rows());
    }

    /// The live line: the last one on the screen, with its clocks stopped.
    fn live(&self) -> String {
        let last = self.rows().last().cloned().unwrap_or_default();
        let clock = regex(r"\d+(\.\d+)? s\b");
        clock.replace_all(&last, "N s").into_owned()
    }

    /// Lets everything happen; the rows at the end, and all that was written.
    fn finish(mut self) -> (Vec<String>, String) {
        for _ in 0..=story().len() {
            // Whoever has ended listens no more.
            let _gone = self.talk.as_mut().unwrap().write_all(b"\n");
        }
        while !self.is_over() {
            let Ok(bytes) = self.bytes.recv_timeout(Duration::from_secs(20)) else {
                panic!("no end: {:#?}", self.rows())
            };
            self.take(&bytes);
        }
        // What is left has to be read, or its writer would wait for that.
        while self.bytes.recv().is_ok() && self.child.try_wait().unwrap().is_none() {}
        assert!(self.child.wait().unwrap().success(), "{:#?}", self.rows());
        let mut rows = self.rows();
        rows.retain(|row| !row.is_empty() && !row.starts_with("running ") && row != END);
        (rows, String::from_utf8_lossy(&self.raw).into_owned())
    }
}

fn regex(text: &str) -> regex::Regex {
    regex::Regex::new(text).unwrap()
}

/// The live line after the event at `index`.
fn live_after(columns: u16, index: usize, holds: &str) -> String {
    let mut shown = Shown::start(columns, &[("NO_COLOR", "1")]);
    for _ in 0..=index {
        shown.go_on();
    }
    shown.until(holds, |rows| rows.last().is_some_and(|row| row.contains(holds)));
    let live = shown.live();
    shown.finish();
    live
}

#[test]
fn the_live_line_says_what_it_waits_for_in_whatever_room_there_is() {
    let all = |index, holds: &str| [40, 80, 200].map(|columns| live_after(columns, index, holds)).join("\n");
    insta::assert_snapshot!(all(1, "pulling"), @"
    preparing: pulling 3 of 12 layers, 45.…
    preparing: pulling 3 of 12 layers, 45.6 MB: registry.example.org/team/wordpres…
    preparing: pulling 3 of 12 layers, 45.6 MB: registry.example.org/team/wordpress:6.8.3  (N s)
    ");
    insta::assert_snapshot!(all(5, "db"), @"
    install: db: 0/1 starting (no…  0/N s
    install: db: 0/1 starting (not healthy yet); app: 0/1 pending, old ta…  0/N s
    install: converged: db: 0/1 starting (not healthy yet); app: 0/1 pending, old task still there  0/N s  (N s)
    ");
    insta::assert_snapshot!(all(6, "数"), @"
    install: 数据库: 0/1 starting…  0/N s
    install: 数据库: 0/1 starting (not healthy yet) 日本語日本語日本語日…  0/N s
    install: converged: 数据库: 0/1 starting (not healthy yet) 日本語日本語日本語日本語日本語日本語日本語日本語日本語  0/N s  (N s)
    ");
}

#[test]
fn what_stays_is_folded_to_the_terminal_and_moves_nothing() {
    let rows = |columns| Shown::start(columns, &[("NO_COLOR", "1")]).finish().0.join("\n");
    insta::assert_snapshot!(rows(40), @"
    [  0.1 s] host: network: no IPVS here,
      so service names resolve to their
      tasks
    [  0.4 s] image
      registry.example.org/team/wordpress:6.
      8.3: pulled in 0.2 s
    [  0.9 s] a hook says nothing of all
      that matters
    [1 m 00 s] install/serving: failed after
      1 m 00 s: not serving within 60 s:
      status 503 on /, accepted are 200, 301
      and 302
    [1 m 00 s] install  failed in 1 m 00 s
    [1 m 01 s] verdict due after 1 m 01 s
    [1 m 01 s] tearing down
    ---
    RUN SUMMARY  shop 1.2.0+1.26 @ 1a2b3c4d
      (run 20261124-020000-aaaaaa, base:
      1.1.0+1.25)
    FIRST TO FAIL  app during
      install/serving: not serving within 60
      s: status 503 on /
    install  fail        1 m 00 s  status
      503 on /, accepted are 200, 301 and
      302
    upgrade  unver          -  not reached:
      install failed, so there is nothing to
      upgrade
    backup   skip          -  no service
      carries the label
      `backupbot.backup=true`
    RED (level 0, blame: recipe) after 1 m
      01 s: install failed: install/serving:
      not serving within 60 s
    ");
    insta::assert_snapshot!(rows(80), @"
    [  0.1 s] host: network: no IPVS here, so service names resolve to their tasks
    [  0.4 s] image registry.example.org/team/wordpress:6.8.3: pulled in 0.2 s
    [  0.9 s] a hook says nothing of all that matters
    [1 m 00 s] install/serving: failed after 1 m 00 s: not serving within 60 s:
      status 503 on /, accepted are 200, 301 and 302
    [1 m 00 s] install  failed in 1 m 00 s
    [1 m 01 s] verdict due after 1 m 01 s
    [1 m 01 s] tearing down
    ---
    RUN SUMMARY  shop 1.2.0+1.26 @ 1a2b3c4d  (run 20261124-020000-aaaaaa, base:
      1.1.0+1.25)
    FIRST TO FAIL  app during install/serving: not serving within 60 s: status 503
      on /
    install  fail        1 m 00 s  status 503 on /, accepted are 200, 301 and 302
    upgrade  unver          -  not reached: install failed, so there is nothing to
      upgrade
    backup   skip          -  no service carries the label `backupbot.backup=true`
    RED (level 0, blame: recipe) after 1 m 01 s: install failed: install/serving:
      not serving within 60 s
    ");
    insta::assert_snapshot!(rows(200), @"
    [  0.1 s] host: network: no IPVS here, so service names resolve to their tasks
    [  0.4 s] image registry.example.org/team/wordpress:6.8.3: pulled in 0.2 s
    [  0.9 s] a hook says nothing of all that matters
    [1 m 00 s] install/serving: failed after 1 m 00 s: not serving within 60 s: status 503 on /, accepted are 200, 301 and 302
    [1 m 00 s] install  failed in 1 m 00 s
    [1 m 01 s] verdict due after 1 m 01 s
    [1 m 01 s] tearing down
    ---
    RUN SUMMARY  shop 1.2.0+1.26 @ 1a2b3c4d  (run 20261124-020000-aaaaaa, base: 1.1.0+1.25)
    FIRST TO FAIL  app during install/serving: not serving within 60 s: status 503 on /
    install  fail        1 m 00 s  status 503 on /, accepted are 200, 301 and 302
    upgrade  unver          -  not reached: install failed, so there is nothing to upgrade
    backup   skip          -  no service carries the label `backupbot.backup=true`
    RED (level 0, blame: recipe) after 1 m 01 s: install failed: install/serving: not serving within 60 s
    ");
}

#[test]
fn a_terminal_that_becomes_narrower_is_not_smeared() {
    let mut shown = Shown::start(80, &[("NO_COLOR", "1")]);
    for _ in 0..=5 {
        shown.go_on();
    }
    shown.until("db", |rows| rows.last().is_some_and(|row| row.contains("db: 0/1 starting (not healthy yet)")));
    let resized = Command::new("stty").arg("-F").arg(&shown.name).args(["cols", "40"]).status().unwrap();
    assert!(resized.success());
    shown.parser.screen_mut().set_size(60, 40);
    shown.until("a shorter line", |rows| {
        rows.last().is_some_and(|row| row.starts_with("install: db: ") && row.contains('…'))
    });
    let (rows, _) = shown.finish();
    let live = rows.iter().filter(|row| row.contains("install: ")).count();
    assert_eq!(live, 0, "{rows:#?}");
}

#[test]
fn colours_are_as_the_environment_says() {
    let coloured = |variables: &[(&str, &str)]| Shown::start(80, variables).finish().1.contains("\x1b[31m");
    assert!(coloured(&[]));
    assert!(!coloured(&[("NO_COLOR", "1")]));
    assert!(!coloured(&[("CLICOLOR", "0")]));
    assert!(coloured(&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")]));
}

#[test]
fn in_ci_and_on_a_dumb_terminal_nothing_is_drawn_over() {
    for variables in [[("CI", "true"), ("NO_COLOR", "1")], [("TERM", "dumb"), ("NO_COLOR", "")]] {
        let (rows, raw) = Shown::start(80, &variables).finish();
        assert!(!raw.contains('\x1b'), "{raw:?}");
        assert!(!raw.replace("\r\n", "\n").contains('\r'), "{raw:?}");
        assert!(rows.iter().any(|row| row.contains("install/converged: passed in 0.3 s")), "{rows:#?}");
    }
}
