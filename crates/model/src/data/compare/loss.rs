//! What was lost, in words.

use crate::data::Mounted;
use crate::data::access::Barred;
use crate::outcome::{Cause, Finding};

/// What to do where nothing is wrong.
const WAY_OUT: &str =
    "files that come and go by themselves, such as an index made anew, belong into `data.churn` of `tests/ci.toml`";

/// At most this many paths of one loss are named in a finding.
const NAMED: usize = 20;

/// Something that was there and is not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// Another volume is mounted where the full one was, and it does not hold what the full one held.
    Replaced {
        /// Where.
        mount: Mounted,
        /// The volume mounted there now.
        by: String,
        /// Files of the old volume that the new one lacks.
        missing: Vec<String>,
    },
    /// The service is still there, but nothing is mounted where the full volume was.
    Unmounted {
        /// Where.
        mount: Mounted,
        /// How many files it held.
        files: usize,
    },
    /// The volume, or a database's folder in it, holds nothing any more.
    Emptied {
        /// Where.
        mount: Mounted,
        /// The folder, `""` for the whole volume.
        folder: String,
        /// How many files it held.
        files: usize,
    },
    /// More than half is gone.
    Shrunk {
        /// Where.
        mount: Mounted,
        /// The folder, `""` for the whole volume.
        folder: String,
        /// Bytes before.
        before: u64,
        /// Bytes after.
        after: u64,
    },
    /// Files that are neither at their path nor, with the same content, anywhere else.
    Vanished {
        /// Where.
        mount: Mounted,
        /// Which.
        paths: Vec<String>,
    },
    /// Files of which little or nothing is left.
    Cut {
        /// Where.
        mount: Mounted,
        /// Which, with their bytes before and after.
        files: Vec<(String, u64, u64)>,
    },
    /// Files with another content at their old path and size, most of the volume.
    Overwritten {
        /// Where.
        mount: Mounted,
        /// Which.
        paths: Vec<String>,
        /// Of how many.
        of: usize,
    },
    /// Files that are still in the volume, below a path at which something else is mounted now.
    Hidden {
        /// Where.
        mount: Mounted,
        /// The path of what hides them, in the service's containers.
        by: String,
        /// Which.
        paths: Vec<String>,
    },
    /// The volume is mounted elsewhere now, and something that is no volume where it was.
    Displaced {
        /// Where it was.
        mount: Mounted,
        /// How many files it holds.
        files: usize,
    },
    /// Files that somebody wrote, in a volume that nobody can write to any more.
    Locked {
        /// Where.
        mount: Mounted,
        /// How many.
        files: usize,
    },
    /// The volume is mounted by nothing, and a new service has a new volume at the same path.
    LeftBehind {
        /// Where it was.
        mount: Mounted,
        /// What is mounted instead, by whom.
        by: Mounted,
        /// How many files it holds.
        files: usize,
        /// How many bytes.
        bytes: u64,
    },
    /// Files and folders that the service's own user may not use any more.
    Barred(Barred),
}

