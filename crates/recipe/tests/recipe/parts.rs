//! The parts of a recipe that labels, images and variables decide: backup, routes, databases.

use cc_ci_recipe::Recipe;
use cc_ci_recipe::backup::{Backup, BackupPaths, BackupSpec};

use crate::loading::{app_env, files};

fn read(compose: &str) -> Recipe {
    let texts = [(".env.sample", "ENABLE_BACKUPS=false\n"), ("compose.yml", compose)];
    Recipe::read("parts", &files(&texts), &app_env("parts"), &[]).expect("a good recipe").0
}

/// A stack of one app with two volumes and these labels.
fn backup(labels: &str) -> String {
    let compose = format!(
        "services:\n  app:\n    image: a\n    volumes: [\"data:/srv/data\", \"media:/srv/media\", \"/anon\"]\n    deploy:\n      labels: [{labels}]\nvolumes:\n  data:\n  media: {{name: shared}}\n"
    );
    match read(&compose).backup {
        Backup::NotCapable(why) => format!("{why:?}"),
        Backup::Capable(spec) => shown(&spec),
    }
}

fn shown(spec: &BackupSpec) -> String {
    let volume = |(key, one): (&String, &cc_ci_recipe::backup::BackupVolume)| match &one.paths {
        BackupPaths::All => format!("{key}={}", one.swarm_name),
        BackupPaths::Only(paths) => format!("{key}={}:{}", one.swarm_name, paths.join("+")),
    };
    spec.volumes.iter().map(volume).collect::<Vec<_>>().join(" ")
}

#[test]
fn which_volumes_are_backed_up() {
    let on = "backupbot.backup=true";
    assert_eq!(backup(""), "NoLabels");
    assert_eq!(backup("'backupbot.backup=${ENABLE_BACKUPS:-true}'"), "SwitchedOff");
    assert_eq!(backup("'backupbot.backup=${OTHER:-true}'"), "data=part-3fa9c1_data media=shared");
    assert_eq!(backup(&format!("{on}, backupbot.backup.volumes.media=false")), "data=part-3fa9c1_data");
    let none = format!("{on}, backupbot.backup.volumes.media=false, backupbot.backup.volumes.data=false");
    assert_eq!(backup(&none), "NothingIncluded");
    let paths = format!("{on}, 'backupbot.backup.volumes.data.path=/b/, a'");
    assert_eq!(backup(&paths), "data=part-3fa9c1_data:a+b media=shared");
    let excluded = format!("{paths}, backupbot.backup.volumes.data=false");
    assert_eq!(backup(&excluded), "media=shared");
    let v1 = |paths: &str| backup(&format!("{on}, 'backupbot.backup.path={paths}'"));
    assert_eq!(v1("/srv/data"), "data=part-3fa9c1_data");
    assert_eq!(v1("/srv/data/sub/, /srv/data/x"), "data=part-3fa9c1_data:sub+x");
    assert_eq!(v1("/srv"), "data=part-3fa9c1_data media=shared");
    assert_eq!(v1("/srv/database"), "NothingIncluded");
}

#[test]
fn two_services_share_one_volume() {
    let recipe = read(concat!(
        "services:\n",
        "  app: {image: a, volumes: [\"data:/d\"], deploy: {labels: [backupbot.backup=true, backupbot.backup.volumes.data.path=x]}}\n",
        "  db: {image: b, volumes: [\"data:/e\"], deploy: {labels: {backupbot.backup: \"true\", backupbot.backup.path: /e/y}}}\n",
        "  other: {image: c, volumes: [\"rest:/r\", \"far:/f\"]}\n",
        "volumes: {data: , rest: , far: {external: true}}\n",
    ));
    let Backup::Capable(spec) = recipe.backup else { panic!("{:?}", recipe.backup) };
    assert_eq!(shown(&spec), "data=part-3fa9c1_data:x+y");
    assert_eq!(spec.left_out, ["rest"], "foreign volumes are not ours to back up");
    assert_eq!(recipe.volumes["far"].name, "far");
}

#[test]
fn a_stack_without_volumes_is_stateless() {
    let recipe = read("services:\n  app: {image: a}\n");
    assert_eq!(format!("{:?}", recipe.backup), "NotCapable(Stateless)");
    assert_eq!(recipe.networks["default"].name, "part-3fa9c1_default");
}

