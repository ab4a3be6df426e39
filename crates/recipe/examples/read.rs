//! Reads a recipe's folder, and prints what is wrong with it and what it asks for:
//! `cargo run -p cc-ci-recipe --example read -- path/to/recipe`.

#![expect(clippy::print_stdout, reason = "an example prints what it has found")]
#![expect(clippy::disallowed_methods, reason = "the library is pure; this is its caller")]

use cc_ci_recipe::lint::{Beside, LintInput, Reading, lint, text};
use cc_ci_recipe::requests::requests;
use cc_ci_recipe::source::Files;
use cc_ci_recipe::{Environment, Recipe};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("give the folder of a recipe")?).canonicalize()?;
    let name = folder.file_name().ok_or("the folder has no name")?.to_string_lossy().into_owned();
    let mut files = Files::default();
    read_below(&folder, &folder, &mut files)?;

    // Without tags and an older version, the rules that compare find nothing.
    let input =
        LintInput { head: Reading::of(&name, &files), base: None, tags: &[], commit: "", beside: Beside::default() };
    println!("lint\n{}", text::render(&lint(&input)));

    // Without certificates from an authority, as for a test.
    let env = [("DOMAIN", format!("{name}.example.org")), ("LETS_ENCRYPT_ENV", String::new())];
    let env: Environment = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    match Recipe::read(&name, &files, &env, &[]) {
        Err(problems) => problems.iter().for_each(|problem| println!("{problem}")),
        Ok((recipe, _warnings)) => {
            println!("asks for");
            for request in requests(&recipe) {
                println!("{} `{}`: {}", request.item.word(), request.value, request.problem);
            }
        }
    }
    Ok(())
}

/// Enters every file below `folder`; hidden folders, such as git's, are left out.
fn read_below(root: &Path, folder: &Path, files: &mut Files) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !entry.file_name().to_string_lossy().starts_with('.') {
                read_below(root, &path, files)?;
            }
        } else {
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            files.texts.insert(name, String::from_utf8_lossy(&fs::read(&path)?).into_owned());
        }
    }
    Ok(())
}
