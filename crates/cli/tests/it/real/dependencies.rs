//! A run that is killed while its dependency is up.

use super::engine::of_run;
use super::product::text;
use super::provider::{SHORT, World, nothing_left, stacks};
use std::path::PathBuf;

#[test]
#[ignore = "real engine: make test"]
fn a_run_killed_while_its_dependency_is_up_is_cleaned_up_after() {
    let world = World::new();
    for at in ["install/dependency/keeper/page", "install/converged"] {
        let mut running = world.product.start(world.repo.dir(), &[&SHORT[..], &["--no-reaper"]].concat());
        let folder: PathBuf = running.reach(at);
        let run = folder.file_name().unwrap().to_str().unwrap().to_owned();
        running.kill();
        let up: Vec<String> = stacks(&folder).iter().flat_map(|stack| of_run(&run, stack)).collect();
        assert!(up.iter().any(|object| object.starts_with("service ")), "{up:?}");
        let cleaned = world.product.cc_ci(&["clean"]);
        let out = text(&cleaned.stdout);
        assert!(out.lines().any(|line| line.starts_with(&run) && line.ends_with(", 0 left")), "{out}");
        nothing_left(&folder, &run);
    }
}
