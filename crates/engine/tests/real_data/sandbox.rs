//! Recipe tests in a real sandbox: what they get, and what they cannot do.
#![expect(clippy::unwrap_used, reason = "a test has nobody to report to")]

use crate::world::{TOOLS, World, say};
use cc_ci_engine::custom::folder::{FileMode, TestFile};
use cc_ci_engine::custom::proofread;
use cc_ci_engine::custom::sandbox::{Furnishing, Sandbox, Size};
use cc_ci_engine::custom::{self, Call, Facts, Role};
use cc_ci_engine::exec::ExecCommand;
use cc_ci_engine::labels;
use cc_ci_engine::voice::Voice;
use cc_ci_model::canonical::SecretValues;
use cc_ci_model::ids::Domain;
use cc_ci_model::outcome::{Cause, Outcome};
use cc_ci_model::plan::step::{Action, Pass, Step};
use cc_ci_model::tier::Tier;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// `path` to content; what starts with `#!` is executable.
fn files(files: &[(&str, &str)]) -> Vec<TestFile> {
    let file = |(path, text): &(&str, &str)| {
        let mode = if text.starts_with("#!") { FileMode::Executable } else { FileMode::Plain };
        TestFile { path: (*path).into(), mode, bytes: text.as_bytes().to_vec() }
    };
    files.iter().map(file).collect()
}

struct Tests {
    sandbox: Sandbox,
    facts: Facts,
    voice: Voice,
}

impl Tests {
    async fn start(world: &World, files: &[TestFile], networks: &[String], base_url: &str) -> Self {
        let facts = Facts {
            base_url: base_url.into(),
            domain: Domain::of_stack(&world.stack, "cc-ci.test"),
            stack: world.stack.clone(),
            more: BTreeMap::from([("CC_CI_BASE_VERSION".into(), "1.0.0+1".into())]),
        };
        let secrets = BTreeMap::from([("token".to_owned(), "s3cret%= t".to_owned())]);
        let furnishing = Furnishing {
            image: TOOLS.to_owned(),
            size: Size::Ordinary,
            networks: networks.to_vec(),
            files: files.to_vec(),
            secrets,
            authority: "# none\n".to_owned(),
        };
        let started = Instant::now();
        let sandbox = Sandbox::start(&world.doors.node, &world.ledger, &world.run, &facts, &furnishing).await.unwrap();
        say("sandbox started", started);
        Self { sandbox, facts, voice: Voice::new(vec![]) }
    }

    async fn run(&self, path: &str, seconds: u64) -> Outcome {
        let (limit, secrets) = (Duration::from_secs(seconds), SecretValues::Known);
        let call = Call { path, role: Role::Test, tier: Tier::Custom, limit, secrets };
        let started = Instant::now();
        let step = Step::new(Tier::Custom, Pass::Only, Action::Test { path: path.to_owned() }).id;
        let result = custom::run(&self.sandbox, &self.facts, call, &self.voice, &step).await;
        say(path, started);
        result.outcome
    }
}

#[track_caller]
fn failed(outcome: Outcome) -> (Cause, String) {
    match outcome {
        Outcome::Failed(finding) | Outcome::Unverified(finding) => (finding.cause, finding.summary),
        other @ (Outcome::Passed { .. } | Outcome::Skipped { .. }) => panic!("{other:?}"),
    }
}

