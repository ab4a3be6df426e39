//! Work on an app's data against a real engine, with real volumes, a real PostgreSQL and a real backup repository.
//!
//! These tests are ignored unless they are asked for; `make test` does, and then they fail when there is no engine.

/// Ends the world also when the test fails.
macro_rules! in_world {
    ($world:ident, $body:block) => {
        let $world = World::new().await;
        let outcome = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(async $body)).await;
        $world.end().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    };
}

mod world;

mod backup;

mod contract;

mod databases;
mod emptied;

mod named;

mod sqlite;
mod standby;
mod stops;

mod sandbox;

use cc_ci_engine::data::files::Folder;
use cc_ci_engine::data::{self, DatabaseServer, Expected, MarkerPhase, MarkerPlace, SqlLogin, index};
use cc_ci_engine::exec::{ExecCommand, ExecError, ExecStatus, Overflow};
use cc_ci_model::data::allowed::Allowed;
use cc_ci_model::data::churn::Churn;
use cc_ci_model::data::compare::{Loss, compare};
use std::time::{Duration, Instant};
use world::{POSTGRES, TOOLS, World, say};

#[tokio::test]
#[ignore = "real engine: make test"]
async fn a_command_has_its_own_exit_code_and_never_an_empty_success() {
    in_world!(world, {
        let container = world.task("app", TOOLS, &[], &[], &["sleep", "infinity"]).await;
        let run = async |command: ExecCommand| world.doors.node.exec(&container, &command).await;
        let output = world.sh(&container, "echo out; echo err >&2; exit 3").await;
        assert_eq!(
            (output.status, output.stdout, output.stderr),
            (ExecStatus::Exited(3), b"out\n".into(), b"err\n".into())
        );
        let output = run(ExecCommand::new(["cat"]).input(b"fed".to_vec())).await.unwrap();
        assert_eq!((output.succeeded(), output.text().as_str()), (true, "fed"));
        let output =
            run(ExecCommand::new(["sh", "-c", "echo $A; id -u; pwd"]).env("A", "b c").user("1").folder("/tmp"));
        assert_eq!(output.await.unwrap().text(), "b c\n1\n/tmp\n");
        let missing = run(ExecCommand::new(["no-such-program"])).await;
        assert!(matches!(missing, Err(ExecError::CannotStart { .. })), "{missing:?}");
        // A shell's own 127 is the command's failure, not ours.
        assert_eq!(world.sh(&container, "no-such-program").await.status, ExecStatus::Exited(127));
        let slow = run(ExecCommand::new(["sh", "-c", "echo early; sleep 30"]).limit(Duration::from_millis(300)))
            .await
            .unwrap();
        assert_eq!((slow.status, slow.text().as_str()), (ExecStatus::TimedOut, "early\n"));
        let yes = run(ExecCommand::new(["yes"]).cap(1000, Overflow::Stop)).await.unwrap();
        assert_eq!((yes.status, yes.stdout.len()), (ExecStatus::TooMuchOutput, 1000));
        let many = run(ExecCommand::new(["seq", "100000"]).cap(1000, Overflow::Discard)).await.unwrap();
        assert!(many.succeeded() && many.stdout.len() == 1000 && many.dropped > 100_000, "{}", many.dropped);
        let dying = async {
            tokio::join!(run(ExecCommand::new(["sleep", "20"])), async {
                world.doors.node.exec(&container, &ExecCommand::new(["true"])).await.unwrap();
                world.kill(&container).await;
            })
            .0
        };
        let dying = dying.await;
        assert!(matches!(dying, Err(ExecError::Gone { .. })), "{dying:?}");
        let gone = run(ExecCommand::new(["true"])).await;
        assert!(matches!(gone, Err(ExecError::Gone { .. })), "{gone:?}");
    });
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn the_index_sees_what_is_there_and_what_was_lost() {
    in_world!(world, {
        let (one, two) = (world.volume("one").await, world.volume("two").await);
        let app = world.task("app", TOOLS, &[], &[(&one, "/data"), (&two, "/more")], &["sleep", "infinity"]).await;
        world.sh(&app, r#"cd /data; echo hello >a; mkdir 'new
line' && echo x >"new
line/$(printf '\377')"; ln -s a l; mkfifo p; mkdir logs; echo l >logs/x; mkdir 'pg[*' pgx; echo 15 >'pg[*/PG_VERSION'; echo r >'pg[*/rows'; echo k >pgx/kept; head -c 300000 /dev/urandom >/more/big; chown 33:34 a; chmod 600 a"#).await;
        let bench = world.bench(&[&one]).await;
        let short = index::take(&bench, &world.stack).await;
        assert!(short.unwrap_err().to_string().contains(&two));
        let bench = world.bench(&[&one, &two]).await;
        let started = Instant::now();
        let before = index::take(&bench, &world.stack).await.unwrap();
        say("index", started);
        let file = &before.volumes[&one].entries["a"];
        assert_eq!((file.size, file.mode, file.uid, file.gid), (6, 0o600, 33, 34));
        assert_eq!(file.digest(), Some("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"));
        let digest = |path: &str| before.volumes[&one].entries[path].digest().is_some();
        assert!(!digest("pg[*/rows"), "a database's own files are compared by their bulk");
        assert!(digest("pgx/kept") && digest("logs/x"));
        assert!(before.volumes[&one].entries.contains_key(r"new\x0aline/\xff"), "{before:?}");
        assert_eq!(
            compare(&before, &index::take(&bench, &world.stack).await.unwrap(), Allowed::only(&Churn::default())),
            []
        );
        world.sh(&app, "rm -r /data/new* /data/logs; rm /more/big").await;
        let losses =
            compare(&before, &index::take(&bench, &world.stack).await.unwrap(), Allowed::only(&Churn::default()));
        assert!(matches!(&losses[..], [Loss::Vanished { .. }, Loss::Emptied { .. }]), "{losses:?}");
    });
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn markers_are_seeded_mutated_and_missed_in_files_and_rows() {
    in_world!(world, {
        let (files, pg) = (world.volume("files").await, world.volume("pg").await);
        let app = world.task("app", TOOLS, &[], &[(&files, "/data")], &["sleep", "infinity"]).await;
        let started = Instant::now();
        let env = ["POSTGRES_USER=app", "POSTGRES_DB=appdb", "POSTGRES_PASSWORD=pw"];
        let db = world.task("db", POSTGRES, &env, &[(&pg, "/var/lib/postgresql/data")], &[]).await;
        let bench = world.bench(&[&files, &pg]).await;
        world.sh(&app, "mkdir /data/up; chown 33:34 /data/up; ln -s /etc /data/out").await;
        let folder = |path: &str| {
            MarkerPlace::Folder(Folder {
                service: "app".into(),
                target: "/data".into(),
                path: path.into(),
                volume: String::new(),
            })
        };
        let row = MarkerPlace::Server(DatabaseServer::Postgres(SqlLogin::of("db")));
        let places = [folder(""), folder("up"), folder("not/yet"), folder("out"), row.clone()];
        // The server is still starting: seeding waits for it.
        let seeding = data::seed(&bench, &world.stack, MarkerPhase::Backup, &places).await.unwrap();
        say("postgres started and markers seeded", started);
        assert_eq!(seeding.passed_over, ["app:/data/not/yet: not a folder", "app:/data/out: not a folder"]);
        assert_eq!(seeding.refused, Vec::<String>::new());
        assert_eq!(seeding.seeded.places(), [folder(""), folder("up"), row]);
        let owner = world.sh(&app, "stat -c %u:%g /data/up/cc-ci-marker-backup.one").await;
        assert_eq!(owner.text(), "33:34\n");
        let check = async |state| data::verify(&bench, &world.stack, &seeding.seeded, state).await.unwrap();
        let started = Instant::now();
        assert_eq!(check(Expected::Seeded).await, []);
        say("markers verified", started);
        assert_eq!(data::mutate(&bench, &world.stack, &seeding.seeded).await.unwrap(), []);
        assert_eq!(check(Expected::Mutated).await, []);
        assert_eq!(check(Expected::Seeded).await.len(), 6);
        world.sh(&db, "psql -U app -d appdb -c 'DROP TABLE cc_ci_marker'").await;
        world.kill(&app).await;
        let missing = check(Expected::Mutated).await;
        let texts: Vec<&str> = missing.iter().map(|marker| marker.what.as_str()).collect();
        assert_eq!(texts[0], "service app runs nothing that mounts a volume at /data");
        assert!(texts[2].ends_with("-mutated`, found nothing"), "{texts:?}");
    });
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn a_container_without_psql_refuses_the_marker() {
    in_world!(world, {
        world.task("db", "cc-ci/nginx:1.26", &[], &[], &["sleep", "60"]).await;
        let bench = world.bench(&[]).await;
        let seeding = data::seed(
            &bench,
            &world.stack,
            MarkerPhase::Upgrade,
            &[MarkerPlace::Server(DatabaseServer::Postgres(SqlLogin::of("db")))],
        )
        .await
        .unwrap();
        assert!(seeding.refused[0].contains("no psql"), "{seeding:?}");
        assert!(matches!(seeding.outcome(), cc_ci_model::outcome::Outcome::Unverified(_)));
    });
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn an_emptied_column_is_found() {
    in_world!(world, {
        emptied::empties_columns(&world, None).await;
    });
}
