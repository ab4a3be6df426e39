//! Recipes with bounds of their own and without, under those of a machine.

use super::*;
use crate::Recipe;
use crate::overlay::{Endpoint, Identity, TreeLabel};
use crate::source::Ground;
use std::collections::BTreeMap;

const HERE: AppBounds = AppBounds { memory: Some(1 << 30), processes: Some(PROCESSES), logs: Logs::Kept };

/// The fields of service `app` in the override that bounds are about, for a recipe with these fields of its own.
fn check(bounds: AppBounds, identity: Identity, version: &str, fields: &str) -> Value {
    let compose = format!("version: \"{version}\"\nservices:\n  app:\n    image: a:1\n{fields}");
    let files = [("compose.yml", compose.as_str()), (".env.sample", "TYPE=a\n")].into_iter().collect();
    let given = BTreeMap::from([("STACK_NAME".to_owned(), "a-1".to_owned())]);
    let (recipe, _) = Recipe::read("a", &files, &given, &[]).unwrap();
    let overlay = Overlay {
        compose: &recipe.compose,
        recipe: "a",
        run: "r1",
        stack: "a-1",
        tree: &TreeLabel::Chaos { short: "0123abcd".to_owned() },
        identity,
        endpoint: Endpoint::AsWritten,
        run_label: "run",
        environment: &recipe.environment,
        pins: &BTreeMap::new(),
        ground: Ground { folder: "/recipe", home: None },
        bounds,
        authorities: None,
    };
    let over: Value = serde_json::from_str(&overlay.text()).unwrap();
    let whole: Value = serde_json::from_str(&overlay.handed().unwrap()[0].text).unwrap();
    if identity == Identity::Override {
        assert_eq!(over["version"], whole["version"], "the loader takes files of one version only");
    }
    let app = &over["services"]["app"];
    json!([over["version"], app["deploy"]["resources"]["limits"], app["cap_drop"], app["logging"]])
}

#[test]
fn a_recipe_without_bounds_gets_those_of_the_machine() {
    let all = json!([
        "3.9",
        { "memory": "1073741824", "pids": 4096 },
        ["MKNOD", "NET_RAW"],
        { "driver": "json-file", "options": { "max-size": "67108864", "max-file": "2" } }
    ]);
    assert_eq!(check(HERE, Identity::Override, "3.8", ""), all);
    let later = check(HERE, Identity::Override, "3.12", "");
    assert_eq!((&later[0], &later[1]), (&json!("3.12"), &all[1]));
    // The loader of `abra` reads the recipe's own file, whose version has no such bound.
    let abra = check(HERE, Identity::Abra, "3.8", "");
    assert_eq!((&abra[0], &abra[1]), (&json!("3.8"), &json!({ "memory": "1073741824" })));
    let nothing = check(AppBounds::NONE, Identity::Override, "3.8", "");
    assert_eq!((&nothing[0], &nothing[1], &nothing[3]), (&json!("3.8"), &Value::Null, &Value::Null));
}

#[test]
fn smaller_bounds_of_a_recipe_stay_and_larger_ones_do_not() {
    let limits = |text: &str| {
        let fields = format!("    deploy:\n      resources:\n        limits: {text}\n");
        check(HERE, Identity::Override, "3.9", &fields)[1].clone()
    };
    assert_eq!(limits("{memory: 512M, pids: 100}"), json!({ "memory": "536870912", "pids": 100 }));
    assert_eq!(limits("{memory: 0.5g}"), json!({ "memory": "536870912", "pids": 4096 }));
    assert_eq!(limits("{memory: 900gb, pids: 100000}"), json!({ "memory": "1073741824", "pids": 4096 }));
    // No bound at all, in the engine's words.
    assert_eq!(limits("{memory: \"0\", pids: 0}"), json!({ "memory": "1073741824", "pids": 4096 }));
}

#[test]
fn logs_are_bounded_where_neither_recipe_nor_engine_does_it() {
    let logging = |bounds, text: &str| check(bounds, Identity::Override, "3.8", text)[3].clone();
    let elsewhere = AppBounds { logs: Logs::Elsewhere, ..HERE };
    for own in [
        "    logging: {driver: json-file, options: {max-size: 10m, max-file: \"3\"}}\n",
        "    logging: {options: {max-size: 128m}}\n",
        "    logging: {driver: local}\n",
        "    logging: {driver: syslog}\n",
    ] {
        assert_eq!(logging(HERE, own), Value::Null, "{own}");
    }
    assert_eq!(logging(elsewhere, ""), Value::Null);
    for own in [
        "    logging: {driver: json-file}\n",
        "    logging: {driver: json-file, options: {max-size: 1g}}\n",
        "    logging: {driver: json-file, options: {max-size: 10m, max-file: \"1000\"}}\n",
        "    logging: {options: {max-size: \"-1\"}}\n",
        "    logging: {driver: local, options: {max-size: 1t}}\n",
    ] {
        assert_eq!(logging(HERE, own)["options"]["max-size"], "67108864", "{own}");
    }
}

#[test]
fn capabilities_that_a_recipe_has_a_word_about_are_left_alone() {
    let dropped = |text: &str| check(HERE, Identity::Override, "3.8", text)[2].clone();
    assert_eq!(dropped("    cap_drop: [ALL]\n"), Value::Null);
    assert_eq!(dropped("    cap_drop: [cap_net_raw]\n"), json!(["MKNOD"]));
    // Asked for, and allowed by a policy by the time this is written.
    assert_eq!(dropped("    cap_add: [NET_RAW]\n"), json!(["MKNOD"]));
    assert_eq!(dropped("    cap_add: [NET_ADMIN]\n"), json!(["MKNOD", "NET_RAW"]));
}
