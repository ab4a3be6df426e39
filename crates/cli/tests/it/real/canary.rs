//! A canary: a secret that app, hooks, tests and backup print in every encoding, and that must be nowhere below the run's
//! folder and in nothing that was said (SEC-1). One that somebody puts there makes the run red.

use super::engine::of_run;
use super::product::{Finished, Product, text};
use cc_ci_testkit::repo::Repo;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Several lines, and everything in them that some encoding writes differently.
const CANARY: &str = "canary $HOME \"it's\" back\\slash #1\nsecond-line-of-canary €uro & <tag>/100%\nEND-of-the-canary";

/// In the app's environment, by the recipe and by the settings.
const CONFIGURED: &str = "c0nf-$igured\"Canary'1";
const SETTING: &str = "S3tting-Canary+1/2";

/// Prints what a file holds: plain, base64 of three kinds, percent, hex of two kinds, JSON; cut in two lines, and by two writes.
const SAY: &str = r#"say() {
  value=$(cat "$1")
  hex=$(printf %s "$value" | od -An -v -tx1 | tr -d ' \n')
  json=$(printf %s "$value" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n/\\n/g')
  echo "$2 plain: $value"
  echo "$2 base64: $(printf %s "$value" | base64)"
  echo "$2 basic: $(printf 'user:%s' "$value" | base64 -w0)"
  echo "$2 base64url: $(printf %s "$value" | base64 -w0 | tr '+/' '-_' | tr -d =)"
  echo "$2 percent: $(printf %s "$hex" | sed 's/../%&/g')"
  echo "$2 hex: $hex $(printf %s "$hex" | tr a-f A-F)"
  echo "$2 json: {\"v\":\"$json\"}"
  echo "$2 halves: ${value:0:30}"; echo "${value:30}"
  printf '%s writes: %s' "$2" "${value:0:30}"; sleep 0.1; echo "${value:30}"
  echo "$2 environment: ${API_TOKEN:-} ${MAIL_PASSWORD:-}"
}
"#;

/// `static-site` with the canary at head.
fn recipe(product: &Product) -> (TempDir, Repo) {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::clone_of(&product.recipe("static-site"), folder.path(), "site").unwrap();
    let old = |path: &str| std::fs::read_to_string(repo.dir().join(path)).unwrap();
    let swap = |path: &str, pairs: &[(&str, &str)]| {
        let swapped = pairs.iter().fold(old(path), |text, (from, to)| {
            assert!(text.contains(from), "{path} has no `{from}`");
            text.replacen(from, to, 1)
        });
        repo.write(path, &swapped).unwrap();
    };
    let token = CONFIGURED.replace('$', "$$").replace('"', "\\\"");
    swap(
        "compose.yml",
        &[
            (
                "      - SITE_TITLE\n",
                &format!("      - SITE_TITLE\n      - \"API_TOKEN={token}\"\n      - MAIL_PASSWORD\n"),
            ),
            ("      - status_token\n", "      - status_token\n      - canary\n"),
            (
                "      labels:\n",
                "      labels:\n        - \"backupbot.backup.pre-hook=/docker-entrypoint.sh say pre-hook\"\n        \
                 - \"backupbot.restore.post-hook=/docker-entrypoint.sh say post-hook\"\n",
            ),
            (
                "secrets:\n  status_token:\n",
                "secrets:\n  canary:\n    external: true\n    name: ${STACK_NAME}_canary_${SECRET_CANARY_VERSION}\n  status_token:\n",
            ),
        ],
    );
    swap(".env.sample", &[("SITE_TITLE=", "MAIL_PASSWORD=\nSECRET_CANARY_VERSION=v1 # generate=false\nSITE_TITLE=")]);
    swap("abra.sh", &[("APP_ENTRYPOINT_VERSION=v1", "APP_ENTRYPOINT_VERSION=v2")]);
    let once = "if [ \"${1:-}\" = say ]; then say /run/secrets/canary \"$2\"; exit; fi\nsay /run/secrets/canary app\n";
    swap("entrypoint.sh.tmpl", &[("set -euo pipefail\n", &format!("set -euo pipefail\n{SAY}{once}"))]);
    repo.write("tests/ci.toml", &format!("[env.install]\nMAIL_PASSWORD = '{SETTING}'\nONLY_SECRET = '{SETTING}'\n[backup.verify]\nservice = \"app\"\ncommand = '/docker-entrypoint.sh say verify'\n")).unwrap();
    let test = |name: &str, code: u8| {
        let script = format!("#!/bin/bash\n{SAY}say \"$CC_CI_SECRETS_DIR/canary\" {name}\nexit {code}\n");
        repo.write(&format!("tests/custom/{name}.sh"), &script).unwrap();
    };
    test("passes", 0);
    test("fails", 3);
    (folder, repo)
}

/// The run of the recipe with a hook on the host, which can read the app's secrets.
fn run(product: &Product, hook: &str) -> Finished {
    let (folder, repo) = recipe(product);
    let container =
        "app=$(docker ps --quiet --filter \"label=com.docker.swarm.service.name=${CC_CI_STACK}_app\" | head -1)";
    repo.write("tests/hooks/host/pre_backup", &format!("#!/bin/bash\nset -eu\n{container}\n{hook}\n")).unwrap();
    repo.commit("a canary").unwrap();
    let file = folder.path().join("canary");
    std::fs::write(&file, CANARY).unwrap();
    let given = format!("canary={}", file.display());
    let run = product.run(repo.dir(), &["--secret", &given, "--trust-hooks"]);
    let left = of_run(run.id(), &run.stack());
    assert!(left.is_empty(), "{left:?}");
    run
}

