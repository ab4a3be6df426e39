//! What base's backup held of the app's files and head's leaves out (BAK-1).

use super::allowed::Allowed;
use super::compare::loss::{counted, first};
use super::path::is_in;
use super::restored::Volumes;
use super::{Entry, Mounted};
use crate::outcome::{Cause, Finding};
use std::collections::BTreeSet;

/// Promised folders and files by volume, `""` for all of it.
pub type Promises = [(String, String)];

/// The files of `volumes` that lie in a path of `base` and in none of `head`, by volume. Files of a database are left out, since
/// dumps stand for them; so is what may change by itself, and what comes with an image.
#[must_use]
pub fn left_out<'a>(
    volumes: &'a Volumes,
    [base, head]: [&Promises; 2],
    allowed: Allowed<'_>,
) -> Vec<(&'a str, &'a str, &'a Entry)> {
    let covers =
        |all: &Promises, volume: &str, path: &str| all.iter().any(|(of, folder)| of == volume && is_in(path, folder));
    let mut found = Vec::new();
    for (volume, index) in volumes {
        let databases = index.database_folders();
        let lasting = index.files().filter(|(path, entry)| {
            entry.size > 0 && !allowed.covers(path, entry) && !databases.iter().any(|folder| is_in(path, folder))
        });
        let dropped = lasting.filter(|(path, _)| covers(base, volume, path) && !covers(head, volume, path));
        found.extend(dropped.map(|(path, entry)| (volume.as_str(), path, entry)));
    }
    found
}

/// One finding for all of them; `None` where nothing is left out.
#[must_use]
pub fn finding(left_out: &[(&str, &str, &Entry)], mounts: &BTreeSet<Mounted>) -> Option<Finding> {
    let (volume, path, _) = left_out.first()?;
    let mount = mounts.iter().find(|mount| mount.volume == *volume);
    let at = mount.map_or_else(String::new, |mount| format!("{} {}: ", mount.service, mount.target));
    let what = match left_out {
        [_] => format!("{path} is in base's backup and in no path of head's"),
        several => format!("{} are in base's backup and in no path of head's", counted(several.len(), "file")),
    };
    let details = first(left_out.iter().map(|(_, path, _)| (*path).to_owned()));
    let way_out = "files that nobody misses, such as thumbnails, belong into `data.churn` of `tests/ci.toml`";
    let details = details.into_iter().chain([way_out.to_owned()]).collect();
    let finding = Finding::new(Cause::BackupIncomplete, format!("{at}{what}")).with_details(details);
    Some(match mount {
        Some(mount) => finding.of_service(&mount.service),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::churn::Churn;
    use crate::data::content::{Content, Form};
    use crate::data::{EntryKind, VolumeIndex};

    fn volumes(paths: &str) -> Volumes {
        let entries = paths.split_whitespace().map(|path| {
            let content = Content { digest: path.to_owned(), form: Form::Binary, sample: Vec::new() };
            let entry = Entry { kind: EntryKind::File, size: 9, mode: 0o644, uid: 0, gid: 0, content: Some(content) };
            (path.to_owned(), entry)
        });
        [("v".to_owned(), VolumeIndex { root: None, entries: entries.collect() })].into()
    }

    #[track_caller]
    fn check(paths: &str, [base, head]: [&str; 2], expected: &str) {
        let promises = |text: &str| -> Vec<(String, String)> {
            text.split_whitespace().map(|path| ("v".to_owned(), path.trim_start_matches('/').to_owned())).collect()
        };
        let (volumes, churn) = (volumes(paths), Churn::default());
        let programs = BTreeSet::from(["core.php".to_owned()]);
        let allowed = Allowed { churn: &churn, programs: &programs };
        let found = left_out(&volumes, [&promises(base), &promises(head)], allowed);
        let mounts = [Mounted { service: "app".into(), target: "/d".into(), volume: "v".into() }].into();
        assert_eq!(finding(&found, &mounts).map_or_else(String::new, |finding| finding.summary), expected);
    }

    #[test]
    fn a_path_that_got_narrower_is_named() {
        check("a u/b", ["/", "/u"], "app /d: a is in base's backup and in no path of head's");
        check("a b u/b", ["/", "/u"], "app /d: 2 files are in base's backup and in no path of head's");
        check("a u/b ub", ["/a /u /ub", "/u /a"], "app /d: ub is in base's backup and in no path of head's");
    }

    #[test]
    fn what_base_left_out_too_or_nobody_misses_is_not() {
        check("a u/b", ["/u", "/u"], "");
        check("a u/b", ["/u", "/"], "");
        check("cache/a app.log core.php u/b", ["/", "/u"], "");
        check("pg/PG_VERSION pg/x u/b", ["/", "/u"], "");
        check("a", ["", ""], "");
    }
}
