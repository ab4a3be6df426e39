//! Backups of real volumes and a real database, restored in place and onto empty volumes.
#![expect(clippy::unwrap_used, reason = "a test has nobody to report to")]

use crate::world::{POSTGRES, TOOLS, World, say};
use cc_ci_engine::backup::places::{self, Stock};
use cc_ci_engine::backup::{self, BackupEnd, BackupRepository, Context, Snapshot, verify};
use cc_ci_engine::data::{self, DatabaseServer, Expected, MarkerPhase, Seeded, SqlLogin, index};
use cc_ci_engine::voice::Voice;
use cc_ci_engine::workbench::Workbench;
use cc_ci_model::data::allowed::Allowed;
use cc_ci_model::data::churn::Churn;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::step::{Action, Operation, Pass, Step};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::backup::{BackupPaths, BackupService, BackupSpec, BackupVolume, Dialect, Hooks};
use cc_ci_recipe::database::{Database, DatabaseKind};
use std::time::{Duration, Instant};

const PGDATA: &str = "/var/lib/postgresql/data";
const DUMP: &str = "pg_dump -U app appdb | gzip >/var/lib/postgresql/data/backup.sql.gz";
const LOAD: &str = "dropdb -U app --force --maintenance-db=postgres appdb && createdb -U app --maintenance-db=postgres appdb && gunzip -c /var/lib/postgresql/data/backup.sql.gz | psql -q -v ON_ERROR_STOP=1 -U app appdb";

struct App {
    files: String,
    pg: String,
    web: String,
    db: String,
}

async fn start(world: &World, files: String, pg: String) -> App {
    let web = world.task("web", TOOLS, &[], &[(&files, "/data")], &["sleep", "infinity"]).await;
    let env = ["POSTGRES_USER=app", "POSTGRES_DB=appdb", "POSTGRES_PASSWORD=pw"];
    let db = world.task("db", POSTGRES, &env, &[(&pg, PGDATA)], &[]).await;
    App { files, pg, web, db }
}

fn spec(app: &App, pre: &str, post: &str) -> BackupSpec {
    let volume = |name: &String, paths| BackupVolume { swarm_name: name.clone(), paths };
    let hooks = Hooks { backup_pre: Some(pre.into()), restore_post: Some(post.into()), ..Hooks::default() };
    BackupSpec {
        volumes: [
            ("files".to_owned(), volume(&app.files, BackupPaths::All)),
            ("pg".to_owned(), volume(&app.pg, BackupPaths::Only(vec!["backup.sql.gz".into()]))),
        ]
        .into(),
        services: vec![
            BackupService { service: "db".into(), dialect: Dialect::V2, hooks },
            BackupService { service: "web".into(), dialect: Dialect::V2, hooks: Hooks::default() },
        ],
        left_out: vec![],
    }
}

struct Scene {
    bench: Workbench,
    repository: BackupRepository,
    spec: BackupSpec,
    voice: Voice,
    step: StepId,
}

impl Scene {
    async fn new(world: &World, app: &App, spec: BackupSpec) -> Self {
        let bench = world.bench(&[&app.files, &app.pg]).await;
        let started = Instant::now();
        let repository = BackupRepository::make(&bench).await.unwrap();
        say("repository made", started);
        Self {
            bench,
            repository,
            spec,
            voice: Voice::new(vec![]),
            step: Step::new(Tier::Backup, Pass::Only, Action::Operate(Operation::Snapshot)).id,
        }
    }

    fn context<'a>(&'a self, world: &'a World) -> Context<'a> {
        Context {
            bench: &self.bench,
            stack: &world.stack,
            repository: &self.repository,
            spec: &self.spec,
            limit: Duration::from_secs(60),
            voice: &self.voice,
            step: &self.step,
        }
    }

    async fn seed(&self, world: &World) -> Seeded {
        let mounts = world.doors.observe.mounts(&world.stack).await.unwrap().volumes;
        let promises = backup::promises(&self.spec).unwrap();
        let database = Database {
            service: "db".into(),
            kind: DatabaseKind::Postgres,
            user: Some("app".into()),
            database: Some("appdb".into()),
            password_file: None,
            password: None,
            data_volume: Some("pg".into()),
        };
        let stock = Stock { mounts: &mounts, databases: &[database], files: &[] };
        let chosen = places::for_backup(&self.spec, &promises, stock);
        let seeding = data::seed(&self.bench, &world.stack, MarkerPhase::Backup, &chosen.places).await.unwrap();
        assert_eq!(seeding.refused, Vec::<String>::new());
        assert_eq!(seeding.seeded.places().len(), 2, "{seeding:?}");
        seeding.seeded
    }