/// What a program makes of a text.
fn piped(program: &str, args: &[&str], input: &str) -> String {
    let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    text(&child.wait_with_output().unwrap().stdout).trim_end().to_owned()
}

/// Every form in which the values may stand somewhere, made by other means than the product's.
fn forms() -> Vec<(String, String)> {
    let mut forms = Vec::new();
    let values =
        CANARY.lines().map(str::to_owned).chain([CANARY.to_owned(), CONFIGURED.to_owned(), SETTING.to_owned()]);
    for value in values {
        let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let json = serde_json::to_string(&value).unwrap();
        let base64 = piped("base64", &["-w0"], &value);
        let whole = base64.len() / 4 * 4 - 4;
        let inside = piped("base64", &["-w0"], &format!("user:{value}"));
        let last = inside.len() - 4;
        let all = [
            ("plain", value.clone()),
            ("plain in two lines", value.replace('\n', "")),
            ("hex", hex.clone()),
            ("hex in capitals", hex.to_uppercase()),
            ("percent", percent),
            ("json", json[1..json.len() - 1].to_owned()),
            ("json in json", {
                let twice = serde_json::to_string(&json[1..json.len() - 1]).unwrap();
                twice[1..twice.len() - 1].to_owned()
            }),
            ("base64", base64[..whole].to_owned()),
            ("base64url", base64[..whole].replace('+', "-").replace('/', "_")),
            ("inside base64", inside[8..last].to_owned()),
        ];
        forms.extend(all.map(|(name, form)| (format!("{name} of {value:?}"), form)));
    }
    forms
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The forms that stand in some bytes, also across line breaks.
fn found(content: &[u8]) -> Vec<String> {
    let holds = |content: &[u8], form: &str| content.windows(form.len()).any(|part| part == form.as_bytes());
    let joined: Vec<u8> = content.iter().copied().filter(|byte| *byte != b'\n').collect();
    let all = forms().into_iter().filter(|(_, form)| holds(content, form) || holds(&joined, form));
    all.map(|(name, _)| name).collect()
}

#[test]
#[ignore = "real engine: make test"]
fn a_canary_printed_in_every_encoding_is_nowhere() {
    let product = Product::with_engine();
    let run = run(&product, "docker exec \"$app\" /docker-entrypoint.sh say hook");
    assert_eq!(run.code, 10, "{}", run.all());
    assert_eq!(run.results["reasons"].as_array().unwrap().len(), 1, "only the test that fails: {}", run.all());
    assert_eq!(run.results["flags"]["no_secret_leak"], true, "{}", run.all());

    // It was printed everywhere, or nothing would be proven.
    let record = std::fs::read_to_string(run.folder.join("events.jsonl")).unwrap();
    let log = std::fs::read_to_string(run.folder.join("logs/app.log")).unwrap();
    for (who, kept) in [
        ("app", &log),
        ("hook", &record),
        ("pre-hook", &record),
        ("post-hook", &record),
        ("verify", &record),
        ("passes", &record),
        ("fails", &record),
    ] {
        for what in ["plain", "base64", "basic", "base64url", "percent", "hex", "json", "halves", "writes"] {
            assert!(kept.contains(&format!("{who} {what}: ")), "{who} {what}: {kept}");
        }
        assert!(kept.contains(&format!("{who} plain: *****")), "{who}: {kept}");
    }
    assert!(log.contains("app environment: ***** *****\n"), "{log}");
    let stack = std::fs::read_to_string(run.folder.join("effective-stack.yml")).unwrap();
    assert!(stack.contains("*****"), "{stack}");

    let files = files(&run.folder);
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        assert_ne!(file.extension().and_then(|end| end.to_str()), Some("gz"), "look into {}", file.display());
        let found = found(&std::fs::read(&file).unwrap());
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
    assert!(!run.folder.join("trees").exists());
    assert_eq!(found(run.out.as_bytes()), [""; 0], "{}", run.out);
    assert_eq!(found(run.err.as_bytes()), [""; 0], "{}", run.err);
    product.judge_says_the_same(&run);
}

#[test]
#[ignore = "real engine: make test"]
fn a_secret_that_a_hook_leaves_in_an_artifact_is_red_and_the_artifact_is_named() {
    let product = Product::with_engine();
    let copy = "docker exec \"$app\" cat /run/secrets/canary";
    let run = run(
        &product,
        &format!(
            "{copy} | gzip >\"$CC_CI_STATE_DIR/dump.gz\"\n{copy} | od -An -v -tx1 | tr -d ' \\n' >\"$CC_CI_STATE_DIR/note.txt\"\n\
             echo harmless >\"$CC_CI_STATE_DIR/harmless.txt\""
        ),
    );
    assert_eq!((run.code, &run.results["flags"]["no_secret_leak"]), (10, &false.into()), "{}", run.all());
    for artifact in ["hook-state/dump.gz", "hook-state/note.txt"] {
        assert!(run.has_line(&format!("SECRET LEAKED: the value of canary stands in {artifact}")), "{}", run.all());
    }
    assert!(!run.out.contains("harmless.txt"), "{}", run.out);
    assert!(run.results["reasons"].to_string().contains("hook-state/note.txt"), "{}", run.all());
    product.judge_says_the_same(&run);
}
