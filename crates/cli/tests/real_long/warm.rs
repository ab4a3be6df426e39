//! Updates of a warm provider on a real engine: killed at every step, held, waited for, and answered for by what it does only later.

use crate::engine::docker;
use crate::product::{say, text, until};
use crate::provider::{PROVIDER, SHORT, Warm, World, plan};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const DATA: &str = "/usr/share/nginx/html";

/// Ruins the data and dies.
const RUINS: &str =
    "entrypoint: [\"sh\", \"-c\", \"rm -rf /usr/share/nginx/html/*; touch /usr/share/nginx/html/ruined; exit 1\"]";

/// Answers, and dies of itself some seconds later.
const DIES_LATER: &str =
    "entrypoint: [\"bash\", \"-c\", \"touch /usr/share/nginx/html/ruined; /docker-entrypoint.sh & sleep 8; exit 1\"]";

/// An update that goes on.
struct Updating {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
}

impl Updating {
    fn start(world: &World, healthy_for: &str) -> Self {
        let mut command = world.product.command(&["warm", "update", PROVIDER, "--healthy-for", healthy_for]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        Self { child, said }
    }

    /// Waits until it says so.
    fn says(&mut self, what: &str) {
        let mut all = String::new();
        while !all.lines().last().is_some_and(|line| line.contains(what)) {
            let read = self.said.read_line(&mut all).unwrap();
            assert!(read > 0, "it never said {what}: {all}");
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn ended(self) -> (i32, String) {
        let output = self.child.wait_with_output().unwrap();
        (output.status.code().unwrap(), text(&output.stdout))
    }
}

fn up(world: &World) -> Warm<'_> {
    let warm = Warm::up(world);
    warm.in_it(&format!("echo kept >{DATA}/precious"));
    warm
}

fn kept(warm: &Warm<'_>) {
    assert!(warm.list().contains(": healthy, "), "{}", warm.list());
    assert_eq!(warm.in_it(&format!("cat {DATA}/precious; ls {DATA} | grep -e index -e ruined")), "kept\nindex.html");
    warm.nothing_of_an_update_is_left();
}

#[test]
#[ignore = "real engine: make warm"]
fn an_update_that_is_killed_at_any_step_is_put_right_by_whoever_comes_next() {
    let world = World::new();
    let warm = up(&world);
    let sound = world.provider_compose();
    let mends = [&["clean"][..], &["warm", "up", PROVIDER], &["warm", "update", PROVIDER, "--healthy-for", "1s"]];
    let steps = ["preparing", "writing down", "stopping", "saving", "deploying", "keeping"];
    for (number, step) in steps.iter().enumerate() {
        world.publish(&format!("1.{}.0+1.26.3", number + 2), &sound);
        let mut updating = Updating::start(&world, "1s");
        updating.says(step);
        updating.kill();
        let mend = mends[number % mends.len()];
        let mended = world.product.cc_ci(mend);
        assert!(mended.status.success(), "{step}, {mend:?}: {}{}", text(&mended.stdout), text(&mended.stderr));
        kept(&warm);
        say(&format!("killed at `{step}`, put right by {mend:?}: {}", warm.list().lines().next().unwrap()));
    }
    // The new version runs already, and is watched.
    world.publish("1.20.0+1.26.3", &sound);
    let before = warm.container();
    let mut updating = Updating::start(&world, "60s");
    updating.says("deploying");
    until("the new version", Duration::from_secs(60), || !warm.container().is_empty() && warm.container() != before);
    updating.kill();
    assert!(warm.list().contains("an update to 1.20.0+1.26.3 goes on, or was killed"), "{}", warm.list());
    assert!(world.product.cc_ci(&["clean"]).status.success());
    kept(&warm);
    // On the way back from one that ruins the data.
    world.publish("1.21.0+1.26.3", &sound.replace("entrypoint: /docker-entrypoint.sh", RUINS));
    for step in ["putting back", "again"] {
        let mut updating = Updating::start(&world, "1s");
        updating.says(step);
        updating.kill();
        assert!(world.product.cc_ci(&["clean"]).status.success(), "{step}");
        kept(&warm);
    }
}

#[test]
#[ignore = "real engine: make warm"]
fn a_note_holds_and_what_dies_only_later_is_rolled_back() {
    let world = World::new();
    let warm = up(&world);
    let sound = world.provider_compose();
    world.provider.write("release/1.2.0+1.26.3", "Tell your users first.\n").unwrap();
    world.publish("1.2.0+1.26.3", &sound);
    let (code, out, _) = warm.update(&[]);
    assert_eq!(code, 14, "{out}");
    assert!(out.contains("  release/1.2.0+1.26.3 has something to say to operators\n"), "{out}");
    let (code, out, err) = warm.update(&["--to", "1.2.0+1.26.3"]);
    assert_eq!(code, 0, "{out}{err}");
    kept(&warm);
    assert_eq!(warm.update(&["--to", "1.1.0+1.22.1"]).0, 2, "data does not go back");

    // It answers for some seconds; the volume that it adds goes with it.
    let more = sound
        .replace("entrypoint: /docker-entrypoint.sh", DIES_LATER)
        .replace(
            "      - content:/usr/share/nginx/html\n",
            "      - content:/usr/share/nginx/html\n      - more:/more\n",
        )
        .replace("volumes:\n  content:\n", "volumes:\n  content:\n  more:\n");
    world.publish("1.3.0+1.26.3", &more);
    let (code, out, err) = warm.update(&["--healthy-for", "20s"]);
    assert_eq!(code, 13, "{out}{err}");
    kept(&warm);
    // A good one ends the alert.
    world.publish("1.3.1+1.26.3", &sound);
    assert!(warm.list().contains("  alert: "), "{}", warm.list());
    assert_eq!(warm.update(&[]).0, 0);
    assert!(!warm.list().contains("alert"), "{}", warm.list());
    kept(&warm);
}

#[test]
#[ignore = "real engine: make warm"]
fn an_update_waits_for_runs_and_runs_that_begin_meanwhile_bring_up_their_own() {
    let world = World::new();
    let warm = up(&world);
    world.publish("1.2.0+1.26.3", &world.provider_compose());
    let mut running = world.product.start(world.repo.dir(), &[&SHORT[..], &["--hold", "10m"]].concat());
    let held = running.reach("custom");
    let run = held.file_name().unwrap().to_str().unwrap().to_owned();
    let (code, _, err) = warm.update(&["--wait", "2s"]);
    assert_eq!(code, 11, "{err}");
    assert!(err.contains(&format!("waiting for run {run}")) && err.contains("nothing was changed"), "{err}");
    let down = world.product.cc_ci(&["warm", "down", PROVIDER]);
    assert!(text(&down.stderr).contains("is in use"), "{}", text(&down.stderr));

    let mut updating = Updating::start(&world, "20s");
    updating.says("waiting for run");
    // Nobody gets in any more, also while the update only waits.
    let cold = world.run(&SHORT);
    let why = plan(&cold.folder)["dependencies"][0]["why"].as_str().unwrap().to_owned();
    assert_eq!((cold.code, why.as_str()), (0, "the warm one is being updated"), "{}", cold.all());
    running.signal("TERM");
    running.finish();
    let (code, out) = updating.ended();
    assert_eq!(code, 0, "{out}");
    kept(&warm);
}

#[test]
#[ignore = "real engine: make warm"]
fn where_what_was_saved_is_gone_nothing_is_emptied_and_a_person_is_told() {
    let world = World::new();
    let warm = up(&world);
    world.publish("1.2.0+1.26.3", &world.provider_compose().replace("entrypoint: /docker-entrypoint.sh", RUINS));
    let mut updating = Updating::start(&world, "1s");
    updating.says("deploying");
    updating.kill();
    docker(&["service", "scale", "--detach", &format!("warm-{PROVIDER}_app=0")]);
    until("the end of the provider", Duration::from_secs(30), || warm.container().is_empty());
    let (repository, volume) = (format!("cc-ci-warm-{PROVIDER}-repo"), format!("warm-{PROVIDER}_content"));
    docker(&["volume", "rm", &repository]);
    let before = docker(&["volume", "inspect", "--format", "{{.CreatedAt}}", &volume]);
    let (code, out, err) = warm.update(&[]);
    assert_eq!(code, 15, "{out}{err}");
    assert!(out.contains(&format!("what was saved is gone: there is no volume {repository}")), "{out}");
    assert!(out.contains(&format!("\n  `cc-ci warm down {PROVIDER}` removes all of it")), "{out}");
    assert_eq!(docker(&["volume", "inspect", "--format", "{{.CreatedAt}}", &volume]), before);
    assert!(warm.list().contains("could not be rolled back to 1.1.0+1.22.1"), "{}", warm.list());
    assert_eq!(world.product.cc_ci(&["clean"]).status.code(), Some(11));
    let cold = world.run(&SHORT);
    let why = plan(&cold.folder)["dependencies"][0]["why"].as_str().unwrap().to_owned();
    assert!(why.starts_with("an update of the warm one was killed"), "{why}");
}

#[test]
#[ignore = "real engine: make warm"]
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
