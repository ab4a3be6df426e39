//! A backup, a wiped folder, and a server that goes on from where the other one was.

use crate::house::House;
use cc_ci_server::{Ask, BackupError, PlaceError, Points, RunsIn, backup, restore};
use cc_ci_store::state::StateFolder;
use cc_ci_testkit::forge::StandInDialect;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn state(house: &House) -> StateFolder {
    StateFolder::open(&house.path("state")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_history_and_queue_go_on() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let server = house.start().await;
    house.comment("member", "!testme");
    house.until("the verdict", |house| house.says("green")).await;
    assert!(house.ask(Ask::Pause).await.done);
    house.comment("member", "!testme only=install");
    house.until("the queue", |house| house.says("paused by its operator")).await;
    let file = house.path("backup.tar");
    // The server works meanwhile.
    backup(&state(&house), &file, RunsIn::Backup).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(restore(&state(&house), &file), Err(BackupError::Place(PlaceError::Taken(_)))));
    server.stop().await;
    assert!(matches!(restore(&state(&house), &file), Err(BackupError::Occupied(_))));

    fs::remove_dir_all(house.path("state")).unwrap();
    restore(&state(&house), &file).unwrap();
    // What was written after the backup, while nobody was there, is found, too.
    house.comment("member", "!testme only=upgrade");
    let _server = house.start_at(Points::default());
    assert!(house.ask(Ask::Resume).await.done);
    house.until("all runs", |house| house.ran().len() == 3).await;
    house.until("all verdicts", |house| house.said().iter().filter(|body| body.contains("green")).count() == 3).await;
    house.settled().await;
    assert_eq!((house.ran().len(), house.said().len()), (3, 3));
    let runs = fs::read_dir(house.path("state/runs")).unwrap().count();
    assert_eq!(runs, 3, "the run of before is there with those of after");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_went_while_nobody_kept_it_is_said_to_be_gone() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let server = house.start().await;
    assert!(house.ask(Ask::Pause).await.done);
    house.comment("member", "!testme");
    house.until("the queue", |house| house.said().len() == 1).await;
    server.stop().await;
    // The copy of the repository held the only pin.
    fs::remove_dir_all(house.path("state/mirrors")).unwrap();
    house.forge.force_push("stranger/ghost", "next", "another\n").unwrap();
    house.forge.forget_objects(crate::house::REPO).unwrap();
    let _server = house.start_at(Points::default());
    assert!(house.ask(Ask::Resume).await.done);
    house.until("the end", |house| house.says("is in the repository no more")).await;
    house.settled().await;
    assert_eq!((house.ran().len(), house.said().len()), (0, 1));
}

/// An archive with one more file than a backup may have.
fn with(house: &House, name: &str, kind: tar::EntryType) -> std::path::PathBuf {
    let file = house.path("bad.tar");
    let mut archive = tar::Builder::new(File::create(&file).unwrap());
    let mut header = tar::Header::new_gnu();
    // Written by hand: the library itself would refuse such names.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(3);
    header.set_entry_type(kind);
    header.set_mode(0o600);
    header.set_cksum();
    archive.append(&header, &b"bad"[..]).unwrap();
    archive.finish().unwrap();
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_backup_changes_nothing() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let folder = StateFolder::open(&house.path("fresh/state")).unwrap();
    let nothing_there = |what: &str| {
        let left: Vec<_> = fs::read_dir(folder.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["server.lock"], "{what}");
    };
    for (name, kind) in [
        ("../../escaped", tar::EntryType::Regular),
        ("/etc/escaped", tar::EntryType::Regular),
        ("runs/../../escaped", tar::EntryType::Regular),
        ("runs/r-1", tar::EntryType::Regular),
        ("runs/no run/events.jsonl", tar::EntryType::Regular),
        ("server.sock", tar::EntryType::Regular),
        ("server.db", tar::EntryType::Symlink),
        ("server.db", tar::EntryType::Link),
        ("server.db", tar::EntryType::Fifo),
    ] {
        let refused = restore(&folder, &with(&house, name, kind)).unwrap_err();
        assert!(matches!(refused, BackupError::Foreign { .. }), "{name}: {refused}");
        nothing_there(name);
    }
    for (what, bytes) in [("empty", &b""[..]), ("text", &b"no archive at all, but some words of text\n"[..])] {
        let file = house.path("bad.tar");
        fs::write(&file, bytes).unwrap();
        let refused = restore(&folder, &file).unwrap_err();
        assert!(matches!(refused, BackupError::Foreign { .. }), "{what}: {refused}");
        nothing_there(what);
    }
    // A file that only calls itself a database.
    restore(&folder, &with(&house, "server.db", tar::EntryType::Regular)).unwrap_err();
    nothing_there("no database");
    assert!(!house.path("escaped").exists() && !Path::new("/etc/escaped").exists());
    assert!(matches!(backup(&folder, &house.path("none.tar"), RunsIn::Nothing), Err(BackupError::Nothing(_))));
    assert!(!house.path("none.tar").exists());
}