    async fn snapshot(&self, world: &World) -> Box<Snapshot> {
        let started = Instant::now();
        let taken = backup::take(&self.context(world)).await.unwrap();
        say("backup", started);
        match taken {
            BackupEnd::Snapshot(snapshot) => snapshot,
            BackupEnd::Failed(finding) => panic!("{finding:?}"),
        }
    }

    async fn verify(&self, world: &World, snapshot: &Snapshot, seeded: &Seeded) -> Vec<Finding> {
        let started = Instant::now();
        let context = self.context(world);
        let listing = verify::Listing::of(&context, snapshot).await.unwrap();
        let found = verify::snapshot(&context, snapshot, &listing, &verify::SnapshotDue::of(seeded)).await.unwrap();
        say("snapshot verified", started);
        found
    }
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn what_was_saved_comes_back_in_place_and_onto_empty_volumes() {
    in_world!(world, {
        let app = start(&world, world.volume("files").await, world.volume("pg").await).await;
        world.sh(&app.web, "echo hello >/data/index.html; mkdir /data/sub; echo x >/data/sub/y").await;
        let spec = spec(&app, DUMP, LOAD);
        let scene = Scene::new(&world, &app, spec).await;
        let seeded = scene.seed(&world).await;
        let snapshot = scene.snapshot(&world).await;
        assert_eq!(scene.verify(&world, &snapshot, &seeded).await, []);
        let before = index::take(&scene.bench, &world.stack).await.unwrap();

        assert_eq!(data::mutate(&scene.bench, &world.stack, &seeded).await.unwrap(), []);
        world.sh(&app.web, "rm /data/index.html").await;
        let started = Instant::now();
        assert_eq!(backup::restore(&scene.context(&world), &snapshot).await.unwrap(), None);
        say("restored in place", started);
        assert_eq!(data::verify(&scene.bench, &world.stack, &seeded, Expected::Seeded).await.unwrap(), []);

        let volumes = [app.files.clone(), app.pg.clone()].into();
        let busy = backup::empty_volumes(&scene.bench, &world.stack, &volumes).await.unwrap_err();
        assert!(busy.to_string().contains("still runs on volume"), "{busy}");
        world.kill(&app.web).await;
        world.kill(&app.db).await;
        let started = Instant::now();
        backup::empty_volumes(&scene.bench, &world.stack, &volumes).await.unwrap();
        say("volumes emptied", started);
        let app = start(&world, app.files, app.pg).await;
        // A database on an empty volume initialises itself first; the restore waits for it to answer.
        let server = DatabaseServer::Postgres(SqlLogin::of("db"));
        server.ready(&world.doors.containers(), &world.stack).await.unwrap().unwrap();
        let started = Instant::now();
        assert_eq!(backup::restore(&scene.context(&world), &snapshot).await.unwrap(), None);
        say("restored onto empty", started);
        assert_eq!(data::verify(&scene.bench, &world.stack, &seeded, Expected::Seeded).await.unwrap(), []);
        assert_eq!(world.sh(&app.web, "cat /data/index.html /data/sub/y").await.text(), "hello\nx\n");
        let after = index::take(&scene.bench, &world.stack).await.unwrap();
        assert_eq!(cc_ci_model::data::compare::compare(&before, &after, Allowed::only(&Churn::default())), []);
    });
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn a_cut_dump_a_stale_dump_and_a_failing_pipe_are_found() {
    in_world!(world, {
        let app = start(&world, world.volume("files").await, world.volume("pg").await).await;
        world.sh(&app.web, "echo hello >/data/index.html").await;
        let cut = "pg_dump -U app appdb | head -n 12 | gzip >/var/lib/postgresql/data/backup.sql.gz";
        let first = spec(&app, cut, LOAD);
        let mut scene = Scene::new(&world, &app, first).await;
        let seeded = scene.seed(&world).await;
        let mut check = async |pre: &str| {
            scene.spec = spec(&app, pre, LOAD);
            match backup::take(&scene.context(&world)).await.unwrap() {
                BackupEnd::Failed(finding) => vec![(finding.cause, finding.summary)],
                BackupEnd::Snapshot(snapshot) => {
                    let found = scene.verify(&world, &snapshot, &seeded).await;
                    found.into_iter().map(|finding| (finding.cause, finding.summary)).collect()
                }
            }
        };
        let file = "db:/var/lib/postgresql/data/backup.sql.gz";
        let missing = check("true").await;
        assert_eq!(
            missing,
            [(Cause::BackupIncomplete, format!("{file}: promised in the backup, but not in the snapshot"))]
        );
        let found = check(cut).await;
        assert_eq!(found[0], (Cause::DumpTruncated, format!("the dump {file} breaks off: its end is missing")));
        let found = check(": | gzip >/var/lib/postgresql/data/backup.sql.gz").await;
        assert_eq!(found[0], (Cause::DumpTruncated, format!("the dump {file} is empty")));
        let torn = "pg_dump -U app appdb | gzip | head -c 300 >/var/lib/postgresql/data/backup.sql.gz";
        assert_eq!(check(torn).await[0].0, Cause::DumpTruncated);
        let other = "pg_dump -U app postgres | gzip >/var/lib/postgresql/data/backup.sql.gz";
        let found = check(other).await;
        assert!(found[0].1.starts_with("what was seeded in"), "{found:?}");
        // The dump's own failure, though the last command of the pipe succeeds.
        let found = check("pg_dump -U app nosuchdb | gzip >/var/lib/postgresql/data/backup.sql.gz").await;
        assert_eq!(found[0].0, Cause::HookFailed, "{found:?}");
        assert!(found[0].1.ends_with("ended with exit code 1"), "{found:?}");
        let custom = "pg_dump -Fc -U app appdb >/var/lib/postgresql/data/backup.sql.gz";
        assert_eq!(check(custom).await, []);
        let custom = "pg_dump -Fc -U app appdb | head -c 700 >/var/lib/postgresql/data/backup.sql.gz";
        assert_eq!(check(custom).await[0].0, Cause::DumpTruncated);
        assert_eq!(check(DUMP).await, []);
    });
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn a_backup_whose_container_is_replaced_is_begun_again() {
    in_world!(world, {
        let files = world.volume("files").await;
        let app = App { web: String::new(), db: String::new(), pg: world.volume("pg").await, files };
        let first = world.task("db", TOOLS, &[], &[(&app.files, "/data")], &["sleep", "infinity"]).await;
        let mut spec = spec(&app, "echo begun >>/data/begun; [ -e /data/second ] || exec sleep 20", "true");
        spec.volumes.remove("pg");
        let scene = Scene::new(&world, &app, spec).await;
        let replace = async {
            let bench = &scene.bench;
            let begun = cc_ci_engine::exec::ExecCommand::new(["test", "-s", &format!("/volumes/{}/begun", app.files)]);
            while !bench.exec(&begun).await.unwrap().succeeded() {}
            world.kill(&first).await;
            world
                .task("db", TOOLS, &[], &[(&app.files, "/data")], &["bash", "-c", "touch /data/second; sleep 99"])
                .await;
        };
        let context = scene.context(&world);
        let (taken, ()) = tokio::join!(backup::take(&context), replace);
        let BackupEnd::Snapshot(snapshot) = taken.unwrap() else { panic!("no snapshot") };
        assert_eq!(snapshot.attempts, 2);
        assert!(format!("{:?}", scene.voice.said()).contains("beginning attempt 2 of 3"));
    });
}

#[tokio::test]
#[ignore = "real engine: make test"]
async fn only_the_stacks_own_volumes_are_emptied() {
    in_world!(world, {
        let own = world.volume("own").await;
        let bench = world.bench(&[&own]).await;
        let repository = format!("cc-ci-{}-repo", world.run);
        let refused = backup::empty_volumes(&bench, &world.stack, &[own, repository].into()).await.unwrap_err();
        assert!(refused.to_string().contains("its label com.docker.stack.namespace is None"), "{refused}");
    });
}
