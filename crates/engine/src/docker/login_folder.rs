//! A configuration folder for one `docker stack deploy`: credentials for registries, and nothing else.

use super::RegistryCredentials;
use crate::swarm::Rendered;
use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use tempfile::TempDir;

/// The folder. It is removed when this value goes; if the process is killed, it goes with the trees of the run.
pub(super) struct LoginFolder(TempDir);

impl LoginFolder {
    /// Writes the credentials beside the override of a stack, into a folder that nobody else can look into; `None` when there
    /// are no credentials.
    pub(super) fn make(credentials: &RegistryCredentials, stack: &Rendered) -> io::Result<Option<Self>> {
        let Some(config) = credentials.config() else { return Ok(None) };
        let beside = stack.files.last().and_then(|file| file.parent()).unwrap_or(&stack.folder);
        let private = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("registry-").permissions(private).tempdir_in(beside)?;
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(folder.path().join("config.json"))?;
        file.write_all(config.as_bytes())?;
        Ok(Some(Self(folder)))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::ids::StackName;
    use std::collections::BTreeMap;

    #[test]
    fn nobody_else_can_read_it_and_it_goes_with_the_deploy() {
        let trees = tempfile::tempdir().unwrap();
        let source = trees.path().join("given.json");
        std::fs::write(&source, "{\"auths\": {\"a.test\": {\"identitytoken\": \"t\"}}, \"credsStore\": \"evil\"}")
            .unwrap();
        let stack = Rendered {
            stack: StackName::observed("s"),
            folder: "/".into(),
            own: Vec::new(),
            files: vec![trees.path().join("override.yml")],
            apart: BTreeMap::new(),
            env: BTreeMap::new(),
        };
        assert!(LoginFolder::make(&RegistryCredentials::default(), &stack).unwrap().is_none());
        let known = RegistryCredentials::read(&source).unwrap();
        let folder = LoginFolder::make(&known, &stack).unwrap().unwrap();
        let (path, file) = (folder.path().to_owned(), folder.path().join("config.json"));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&file), path.parent()), (0o700, 0o600, Some(trees.path())));
        assert!(!std::fs::read_to_string(&file).unwrap().contains("evil"));
        drop(folder);
        assert!(!path.exists());
    }
}
