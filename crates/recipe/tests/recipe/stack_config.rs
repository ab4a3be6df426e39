//! Compares our reading of compose files with the one of `docker stack config`, the loader that deploys them.

use cc_ci_recipe::Recipe;
use cc_ci_recipe::compose::{Compose, StackFile};
use cc_ci_recipe::crosscheck::{Rendering, meddling};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::cli::{compare, none, run_cli, same};
use crate::loading::{app_env, load};

fn compare_recipe(name: &str) {
    let (folder, files) = load(name);
    let (recipe, _) = Recipe::read(name, &files, &app_env(name), &[]).expect("a good recipe");
    compare(&folder, &recipe.compose_files, &files, &recipe.environment);
}

#[test]
fn federated_is_read_as_the_cli_reads_it() {
    compare_recipe("federated");
}

#[test]
fn workshop_is_read_as_the_cli_reads_it() {
    compare_recipe("workshop");
}

#[test]
fn blog_is_read_as_the_cli_reads_it() {
    compare_recipe("blog");
}

/// An override that repeats every entry with one more label, as a deployment generates it.
fn repeated(compose: &Compose) -> String {
    let labelled = |mut entry: Value| {
        entry["labels"]["run"] = json!("1");
        entry
    };
    let volumes = compose.volumes.iter().filter(|(_, one)| !one.external);
    let volumes: Map<_, _> = volumes.map(|(key, one)| (key.clone(), labelled(one.entry()))).collect();
    let networks = compose.networks.iter().filter(|(_, one)| !one.external);
    let networks: Map<_, _> = networks.map(|(key, one)| (key.clone(), labelled(one.entry()))).collect();
    let file = |(key, one): (&String, &StackFile)| (key.clone(), labelled(one.entry(compose, None)));
    let secrets: Map<_, _> = compose.secrets.iter().map(file).collect();
    let configs: Map<_, _> = compose.configs.iter().map(file).collect();
    let mut root = json!({"volumes": volumes, "networks": networks, "secrets": secrets, "configs": configs});
    if let Some(version) = &compose.version {
        root["version"] = json!(version);
    }
    root.to_string()
}

#[test]
fn entries_that_an_override_repeats_lose_nothing() {
    let compose = r#"
version: "3.8"
services:
  app: {image: "a:1"}
volumes:
  disk: {name: "d$$x", driver: local, driver_opts: {type: tmpfs, o: "size=10m"}, labels: [a=b]}
networks:
  inside:
    internal: true
    driver: overlay
    driver_opts: {encrypted: ""}
    ipam: {driver: default, config: [{subnet: 10.9.0.0/24}]}
secrets:
  outside: {external: true, name: "${STACK_NAME}_o_v1"}
configs:
  page: {name: "${STACK_NAME}_page_v2", file: ./page.tmpl, template_driver: golang}
"#;
    for first in ["compose.yml", "deep/er/compose.yml"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("deep/er")).unwrap();
        std::fs::write(folder.path().join(first), compose).unwrap();
        let names = [first.to_owned(), "override.json".to_owned()];
        let env = [("STACK_NAME".to_owned(), "st".to_owned())].into();
        let files = [(first, compose)].into_iter().collect();
        let (read, problems) = Compose::read(&files, &names[..1], &env);
        assert_eq!(problems, []);
        std::fs::write(folder.path().join("override.json"), repeated(&read)).unwrap();
        let Some(alone) = run_cli(folder.path(), &names[..1], &env) else { return };
        let both = run_cli(folder.path(), &names, &env).unwrap().expect("the CLI takes it");
        let [alone, with] =
            [alone.expect("the CLI takes it"), both.clone()].map(|text| Rendering::read(&text).unwrap());
        none(&meddling(&alone, &with), &both);
        let (laid_over, problems) = read.with("override.json", &repeated(&read), &env);
        assert_eq!(problems, []);
        same(&laid_over, &both, folder.path());
    }
}

