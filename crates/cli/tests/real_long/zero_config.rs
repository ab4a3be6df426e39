//! Every example without its tests folder: all generic tiers run, with markers in whatever keeps its data (section 3 of the
//! specification: zero configuration).

use crate::engine::of_run;
use crate::product::{Product, say};
use std::path::Path;
use std::process::Command;

/// What a recipe without tests of its own comes to.
struct Expected {
    recipe: &'static str,
    /// Where its markers are seeded, in the words of the report.
    markers: &'static [&'static str],
    /// How it answers on `/`; a recipe without an HTTP route has only its health checks.
    serving: Option<u16>,
    /// Secrets that only an operator has.
    secrets: &'static [&'static str],
    /// 4 where lint finds an error, such as one that is in the nature of the app.
    level: u64,
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
    let status = Command::new("git").current_dir(folder).args(identity).args(args).status().unwrap();
    assert!(status.success(), "git {args:?}");
}

fn check(expected: &Expected) {
    let product = Product::with_engine();
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join(expected.recipe);
    let from = product.recipe(expected.recipe);
    git(folder.path(), &["clone", "--quiet", from.to_str().unwrap(), expected.recipe]);
    git(&recipe, &["rm", "--quiet", "-r", "tests"]);
    git(&recipe, &["commit", "--quiet", "--message", "feat: no tests"]);
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // The catalogue of this machine is no part of a recipe without configuration; what an operator allows is.
    let empty = folder.path().join("catalogue");
    std::fs::create_dir(&empty).unwrap();
    let mut args = ["--catalogue", empty.to_str().unwrap()].map(str::to_owned).to_vec();
    args.extend(["--allow", "host-port=64738/tcp", "--allow", "host-port=64738/udp"].map(str::to_owned));
    for secret in expected.secrets {
        args.extend(["--secret".to_owned(), format!("{secret}={}", write(secret, "given-by-the-operator"))]);
    }
    let run = product.run(&recipe, &args.iter().map(String::as_str).collect::<Vec<_>>());
    say(&format!("{} without tests: {:.1} s", expected.recipe, run.took.as_secs_f64()));
    assert_eq!(run.code, 0, "{}", run.all());
    for tier in ["install", "upgrade", "backup", "restore"] {
        assert_eq!(run.results["results"][tier], "pass", "{tier}: {}", run.out);
    }
    assert_eq!(run.results["results"]["custom"], "skip", "{}", run.out);
    assert!(run.results["skips"].to_string().contains("no tests of its own"), "{}", run.results["skips"]);
    assert_eq!(run.results["level"].as_u64(), Some(expected.level), "{}", run.out);
    let tier = |name: &str| run.out.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    for name in ["upgrade", "backup"] {
        for marker in expected.markers {
            assert!(tier(name).contains(marker), "{marker} in {name}: {}", run.out);
        }
    }
    let answer = expected.serving.map(|status| format!("{status} on /"));
    assert_eq!(tier("install").contains(" on /"), answer.is_some(), "{}", run.out);
    assert!(tier("install").contains(answer.as_deref().unwrap_or_default()), "{}", run.out);
    assert!(tier("restore").contains("markers are back"), "{}", run.out);
    let left = of_run(run.id(), &run.stack());
    assert!(left.is_empty(), "{left:?}");
}

#[test]
#[ignore = "real engine: make nightly"]
fn static_site() {
    let markers = &["files in app:/usr/share/nginx/html"];
    check(&Expected { recipe: "static-site", markers, serving: Some(200), secrets: &[], level: 5 });
}

#[test]
#[ignore = "real engine: make nightly"]
fn miniflux() {
    let markers = &["rows in PostgreSQL database miniflux of db"];
    check(&Expected { recipe: "miniflux", markers, serving: Some(200), secrets: &[], level: 5 });
}

#[test]
#[ignore = "real engine: make nightly"]
fn wordpress() {
    let markers =
        &["files in app:/var/lib/wordpress/wp-content/uploads", "rows in MariaDB/MySQL database wordpress of db"];
    check(&Expected { recipe: "wordpress", markers, serving: Some(200), secrets: &[], level: 5 });
}

#[test]
#[ignore = "real engine: make nightly"]
fn webdis() {
    let markers = &["keys in the Redis database of db"];
    check(&Expected { recipe: "webdis", markers, serving: Some(200), secrets: &[], level: 5 });
}

#[test]
#[ignore = "real engine: make nightly"]
fn mumble() {
    let markers = &["rows in SQLite file app:/data/mumble.sqlite"];
    check(&Expected { recipe: "mumble", markers, serving: None, secrets: &[], level: 3 });
}

#[test]
#[ignore = "real engine: make nightly"]
fn canaille() {
    let markers = &["rows in SQLite file app:/data/canaille.sqlite", "files in app:/keys"];
    check(&Expected { recipe: "canaille", markers, serving: Some(302), secrets: &[], level: 5 });
}

/// Without its tests folder nothing says that it has a provider: it answers all the same, and nobody can sign on.
#[test]
#[ignore = "real engine: make nightly"]
fn miniflux_sso() {
    let markers = &["rows in PostgreSQL database miniflux of db"];
    check(&Expected { recipe: "miniflux-sso", markers, serving: Some(200), secrets: &["oidc_secret"], level: 5 });
}
