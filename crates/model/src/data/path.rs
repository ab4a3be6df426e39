//! Paths in a volume, as relative to its root, and in a container, which are absolute.

/// Whether a path is a folder or lies in it; the folder without a name is the whole volume.
#[must_use]
pub fn is_in(path: &str, folder: &str) -> bool {
    let folder = folder.trim_matches('/');
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What follows a folder of a container in an absolute path, `""` for the folder itself; `None` for a path that is not in it.
#[must_use]
pub fn inside<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use super::{inside, is_in};

    #[test]
    fn what_follows_a_folder_begins_behind_its_slash() {
        assert_eq!(
            [inside("/a/b/c", "/a"), inside("/a/b", "/a/b/"), inside("/a", "/")],
            [Some("b/c"), Some(""), Some("a")]
        );
        assert_eq!([inside("/ab", "/a"), inside("/a", "/a/b")], [None; 2]);
    }

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
