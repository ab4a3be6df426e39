//! Good recipes: what is read from them.

use std::fmt::Write as _;

use cc_ci_recipe::Recipe;
use cc_ci_recipe::backup::Backup;

use crate::loading::{app_env, load};

fn read(name: &str) -> (Recipe, String) {
    let (_, files) = load(name);
    let (recipe, warnings) = Recipe::read(name, &files, &app_env(name), &[]).expect("a good recipe");
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    (recipe, warnings.join("\n"))
}

/// A recipe in a few lines.
fn summary(recipe: &Recipe) -> String {
    let mut out = String::new();
    let version = recipe.version.as_ref().map_or("-".to_owned(), ToString::to_string);
    writeln!(out, "{} {} {version} timeout {}", recipe.name, recipe.compose_files.join("+"), recipe.timeout).unwrap();
    for (name, service) in &recipe.compose.services {
        let (lifecycle, wanted) = (service.lifecycle(), service.wanted());
        writeln!(out, "service {name} {} {lifecycle:?} {wanted:?}", service.image).unwrap();
    }
    for secret in &recipe.secrets {
        let (length, charset) = (secret.length, secret.charset);
        writeln!(out, "secret {} {} {length:?} {charset:?} {:?}", secret.id, secret.swarm_name, secret.origin).unwrap();
    }
    for config in &recipe.configs {
        writeln!(out, "config {} {}", config.swarm_name, config.file.as_deref().unwrap_or("-")).unwrap();
    }
    for route in &recipe.routes {
        let (entrypoints, port) = (route.entrypoints.join(","), route.port);
        writeln!(
            out,
            "route {} {} {} [{entrypoints}] {:?} {port:?}",
            route.service, route.router, route.rule, route.tls
        )
        .unwrap();
    }
    match &recipe.backup {
        Backup::NotCapable(why) => writeln!(out, "no backup: {}", why.reason()).unwrap(),
        Backup::Capable(spec) => {
            for (key, volume) in &spec.volumes {
                writeln!(out, "backup {key} {} {:?}", volume.swarm_name, volume.paths).unwrap();
            }
            for one in &spec.services {
                let hooks = &one.hooks;
                let all = [&hooks.backup_pre, &hooks.backup_post, &hooks.restore_pre, &hooks.restore_post];
                let hooks: Vec<&str> = all.map(|hook| hook.as_deref().unwrap_or("-")).to_vec();
                writeln!(out, "hooks {} {:?} {}", one.service, one.dialect, hooks.join(" | ")).unwrap();
            }
            writeln!(out, "left out {:?}", spec.left_out).unwrap();
        }
    }
    for one in &recipe.databases {
        let (user, database) = (one.user.as_deref().unwrap_or("-"), one.database.as_deref().unwrap_or("-"));
        let (file, volume) = (one.password_file.as_deref().unwrap_or("-"), one.data_volume.as_deref().unwrap_or("-"));
        writeln!(out, "database {} {:?} {user} {database} {file} {volume}", one.service, one.kind).unwrap();
    }
    for (key, one) in &recipe.volumes {
        writeln!(out, "volume {key} {}", one.name).unwrap();
    }
    for (key, one) in &recipe.networks {
        writeln!(out, "network {key} {}{}", one.name, if one.external { " external" } else { "" }).unwrap();
    }
    out
}