impl Loss {
    /// The cause a finding about it carries.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Replaced { .. } | Self::Unmounted { .. } | Self::LeftBehind { .. } => Cause::VolumeReplaced,
            Self::Emptied { .. } | Self::Shrunk { .. } | Self::Vanished { .. } | Self::Cut { .. } => {
                Cause::VolumeShrunk
            }
            Self::Overwritten { .. }
            | Self::Hidden { .. }
            | Self::Displaced { .. }
            | Self::Locked { .. }
            | Self::Barred(_) => Cause::DataLost,
        }
    }

    /// Whether single files changed or went, which an app may do by itself.
    fn is_of_files(&self) -> bool {
        match self {
            Self::Shrunk { .. } | Self::Vanished { .. } | Self::Cut { .. } | Self::Overwritten { .. } => true,
            Self::Replaced { .. }
            | Self::Unmounted { .. }
            | Self::Emptied { .. }
            | Self::Hidden { .. }
            | Self::Displaced { .. }
            | Self::Locked { .. }
            | Self::LeftBehind { .. }
            | Self::Barred(_) => false,
        }
    }

    /// Whether something is not there any more; else it is there and changed.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        match self {
            Self::Replaced { .. }
            | Self::Unmounted { .. }
            | Self::Emptied { .. }
            | Self::Shrunk { .. }
            | Self::Vanished { .. }
            | Self::LeftBehind { .. } => true,
            Self::Cut { files, .. } => files.iter().any(|(_, _, after)| *after == 0),
            Self::Overwritten { .. }
            | Self::Hidden { .. }
            | Self::Displaced { .. }
            | Self::Locked { .. }
            | Self::Barred(_) => false,
        }
    }

    /// Where it happened.
    #[must_use]
    pub fn mount(&self) -> &Mounted {
        match self {
            Self::Replaced { mount, .. }
            | Self::Unmounted { mount, .. }
            | Self::Emptied { mount, .. }
            | Self::Shrunk { mount, .. }
            | Self::Vanished { mount, .. }
            | Self::Cut { mount, .. }
            | Self::Overwritten { mount, .. }
            | Self::Hidden { mount, .. }
            | Self::Displaced { mount, .. }
            | Self::Locked { mount, .. }
            | Self::LeftBehind { mount, .. }
            | Self::Barred(Barred { mount, .. }) => mount,
        }
    }

    /// One line for the reader.
    #[must_use]
    pub fn summary(&self) -> String {
        let Mounted { service, target, volume } = self.mount();
        match self {
            Self::Replaced { by, missing, .. } => format!(
                "{service} {target}: volume {volume} was replaced by {by}, which lacks {}",
                counted(missing.len(), "file")
            ),
            Self::Unmounted { files, .. } => {
                format!("{service} {target}: volume {volume} ({}) is not mounted any more", counted(*files, "file"))
            }
            Self::Emptied { folder, files, .. } => {
                format!("{service} {target}: {} is empty, it held {}", part(folder, volume), counted(*files, "file"))
            }
            Self::Shrunk { folder, before, after, .. } => {
                format!("{service} {target}: {} shrank from {before} to {after} bytes", part(folder, volume))
            }
            Self::Vanished { paths, .. } => {
                format!("{service} {target}: {} vanished from volume {volume}", counted(paths.len(), "file"))
            }
            Self::Cut { files, .. } => match files.as_slice() {
                [(path, before, after)] => {
                    format!("{service} {target}: file {path} of volume {volume} was cut from {before} bytes to {after}")
                }
                files => format!("{service} {target}: {} of volume {volume} were cut", counted(files.len(), "file")),
            },
            Self::Overwritten { paths, of, .. } => format!(
                "{service} {target}: {} of {of} in volume {volume} hold another content than before",
                counted(paths.len(), "file")
            ),
            Self::Hidden { by, paths, .. } => format!(
                "{service} {target}: {} of volume {volume} cannot be seen any more: something else is mounted at {by}",
                counted(paths.len(), "file")
            ),
            Self::Displaced { files, .. } => format!(
                "{service} {target}: something that is no volume is mounted there, in place of volume {volume} ({}), which {service} has \
                 elsewhere now",
                counted(*files, "file")
            ),
            Self::Locked { files, .. } => format!(
                "{service} {target}: volume {volume} ({}) is mounted read-only everywhere: nobody can change what was written there",
                counted(*files, "file")
            ),
            Self::LeftBehind { by, files, bytes, .. } => format!(
                "{service} {target}: volume {volume} ({}, {bytes} bytes) is mounted by nothing any more; {} has the new volume {} there",
                counted(*files, "file"),
                by.service,
                by.volume
            ),
            Self::Barred(barred) => barred.summary(),
        }
    }

    /// The paths concerned, the first twenty by name.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Replaced { missing: paths, .. }
            | Self::Vanished { paths, .. }
            | Self::Overwritten { paths, .. }
            | Self::Hidden { paths, .. }
            | Self::Barred(Barred { paths, .. }) => first(paths.iter().cloned()),
            Self::Cut { files, .. } => {
                first(files.iter().map(|(path, before, after)| format!("{path}: {before} bytes became {after}")))
            }
            Self::Unmounted { .. }
            | Self::Emptied { .. }
            | Self::Shrunk { .. }
            | Self::Displaced { .. }
            | Self::Locked { .. }
            | Self::LeftBehind { .. } => Vec::new(),
        }
    }
}

/// The first of many lines, and how many more there are.
pub(in crate::data) fn first(lines: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = lines.len().saturating_sub(NAMED);
    let rest = (more > 0).then(|| format!("and {more} more"));
    lines.take(NAMED).chain(rest).collect()
}

pub(in crate::data) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn part(folder: &str, volume: &str) -> String {
    if folder.is_empty() { format!("volume {volume}") } else { format!("folder {folder} of volume {volume}") }
}

/// One finding for all losses, led by the worst; `None` when nothing was lost.
#[must_use]
pub fn finding(losses: &[Loss]) -> Option<Finding> {
    let worst = losses.iter().max_by_key(|loss| match loss {
        Loss::Replaced { .. } | Loss::Unmounted { .. } | Loss::LeftBehind { .. } => 4,
        Loss::Emptied { .. } | Loss::Hidden { .. } | Loss::Displaced { .. } => 3,
        Loss::Overwritten { .. } | Loss::Locked { .. } | Loss::Barred(_) => 2,
        Loss::Shrunk { .. } | Loss::Cut { .. } => 1,
        Loss::Vanished { .. } => 0,
    })?;
    let lines = losses.iter().flat_map(|loss| [loss.summary()].into_iter().chain(loss.details()));
    let way_out = losses.iter().any(Loss::is_of_files).then(|| WAY_OUT.to_owned());
    let details = lines.chain(way_out).collect();
    Some(Finding::new(worst.cause(), worst.summary()).of_service(&worst.mount().service).with_details(details))
}
