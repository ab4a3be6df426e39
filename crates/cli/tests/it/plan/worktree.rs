//! `--worktree`: what lies in the folder, in place of a commit.

use super::{COMPOSE, World};

fn folder_over(version: &str, text: &str) -> World {
    let world = World::new();
    world.repo.git(&["checkout", "--quiet", version]).unwrap();
    world.repo.write("compose.yml", text).unwrap();
    world
}

fn edited() -> World {
    let text = COMPOSE.replace("VERSION", "1.1.0+1.24").replace("nginx:1", "nginx:2");
    let world = folder_over("1.1.0+1.24", &text);
    world.repo.write("tests/custom/new.sh", "#!/bin/sh\ntest -n \"$CCI_BASE_URL\"\n").unwrap();
    world
}

#[test]
fn the_folder_is_tested_and_every_line_says_so() {
    let text = edited().plan(&["--worktree"]).text();
    let head: Vec<&str> = text.lines().take(2).collect();
    insta::assert_snapshot!(head.join("\n"), @"
    recipe   shop at [commit]+U (1.1.0+1.24)
    base     1.1.0+1.24 at [commit]: the newest published version that head descends from
    ");
    assert!(
        text.contains(
            "notes    the folder was tested, not the commit: 2 files of it differ (compose.yml, tests/custom/new.sh)"
        ),
        "{text}"
    );
    // The new test is one of the run's.
    assert!(text.contains("custom   custom/new.sh") || text.contains("custom/new.sh"), "{text}");
}

#[test]
fn without_the_flag_the_commit_is_tested_and_the_folder_is_said_not_to_be() {
    let text = edited().plan(&[]).text();
    assert!(!text.contains("+U") && !text.contains("new.sh,"), "{text}");
    assert!(
        text.contains("2 files with uncommitted changes: not tested, --worktree would (compose.yml, tests/)"),
        "{text}"
    );
}

#[test]
fn a_folder_that_cannot_be_read_or_is_not_allowed_is_refused_by_its_name() {
    let world = folder_over("1.1.0+1.24", "services: [");
    let error = world.plan(&["--worktree"]).error();
    assert!(error.starts_with("[21] error: cannot read the recipe `shop` at [commit]+U\n"), "{error}");
    let privileged = COMPOSE.replace("    networks: [proxy]", "    networks: [proxy]\n    cap_add: [SYS_ADMIN]");
    let world = folder_over("1.1.0+1.24", &privileged.replace("VERSION", "1.1.0+1.24"));
    let error = world.plan(&["--worktree"]).error();
    assert!(error.starts_with("[23] error: ") && error.contains("head, [commit]+U"), "{error}");
    // What is committed asks for nothing.
    assert_eq!(world.plan(&[]).code, 0);
}

#[test]
fn a_folder_and_another_commit_are_not_both_tested() {
    let world = edited();
    insta::assert_snapshot!(world.plan(&["--worktree", "--ref", "1.0.0+1.22"]).error(), @"
    [2] error: --worktree takes what lies in the folder over HEAD, and `1.0.0+1.22` is asked for, too
    hint: leave one of the two out; REF and VERSION of the environment count as --ref
    ");
    let error = world.plan_with(&["--worktree"], &[("VERSION", "1.0.0+1.22")]).error();
    assert!(error.starts_with("[2] error: --worktree takes"), "{error}");
    let url = format!("file://{}", world.repo.dir().display());
    insta::assert_snapshot!(world.plan(&["--worktree", &url]).error(), @"
    [2] error: there is no folder to test: a URL or a bare repository has commits only
    hint: leave --worktree out, or name a folder with a checkout
    ");
}

#[test]
fn what_is_no_part_of_the_recipe_can_be_ignored() {
    let world = edited();
    let big = world.repo.dir().join("dump.sql");
    std::fs::File::create(&big).unwrap().set_len(70 << 20).unwrap();
    insta::assert_snapshot!(world.plan(&["--worktree"]).error(), @"
    [21] error: the folder holds more than 64 MiB, which no recipe does; nothing was checked out
    hint: what is no part of the recipe can be named in .gitignore
    ");
    world.repo.write(".gitignore", "*.sql\n").unwrap();
    assert_eq!(world.plan(&["--worktree"]).code, 0);
}