#[test]
fn a_federated_app_with_a_database_overlay() {
    let (recipe, warnings) = read("federated");
    insta::assert_snapshot!(summary(&recipe), @r#"
    federated compose.yml+compose.postgres.yml 2.0.1+1.0.6-social timeout 900
    service app cc-ci/federated:social-1.0.6 MayComplete Replicas(1)
    service db cc-ci/postgis:15-3.4 Serving Replicas(1)
    secret admin_password fede-3fa9c1_admin_password_v1 None Alnum Generated
    secret db_password fede-3fa9c1_db_password_v1 Some(32) Alnum Generated
    secret key_base fede-3fa9c1_key_base_v1 Some(128) Alnum Generated
    secret signing_salt fede-3fa9c1_signing_salt_v2 Some(64) Hex Generated
    config fede-3fa9c1_app_entrypoint_v4 entrypoint.sh.tmpl
    config fede-3fa9c1_pg_backup_v3 pg_backup.sh
    route app fede-3fa9c1 Host(`fede-3fa9c1.test`) [web-secure] Terminated Some(4000)
    backup db-data fede-3fa9c1_db-data Only(["backup.sql.gz", "extra"])
    backup upload-data fede-3fa9c1_upload-data All
    hooks app V2 - | - | - | -
    hooks db V2 /pg_backup.sh backup | rm -f /var/lib/postgresql/data/backup.sql.gz | - | /pg_backup.sh restore
    left out []
    database db Postgres postgres federated_db /run/secrets/db_password db-data
    volume db-data fede-3fa9c1_db-data
    volume upload-data fede-3fa9c1_upload-data
    network internal fede-3fa9c1_internal
    network proxy proxy external
    "#);
    insta::assert_snapshot!(warnings, @"");
    let environment = &recipe.environment;
    assert_eq!(environment["PUBLIC_URL"], "https://fede-3fa9c1.test/");
    assert_eq!(environment["APP_ENTRYPOINT_VERSION"], "v4", "the export wins over the default in the compose file");
    assert_eq!(environment["STACK_NAME"], "fede-3fa9c1");
    assert!(!environment.contains_key("INSIDE"));
    let app = &recipe.compose.services["app"];
    assert_eq!(app.environment["SITE_NAME"].as_deref(), Some("Our Own Place"));
    assert_eq!(app.environment["NOT_SET_ANYWHERE"], None);
    assert_eq!(app.command, ["start", "--log-format", "one line"]);
    let replacement = "traefik.http.middlewares.fede-3fa9c1-redirect.redirectregex.replacement";
    assert_eq!(app.deploy.labels[replacement], "https://${1}");
}

#[test]
fn anchors_merge_keys_and_long_forms() {
    let (recipe, warnings) = read("workshop");
    insta::assert_snapshot!(summary(&recipe), @r#"
    workshop compose.yml - timeout 50
    service agent cc-ci/agent:2 Serving EveryNode
    service app cc-ci/workshop:1.10 Serving Replicas(2)
    service import cc-ci/workshop:1.10 Job Replicas(0)
    service migrate cc-ci/workshop:1.10 MayComplete Replicas(1)
    secret token work-3fa9c1_token_v7 Some(20) Alnum Generated
    config work-3fa9c1_settings settings.toml
    route app ssh HostSNI(`*`) [] Passthrough Some(22)
    backup data work-3fa9c1_data Only(["workshop.db"])
    hooks app V2 - | - | - | -
    left out ["media"]
    database app Sqlite - /srv/data/workshop.db - data
    volume data work-3fa9c1_data
    volume media work-3fa9c1_media
    network default work-3fa9c1_default
    network proxy proxy external
    "#);
    insta::assert_snapshot!(warnings, @"");
    let app = &recipe.compose.services["app"];
    assert_eq!(app.environment["RETRIES"].as_deref(), Some("5"), "an own key wins over a merged one");
    assert_eq!(app.environment["UNQUOTED"].as_deref(), Some("always"));
    assert_eq!(app.command[2], "costs $5");
}

#[test]
fn three_files_laid_over_each_other() {
    let (recipe, warnings) = read("blog");
    insta::assert_snapshot!(summary(&recipe), @r#"
    blog compose.yml+compose.tune.yml+overlays/compose.smtp.yml 1.2.0+5.7.2 timeout 50
    service app cc-ci/wordpress:5.7.3 Serving Replicas(0)
    service cache valkey/valkey:8-alpine Serving Replicas(1)
    service db cc-ci/mariadb:10.6 Serving Replicas(1)
    secret db_password blog-3fa9c1_db_password_v1 Some(24) Alnum Generated
    secret db_root_password blog-3fa9c1_db_root_password_v1 Some(24) Alnum Generated
    config blog-3fa9c1_entrypoint_conf_v2 entrypoint.sh.tmpl
    route app blog Host(`blog-3fa9c1.test`, `www.blog.example.com`) && PathPrefix(`/`) [web-secure] Terminated Some(80)
    backup content blog-3fa9c1_content Only(["themes", "uploads"])
    backup mariadb blog-3fa9c1_mariadb Only(["dump.sql"])
    hooks app V1 - | - | - | -
    hooks db V1 mysqldump --single-transaction -u root -p"$(cat /run/secrets/db_root_password)" wordpress > /var/lib/mysql/dump.sql | - | - | sh -c 'mysql wordpress < /var/lib/mysql/dump.sql'
    left out ["cache"]
    database cache Redis - - - -
    database db Mysql wordpress wordpress /run/secrets/db_password mariadb
    volume cache shared-cache
    volume content blog-3fa9c1_content
    volume mariadb blog-3fa9c1_mariadb
    network internal blog-3fa9c1_internal
    network proxy proxy external
    "#);
    insta::assert_snapshot!(warnings, @"");
}
