//! Packs the cases and the example recipes into one archive, which the library carries. An archive keeps what a plain embedding
//! of files loses: which of them may be executed, and links.

use std::env;
use std::fs::File;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var_os(name).ok_or_else(|| io::Error::other(format!("cargo sets no {name}")));
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../..");
    let archive = File::create(Path::new(&variable("OUT_DIR")?).join("cases.tar"))?;
    let mut archive = tar::Builder::new(archive);
    archive.mode(tar::HeaderMode::Deterministic);
    archive.follow_symlinks(false);
    for folder in ["selftest", "examples"] {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
        archive.append_dir_all(folder, root.join(folder))?;
    }
    archive.finish()
}
