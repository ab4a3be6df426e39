//! The first bytes of a file in a container, out of the archive that the engine makes of it: nothing runs in the container, which may
//! have ended.

use super::read;
use crate::swarm::SwarmError;
use bollard::Docker;
use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use futures_util::StreamExt;
use std::io::Read;

/// What stands in an archive before a file with a short path, and before one with a long path at most: then its path comes first.
const HEADERS: usize = 16 * 512;

pub(super) async fn read(
    docker: &Docker,
    container: &str,
    path: &str,
    most: usize,
) -> Result<Option<Vec<u8>>, SwarmError> {
    let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
    let mut stream = std::pin::pin!(docker.download_from_container(container, Some(options)));
    let mut archive = Vec::new();
    // The rest is not fetched: it may be a database of any size.
    while archive.len() < HEADERS + most {
        match stream.next().await {
            Some(Ok(chunk)) => archive.extend_from_slice(&chunk),
            Some(Err(error)) if read::is_gone(&error) => return Ok(None),
            Some(Err(error)) => return Err(SwarmError::engine(format!("read a file of container {container}"))(error)),
            None => break,
        }
    }
    Ok(plain_file(&archive, most))
}

/// The first bytes of the first entry, when it is a plain file.
fn plain_file(archive: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let entry = archive.entries().ok()?.next()?.ok()?;
    if !entry.header().entry_type().is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    entry.take(u64::try_from(most).ok()?).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::plain_file;

    fn archive(path: &str, kind: tar::EntryType, content: &[u8]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        match kind {
            tar::EntryType::Symlink => archive.append_link(&mut header, path, "/elsewhere").unwrap(),
            _ => archive.append_data(&mut header, path, content).unwrap(),
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn only_a_plain_file_has_bytes_and_no_more_than_asked_for() {
        let file = tar::EntryType::Regular;
        assert_eq!(plain_file(&archive("app.db", file, b"SQLite format 3\0"), 6).as_deref(), Some(&b"SQLite"[..]));
        assert_eq!(plain_file(&archive("app.db", file, b""), 6).as_deref(), Some(&b""[..]));
        let long = "deep/".repeat(60) + "app.db";
        assert_eq!(plain_file(&archive(&long, file, b"SQLite"), 6).as_deref(), Some(&b"SQLite"[..]));
        assert_eq!(plain_file(&archive("app.db", tar::EntryType::Symlink, b""), 6), None);
        assert_eq!(plain_file(&archive("app.db", tar::EntryType::Directory, b""), 6), None);
        assert_eq!(plain_file(b"no archive", 6), None);
        // What was fetched ends in the middle of the file.
        let whole = archive("app.db", file, &[7; 4000]);
        assert_eq!(plain_file(&whole[..1000], 15), Some(vec![7; 15]));
    }
}
