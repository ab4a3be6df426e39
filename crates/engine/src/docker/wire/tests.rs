//! What the engine is sent for each of our own containers, whole: a change of it is a change of what may be done to a host.

use super::body;
use crate::custom::sandbox::{Furnishing, Size, launch_of as sandbox, seal_of as seal};
use crate::route::EdgeNames;
use crate::swarm::{Launch, NewFile, Stay};
use crate::workbench::BenchUse;
use crate::{ears, route, screenshot, workbench};
use cc_ci_model::ids::{Domain, RunId, StackName};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

fn run() -> RunId {
    RunId::parse("r1").unwrap()
}

/// The JSON without what is not sent.
fn sent(what: &Launch) -> String {
    // By way of a value, whose keys are sorted.
    serde_json::to_string_pretty(&serde_json::to_value(body(what)).unwrap()).unwrap()
}

#[test]
fn a_bench_has_what_its_operation_needs_and_cannot_be_changed() {
    let volumes = BTreeSet::from(["s_data".to_owned()]);
    let bench = |what| sent(&workbench::launch_of(&run(), "tools:1", &volumes, "cc-ci-r1-repo", what));
    insta::assert_snapshot!("workbench", bench(BenchUse::Save));
    let (look, back, restore) = (bench(BenchUse::Look), bench(BenchUse::ReadBack), bench(BenchUse::Restore));
    assert!(!look.contains("/repo"), "a look needs no repository: {look}");
    assert!(!back.contains("/volumes"), "a snapshot is read back without the volumes it came from: {back}");
    let read_only = |body: &str| body.matches("\"ReadOnly\": true").count();
    assert_eq!([&look, &back, &restore].map(|body| read_only(body)), [0, 1, 1]);
}

#[test]
fn the_edge_has_its_aliases_and_one_capability() {
    let names = EdgeNames::of(vec![Domain::of_stack(&StackName::observed("app"), "cc-ci.test")], []);
    insta::assert_snapshot!("edge", sent(&route::launch_of(&run(), "tools:1", &names, Stay::Run)));
    let kept = sent(&route::launch_of(&run(), "tools:1", &names, Stay::Kept));
    assert!(kept.contains("unless-stopped"), "{kept}");
}

fn furnishing(networks: &[&str]) -> Furnishing {
    Furnishing {
        image: "tools:1".to_owned(),
        size: Size::Ordinary,
        networks: networks.iter().map(|one| (*one).to_owned()).collect(),
        files: Vec::new(),
        secrets: BTreeMap::from([("db".to_owned(), "s3cret".to_owned())]),
        authority: String::new(),
    }
}

#[test]
fn the_sandbox_has_nothing_to_break_out_with() {
    let body = sent(&sandbox(&run(), &furnishing(&["proxy", "s_default"])));
    assert!(
        !body.contains("s3cret"),
        "a secret is in the description of a container, which everybody may read: {body}"
    );
    insta::assert_snapshot!("sandbox", body);
    assert!(sent(&sandbox(&run(), &furnishing(&[]))).contains("\"NetworkMode\": \"none\""));
}

#[test]
fn the_seal_sits_on_the_sandboxs_networks() {
    let body = sent(&seal(&run(), "tools:1", "cc-ci-r1-sandbox-0"));
    // Its program is a text of its own.
    let program = serde_json::to_string(crate::custom::sandbox::SEAL).unwrap();
    insta::assert_snapshot!("seal", body.replace(&program, "[SEAL]"));
}

#[test]
fn ears_share_the_network_of_one_container_and_may_do_nothing() {
    insta::assert_snapshot!("ears", sent(&ears::launch_of(&run(), "tools:1", "0123abcd")));
}

#[test]
fn the_browser_sees_the_proxy_network() {
    insta::assert_snapshot!("browser", sent(&screenshot::launch_of(&run(), "browser:1")));
}

#[test]
fn files_arrive_where_they_are_named() {
    let file = NewFile { path: "/edge/routes.json".to_owned(), text: "{}".to_owned() };
    let bytes = super::archive(&[file]).unwrap();
    let mut archive = tar::Archive::new(&bytes[..]);
    let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
    let mut text = String::new();
    entry.read_to_string(&mut text).unwrap();
    assert_eq!((entry.path().unwrap().to_str(), text.as_str()), (Some("edge/routes.json"), "{}"));
}
