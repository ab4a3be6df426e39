//! Whether the engine's socket may be used at all: the one reason for silence that a person can mend by a word.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Why this user cannot speak to the engine, if it is for want of a right on its socket.
pub(super) fn lacking(socket: &Path) -> Option<String> {
    let refused = UnixStream::connect(socket).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    if !refused {
        return None;
    }
    // A folder on the way to it may be closed, too: then nothing is known about the socket.
    let seen = fs::metadata(socket).ok();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let group = seen.as_ref().map(|seen| group_name(&groups, seen.gid()).unwrap_or_else(|| seen.gid().to_string()));
    let mode = seen.map(|seen| seen.permissions().mode() & 0o777);
    Some(words(socket, group.as_deref().zip(mode)))
}

fn words(socket: &Path, seen: Option<(&str, u32)>) -> String {
    let socket = socket.display();
    match seen {
        Some((group, mode)) if mode & 0o060 == 0o060 => format!(
            "Docker runs, but this user may not use {socket} (group {group}, mode {mode:04o}): `sudo usermod -aG {group} $USER`, \
             then log in again"
        ),
        Some((group, mode)) => format!(
            "this user may not use {socket} (group {group}, mode {mode:04o}), and neither may its group: run cc-ci as the socket's owner"
        ),
        None => format!("this user may not use {socket}, or a folder above it: run cc-ci as a user who may"),
    }
}

/// The name of a group, by its number.
fn group_name(groups: &str, id: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_is_said_with_the_command_that_gives_it() {
        let socket = Path::new("/var/run/docker.sock");
        let said = words(socket, Some(("docker", 0o660)));
        assert!(said.contains("may not use /var/run/docker.sock (group docker, mode 0660)"), "{said}");
        assert!(said.contains("`sudo usermod -aG docker $USER`"), "{said}");
        // A group that may not either helps nobody.
        assert!(!words(socket, Some(("root", 0o600))).contains("usermod"));
        assert!(!words(socket, None).contains("usermod"));
    }

    #[test]
    fn groups_go_by_number() {
        let groups = "root:x:0:\nbroken\ndocker:x:998:ann,ben\n";
        assert_eq!(group_name(groups, 998).as_deref(), Some("docker"));
        assert_eq!(group_name(groups, 99), None);
    }

    #[test]
    fn a_socket_that_is_not_there_lacks_no_right() {
        assert_eq!(lacking(Path::new("/nonexistent/docker.sock")), None);
    }
}