#[track_caller]
fn passed(outcome: Outcome) -> String {
    match outcome {
        Outcome::Passed { note } => note.unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn tests_get_the_contract_and_their_results_are_read() {
    in_world!(world, {
        let web = world.task("web", "cc-ci/nginx:1.26", &[], &[], &[]).await;
        let network = world.network(&web).await;
        let env = r#"#!/bin/sh -e
echo "$CC_CI_BASE_URL $CC_CI_TIER $CC_CI_BASE_VERSION"
[ "$(cat "$CC_CI_SECRETS_DIR/token")" = 's3cret%= t' ]; [ -z "$(env | grep s3cret)" ]
[ "$(pwd)" = /tests ]; . ./lib/words; [ "$WORD" = yes ]
echo kept >"$CC_CI_STATE_DIR/left"; curl -fsS "$CC_CI_BASE_URL/" >/dev/null
echo 'schema 104 -> 135'
"#;
        let good = "GET {{base_url}}/\nHTTP 200\n[Asserts]\nvariable \"secret_token\" == \"s3cret%= t\"\nvariable \"base_version\" == \"1.0.0+1\"\n";
        let folder = files(&[
            ("custom/env", env),
            ("lib/words", "WORD=yes\n"),
            ("custom/second", "#!/bin/sh\ncat $CC_CI_STATE_DIR/left\n"),
            ("custom/skip", "#!/bin/sh\necho no mail here; exit 77\n"),
            ("custom/bad", "#!/bin/sh\necho progress; echo 'row 7 is gone' >&2; exit 4\n"),
            ("custom/nowhere", "#!/no/such/interpreter\n"),
            ("custom/good.hurl", good),
            ("custom/wrong.hurl", "GET {{base_url}}/nothing-here\nHTTP 200\n"),
            ("custom/broken.hurl", "GET {{base_url}}/\nHTTP 200\n[Assert]\n"),
        ]);
        let tests = Tests::start(&world, &folder, &[network], "http://web").await;
        world
            .sh(&web, "echo hello >/usr/share/nginx/html/index.html; chmod 644 /usr/share/nginx/html/index.html")
            .await;
        // The web server's first answer is not awaited by anybody else here.
        let ready =
            ExecCommand::new(["sh", "-c", "until bash -c 'exec 3<>/dev/tcp/127.0.0.1/80'; do :; done 2>/dev/null"]);
        world.doors.node.exec(&web, &ready).await.unwrap();
        assert_eq!(passed(tests.run("custom/env", 20).await), "schema 104 -> 135");
        assert_eq!(passed(tests.run("custom/second", 5).await), "kept");
        assert_eq!(tests.run("custom/skip", 5).await, Outcome::Skipped { reason: "no mail here".into() });
        assert_eq!(
            failed(tests.run("custom/bad", 5).await),
            (Cause::TestFailed, "custom/bad ended with exit code 4: row 7 is gone".into())
        );
        assert_eq!(failed(tests.run("custom/nowhere", 5).await).0, Cause::TestBroken);
        passed(tests.run("custom/good.hurl", 5).await);
        assert_eq!(
            failed(tests.run("custom/wrong.hurl", 5).await),
            (Cause::TestFailed, "custom/wrong.hurl:2: Assert status code: actual value is <404>".into())
        );
        assert_eq!(failed(tests.run("custom/broken.hurl", 5).await).0, Cause::TestBroken);
        let said = format!("{:?}", tests.voice.said());
        assert!(said.contains("custom/bad: row 7 is gone") && !said.contains("s3cret"), "{said}");
        tests.sandbox.remove().await.unwrap();
    });
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn tests_are_bounded_and_have_no_way_out() {
    in_world!(world, {
        let jail = r#"#!/bin/bash
[ ! -e /var/run/docker.sock ] && [ ! -e /run/docker.sock ] || { echo "engine socket"; exit 1; }
[ "$(awk 'NR > 1 && $3 != "00000000"' /proc/net/route)" = '' ] || { echo "a way out"; exit 1; }
! touch /usr/x 2>/dev/null && ! touch /tests/x 2>/dev/null || { echo "writable"; exit 1; }
[ "$(id -u)" = 65534 ] || { echo "user $(id -u)"; exit 1; }
grep -q '^CapBnd:[[:space:]]*0*$' /proc/self/status || { echo "capabilities"; exit 1; }
grep -q '^NoNewPrivs:[[:space:]]*1$' /proc/self/status || { echo "new privileges"; exit 1; }
while read -r _ _ _ root point _; do case $point in /etc/*) ;; *) [ "$root" = / ] || case $point in /proc*|/sys*|/dev*) ;; *) echo "mount $root at $point"; exit 1;; esac;; esac; done </proc/self/mountinfo
echo jailed
"#;
        let folder = files(&[
            ("jail", jail),
            ("hang", "#!/bin/bash\n(setsid sleep 300 &)\ntrap '' TERM\necho hanging\nwhile :; do sleep 1; done\n"),
            ("flood", "#!/bin/sh\n(setsid sleep 300 &)\nyes\n"),
            ("forks", "#!/bin/bash\nfor i in $(seq 400); do sleep 300 & done 2>/dev/null; echo lived; exit 3\n"),
            (
                "fill",
                "#!/bin/sh\nhead -c 10000000000 /dev/zero >$CC_CI_STATE_DIR/big; ls -s $CC_CI_STATE_DIR/big; rm $CC_CI_STATE_DIR/big\n",
            ),
            ("scratch", "#!/bin/sh\nhead -c 10000000000 /dev/zero >/tmp/big; rm /tmp/big; exit 3\n"),
            ("eats", "#!/bin/bash\nx=$(head -c 900000000 /dev/zero | tr '\\0' x); echo ${#x}\n"),
            (
                "alive",
                "#!/bin/bash\nfor p in /proc/[0-9]*; do [ \"$(stat -c %u $p)\" = 65534 ] && n=$((n+1)); done; echo $n\n",
            ),
        ]);
        let tests = Tests::start(&world, &folder, &[], "http://web").await;
        assert_eq!(passed(tests.run("jail", 5).await), "jailed");
        // Its own bash, the wrapper and timeout; later counts must not be higher.
        let alone = passed(tests.run("alive", 5).await);
        // It never ends by itself, so an answer alone says that it was ended.
        assert_eq!(failed(tests.run("hang", 1).await), (Cause::TimedOut, "hang did not end within 1 s".into()));
        assert_eq!(passed(tests.run("alive", 5).await), alone);
        assert_eq!(
            failed(tests.run("flood", 20).await),
            (Cause::TestBroken, "flood was ended: it wrote more than 1024 KiB".into())
        );
        assert_eq!(passed(tests.run("alive", 5).await), alone);
        failed(tests.run("forks", 2).await);
        assert_eq!(passed(tests.run("alive", 5).await), alone);
        failed(tests.run("eats", 20).await);
        assert_eq!(passed(tests.run("fill", 60).await), "65536 /state/big");
        let (cause, said) = failed(tests.run("scratch", 60).await);
        assert!(cause == Cause::TestFailed && said.contains("No space left on device"), "{said}");
        assert_eq!(passed(tests.run("jail", 5).await), "jailed");
        // Nothing is kept on the disk: what tests can fill is memory of their own.
        let filters = labels::filter(labels::RUN, world.run.as_str());
        let list = bollard::query_parameters::ListVolumesOptionsBuilder::default().filters(&filters).build();
        let volumes = world.docker.list_volumes(Some(list)).await.unwrap().volumes.unwrap_or_default();
        assert!(volumes.is_empty(), "{volumes:?}");
        tests.sandbox.remove().await.unwrap();
    });
}

/// Tests of one commit come one after the other, and no later one can be answered for by an earlier one. What is tried is what
/// worked while test and runner were of one user: tracing the runner, signalling it, and living on.
#[tokio::test]
#[ignore = "real engine: make test"]
async fn a_test_can_neither_trace_nor_signal_what_runs_it() {
    in_world!(world, {
        let tries = r#"#!/usr/bin/env python3
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def refused(what, answer, *errors):
    if answer != -1 or ctypes.get_errno() not in errors: sys.exit("%s: %s, errno %s" % (what, answer, ctypes.get_errno()))
buffer = ctypes.create_string_buffer(8)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
child = os.fork()
if child == 0:
    import time; time.sleep(60); os._exit(0)
# Even what is the test's own.
for pid in (child, os.getppid()):
    refused("ptrace", libc.ptrace(16, pid, None, None), errno.EPERM)
    refused("read", libc.process_vm_readv(pid, ctypes.byref(vector), 1, ctypes.byref(vector), 1, 0), errno.EPERM)
    refused("write", libc.process_vm_writev(pid, ctypes.byref(vector), 1, ctypes.byref(vector), 1, 0), errno.EPERM)
refused("traceme", libc.ptrace(0, 0, None, None), errno.EPERM)
others = [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) not in (os.getpid(), child)]
for pid in others:
    for path in ("mem", "environ", "root"):
        try: open("/proc/%d/%s" % (pid, path), "rb").read(1); sys.exit("read %s of %d" % (path, pid))
        except OSError: pass
    for number in (9, 15, 19):
        try: os.kill(pid, number); sys.exit("signalled %d" % pid)
        except OSError as error: assert error.errno in (errno.EPERM, errno.ESRCH)
print(len(others), "others")
"#;
        let lives = "#!/bin/bash\n(setsid bash -c 'trap \"\" TERM HUP INT; while :; do echo still >/state/alive; sleep 0.05; done' &)\nsleep 0.2; echo left\n";
        let gone = "#!/bin/bash\nrm /state/alive; sleep 0.3; [ ! -e /state/alive ] && echo gone\n";
        let folder = files(&[
            ("tries", tries),
            ("lives", lives),
            ("gone", gone),
            ("forks", "#!/bin/bash\nfor i in $(seq 400); do sleep 300 & done 2>/dev/null; echo lived; exit 3\n"),
            ("fails", "#!/bin/sh\nexit 1\n"),
            ("plain", "echo read by the shell; [ -z \"$LC_CTYPE\" ]\n"),
        ]);
        let tests = Tests::start(&world, &executable(folder), &[], "http://web").await;
        let said = passed(tests.run("tries", 20).await);
        assert!(said.ends_with(" others") && !said.starts_with("0 "), "{said}");
        assert_eq!(passed(tests.run("lives", 5).await), "left");
        assert_eq!(passed(tests.run("gone", 5).await), "gone");
        assert_eq!(passed(tests.run("plain", 5).await), "read by the shell");
        // A bound that one test ran into is not told of the next.
        let (_, said) = failed(tests.run("forks", 20).await);
        assert!(said.contains("it wanted more than 256 processes"), "{said}");
        let (_, said) = failed(tests.run("fails", 5).await);
        assert_eq!(said, "fails ended with exit code 1");
        tests.sandbox.remove().await.unwrap();
    });
}

/// All of them can be executed, whatever their first line says.
fn executable(files: Vec<TestFile>) -> Vec<TestFile> {
    files.into_iter().map(|file| TestFile { mode: FileMode::Executable, ..file }).collect()
}

const MIXED: &str = r#"
import os, pytest, requests, shared

def test_answers():
    assert requests.get(os.environ["CC_CI_BASE_URL"]).status_code == 200

class TestWords:
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_word(self, word):
        assert shared.WORD != word, "the words are the same"

@pytest.mark.skip(reason="no mail here")
def test_mail():
    pass
"#;

#[tokio::test]
#[ignore = "real engine: make test"]
async fn pytest_files_are_read_test_by_test() {
    in_world!(world, {
        let web = world.task("web", "cc-ci/nginx:1.26", &[], &[], &[]).await;
        let network = world.network(&web).await;
        world
            .sh(&web, "echo hello >/usr/share/nginx/html/index.html; chmod 644 /usr/share/nginx/html/index.html")
            .await;
        let quits = "import os\ndef test_a():\n    os._exit(0)\n";
        let lies = "import atexit, sys\ndef test_a():\n    assert 0\ndef pytest_sessionfinish(session):\n    session.exitstatus = 0\n";
        let writes = |text: &str| {
            format!(
                "import os, sys\ndef test_a():\n    path = [w for w in sys.argv if w.startswith('--junitxml=')][0][11:]\n    open(path, 'w').write({text})\n    os._exit(0)\n"
            )
        };
        let bomb = writes("'<!DOCTYPE x [<!ENTITY a \"aa\">]><testsuites><testcase name=\"&a;\"/></testsuites>'");
        let huge = writes("'<testsuites>' + ' ' * 5000000");
        let link = "import os, sys\ndef test_a():\n    path = [w for w in sys.argv if w.startswith('--junitxml=')][0][11:]\n    os.symlink('/etc/passwd', path)\n    os._exit(0)\n";
        let folder = files(&[
            ("conftest.py", "import sys\nsys.path.insert(0, '/tests/lib')\n"),
            ("lib/shared.py", "WORD = 'b'\n"),
            ("custom/test_mixed.py", MIXED),
            ("custom/test_good.py", "def test_one(): pass\ndef test_two(tmp_path): (tmp_path / 'a').write_text('b')\n"),
            ("custom/test_off.py", "import pytest\npytest.importorskip('no_such_module')\ndef test_a(): pass\n"),
            ("custom/test_none.py", "def helper(): pass\n"),
            ("custom/test_syntax.py", "def test_a(: pass\n"),
            ("custom/test_quits.py", quits),
            ("custom/test_lies.py", lies),
            ("custom/test_bomb.py", &bomb),
            ("custom/test_huge.py", &huge),
            ("custom/test_link.py", link),
            ("custom/test_hang.py", "import time\ndef test_a(): time.sleep(300)\n"),
        ]);
        let tests = Tests::start(&world, &folder, &[network], "http://web").await;
        let (cause, said) = failed(tests.run("custom/test_mixed.py", 30).await);
        assert_eq!(cause, Cause::TestFailed);
        assert!(
            said.starts_with(
                "custom/test_mixed.py: 2 passed, 1 failed, 1 skipped: TestWords::test_word[b]: AssertionError: the words are the same"
            ),
            "{said}"
        );
        let said = format!("{:?}", tests.voice.said());
        for name in ["test_answers", "TestWords::test_word[a]", "TestWords::test_word[b]", "test_mail", "no mail here"]
        {
            assert!(said.contains(name), "{name}: {said}");
        }
        assert_eq!(passed(tests.run("custom/test_good.py", 30).await), "2 passed");
        let Outcome::Skipped { reason } = tests.run("custom/test_off.py", 30).await else { panic!() };
        assert!(reason.contains("no_such_module"), "{reason}");
        for (path, words) in [
            ("custom/test_none.py", "holds no test"),
            ("custom/test_syntax.py", "cannot be collected: "),
            ("custom/test_quits.py", "ended with exit code 0, and left no JUnit file"),
            ("custom/test_bomb.py", "it declares a document type"),
            ("custom/test_huge.py", "its JUnit file is larger than 4 MiB"),
            ("custom/test_link.py", "ended with exit code 0, and left no JUnit file"),
        ] {
            let (cause, said) = failed(tests.run(path, 30).await);
            assert_eq!(cause, Cause::TestBroken, "{path}: {said}");
            assert!(said.contains(words), "{path}: {said}");
        }
        // A hook in a test file is none; the exit code stays that of a failure.
        assert_eq!(failed(tests.run("custom/test_lies.py", 30).await).0, Cause::TestFailed);
        assert_eq!(failed(tests.run("custom/test_hang.py", 2).await).0, Cause::TimedOut);
        tests.sandbox.remove().await.unwrap();
    });
}

/// What cannot be run whatever the app does, each with what is said of it; and files that look like it and can be run.
const UNREADABLE: &[(&str, &str, &str)] = &[
    ("custom/a.hurl", "GET http://x/\n[Asertss]\n", "custom/a.hurl:2: Parsing"),
    ("custom/b.sh", "#!/bin/sh\nif [ 1; then\necho x\n", "custom/b.sh:4: Syntax error"),
    ("custom/c.sh", "#!/bin/bash -e\necho \"no end\n", "custom/c.sh:"),
    ("custom/d.rb", "#!/usr/bin/ruby\nputs 1\n", "its interpreter `/usr/bin/ruby` is not there"),
    ("custom/e", "#!/usr/bin/env -S node --check\n", "its interpreter `node` is not there"),
    ("custom/f.sh", "#!/bin/sh\r\necho hi\r\n", "its lines end as on Windows"),
    ("custom/g.py", "#!/usr/bin/env python3\nprint 'two'\n", "custom/g.py:2: Missing parentheses"),
    ("custom/test_h.py", "def test_a(:\n", "custom/test_h.py:1: "),
    ("custom/test_i.py", "import httpx\ndef test_a():\n    pass\n", "cannot be collected: No module named 'httpx'"),
    ("custom/test_j.py", "import os\n", "custom/test_j.py holds no test"),
    ("custom/test_k.py", "import lib.needs\ndef test_a():\n    pass\n", "cannot be collected: No module named 'yaml2'"),
    ("deep/custom/test_l.py", "def test_a():\n    pass\n", "cannot be collected: deep/conftest.py:1: "),
];

const READABLE: &[(&str, &str)] = &[
    ("custom/1.hurl", "GET {{base_url}}/{{whatever}}\n[Options]\nskip: true\nHTTP 404\n"),
    ("custom/2.sh", "#!/bin/sh\necho x\nexit 0\nif this were read (it is a remark\n"),
    ("custom/3.sh", "#!/bin/bash\nshopt -s extglob\ncase $1 in +([0-9])) ;; !(a|b)) ;; esac\n"),
    ("custom/4", "#!/usr/bin/env -S python3 -B\nprint('two')\n"),
    ("custom/5.sh", "echo \"no first line\"\n"),
    ("custom/6", "#!/state/built-by-an-earlier-test\n"),
    ("custom/7.sh", "#!/bin/sh\ncat <<END\nif (\nEND\n"),
    ("custom/8", "#!/usr/bin/perl\nthis is for perl to say ((\n"),
    ("custom/test_1.py", "import os, urllib.request\nPAGE = urllib.request.urlopen(os.environ['CC_CI_BASE_URL'])\n"),
    ("custom/test_2.py", "import pytest\npytest.importorskip('httpx')\n"),
    ("custom/test_3.py", "import os\nif os.path.exists('/state/later'):\n    def test_a():\n        pass\n"),
    ("custom/test_4.py", "from lib.shared import *\n"),
    ("custom/test_5.py", "try:\n    import httpx\nexcept ImportError:\n    httpx = None\ndef test_a():\n    pass\n"),
    ("custom/test_6.py", "import unittest\nclass Shop(unittest.TestCase):\n    def test_a(self):\n        pass\n"),
    ("custom/test_7.py", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL) if False else os._exit(3)\n"),
    ("custom/test_8.py", "TOKEN = open('/run/cc-ci/secrets/of_the_app').read()\ndef test_a():\n    pass\n"),
];

#[tokio::test]
#[ignore = "real engine: make test"]
async fn what_cannot_be_run_is_found_before_there_is_an_app_and_nothing_else() {
    in_world!(world, {
        let test = |path: &str| Step::new(Tier::Custom, Pass::Only, Action::Test { path: path.to_owned() });
        let beside = [
            ("lib/shared.py", "def test_shared():\n    pass\n"),
            ("lib/needs.py", "import yaml2\n"),
            ("lib/__init__.py", ""),
            ("conftest.py", "import sys, os\nsys.path.insert(0, os.path.dirname(__file__))\n"),
            ("deep/conftest.py", "class\n"),
        ];
        let wrong = UNREADABLE.iter().map(|(path, text, _)| (*path, *text));
        let all: Vec<(&str, &str)> = wrong.chain(READABLE.iter().copied()).chain(beside).collect();
        let tests = Tests::start(&world, &files(&all), &[], "http://web").await;
        let steps: Vec<Step> = all.iter().take(UNREADABLE.len() + READABLE.len()).map(|(path, _)| test(path)).collect();
        let steps: Vec<(Tier, &Step)> = steps.iter().map(|step| (Tier::Custom, step)).collect();
        let started = Instant::now();
        let found = proofread::read(&tests.sandbox, &tests.facts, &steps).await.unwrap().expect("an answer");
        say("read", started);
        let found: Vec<String> = found.into_iter().map(|(_, _, finding)| finding.summary).collect();
        let expected: Vec<&str> = UNREADABLE.iter().map(|(_, _, said)| *said).collect();
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} does not say {expected}");
        }
        tests.sandbox.remove().await.unwrap();
    });
}
