//! No two files need each other: what is read first must not depend on what is built on it. A module and the modules below it
//! may name each other.

use super::exceptions;
use super::source::{Module, code, module, paths};
use std::collections::{BTreeMap, BTreeSet};

/// The modules of one crate and what each of them names.
type Needs = BTreeMap<Module, BTreeSet<Module>>;

fn is_above(one: &Module, other: &Module) -> bool {
    other.starts_with(one)
}

fn needs(files: &BTreeMap<Module, String>) -> Needs {
    let mut needs = Needs::new();
    for (module, code) in files {
        let named = paths(code, module).into_iter().map(|mut path| {
            while !path.is_empty() && !files.contains_key(&path) {
                path.pop();
            }
            path
        });
        let others = named.filter(|other| !is_above(other, module) && !is_above(module, other)).collect();
        needs.insert(module.clone(), others);
    }
    needs
}

/// Everything that a module needs, directly or by way of others.
fn reached(needs: &Needs, from: &Module) -> BTreeSet<Module> {
    let (mut reached, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(one) = left.pop() {
        left.extend(needs.get(one).into_iter().flatten().filter(|next| reached.insert((*next).clone())));
    }
    reached
}

/// Groups of modules each of which needs all others of its group.
fn circles(needs: &Needs) -> BTreeSet<BTreeSet<Module>> {
    let reached: BTreeMap<&Module, BTreeSet<Module>> =
        needs.keys().map(|one| (one, self::reached(needs, one))).collect();
    let mut found = BTreeSet::new();
    for (one, others) in &reached {
        if others.contains(*one) {
            found.insert(others.iter().filter(|other| reached[*other].contains(*one)).cloned().collect());
        }
    }
    found
}

#[test]
fn no_two_files_need_each_other() {
    let mut crates: BTreeMap<String, BTreeMap<Module, String>> = BTreeMap::new();
    for (file, text) in super::sources() {
        if let Some((krate, module)) =
            module(&file).filter(|(_, module)| module.last().is_none_or(|last| last != "tests"))
        {
            crates.entry(krate.to_owned()).or_default().insert(module, code(&text));
        }
    }
    let mut found = BTreeSet::new();
    for (krate, files) in &crates {
        for circle in circles(&needs(files)) {
            let names: Vec<String> = circle.iter().map(|module| module.join("/")).collect();
            found.insert(format!("{krate}: {}", names.join(" ")));
        }
    }
    super::only("files that need each other", &found, exceptions::CIRCLES);
}

#[test]
fn a_circle_is_found_and_a_parent_is_none() {
    let file = |path: &str, code: &str| (path.split('/').map(str::to_owned).collect::<Module>(), code.to_owned());
    let files = [
        file("a", "use crate::b::C; mod below; below::D"),
        file("a/below", "use super::E; use crate::f::G;"),
        file("b", "use crate::f::G;"),
        file("f", "fn h() { crate::a::i() }"),
    ];
    let found: Vec<Vec<String>> = circles(&needs(&files.into()))
        .iter()
        .map(|circle| circle.iter().map(|module| module.join("/")).collect())
        .collect();
    assert_eq!(found, [["a", "b", "f"]]);
}
