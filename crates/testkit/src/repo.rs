//! A recipe's repository in a temporary folder, made with the `git` program as a maintainer would.

#![expect(clippy::disallowed_methods, reason = "a test world is driven from outside, not through the product")]

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A repository that lives as long as its folder.
#[derive(Debug)]
pub struct Repo {
    dir: PathBuf,
}

impl Repo {
    /// Makes an empty repository in `folder/name`, with the branch `main`.
    pub fn create(folder: &Path, name: &str) -> io::Result<Self> {
        let repo = Self { dir: folder.join(name) };
        fs::create_dir_all(&repo.dir)?;
        repo.git(&["init", "--quiet", "--initial-branch=main"])?;
        Ok(repo)
    }

    /// Clones the repository in `source`, tags and all, into `folder/name`.
    pub fn clone_of(source: &Path, folder: &Path, name: &str) -> io::Result<Self> {
        let repo = Self { dir: folder.join(name) };
        fs::create_dir_all(&repo.dir)?;
        repo.git(&["clone", "--quiet", &source.display().to_string(), "."])?;
        Ok(repo)
    }

    /// Makes a repository of the example recipe in `example` in `folder`: its versions, the oldest first, and head.
    pub fn of_example(example: &Path, folder: &Path) -> io::Result<Self> {
        let repo = Self::create(folder, &example.file_name().unwrap_or_default().to_string_lossy())?;
        let versions: io::Result<Vec<PathBuf>> =
            fs::read_dir(example.join("versions"))?.map(|entry| Ok(entry?.path())).collect();
        let mut versions = versions?;
        versions.sort();
        for version in versions {
            repo.copy(&version, "")?;
            let tag = version.file_name().unwrap_or_default().to_string_lossy().into_owned();
            repo.commit(&tag)?;
            repo.publish(&tag)?;
        }
        repo.copy(&example.join("head"), "")?;
        repo.commit("next")?;
        Ok(repo)
    }

    /// Copies the texts of a folder over the work tree.
    fn copy(&self, from: &Path, below: &str) -> io::Result<()> {
        for entry in fs::read_dir(from)? {
            let path = entry?.path();
            let name = format!("{below}{}", path.file_name().unwrap_or_default().to_string_lossy());
            if path.is_dir() {
                self.copy(&path, &format!("{name}/"))?;
            } else {
                self.write(&name, &fs::read_to_string(&path)?)?;
                let mode = fs::metadata(&path)?.permissions().mode();
                if mode & 0o111 != 0 {
                    fs::set_permissions(self.dir.join(&name), fs::Permissions::from_mode(0o755))?;
                }
            }
        }
        Ok(())
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes a file into the work tree; names that end in `.sh`, and hooks, become executable.
    pub fn write(&self, path: &str, text: &str) -> io::Result<()> {
        let target = self.dir.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&target, text)?;
        let program = path.ends_with(".sh") && path.contains('/') || path.contains("hooks/");
        fs::set_permissions(&target, fs::Permissions::from_mode(if program { 0o755 } else { 0o644 }))
    }

    /// Removes a file from the work tree.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.dir.join(path))
    }

    /// Commits the whole work tree and answers with the commit's id.
    pub fn commit(&self, message: &str) -> io::Result<String> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])?;
        self.git(&["rev-parse", "HEAD"])
    }

    /// Publishes the last commit as a version.
    pub fn publish(&self, version: &str) -> io::Result<()> {
        self.git(&["tag", "--annotate", version, "--message", version]).map(drop)
    }

    /// Runs git in the work tree with an identity of its own and nobody's settings.
    pub fn git(&self, args: &[&str]) -> io::Result<String> {
        let output = Command::new("git")
            .args(["-c", "user.name=Maintainer", "-c", "user.email=maintainer@example.test"])
            .args(["-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false"])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(io::Error::other(format!("git {args:?}: {}", String::from_utf8_lossy(&output.stderr))))
        }
    }
}
