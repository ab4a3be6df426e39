//! A warm provider that moves to newer versions, on a real engine.

use super::product::{say, text};
use super::provider::{PROVIDER, Warm, World};
use std::time::Instant;

/// What a new version of the provider does in place of the old one's entry point: it ruins the data and dies.
const RUINS: &str =
    "entrypoint: [\"sh\", \"-c\", \"rm -rf /usr/share/nginx/html/*; touch /usr/share/nginx/html/ruined; exit 1\"]";

#[test]
#[ignore = "real engine: make test"]
fn a_warm_provider_moves_to_a_newer_version_with_its_data_and_back_from_a_broken_one() {
    let world = World::new();
    let warm = Warm::up(&world);
    let data = "/usr/share/nginx/html";
    warm.in_it(&format!("echo kept >{data}/precious"));
    let secret = warm.in_it("cat /run/secrets/status_token");

    // A newer minor version, with its data and its secrets.
    world.provider.publish("1.2.0+1.26.3").unwrap();
    let began = Instant::now();
    let (code, out, err) = warm.update(&[]);
    assert_eq!(
        (code, out.as_str()),
        (0, "keeper 1.2.0+1.26.3: updated from 1.1.0+1.22.1, healthy, with its data\n"),
        "{err}"
    );
    say(&format!("a warm provider was updated in {} ms, 2000 of them watched", began.elapsed().as_millis()));
    assert_eq!(warm.in_it("nginx -v 2>&1"), "nginx version: nginx/1.26.3");
    assert_eq!(warm.in_it(&format!("cat {data}/precious")), "kept");
    assert_eq!(warm.in_it("cat /run/secrets/status_token"), secret);
    assert_eq!(warm.update(&[]).1, "keeper 1.2.0+1.26.3: up to date\n");

    // One that ruins the data: back to the version before, and to what the volume held.
    let sound = world.provider_compose();
    world.publish("1.3.0+1.26.3", &sound.replace("entrypoint: /docker-entrypoint.sh", RUINS));
    let began = Instant::now();
    let (code, out, err) = warm.update(&[]);
    assert_eq!(code, 13, "{out}{err}");
    say(&format!("a broken update was rolled back after {} ms", began.elapsed().as_millis()));
    assert!(out.contains("the update to 1.3.0+1.26.3 on ") && out.contains("rolled back to 1.2.0+1.26.3: "), "{out}");
    assert_eq!(warm.in_it(&format!("cat {data}/precious; ls {data}")), "kept\nindex.html\nposts\nprecious");
    let list = warm.list();
    assert!(list.contains("keeper 1.2.0+1.26.3: healthy") && list.contains("\n  alert: the update to 1.3.0"), "{list}");
    let doctor = text(&world.product.cc_ci(&["doctor"]).stdout);
    assert!(doctor.contains("the update to 1.3.0+1.26.3"), "{doctor}");

    // Another major version is a person's business.
    let before = warm.container();
    world.publish("2.0.0+1.26.3", &sound);
    let (code, out, err) = warm.update(&[]);
    assert_eq!((code, warm.container()), (14, before), "{out}{err}");
    assert!(out.contains("  the major version goes from 1 to 2\n"), "{out}");
    assert!(out.contains(&format!("`cc-ci warm update {PROVIDER} --to 2.0.0+1.26.3`")), "{out}");
    warm.nothing_of_an_update_is_left();
}
