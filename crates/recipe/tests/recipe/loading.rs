//! Loads the recipes under `fixtures`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cc_ci_recipe::source::Files;

/// The folder of a fixture and its files.
pub(crate) fn load(name: &str) -> (PathBuf, Files) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipe/fixtures").join(name);
    let files = files_in(&folder);
    (folder, files)
}

/// Every file below a folder.
pub(crate) fn files_in(folder: &Path) -> Files {
    let mut files = Files::default();
    collect(folder, folder, &mut files);
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).expect("the fixture exists") {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.texts.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// What cc-ci gives to an app: stack, domain, and no certificate resolver.
pub(crate) fn app_env(name: &str) -> BTreeMap<String, String> {
    let stack = format!("{}-3fa9c1", &name[..4]);
    let domain = format!("{stack}.test");
    let pairs = [("STACK_NAME", stack), ("DOMAIN", domain), ("LETS_ENCRYPT_ENV", String::new())];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Files from texts in a test.
pub(crate) fn files(texts: &[(&str, &str)]) -> Files {
    texts.iter().copied().collect()
}
