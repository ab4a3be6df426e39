//! Data outside of volumes that is lost, and what only looks like it.

use super::*;

const ANONYMOUS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn mounted(target: &str, volume: &str) -> BTreeSet<Mounted> {
    [Mounted { service: "app".into(), target: target.into(), volume: volume.into() }].into()
}

fn judged(outside: &Outside) -> String {
    let OutsideJudged { finding, notes } = outside.judge(&Churn::default());
    finding.map(|finding| finding.summary).into_iter().chain(notes).collect::<Vec<_>>().join("\n")
}

fn database(path: &str, lasts: Lasts, mounts: BTreeSet<Mounted>) -> String {
    let located = Located { service: "app".into(), name: "PostgreSQL of app".into(), path: path.into(), lasts };
    judged(&Outside { mounts, located: vec![located], ..Outside::default() })
}

fn nameless(target: &str, files: &[&str]) -> String {
    let volume = Nameless {
        service: "app".into(),
        target: target.into(),
        files: files.iter().map(|file| (*file).to_owned()).collect(),
    };
    judged(&Outside { mounts: mounted(target, ANONYMOUS), nameless: vec![volume], ..Outside::default() })
}

fn lost(files: &[&str]) -> String {
    let files = files.iter().map(|file| (*file).to_owned()).collect();
    judged(&Outside { gone: [("app".to_owned(), files)].into(), ..Outside::default() })
}

#[test]
fn a_database_in_no_named_volume_is_lost_and_a_cache_is_not() {
    let path = "/var/lib/postgresql/data";
    insta::assert_snapshot!(database(path, Lasts::Yes, mounted("/var/lib/postgres", "s_db")), @"the data of PostgreSQL of app, /var/lib/postgresql/data, is in no named volume: it is lost with the container, at every update");
    assert_ne!(database(path, Lasts::Yes, mounted(path, ANONYMOUS)), "");
    assert_ne!(database("/var/lib/postgresql/data2", Lasts::Yes, mounted(path, "s_db")), "");
    assert_eq!(database(path, Lasts::Yes, mounted(path, "s_db")), "");
    assert_eq!(database(&format!("{path}/pgdata"), Lasts::Yes, mounted(path, "s_db")), "");
    assert_eq!(database("/data", Lasts::No, mounted("/data", ANONYMOUS)), "");
}

#[test]
fn a_nameless_volume_inside_a_named_one_hides_it() {
    let mut mounts = mounted("/data", "s_data");
    mounts.extend(mounted("/data/db", ANONYMOUS));
    assert_ne!(database("/data/db", Lasts::Yes, mounts.clone()), "");
    assert_eq!(database("/data/other", Lasts::Yes, mounts), "");
}

#[test]
fn what_an_app_keeps_in_a_nameless_volume_is_lost() {
    insta::assert_snapshot!(nameless("/data", &["one.txt", "two.txt"]), @"what app writes to /data is in a volume without a name, which the next update replaces: one.txt and 1 more");
    assert_eq!(nameless("/data", &[]), "");
    assert_eq!(nameless("/var/cache/nginx", &["proxy/a"]), "");
    assert_eq!(nameless("/tmp", &["a"]), "");
    assert_eq!(nameless("/app", &["logs/a.log", "run/app.pid", "cache/x"]), "");
}

#[test]
fn what_a_cache_server_dumps_into_its_nameless_volume_is_its_own_matter() {
    let located =
        vec![Located { service: "app".into(), name: "Redis of app".into(), path: "/data".into(), lasts: Lasts::No }];
    let volume = Nameless { service: "app".into(), target: "/data".into(), files: vec!["dump.rdb".into()] };
    assert_eq!(judged(&Outside { located, nameless: vec![volume], ..Outside::default() }), "");
}

#[test]
fn uploads_in_a_container_are_missed_and_other_files_are_named() {
    insta::assert_snapshot!(lost(&["/srv/app/uploads/a.png", "/srv/app/uploads/b.png"]), @"files of /srv/app/uploads of app lie in no volume and are gone with the container");
    insta::assert_snapshot!(lost(&["/app/state.bin"]), @"gone with the old container of app: /app/state.bin");
    let nothing =
        ["/tmp/uploads/x", "/run/app.pid", "/var/log/app/uploads", "/app/app.log", "/etc/nginx/conf.d/a.conf"];
    assert_eq!(lost(&nothing), "");
    assert!(lost(&["/app/media/bundle.js"]).starts_with("gone with"), "a program makes that of its sources");
}

#[test]
fn only_files_that_the_new_container_lacks_are_gone() {
    let written = |service: &str, paths: &[&str]| {
        Written::from([(service.to_owned(), paths.iter().map(|path| (*path).to_owned()).collect())])
    };
    let both = gone(&written("app", &["/a", "/b"]), &written("app", &["/a", "/c"]));
    assert_eq!(both, written("app", &["/b"]));
    assert_eq!(gone(&written("app", &["/a"]), &written("db", &[])), Written::new());
}

#[test]
fn only_services_that_wrote_what_somebody_may_miss_are_looked_at_again() {
    let written: Written = [
        ("app", vec!["/srv/data/a", "/run/app.pid"]),
        ("db", vec!["/run/postgresql/.lock", "/etc/passwd"]),
        ("web", vec!["/cache/x", "/own/a"]),
    ]
    .into_iter()
    .map(|(service, paths)| (service.to_owned(), paths.into_iter().map(str::to_owned).collect()))
    .collect();
    let mut mounts = mounted("/srv", "s_data");
    let missed = |mounts: &BTreeSet<Mounted>, churn: &[&str]| -> Vec<String> {
        let churn = Churn::with(&churn.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        may_be_missed(&written, mounts, &churn).into_iter().collect()
    };
    assert_eq!(missed(&BTreeSet::new(), &[]), ["app", "web"]);
    // A mount of head's over the path, or a word of the maintainer's.
    assert_eq!(missed(&mounts, &["own"]), Vec::<String>::new());
    mounts.extend(mounted("/srv/data", ANONYMOUS));
    assert_eq!(missed(&mounts, &["own/**"]), ["app"]);
}

#[test]
fn folders_above_a_changed_file_are_no_files() {
    let changed = ["/srv", "/srv/app", "/srv/app/a", "/srv/app.txt"].map(str::to_owned).into();
    assert_eq!(leaves(&changed), ["/srv/app.txt", "/srv/app/a"].map(str::to_owned).into());
}

#[test]
fn names_that_the_engine_makes_up_are_known() {
    assert!(is_nameless(ANONYMOUS));
    assert!(!is_nameless("stack_data") && !is_nameless(&ANONYMOUS[1..]));
    assert!(may_be_sqlite("/app/prod.db") && !may_be_sqlite("/tmp/x.db") && !may_be_sqlite("/app/db"));
}
