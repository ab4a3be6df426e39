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

/// What programs call a folder for what nobody wants any more, or what they do not understand.
const THROWN_AWAY: [&str; 10] = [
    "trash",
    "trashbin",
    "trashed",
    "deleted",
    "removed",
    "recycle",
    "recycled",
    "recyclebin",
    "quarantine",
    "lost+found",
];

/// Whether a path lies in a folder for what was thrown away.
#[must_use]
pub fn is_thrown_away(path: &str) -> bool {
    let is_such = |folder: &str| {
        let name = folder.trim_start_matches(['.', '_', '$', '#', '@']).to_ascii_lowercase();
        THROWN_AWAY.contains(&name.as_str())
    };
    path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(is_such))
}

#[cfg(test)]
mod tests {
    use super::{inside, is_in, is_thrown_away};

    #[test]
    fn what_lies_in_a_folder_for_waste_was_thrown_away() {
        for path in [".trash/a", "data/Deleted/2026/a", "#recycle/a", "lost+found/#12"] {
            assert!(is_thrown_away(path), "{path}");
        }
        for path in ["trash", "data/deleted", "trashy/a", "data/untrash/a", "a"] {
            assert!(!is_thrown_away(path), "{path}");
        }
    }

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