#[test]
fn routes_of_every_kind() {
    let recipe = read(
        r#"
services:
  app:
    image: a
    deploy:
      labels:
        - Traefik.Enable=true
        - traefik.docker.network=proxy
        - traefik.http.routers.main.rule=Host(`a.test`) || Host(`b.test`)
        - traefik.http.routers.main.service=web@swarm
        - traefik.http.routers.api.rule=PathPrefix(`/api`)
        - traefik.http.routers.api.service=api
        - traefik.http.routers.api.priority=30
        - traefik.http.routers.api.entrypoints=web, web-secure
        - traefik.http.routers.api.tls=true
        - traefik.http.routers.api.middlewares=a@file,b
        - traefik.http.services.web.loadbalancer.server.port=80
        - traefik.http.services.api.loadbalancer.server.port=8443
        - traefik.http.services.api.loadbalancer.server.scheme=https
        - traefik.tcp.routers.mail.rule=HostSNI(`*`)
        - traefik.tcp.services.mail.loadbalancer.server.port=25
        - traefik.udp.routers.voice.entrypoints=voice
        - traefik.udp.services.voice.loadbalancer.server.port=64738
  quiet:
    image: a
    deploy:
      labels: [traefik.enable=false, "traefik.http.routers.quiet.rule=Host(`q`)"]
"#,
    );
    let shown = recipe.routes.iter().map(|route| {
        let (scheme, priority) = (route.scheme.as_deref().unwrap_or("-"), route.priority.unwrap_or_default());
        let (rule, port) = (&route.rule, route.port.unwrap_or_default());
        let lists = format!("{} / {}", route.entrypoints.join(","), route.middlewares.join(","));
        format!("{:?} {} {rule} {:?} {port} {scheme} {priority} [{lists}]", route.protocol, route.router, route.tls)
    });
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r"
    Http api PathPrefix(`/api`) Terminated 8443 https 30 [web,web-secure / a@file,b]
    Http main Host(`a.test`) || Host(`b.test`) Off 80 - 0 [ / ]
    Tcp mail HostSNI(`*`) Off 25 - 0 [ / ]
    Udp voice  Off 64738 - 0 [voice / ]
    ");
    assert!(recipe.routes.iter().all(|route| route.network.as_deref() == Some("proxy")));
}

#[test]
fn the_password_that_a_redis_requires_is_read_from_its_words() {
    let services = [
        "a: {image: redis, command: redis-server --appendonly yes --requirepass hunter2}",
        "b: {image: redis, command: [redis-server, --requirepass, hunter2, --save, '60 1']}",
        "c: {image: redis, command: 'sh -c \"exec redis-server --requirepass $$(cat /run/secrets/pass) --save 60\"'}",
        "d: {image: redis, command: 'sh -c \"redis-server --requirepass $$REDIS_PASSWORD\"', environment: {REDIS_PASSWORD_FILE: /f}}",
        "e: {image: redis, command: redis-server}",
    ];
    let recipe = read(&format!("services:\n  app: {{image: a}}\n  {}\n", services.join("\n  ")));
    let shown =
        recipe.databases.iter().map(|one| format!("{} {:?} {:?}", one.service, one.password, one.password_file));
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r#"
    a Some("hunter2") None
    b Some("hunter2") None
    c None Some("/run/secrets/pass")
    d None Some("/f")
    e None None
    "#);
    let written = serde_json::to_string(&recipe.databases).unwrap();
    assert!(!written.contains("hunter2"), "{written}");
}

#[test]
fn databases_are_recognised() {
    let services = [
        "pg: {image: registry.example:5000/a/pgvector:0.7@sha256:abc, environment: {POSTGRES_USER: u}, volumes: [\"vol:/var/lib/postgresql/data\", \"wol:/w\"]}",
        "pg_default: {image: postgres}",
        "ts: {image: timescale/timescaledb-ha:pg15, volumes: [\"vol:/home/postgres/pgdata\"]}",
        "my: {image: mysql:8.0, environment: [MYSQL_ROOT_PASSWORD_FILE=/run/secrets/r, MYSQL_DATABASE=ghost], volumes: [\"vol:/var/lib/mysql\"]}",
        "maria: {image: mariadb, environment: {MARIADB_USER: m, MARIADB_PASSWORD_FILE: /run/secrets/m, MARIADB_DATABASE: d}}",
        "red: {image: eqalpha/keydb:1, volumes: [\"vol:/data\"]}",
        "lite: {image: x, environment: [\"DB=sqlite:////data/sub/a.sqlite3?x=1\"], volumes: [\"vol:/data\"]}",
        "lite_flag: {image: x, command: [serve, --db=/data/b.db], volumes: [\"vol:/data\"]}",
        "lost: {image: x, environment: [DB=/tmp/b.db], volumes: [\"vol:/data\"]}",
        "exporter: {image: prom/postgres-exporter:1}",
        "admin: {image: phpmyadmin/mysql-admin}",
        "web: {image: nginx/redistribute, environment: [URL=https://x.test/y.db.html]}",
    ];
    let compose = format!("services:\n  app: {{image: a}}\n  {}\nvolumes: {{vol: , wol: }}\n", services.join("\n  "));
    let recipe = read(&compose);
    let shown = recipe.databases.iter().map(|one| {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let (user, database, file) = (text(&one.user), text(&one.database), text(&one.password_file));
        format!("{} {:?} {user} {database} {file} {}", one.service, one.kind, text(&one.data_volume))
    });
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r"
    lite Sqlite - /data/sub/a.sqlite3 - vol
    lite_flag Sqlite - /data/b.db - vol
    maria Mysql m d /run/secrets/m -
    my Mysql root ghost /run/secrets/r vol
    pg Postgres u u - vol
    pg_default Postgres postgres postgres - -
    red Redis - - - vol
    ts Postgres postgres postgres - vol
    ");
}
