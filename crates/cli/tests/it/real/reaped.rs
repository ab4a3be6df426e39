//! A run that is killed while its reaper watches: everything of it goes by itself. Without a reaper, as after a reboot, the next
//! run does it.

use super::ending::{reaped_in, reaper_of, run_id};
use super::engine::{docker, of_run};
use super::product::{Product, stack_of, until};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[test]
#[ignore = "real engine: make test"]
fn a_killed_run_is_gone_within_15_seconds() {
    let product = Product::with_engine();
    for step in ["install/deploy", "backup/snapshot"] {
        reaped_in(&product, "static-site", step);
    }
}

#[test]
#[ignore = "real engine: make test"]
fn a_reaper_holds_nothing_and_ends_with_its_run() {
    let product = Product::with_engine();
    // A descriptor that every child inherits, as some CI systems leave one open, waiting for all its holders to end.
    let folder = tempfile::tempdir().unwrap();
    let (held, said) = (folder.path().join("held"), folder.path().join("said"));
    let program = env!("CARGO_BIN_EXE_cc-ci");
    let recipe = product.recipe("static-site");
    let script = format!(
        "exec 9>'{}'; exec '{program}' run '{}' --no-upgrade --stages install 2>'{}'",
        held.display(),
        recipe.display(),
        said.display()
    );
    let mut shell = Command::new("bash")
        .args(["-c", &script])
        .env("CC_CI_STATE", product.state())
        .stdout(fs::File::create(folder.path().join("out")).unwrap())
        .spawn()
        .unwrap();
    let run = || {
        let said = fs::read_to_string(&said).unwrap_or_default();
        said.lines().find_map(|line| Some(line.split_once("] run ")?.1.split_once(':')?.0.to_owned()))
    };
    until("the run's name", Duration::from_secs(30), || run().is_some());
    let folder_of_run = product.state().join("runs").join(run().unwrap());
    let mut reaper = None;
    until("its reaper", Duration::from_secs(30), || {
        reaper = reaper_of(&folder_of_run);
        reaper.is_some()
    });
    let reaper = format!("/proc/{}", reaper.unwrap());
    let open = || {
        let entries = fs::read_dir(format!("{reaper}/fd")).unwrap();
        entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok()).collect::<Vec<_>>()
    };
    until("its waiting for the run's lock", Duration::from_secs(10), || open().contains(&folder_of_run.join("lock")));
    let mut others = open();
    others.retain(|path| path != Path::new("/dev/null"));
    assert_eq!(others, [folder_of_run.join("lock")]);
    assert_eq!(fs::read_link(format!("{reaper}/cwd")).unwrap(), Path::new("/"));
    let stat = fs::read_to_string(format!("{reaper}/stat")).unwrap();
    let (pid, session) =
        (stat.split(' ').next().unwrap(), stat.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap());
    assert_eq!(pid, session, "it leads a session of its own: {stat}");
    assert!(shell.wait().unwrap().success(), "{}", fs::read_to_string(&said).unwrap());
    assert!(!Path::new(&reaper).exists(), "it outlived its run");
    assert!(!folder_of_run.join("reaper.log").exists(), "there was nothing to do");
}

#[test]
#[ignore = "real engine: make test"]
fn after_a_reboot_the_next_run_cleans_up() {
    let product = Product::with_engine();
    let mut running = product.start(&product.recipe("static-site"), &[]);
    let folder = running.reach("upgrade/redeploy");
    let (run, stack) = (run_id(&folder), stack_of(&folder));
    let reaper = reaper_of(&folder).expect("a reaper watches over the run");
    assert!(Command::new("kill").args(["-s", "KILL", &reaper.to_string()]).status().unwrap().success());
    running.kill();
    let found = of_run(run, &stack);
    assert!(!found.is_empty());
    let tasks = || docker(&["ps", "--quiet", "--filter", &format!("label=com.docker.stack.namespace={stack}")]);
    assert!(!tasks().is_empty(), "nobody cleans up by itself");
    let next = product.run(&product.recipe("static-site"), &["--no-upgrade", "--stages", "install"]);
    assert_eq!(next.code, 0, "{}", next.all());
    let words = format!("the run {run} was killed: ");
    assert!(next.err.lines().any(|line| line.starts_with(&words) && line.ends_with(" found, 0 left")), "{}", next.err);
    assert!(of_run(run, &stack).is_empty());
}
