//! Compose files that CI adds: what they may hold, and what comes of them.

use cc_ci_recipe::Recipe;
use cc_ci_recipe::overlays::{Variables, for_version};
use cc_ci_recipe::source::Files;
use std::collections::BTreeMap;

const COMPOSE: &str = "version: \"3.8\"\nservices:\n  app:\n    image: a:1\n    environment:\n      MODE: live\n      KEPT: $$x\n  db:\n    image: d:1\n";

fn environment() -> BTreeMap<String, String> {
    BTreeMap::from([("STACK_NAME", "shop-1"), ("DOMAIN", "shop-1.test")].map(|(a, b)| (a.to_owned(), b.to_owned())))
}

fn recipe() -> Recipe {
    let files: Files = [(".env.sample", ""), ("compose.yml", COMPOSE)].into_iter().collect();
    Recipe::read("shop", &files, &environment(), &[]).unwrap().0
}

#[test]
fn variables_are_laid_over_the_recipe() {
    let text = "x-all: &all {MODE: test}\nservices:\n  app:\n    environment:\n      <<: *all\n      URL: https://${DOMAIN}/$$1\n  db:\n    environment: [\"A=b\"]\n";
    let recipe = recipe();
    let variables = Variables::read("tests/compose.ci.yml", text, &recipe).unwrap();
    assert_eq!(variables.services["app"]["URL"], "https://shop-1.test/$1");
    let generated = variables.text(&recipe).unwrap();
    let files: Files = [(".env.sample", ""), ("compose.yml", COMPOSE), ("o.json", &generated)].into_iter().collect();
    let (over, problems) = Recipe::read("shop", &files, &environment(), &["o.json".to_owned()]).unwrap();
    assert_eq!(problems, []);
    let app = &over.compose.services["app"];
    let shown: Vec<String> =
        app.environment.iter().map(|(name, value)| format!("{name}={}", value.clone().unwrap())).collect();
    assert_eq!(shown, ["KEPT=$x", "MODE=test", "URL=https://shop-1.test/$1"]);
    assert_eq!(over.compose.services["db"].environment["A"].as_deref(), Some("b"));
    assert_eq!(app.image, "a:1");
    assert_eq!(Variables::default().text(&recipe), None);
}

#[test]
fn the_later_of_two_overlays_wins() {
    let read = |text| Variables::read("o", text, &recipe()).unwrap();
    let both = read("services:\n  app:\n    environment: {A: a, B: a}\n")
        .under(read("services:\n  app:\n    environment: {B: b}\n  db:\n    environment: {C: b}\n"));
    assert_eq!(both.services["app"]["A"], "a");
    assert_eq!(both.services["app"]["B"], "b");
    assert_eq!(both.services["db"]["C"], "b");
}

#[test]
fn anything_but_a_variable_is_refused_with_its_line() {
    let text = "services:\n  app:\n    image: evil:1\n    environment:\n      A: b\n    deploy:\n      labels: [\"x=y\"]\n  ap:\n    environment: {A: b}\nvolumes:\n  data:\n";
    let problems = Variables::read("tests/compose.ci.yml", text, &recipe()).unwrap_err();
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    tests/compose.ci.yml, line 3: services.app.image: changes the image that the recipe sets
    hint: change the image in the recipe itself: CI must never test something else than the recipe
    tests/compose.ci.yml, line 6: services.app.deploy: is no variable of a service
    hint: write only `environment` of services here, and everything else into the recipe itself
    tests/compose.ci.yml, line 8: services.ap: the recipe has no service `ap`
    hint: did you mean `app`?
    tests/compose.ci.yml, line 10: volumes: is no variable of a service
    hint: write only `environment` of services here, and everything else into the recipe itself
    ");
    for more in ["env_file: x", "command: x", "labels: {a: b}", "secrets: [s]", "extra_hosts: [\"a:1.2.3.4\"]"] {
        let text = format!("services:\n  app:\n    {more}\n");
        assert!(Variables::read("o", &text, &recipe()).is_err(), "{more}");
    }
    assert!(Variables::read("o", "services: [", &recipe()).is_err());
}

#[test]
fn a_repair_says_which_version_it_is_for() {
    assert_eq!(for_version("p", "x-for-version: 1.0.0+2\nservices: {}\n").unwrap(), "1.0.0+2");
    assert_eq!(for_version("p", "x-for-version: \"1.0.0+2\"\n").unwrap(), "1.0.0+2");
    insta::assert_snapshot!(for_version("tests/previous/compose.yml", "services: {}\n").unwrap_err(), @r#"
    tests/previous/compose.yml, line 1: x-for-version: does not say which version it repairs
    hint: add a line such as `x-for-version: "1.0.0+2.2.6"` at its top
    "#);
    assert!(for_version("p", "[").is_err());
}
