//! Our reading of whole trees, generated override included, against the docker command of this machine.
//!
//! `CC_CI_DOCKER_CLI` names another docker program than the one in `PATH`; then a program without `stack config` is a
//! failure, otherwise the test says that it was skipped.

#![expect(clippy::disallowed_methods, reason = "a test world is driven from outside, not through the product")]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests stop at the first surprise and say why they skip")]

use cc_ci_engine::compose_check::{Checked, Said, compare};
use cc_ci_engine::docker::{self, EngineAddress};
use cc_ci_engine::swarm::Rendered;
use cc_ci_model::ids::{RecipeName, RunId, StackName};
use cc_ci_recipe::Recipe;
use cc_ci_recipe::overlay::bounds::PROCESSES;
use cc_ci_recipe::overlay::{AppBounds, Endpoint, Identity, Logs, Overlay, TreeLabel};
use cc_ci_recipe::source::{Files, Ground};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const STACK: &str = "mini-3fa9c1";

/// A tree on disk and the override of a run beside it.
struct Prepared {
    recipe: Recipe,
    rendered: Rendered,
    over: PathBuf,
    _run: tempfile::TempDir,
}

fn files_below(root: &Path, folder: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            files.texts.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), text);
        }
    }
}

/// What a run makes of the recipe in `folder`.
fn prepare(folder: &Path, endpoint: Endpoint) -> Prepared {
    let mut files = Files::default();
    files_below(folder, folder, &mut files);
    let pairs = [("STACK_NAME", STACK), ("DOMAIN", "mini-3fa9c1.cc-ci.test"), ("LETS_ENCRYPT_ENV", "")];
    let app_env: BTreeMap<String, String> =
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let (recipe, _) = Recipe::read("miniflux", &files, &app_env, &[])
        .unwrap_or_else(|problems| panic!("{}: {problems:#?}", folder.display()));
    let app = recipe.compose.services["app"].image.clone();
    let stack = StackName::observed(STACK);
    let environment = recipe.environment.clone();
    let name = RecipeName::parse("miniflux").unwrap();
    let run_id = RunId::parse("20260101-000000-mini-3fa9c1").unwrap();
    let tree = TreeLabel::Chaos { short: "0123abcd".to_owned() };
    let pins = [(app.clone(), format!("{app}@sha256:{}", "0".repeat(64)))].into();
    let (home, root) = (std::env::var("HOME").ok(), folder.to_string_lossy());
    let overlay = Overlay {
        compose: &recipe.compose,
        recipe: name.as_str(),
        run: run_id.as_str(),
        stack: stack.as_str(),
        tree: &tree,
        endpoint,
        identity: Identity::Override,
        run_label: "cc-ci.run",
        environment: &environment,
        pins: &pins,
        ground: Ground { folder: &root, home: home.as_deref() },
        bounds: AppBounds { memory: Some(1 << 30), processes: Some(PROCESSES), logs: Logs::Kept },
        authorities: None,
    };
    let run = tempfile::tempdir().unwrap();
    let over = run.path().join("override.json");
    fs::write(&over, overlay.text()).unwrap();
    let own: Vec<PathBuf> = recipe.compose_files.iter().map(|file| folder.join(file)).collect();
    let (mut files, mut apart) = (Vec::new(), BTreeMap::new());
    for (number, whole) in overlay.handed().unwrap().into_iter().enumerate() {
        files.push(run.path().join(format!("{number}.json")));
        fs::write(&files[number], whole.text).unwrap();
        apart.extend(whole.services);
    }
    files.push(over.clone());
    let rendered = Rendered {
        stack: stack.clone(),
        folder: folder.to_owned(),
        own,
        files,
        apart,
        env: recipe.environment.clone(),
    };
    Prepared { recipe, rendered, over, _run: run }
}

/// The check's answer; `None` where the docker command has no `stack config` and none was asked for.
async fn answer(prepared: &Prepared) -> Option<Checked> {
    let asked_for = std::env::var_os("CC_CI_DOCKER_CLI");
    let program = asked_for.clone().unwrap_or_else(|| "docker".into());
    let (stack, nobody) = (&prepared.rendered, EngineAddress::socket("/nonexistent/docker.sock"));
    let config = |files| docker::config(&program, &nobody, stack, files);
    let handed = &stack.files[..stack.files.len() - 1];
    let (own, handed, with) = tokio::try_join!(config(&stack.own), config(handed), config(&stack.files)).unwrap();
    let text = fs::read_to_string(&prepared.over).unwrap();
    let checked = compare(stack, &prepared.recipe, &text, Said { own, handed, with }).unwrap();
    match checked {
        Checked::NotAvailable { why } => {
            assert!(asked_for.is_none(), "{why}");
            eprintln!("skipped: {why}");
            None
        }
        Checked::Same | Checked::Refused { .. } | Checked::Different(_) => Some(checked),
    }
}