/// Pieces of a service, each valid by itself and the same to every docker command (older ones take an unquoted `y` for true); of pieces with the same key only the first drawn is used.
const PIECES: [&str; 60] = [
    "image: a:1",
    "image: b:2",
    "command: run me",
    "command: [\"x\", \"$${Y}\"]",
    "entrypoint: [\"/e\"]",
    "entrypoint: /f 'g h'",
    "environment: {A: x, B: , E: \"\", M: 5}",
    "environment: [A, B=2, E, C=]",
    "environment: {A: \"\", E: full, M: , F: 0755, G: 1.10}",
    "environment: [\"A=${SET}\", \"D=${UNSET:-d}\", SET]",
    "labels: {a: x, b: q, m: 010}",
    "labels: [a=, b=z, c]",
    "deploy: {replicas: 2, labels: {x: '1', z: '2'}}",
    "deploy: {replicas: 0, labels: [\"z=\", \"q=${SET}=\"]}",
    "deploy: {mode: global, endpoint_mode: dnsrr}",
    "deploy: {mode: replicated, update_config: {parallelism: 2, delay: 10s, order: start-first}}",
    "deploy: {update_config: {parallelism: 0, delay: 0s, failure_action: rollback, monitor: 1m}}",
    "deploy: {restart_policy: {condition: none, delay: 5s, max_attempts: 3, window: 2m}}",
    "deploy: {restart_policy: {condition: any, delay: 0s, max_attempts: 0, window: 0s}}",
    "deploy: {restart_policy: {}, update_config: {}}",
    "healthcheck: {test: [CMD, a], interval: 5s, retries: 3}",
    "healthcheck: {test: b c, timeout: 5s, retries: 0, start_period: 1m}",
    "healthcheck: {disable: true}",
    "healthcheck: {disable: false, interval: 0s}",
    "healthcheck: {test: [\"NONE\"]}",
    "volumes: [\"data:/d\", \"more:/m:ro\"]",
    "volumes: [\"./x:/d\", \"/host:/h\", /anon]",
    "volumes: [{type: volume, source: data, target: /m, read_only: true}, {type: tmpfs, target: /t}]",
    "configs: [c1, c2]",
    "configs: [{source: c2, target: /c, mode: 0440}, c0]",
    "secrets: [s1, {source: s2, target: t}]",
    "secrets: [{source: s1, mode: 256}]",
    "networks: [one, default]",
    "networks: {one: {aliases: [a, b]}, two: }",
    "networks: {one: {}, two: {aliases: []}}",
    "ports: [\"80\", \"443\", \"8080:80\"]",
    "ports: [\"8080:81/udp\", \"53:53\", \"100-102:200-202\"]",
    "ports: [{target: 80, published: 8080, mode: host}, {target: 9}]",
    "ports: [7, \"1.2.3.4:70:71\"]",
    "depends_on: [b, a]",
    "depends_on: [a]",
    "init: true",
    "init: false",
    "stop_grace_period: 1m30s",
    "stop_grace_period: 0s",
    "network_mode: host",
    "network_mode: \"\"",
    "user: root",
    "command: []",
    "entrypoint: []",
    "environment: {}",
    "networks: {}",
    "deploy: {}",
    "healthcheck: {}",
    "command: \"\"",
    "image: \"a:${SET}\"",
    "environment: {H: '${UNSET}', I: \"${UNSET-}\", J: '${SET:?needed}', K: 1e3, L: 'yes', P: ~}",
    "volumes: [{type: bind, source: /b, target: /b}, \"data:/d:rw,nocopy\"]",
    "labels: {}",
    "ports: [\"5000-5001:6000\", \"9000-9001\"]",
];

const ENTRIES: [&str; 14] = [
    "volumes: {data: , more: {name: m}}",
    "volumes: {data: {driver: local, labels: {a: b}}, gone: {external: true}}",
    "volumes: {more: {external: {name: other}}}",
    "networks: {one: {internal: true}, two: {external: true}}",
    "networks: {one: {attachable: true, driver: overlay}, two: {name: t}}",
    "networks: {default: {labels: [x=y]}, one: }",
    "secrets: {s1: {external: true}, s2: {external: true, name: \"${SET}_s2\"}}",
    "secrets: {s1: {name: nn}}",
    "secrets: {s1: {file: ./s}, s2: {file: folder/../s, name: x}}",
    "configs: {c1: {file: a, template_driver: golang}, c0: {external: true}}",
    "configs: {c1: {name: z, file: b, labels: {k: 1}}}",
    "configs: {c2: {name: \"c_${UNSET:-v1}\", file: ./c}}",
    "x-any: {z: '${'}",
    "volumes: {}",
];

fn by_first_key(pieces: &[&str], indent: &str) -> String {
    let mut seen = std::collections::BTreeSet::new();
    let first = pieces.iter().filter(|piece| seen.insert(piece.split(':').next()));
    first.map(|piece| format!("{indent}{piece}\n")).collect()
}

fn any_file() -> impl Strategy<Value = String> {
    let service = || prop::sample::subsequence(&PIECES[..], 0..12).prop_shuffle();
    let entries = prop::sample::subsequence(&ENTRIES[..], 0..5).prop_shuffle();
    (service(), service(), entries).prop_map(|(app, db, entries)| {
        let service = |name: &str, pieces: &[&str]| match by_first_key(pieces, "    ") {
            body if body.is_empty() => format!("  {name}: {{}}\n"),
            body => format!("  {name}:\n{body}"),
        };
        let entries = by_first_key(&entries, "");
        format!("version: \"3.8\"\nservices:\n{}{}{entries}", service("app", &app), service("db", &db))
    })
}

fn compare_texts(texts: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..texts.len()).map(|index| format!("compose.{index}.yml")).collect();
    for (name, text) in names.iter().zip(texts) {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let files = names.iter().cloned().zip(texts.iter().cloned()).collect();
    let env = [("SET", "value"), ("STACK_NAME", "st")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    compare(folder.path(), &names, &files, &env.into());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any pieces in up to three files, merged in order.
    #[test]
    fn merged_pieces_are_read_as_the_cli_reads_them(texts in prop::collection::vec(any_file(), 1..4)) {
        compare_texts(&texts);
    }
}
