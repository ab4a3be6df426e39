//! Paths in a volume, as relative to its root.

/// Whether a path is a folder or lies in it; the folder without a name is the whole volume.
#[must_use]
pub fn is_in(path: &str, folder: &str) -> bool {
    let folder = folder.trim_matches('/');
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_in;

    #[test]
    fn a_folder_holds_itself_and_what_is_below_it() {
        for (path, folder) in [("a/b", "a"), ("a", "a"), ("a/b", "/a/"), ("a", ""), ("a", "/")] {
            assert!(is_in(path, folder), "{path} in {folder}");
        }
        for (path, folder) in [("ab", "a"), ("a", "a/b"), ("b/a", "a")] {
            assert!(!is_in(path, folder), "{path} in {folder}");
        }
    }
}
