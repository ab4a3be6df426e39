//! Texts that are made to take a reader's time or memory: each is read, or refused with a reason, within a moment.

use std::time::{Duration, Instant};

use cc_ci_recipe::Recipe;
use cc_ci_recipe::lint::Reading;
use cc_ci_recipe::source::Files;

use crate::loading::{app_env, files};

const GOOD: &str = "services:\n  app:\n    image: a:1\n";

/// What took minutes takes this long in the worst case, on a busy machine and without optimisation.
const MOMENT: Duration = Duration::from_secs(60);

/// What reading `texts` over a small recipe says first, from a plan and from lint.
fn said(texts: &[(&str, &str)]) -> String {
    let small = [(".env.sample", "DOMAIN=a.example\n"), ("compose.yml", GOOD)];
    let tree: Files = files(&small).texts.into_iter().chain(files(texts).texts).collect();
    let started = Instant::now();
    let read = Recipe::read("hostile", &tree, &app_env("hostile"), &[]);
    let linted = Reading::of("hostile", &tree);
    assert!(started.elapsed() < MOMENT, "took {:?}", started.elapsed());
    let problems = match read {
        Ok((_, problems)) => problems,
        Err(problems) => problems,
    };
    let said = problems.iter().chain(&linted.default().problems).map(|problem| problem.what.clone());
    said.map(|what| what.chars().take(60).collect()).next().unwrap_or_default()
}

fn compose(rest: impl AsRef<str>) -> String {
    format!("{GOOD}{}", rest.as_ref())
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn one_limit_holds_for_all_compose_files() {
    let services = compose(lines(10_000, |at| format!("  s{at}: {{image: \"a:1\"}}\n")));
    assert_eq!(said(&[("compose.yml", &services)]), "the compose files hold more than 10000 entries, which no rec");
    let half = lines(6_000, |at| format!("x-{at}: 1\n"));
    let sample = "DOMAIN=a.example\nCOMPOSE_FILE=\"compose.yml:compose.two.yml\"\n";
    let both = [(".env.sample", sample), ("compose.yml", &compose(&half)), ("compose.two.yml", &compose(&half))];
    assert_eq!(said(&both), "the compose files hold more than 10000 entries, which no rec");
    let list = vec!["compose.yml"; 80_000].join(":");
    let said = said(&[(".env.sample", &format!("DOMAIN=a.example\nCOMPOSE_FILE=\"{list}\"\n"))]);
    assert_eq!(said, "is one of 80000 compose files, and no recipe has more than 2");
}

#[test]
fn aliases_are_counted_before_they_are_unfolded() {
    let levels = lines(30, |at| format!("x-{}: &a{} {{<<: [*a{at}, *a{at}], k{at}: v}}\n", at + 1, at + 1));
    let nested = compose(format!("x-0: &a0 {{k: v}}\n{levels}"));
    assert_eq!(said(&[("compose.yml", &nested)]), "aliases unfold to more than 5000 entries");
    // Sixty files on top of one that nearly uses up the limit: lint reads as many of them as it can.
    let wide = compose(format!("x-a: &a [{}]\nx-b: [*a, *a, *a, *a]\n", vec!["l"; 1_200].join(",")));
    let names: Vec<String> = (0..60).map(|at| format!("compose.o{at}.yml")).collect();
    let mut texts = vec![("compose.yml", wide.as_str())];
    texts.extend(names.iter().map(|name| (name.as_str(), GOOD)));
    let said = said(&texts);
    assert!(said.starts_with("was not read, nor were "), "{said}");
}

#[test]
fn names_that_are_all_unknown_are_not_compared_with_one_another() {
    let list = |at: usize| lines(6, |k| format!("\"{}x{:05}\",", "s".repeat(58), at * 10 + k));
    let services =
        compose(lines(200, |at| format!("  {}{at:04}: {{image: a, depends_on: [{}]}}\n", "s".repeat(60), list(at))));
    assert!(said(&[("compose.yml", &services)]).starts_with("unknown service `sss"));
}

#[test]
fn variables_that_fill_a_text_without_end_are_refused() {
    let label = |text: String| compose(format!("    labels: [\"x={text}\"]\n"));
    assert_eq!(
        said(&[("compose.yml", &label("${A-".repeat(200_000)))]),
        "`${A-${A-${A-${A-${A-${A-` is not a variable"
    );
    assert_eq!(
        said(&[("compose.yml", &label(format!("{}}}", "${".repeat(400_000))))]),
        "`${${${${${${${${${${${${` is not a variable"
    );
    let sample = format!("DOMAIN=a.example\nA={}\n", "x".repeat(60_000));
    let filled = label("$A".repeat(400_000));
    assert_eq!(
        said(&[(".env.sample", &sample), ("compose.yml", &filled)]),
        "variables make this longer than any text of a recipe"
    );
}

#[test]
fn an_environment_has_bounds() {
    let domain = "DOMAIN=a.example\n";
    let many = "holds more than 4096 variables, which no recipe does";
    assert_eq!(said(&[(".env.sample", &format!("{domain}{}", lines(100_000, |at| format!("V{at}=x\n"))))]), many);
    assert_eq!(said(&[(".env.sample", &format!("{domain}{}", lines(100_000, |at| format!("#V{at}=x\n"))))]), many);
    // Values that would hold 240 MB, and braces that nothing closes.
    let doubled = format!("{domain}A={}\n{}", "x".repeat(60_000), lines(4_000, |at| format!("B{at}=$A\n")));
    assert_eq!(said(&[(".env.sample", &doubled)]), "");
    assert_eq!(said(&[(".env.sample", &format!("{domain}A={}\n", "${A:-".repeat(200_000)))]), "");
    let script = lines(100_000, |at| format!("export A{at}_VERSION=v1\n"));
    assert_eq!(said(&[("abra.sh", &script)]), "sets more than 4096 variables, or 1 MiB of them, which no re");
    let from_file = compose("    env_file: [x]\n");
    let file = lines(100_000, |at| format!("V{at}=x\n"));
    assert_eq!(
        said(&[("compose.yml", &from_file), ("x", &file)]),
        "files give more than 4096 variables, which no recipe does"
    );
    let repeated = compose(format!("    env_file: [{}]\n", vec!["x"; 2_000].join(",")));
    assert_ne!(said(&[("compose.yml", &repeated), ("x", &file)]), "");
}

#[test]
fn a_large_recipe_of_honest_people_is_read() {
    let service = |at: usize| {
        format!(
            "  s{at}:\n    <<: *common\n    image: \"a:1\"\n    networks: [default]\n    environment: {{A: \"1\", B: \"2\"}}\n"
        )
    };
    let text = format!(
        "x-common: &common\n  stop_grace_period: 10s\n  environment: &e {{C: \"3\", D: \"4\", E: \"5\"}}\n  healthcheck: {{test: [CMD, a, b], interval: 10s}}\n{GOOD}{}",
        lines(100, service)
    );
    assert_eq!(said(&[("compose.yml", &text)]), "");
}
