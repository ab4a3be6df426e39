//! What a package is made with: pages of the manual, completions, and a unit that leaves runs alone.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_manual_has_a_page_for_each_command_and_completions_for_three_shells() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("manual");
    let written = Command::new(env!("CARGO_BIN_EXE_cc-ci")).arg("manual").arg(&at).output().unwrap();
    assert!(written.status.success(), "{written:?}");
    let names: Vec<_> = fs::read_dir(&at).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    for name in
        ["cc-ci.1", "cc-ci-run.1", "cc-ci-serve.1", "cc-ci-server-backup.1", "cc-ci.bash", "_cc-ci", "cc-ci.fish"]
    {
        assert!(names.iter().any(|one| one == name), "{name} is not in {names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("reap")), "nobody but cc-ci itself says `reap`: {names:?}");
    let page = fs::read_to_string(at.join("cc-ci-serve.1")).unwrap();
    assert!(page.contains("\\-\\-check") && page.starts_with(".ie"), "{page}");
}

#[test]
fn the_unit_starts_what_the_program_knows_and_leaves_runs_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let unit = fs::read_to_string(root.join("setup/deb/cc-ci.service")).unwrap();
    let line = |name: &str| unit.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    assert_eq!(line("KillMode="), "process");
    assert_eq!((line("User="), line("NoNewPrivileges="), line("ProtectSystem=")), ("cc-ci", "yes", "strict"));
    let words = line("ExecStart=").strip_prefix("/usr/bin/cc-ci serve --config ").unwrap();
    assert_eq!(words, "/etc/cc-ci/server.toml");
    // The settings of the package are such that the program takes them.
    let state = tempfile::tempdir().unwrap();
    let settings = root.join("setup/deb/server.toml");
    let mut check = Command::new(env!("CARGO_BIN_EXE_cc-ci"));
    let checked = check.args(["serve", "--check", "--config"]).arg(settings).env("CC_CI_STATE", state.path()).output();
    let checked = checked.unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(said.contains("missing a forge in the settings") && checked.status.code() == Some(10), "{checked:?}");
}
