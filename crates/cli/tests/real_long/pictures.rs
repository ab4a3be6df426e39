//! The picture of the app, taken by a real browser: of the page that was asked for, and never of one that shows credentials.

use crate::engine::of_run;
use crate::product::{Finished, Product};
use cc_ci_testkit::repo::Repo;
use serde_json::Value;

/// `static-site` with one more page, written at each start, and the settings that ask for its picture.
fn run(product: &Product, page: &str, path: &str) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::clone_of(&product.recipe("static-site"), folder.path(), "site").unwrap();
    let swap = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(repo.dir().join(file)).unwrap();
        assert!(text.contains(from), "{file} has no `{from}`");
        repo.write(file, &text.replacen(from, to, 1)).unwrap();
    };
    let write = format!("cat >/usr/share/nginx/html/page.html <<PAGE\n{page}\nPAGE\nexec nginx");
    swap("entrypoint.sh.tmpl", "exec nginx", &write);
    swap("abra.sh", "APP_ENTRYPOINT_VERSION=v1", "APP_ENTRYPOINT_VERSION=v2");
    repo.write("tests/ci.toml", &format!("screenshot.path = \"{path}\"\n")).unwrap();
    repo.commit("a page").unwrap();
    let run = product.run(repo.dir(), &["--no-upgrade", "--stages", "install"]);
    let left = of_run(run.id(), &run.stack());
    assert!(left.is_empty(), "{left:?}");
    product.judge_says_the_same(&run);
    assert_eq!(
        (run.code, &run.results["verdict"]),
        (0, &"green".into()),
        "a picture changes no verdict: {}",
        run.all()
    );
    run
}

/// What the record says became of the picture.
fn shot(run: &Finished) -> Value {
    let record = std::fs::read_to_string(run.folder.join("events.jsonl")).unwrap();
    let events = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone());
    let mut shots: Vec<Value> = events.filter(|event| event["type"] == "screenshot").collect();
    assert_eq!(shots.len(), 1, "{}", run.all());
    shots.remove(0)
}

/// Why there is no picture; and there is none, anywhere.
fn refused(run: &Finished, result: &str) -> String {
    let shot = shot(run);
    assert_eq!(shot["shot"]["result"], result, "{shot}");
    assert!(!run.folder.join("screenshot.png").exists());
    assert_eq!(run.results["screenshot"], Value::Null);
    let why = shot["shot"]["why"].as_str().unwrap().to_owned();
    let page = std::fs::read_to_string(run.folder.join("index.html")).unwrap();
    assert!(page.contains("No picture of <code>/page.html</code>") && !page.contains("<img"), "the page says so");
    assert!(run.err.contains(&format!("no picture of the app: {why}")), "{}", run.err);
    why
}

#[test]
#[ignore = "real engine: make nightly"]
fn the_page_that_was_asked_for_is_pictured_and_shown() {
    let product = Product::with_engine();
    let late = "<body style='background:#204060'><script>setTimeout(() => document.body.innerHTML = '<h1>late</h1>', 1500)</script>";
    let run = run(&product, late, "/page.html?x=1");
    assert_eq!(shot(&run)["path"], "/page.html?x=1");
    assert_eq!(shot(&run)["shot"]["result"], "taken", "{}", run.all());
    assert_eq!(
        (&run.results["screenshot"], &run.results["summary_card"]),
        (&"screenshot.png".into(), &"card.png".into())
    );
    let picture = std::fs::read(run.folder.join("screenshot.png")).unwrap();
    let size = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!((&picture[..8], size(16), size(20)), (&b"\x89PNG\r\n\x1a\n"[..], 1280, 800));
    let page = std::fs::read_to_string(run.folder.join("index.html")).unwrap();
    assert!(page.contains("<img src=\"data:image/png;base64,iVBOR"), "it is on the page");
    for file in ["card.png", "badge.svg"] {
        assert!(run.folder.join(file).is_file(), "{file}");
    }
    let said = run.results["customization"]["screenshot.path"].as_str().unwrap();
    assert!(said.starts_with("\"/page.html?x=1\""), "{said}");
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_page_that_shows_a_secret_is_not_pictured() {
    let product = Product::with_engine();
    // In pieces, each of which is no secret: only the eye puts them together.
    let pieces = "<p>$(fold -w 4 /run/secrets/status_token | sed 's:.*:<b>&</b> :' | tr -d '\\n')</p>";
    let why = refused(&run(&product, pieces, "/page.html"), "refused");
    assert!(why.contains("the page holds the value of the secret ") && why.contains("status_token"), "{why}");
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_page_with_a_filled_password_field_is_not_pictured() {
    let product = Product::with_engine();
    let field = "<h1>Sign in</h1><input type=Password id=p><script>p.value = 'abc'</script>";
    assert_eq!(refused(&run(&product, field, "/page.html"), "refused"), "a password field of the page is filled");
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_page_that_leads_elsewhere_or_stays_blank_is_not_pictured() {
    let product = Product::with_engine();
    let away = "<h1>x</h1><script>location = 'https://elsewhere.example/'</script>";
    let why = refused(&run(&product, away, "/page.html"), "refused");
    assert_eq!(why, "the page leads to elsewhere.example, which is not the app's domain");
    let why = refused(&run(&product, "<title>nothing</title>", "/page.html"), "missed");
    assert!(why.contains("blank") || why.contains("the run was over"), "{why}");
}
