//! Hooks, pytest and browser tests on real runs: when they run, what they get, whose fault it is when they fail, and that none
//! of them says a secret.

use crate::product::{Finished, Product};
use crate::settings::{found, run, step, with};
use serde_json::Value;

const SHORT: [&str; 3] = ["--no-upgrade", "--stages", "install"];

/// Every file below a run's folder that holds the text.
fn holding(run: &Finished, text: &str) -> Vec<String> {
    let mut open = vec![run.folder.clone()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(text) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn cases(run: &Finished, id: &str) -> Vec<String> {
    let cases = step(run, id)["cases"].as_array().cloned().unwrap_or_default();
    let word = |case: &Value, key: &str| case[key].as_str().unwrap_or_default().to_owned();
    cases.iter().map(|case| format!("{} {}", word(case, "name"), word(case, "end"))).collect()
}

/// Each hook notes when it ran and what was there, in the folder that all of them and the tests share.
const NOTES: &str = "#!/bin/bash -e\nname=${0##*/}\nsecrets=$(ls \"$CC_CI_SECRETS_DIR\" 2>/dev/null | tr '\\n' ' ')\n\
    echo \"$name $CC_CI_TIER [${secrets% }] $(curl -s -o /dev/null -w '%{http_code}' --retry 20 --retry-all-errors --retry-delay 1 \
    --max-time 5 \"$CC_CI_BASE_URL/healthz\" || true)\" >>\"$CC_CI_STATE_DIR/notes\"\n";

#[test]
#[ignore = "real engine: make nightly"]
fn hooks_run_in_the_sandbox_each_at_its_moment() {
    let product = Product::with_engine();
    let first = "#!/bin/sh\necho \"pre_install $CC_CI_TIER $(ls \"$CC_CI_SECRETS_DIR\" 2>/dev/null | wc -l)\" >>\"$CC_CI_STATE_DIR/notes\"\n";
    let told = r#"
import os

def lines():
    return open(os.environ["CC_CI_STATE_DIR"] + "/notes").read().splitlines()

def test_moments():
    assert lines() == [
        "pre_install install 0",
        "install_steps install [status_token] 200",
        "pre_upgrade upgrade [status_token] 200",
        "pre_backup backup [status_token] 200",
        "backup_verify.sh backup [status_token] 200",
        "pre_restore restore [status_token] 200",
    ]

def test_base_url():
    assert os.environ["CC_CI_BASE_URL"].startswith("https://")
"#;
    let ready =
        "#!/bin/sh -e\n[ \"$(tail -n 1 \"$CC_CI_STATE_DIR/notes\")\" = 'install_steps install [status_token] 200' ]\n";
    let files = [
        ("tests/hooks/pre_install", first),
        ("tests/hooks/install_steps", NOTES),
        ("tests/hooks/pre_upgrade", NOTES),
        ("tests/hooks/pre_backup", NOTES),
        ("tests/hooks/backup_verify.sh", NOTES),
        ("tests/hooks/pre_restore", NOTES),
        ("tests/install.ready.sh", ready),
        ("tests/custom/test_moments.py", told),
    ];
    let run = run(&product, "static-site", &files, &[]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(cases(&run, "custom/custom/test_moments.py"), ["test_moments passed", "test_base_url passed"]);
    assert!(run.has_line("  pass  test_moments"), "{}", run.out);
    let junit = std::fs::read_to_string(run.folder.join("junit.xml")).unwrap();
    assert!(junit.contains(r#"name="test_base_url" classname="custom/custom/test_moments.py""#), "{junit}");
    assert_eq!(run.results["customization"]["hook install_steps"], "hooks/install_steps");
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_hook_that_fails_hangs_or_prints_a_secret_is_blamed_where_it_ran() {
    let product = Product::with_engine();
    let says = "#!/bin/sh\ncat \"$CC_CI_SECRETS_DIR/status_token\"; echo\necho \"token $(cat \"$CC_CI_SECRETS_DIR/status_token\")\" >&2\n\
        echo \"reversed $(rev \"$CC_CI_SECRETS_DIR/status_token\") end\"\nexit 3\n";
    let fails = run(&product, "static-site", &[("tests/hooks/install_steps", says)], &SHORT);
    assert_eq!((fails.code, fails.results["blame"].as_str()), (10, Some("recipe")), "{}", fails.all());
    assert_eq!(fails.results["results"]["install"], "fail");
    let summary = found(&fails, "install/hooks/install_steps");
    assert!(
        summary.starts_with("hooks/install_steps ended with exit code 3: token ") && summary.contains("***"),
        "{summary}"
    );
    // Nobody masks a value that was turned round, so the test can tell which one must be nowhere.
    let (_, rest) = fails.err.split_once("reversed ").unwrap();
    let token: String = rest.split_once(" end").unwrap().0.chars().rev().collect();
    assert!(token.len() > 8, "{token}");
    assert_eq!(holding(&fails, &token), Vec::<String>::new());
    assert!(!fails.all().contains(&token), "{}", fails.all());
    assert_eq!(
        step(&fails, "install/serving")["status"],
        "unver",
        "nothing asks an app that is not ready: {}",
        fails.all()
    );

    let settings = ("tests/ci.toml", "limits.command = 3\n");
    let hangs = ("tests/hooks/backup_verify", "#!/bin/sh\nsleep 300 & sleep 300\n");
    let hangs = run(&product, "static-site", &[settings, hangs], &["--no-upgrade", "--stages", "install,backup"]);
    assert_eq!((hangs.code, hangs.results["blame"].as_str()), (10, Some("test")), "{}", hangs.all());
    assert_eq!(found(&hangs, "backup/hooks/backup_verify"), "hooks/backup_verify did not end within 3 s");
    assert_eq!(
        (&hangs.results["results"]["install"], &hangs.results["results"]["backup"]),
        (&"pass".into(), &"fail".into())
    );

    let broken = run(&product, "static-site", &[("tests/hooks/pre_install", "#!/no/such/shell\n")], &SHORT);
    assert_eq!(broken.results["blame"], "test", "{}", broken.all());
    assert!(found(&broken, "install/hooks/pre_install").contains("not found") || broken.err.contains("no such file"));
    assert_eq!(step(&broken, "install/deploy")["status"], "unver", "{}", broken.all());
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_hook_runs_on_the_host_only_where_somebody_outside_approves() {
    let product = Product::with_engine();
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("ran");
    let hook = format!("#!/bin/sh\necho \"$CC_CI_TIER\" >>{}\n", mark.display());
    let files = [("tests/hooks/host/install_steps", hook.as_str())];
    let denied = run(&product, "static-site", &files, &SHORT);
    assert!(!mark.exists(), "it ran on the host: {}", denied.all());
    let note = "tests/hooks/host/install_steps was denied and does not run";
    assert!(denied.out.contains(&format!("note: {note}")) && denied.err.contains(note), "{}", denied.all());
    assert!(denied.results["notes"].to_string().contains(note));
    assert_eq!(denied.results["customization"]["hook install_steps on the host"], "hooks/host/install_steps, denied");

    let policy = marks.path().join("policy.toml");
    let (_folder, repo) = with(&product, "static-site", &files);
    let entry = format!("[allow.{:?}]\nhost-hooks = true\n", repo.dir().canonicalize().unwrap());
    std::fs::write(&policy, entry).unwrap();
    let allowed = product.run(repo.dir(), &[&SHORT[..], &["--policy", policy.to_str().unwrap()]].concat());
    assert_eq!(allowed.code, 0, "{}", allowed.all());
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), "install\n");
    let line = "hooks/host/install_steps, approved by policy.toml, line 2";
    assert_eq!(allowed.results["customization"]["hook install_steps on the host"], line);

    // A recipe cannot approve itself, and the approval of another of its name is not its own.
    std::fs::write(&policy, "[allow.site]\nhost-hooks = true\n").unwrap();
    let other = product.run(repo.dir(), &[&SHORT[..], &["--policy", policy.to_str().unwrap()]].concat());
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), "install\n", "{}", other.all());
}

#[test]
#[ignore = "real engine: make nightly"]
fn pytest_files_run_with_their_tier_and_fail_by_name() {
    let product = Product::with_engine();
    let install = "import os, pathlib\ndef test_leaves():\n    pathlib.Path(os.environ['CC_CI_STATE_DIR'], 'left').write_text('x')\n";
    let custom = "import os, pathlib, pytest, requests\n\
        def test_left():\n    assert pathlib.Path(os.environ['CC_CI_STATE_DIR'], 'left').read_text() == 'x'\n\
        def test_front():\n    assert 'no such words' in requests.get(os.environ['CC_CI_BASE_URL'] + '/').text, 'the words are missing'\n\
        @pytest.mark.skip(reason='no mail here')\ndef test_mail(): pass\n";
    let off = "import pytest\npytestmark = pytest.mark.skip(reason='not today')\ndef test_a(): pass\n";
    let files = [
        ("tests/test_install.py", install),
        ("tests/custom/test_front.py", custom),
        ("tests/custom/test_off.py", off),
        ("tests/custom/test_none.py", "x = 1\n"),
    ];
    let run = run(&product, "static-site", &files, &["--no-upgrade", "--stages", "install,custom"]);
    assert_eq!(run.code, 10, "{}", run.all());
    assert_eq!(cases(&run, "install/test_install.py"), ["test_leaves passed"]);
    let front = "custom/custom/test_front.py";
    assert_eq!(cases(&run, front), ["test_left passed", "test_front failed", "test_mail skipped"]);
    let summary = found(&run, front);
    assert!(
        summary.starts_with(
            "custom/test_front.py: 1 passed, 1 failed, 1 skipped: test_front: AssertionError: the words are missing"
        ),
        "{summary}"
    );
    assert_eq!(step(&run, "custom/custom/test_off.py")["note"], "1 skipped: test_a: not today");
    assert_eq!(found(&run, "custom/custom/test_none.py"), "custom/test_none.py holds no test");
    assert!(run.has_line("  skip  test_mail: no mail here"), "{}", run.out);
}

#[test]
#[ignore = "real engine: make nightly"]
fn browser_tests_drive_the_app_and_trust_only_its_own_authority() {
    let product = Product::with_engine();
    let test = r#"
import os, pytest

def test_front(page):
    page.goto("/")
    assert page.locator("h1").count() == 1
    page.screenshot(path=os.environ["CC_CI_STATE_DIR"] + "/front.png")

def test_other_authorities(page):
    import http.server, ssl, subprocess, threading
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/tmp/key", "-out", "/tmp/cert",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/tmp/cert", "/tmp/key")
    server = http.server.HTTPServer(("127.0.0.1", 8443), http.server.SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
        page.goto("https://localhost:8443/")
"#;
    let files = [("tests/custom/browser_front.py", test)];
    let run = run(&product, "static-site", &files, &["--no-upgrade", "--stages", "install,custom"]);
    assert_eq!(run.code, 0, "{}", run.all());
    let id = "custom/custom/browser_front.py";
    assert_eq!(
        cases(&run, id),
        ["test_front[chromium] passed", "test_other_authorities[chromium] passed"],
        "{}",
        run.all()
    );
}