/// The messages of an answer that must be a difference.
fn told(checked: Checked) -> String {
    let Checked::Different(found) = checked else { panic!("{checked:?}") };
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn output(program: &str, args: &[&str], folder: &Path, env: &[(&str, &Path)]) -> String {
    let output = Command::new(program).args(args).current_dir(folder).envs(env.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn every_version_of_every_example_is_read_as_it_is_deployed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let state = tempfile::tempdir().unwrap();
    let state = state.path().canonicalize().unwrap();
    output("sh", &["setup/recipes.sh"], root, &[("CC_CI_STATE", &state)]);
    let mut trees = 0;
    for entry in fs::read_dir(state.join("recipes")).unwrap() {
        let repository = entry.unwrap().path();
        if !repository.join(".git").exists() {
            continue;
        }
        let tags = output("git", &["tag"], &repository, &[]);
        for revision in tags.lines().chain(["main"]) {
            output("git", &["-c", "advice.detachedHead=false", "checkout", "--quiet", revision], &repository, &[]);
            for endpoint in [Endpoint::AsWritten, Endpoint::Tasks] {
                let Some(checked) = answer(&prepare(&repository, endpoint)).await else { return };
                assert_eq!(checked, Checked::Same, "{} at {revision}", repository.display());
            }
            trees += 1;
        }
    }
    assert!(trees > 30, "only {trees} trees");
}

const COMPOSE: &str = r#"version: "3.8"
services:
  app:
    image: a:1
    user: "1000"
    networks: [inside]
    volumes: ["data:/data", "./page:/page:ro"]
    env_file: app.env
    ports: ["53:53/udp"]
networks:
  inside: {internal: true}
volumes:
  data: {driver_opts: {type: tmpfs}, labels: {kept: "yes"}}
"#;

/// A recipe of three files.
fn small() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("compose.yml", COMPOSE), (".env.sample", "TYPE=a\nGIVEN=1\n"), ("app.env", "A=b \nGIVEN\n")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[tokio::test]
async fn a_wrong_reading_is_named_with_its_place() {
    let folder = small();
    let mut prepared = prepare(folder.path(), Endpoint::AsWritten);
    let Some(checked) = answer(&prepared).await else { return };
    assert_eq!(checked, Checked::Same);
    let app = prepared.recipe.compose.services.get_mut("app").unwrap();
    app.image = "a:2".to_owned();
    app.environment.remove("A");
    app.volumes[0].read_only = true;
    let app = prepared.recipe.compose.networks.get_mut("inside").unwrap();
    app.internal = false;
    insta::assert_snapshot!(told(answer(&prepared).await.unwrap()), @r#"
    networks.inside.internal: we read nothing, `docker stack config` reads true
    services.app.environment.A: we read nothing, `docker stack config` reads "b "
    services.app.image: we read "a:2", `docker stack config` reads "a:1"
    services.app.volumes./data.read_only: we read true, `docker stack config` reads nothing
    "#);
}

#[tokio::test]
async fn an_override_that_breaks_something_is_our_fault() {
    let folder = small();
    let prepared = prepare(folder.path(), Endpoint::AsWritten);
    let Some(checked) = answer(&prepared).await else { return };
    assert_eq!(checked, Checked::Same);
    let over = |text: &str| fs::write(&prepared.over, text).unwrap();

    // Each is read by us as by the loader; only what it does to the recipe is wrong.
    over(
        r#"{"version": "3.9", "networks": {"inside": {"labels": {"x": "y"}}}, "volumes": {"data": {"labels": {"x": "y"}}},
        "services": {"app": {"user": "root", "environment": {"A": "c", "NEW": "d"}}}}"#,
    );
    insta::assert_snapshot!(told(answer(&prepared).await.unwrap()), @r#"
    networks.inside.internal: the recipe has true, the generated override makes it nothing
    services.app.environment.A: the recipe has "b ", the generated override makes it "c"
    services.app.user: the recipe has "1000", the generated override makes it "root"
    volumes.data.driver_opts.type: the recipe has "tmpfs", the generated override makes it nothing
    volumes.data.labels.kept: the recipe has "yes", the generated override makes it nothing
    "#);
    over(r#"{"version": "3.9", "services": {"app": {"user": 5}}}"#);
    let told = told(answer(&prepared).await.unwrap());
    assert!(told.starts_with("the loader refuses the generated override: ") && told.contains("user"), "{told}");
}

#[tokio::test]
async fn a_number_published_over_both_protocols_keeps_both() {
    let folder = small();
    let both = COMPOSE.replace("[\"53:53/udp\"]", "[\"53:53/tcp\", \"53:53/udp\"]");
    fs::write(folder.path().join("compose.yml"), both).unwrap();
    let mut prepared = prepare(folder.path(), Endpoint::Tasks);
    let Some(checked) = answer(&prepared).await else { return };
    assert_eq!(checked, Checked::Same);
    assert_eq!(prepared.rendered.apart.keys().collect::<Vec<_>>(), ["app"]);

    // Without the file in its place the loader loses one: it lays ports over each other by their number alone.
    let over = r#"{"version": "3.8", "services": {"app": {"labels": {"x": "y"}}}}"#;
    fs::write(&prepared.over, over).unwrap();
    prepared.rendered.files[0] = prepared.rendered.own[0].clone();
    prepared.rendered.apart.clear();
    insta::assert_snapshot!(told(answer(&prepared).await.unwrap()), @r#"services.app.ports.53:53/tcp: the recipe has "published", the generated override makes it nothing"#);
}

#[tokio::test]
async fn what_the_loader_refuses_is_the_recipes_fault() {
    let folder = small();
    let prepared = prepare(folder.path(), Endpoint::AsWritten);
    fs::write(folder.path().join("compose.yml"), COMPOSE.replace("\"1000\"", "1000")).unwrap();
    let Some(checked) = answer(&prepared).await else { return };
    let Checked::Refused { text } = checked else { panic!("{checked:?}") };
    assert!(text.contains("services.app.user must be a string"), "{text}");
}
