//! The newcomer's guide, followed to the letter: its commands are run in order, and what it promises has to be seen.

use super::product::{Product, text};
use std::path::Path;
use std::process::Command;

const GUIDE: &str = include_str!("../../../../../docs/guide/first-test.md");

/// The commands of one block, and the lines that the guide then shows.
struct Step {
    commands: String,
    shown: Vec<String>,
}

fn steps(guide: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let block: Vec<String> = lines.by_ref().take_while(|line| *line != "```").map(str::to_owned).collect();
        match language {
            "sh" => steps.push(Step { commands: block.join("\n"), shown: Vec::new() }),
            "text" => steps.last_mut().unwrap().shown.extend(block),
            other => panic!("the guide has a block in `{other}`, which nobody runs"),
        }
    }
    steps
}

/// Whether the parts of a promised line between its `…` stand in a line, in order.
fn fits(promised: &str, line: &str) -> bool {
    let mut rest = line.trim();
    for (at, part) in promised.trim().split('…').map(str::trim).enumerate() {
        match rest.find(part) {
            Some(0) => rest = &rest[part.len()..],
            Some(found) if at > 0 => rest = &rest[found + part.len()..],
            Some(_) | None => return false,
        }
    }
    promised.trim().ends_with('…') || rest.is_empty()
}

#[test]
#[ignore = "real engine: make test"]
fn the_guide_to_a_first_test_does_what_it_says() {
    let product = Product::with_engine();
    let folder = tempfile::tempdir().unwrap();
    let steps = steps(GUIDE);
    assert!(steps.len() >= 6 && steps.iter().filter(|step| !step.shown.is_empty()).count() >= 4);
    let mark = "@@ this block ended";
    let script: Vec<String> = steps.iter().map(|step| format!("{}\necho '{mark}'\n", step.commands)).collect();
    let program = Path::new(env!("CARGO_BIN_EXE_cc-ci")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("bash")
        .args(["-e", "-c", &format!("exec 2>&1\n{}", script.concat())])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", program.display()))
        .env("CC_CI_STATE", product.state())
        .env("HOME", folder.path())
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "newcomer")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "newcomer@example.org")))
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}: {said}", output.status);
    let blocks: Vec<&str> = said.split(&format!("{mark}\n")).collect();
    assert_eq!(blocks.len(), steps.len() + 1, "{said}");
    for (step, block) in steps.iter().zip(blocks) {
        for promised in &step.shown {
            let seen = block.lines().any(|line| fits(promised, line));
            assert!(seen, "the guide promises `{promised}` after\n{}\nand there was\n{block}", step.commands);
        }
    }
}
