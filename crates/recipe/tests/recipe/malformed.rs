//! Malformed recipes: every problem names its place and what to do, and nothing panics.

use std::collections::BTreeMap;

use cc_ci_recipe::Recipe;
use cc_ci_recipe::secrets::SecretOrigin;
use cc_ci_recipe::source::{Files, Problem};

use crate::loading::{app_env, files};

pub(crate) const SAMPLE: (&str, &str) = (".env.sample", "DOMAIN=a.example\n");
pub(crate) const GOOD: &str = "services:\n  app:\n    image: a:1\n";

/// The problems of a recipe, errors and warnings, as they are shown.
fn problems(texts: &[(&str, &str)]) -> String {
    shown(&files(texts), &app_env("malformed"))
}

pub(crate) fn shown(files: &Files, env: &BTreeMap<String, String>) -> String {
    let found = match Recipe::read("malformed", files, env, &[]) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    };
    let show = |problem: &Problem| format!("{:?} {problem}", problem.severity);
    found.iter().map(show).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_missing_or_broken_file() {
    insta::assert_snapshot!(problems(&[("compose.yml", GOOD)]), @r"
    Error .env.sample: is missing
    hint: add it: abra cannot make an app without it; an empty file will do
    ");
    insta::assert_snapshot!(problems(&[SAMPLE]), @r"
    Error compose.yml: is missing
    hint: add it: a recipe is deployed from this file
    ");
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", "services:\n  app:\n   image: a\n  - x\n")]), @"Error compose.yml, line 4: not readable as YAML: while parsing a block mapping, did not find expected key");
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", "")]), @r"
    Error compose.yml, line 1: is empty
    hint: a compose file starts with `services:` and the services below it
    ");
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", "- a\n")]), @r"
    Error compose.yml, line 1: is not a mapping
    hint: a compose file starts with `services:` and the services below it
    ");
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", "services: {}\n")]), @r"
    Error compose.yml: defines no services
    hint: add `services:` with a service named `app`
    ");
    insta::assert_snapshot!(problems(&[(".env.sample", "COMPOSE_FILE=compose.yml:compose.x.yml\n"), ("compose.yml", GOOD)]), @r"
    Error compose.x.yml: is missing
    hint: COMPOSE_FILE names it: correct the list in .env.sample, or add the file
    ");
}

#[test]
fn references_to_nothing() {
    let compose = r#"
services:
  app:
    image: a:1
    depends_on: [dbb]
    networks:
      - prox
    volumes:
      - dta:/data
    secrets:
      - source: nope
    configs: [conf]
  db:
    image: b:1
    networks: [default]
networks:
  proxy: {external: true}
volumes:
  data:
"#;
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", compose)]), @r"
    Warning compose.yml, line 5: services.app.depends_on.0: unknown service `dbb`
    hint: define it, or remove it from the list
    Error compose.yml, line 7: services.app.networks.prox: unknown network `prox`
    hint: did you mean `proxy`?
    Error compose.yml, line 9: services.app.volumes./data: unknown volume `dta`
    hint: did you mean `data`?
    Error compose.yml, line 12: services.app.configs.conf: unknown config `conf`
    hint: define it under the top-level `configs`
    Error compose.yml, line 11: services.app.secrets.nope: unknown secret `nope`
    hint: define it under the top-level `secrets`
    ");
}

#[test]
fn a_stack_without_app_or_image() {
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", "services:\n  web: {image: a}\n")]), @r"
    Error compose.yml, line 1: services: no service is named `app`
    hint: name the service that users talk to `app`: abra looks for it
    ");
    let overlay = "services:\n  sidekiq:\n    environment: [A=b]\n";
    let sample = (".env.sample", "COMPOSE_FILE=compose.yml:compose.smtp.yml\n");
    insta::assert_snapshot!(problems(&[sample, ("compose.yml", GOOD), ("compose.smtp.yml", overlay)]), @r"
    Error compose.smtp.yml, line 2: services.sidekiq: service `sidekiq` has no image
    hint: give it an `image`, or drop the overlay that adds to a service of no other file
    ");
    let old = format!("version: \"3.8\"\n{GOOD}");
    insta::assert_snapshot!(problems(&[sample, ("compose.yml", &old), ("compose.smtp.yml", GOOD)]), @r"
    Error compose.smtp.yml: version: its version 3.13 is not the version 3.8 of compose.yml
    hint: give all compose files the same `version`: `docker stack deploy` refuses to merge them
    ");
}

#[test]
fn secrets_and_configs_that_swarm_refuses() {
    let compose = r#"
services:
  app:
    image: a:1
    secrets: [database_superuser_password, token, plain]
    configs: [nginx, gone]
secrets:
  database_superuser_password:
    external: true
    name: ${STACK_NAME}_database_superuser_password_of_the_first_main_cluster_${SECRET_DB_VERSION}
  token:
    external: true
    name: ${STACK_NAME}_token_${SECRET_TOKEN_VERSION}
  plain: {}
  idle: {external: true}
configs:
  nginx:
    name: ${STACK_NAME}_nginx_${NGINX_VERSION}
    file: nginx.conf.tmpl
  gone:
    file: missing.conf
"#;
    let texts =
        [(".env.sample", "SECRET_DB_VERSION=v1 # length=32\n"), ("compose.yml", compose), ("nginx.conf.tmpl", "x")];
    insta::assert_snapshot!(problems(&texts), @r"
    Error compose.yml, line 10: secrets.database_superuser_password.name: `malf-3fa9c1_database_superuser_password_of_the_first_main_cluster_v1` has 68 letters, the engine takes 64
    hint: shorten `database_superuser_password`, or deploy under a shorter domain
    Error compose.yml, line 13: secrets.token.name: `malf-3fa9c1_token_` ends in `_`: the version in `${STACK_NAME}_token_${SECRET_TOKEN_VERSION}` is missing
    hint: set the SECRET_..._VERSION variable in .env.sample, such as `=v1`
    Error compose.yml, line 18: configs.nginx.name: `malf-3fa9c1_nginx_` ends in `_`: the version in `${STACK_NAME}_nginx_${NGINX_VERSION}` is missing
    hint: export the version in abra.sh, such as `export APP_CONF_VERSION=v1`
    Error compose.yml, line 14: secrets.plain: is neither external nor has a file
    hint: add `external: true`, or a `file`
    Error compose.yml, line 21: configs.gone.file: file `missing.conf` does not exist in the recipe
    hint: commit the file, or correct the path (it is relative to the recipe's root)
    Warning compose.yml, line 15: secrets.idle: no service uses this secret
    hint: remove it, or add it to a service
    ");
}

#[test]
fn a_secret_that_the_operator_inserts() {
    let compose = r#"
services:
  app: {image: "a:1", secrets: [smtp, key]}
secrets:
  smtp: {external: true, name: "${STACK_NAME}_smtp_${SECRET_SMTP_VERSION}"}
  key: {external: true, name: "${STACK_NAME}_key_${SECRET_KEY_VERSION:-v2}"}
"#;
    let texts = [
        (".env.sample", "SECRET_SMTP_VERSION=v3 # generate=false\n#SECRET_KEY_VERSION=v9 # length=8\n"),
        ("compose.yml", compose),
    ];
    let (recipe, warnings) = Recipe::read("x", &files(&texts), &app_env("malformed"), &[]).unwrap();
    assert_eq!(warnings, []);
    let [key, smtp] = recipe.secrets.as_slice() else { panic!("two secrets") };
    assert_eq!((smtp.origin, smtp.version.as_str()), (SecretOrigin::Inserted, "v3"));
    assert_eq!((key.origin, key.version.as_str(), key.length), (SecretOrigin::Generated, "v2", None));
}

#[test]
fn fields_of_the_wrong_type() {
    let compose = r#"
version: 3.8
services:
  app:
    image: 1.10
    helthcheck: {}
    command: ["a", 1]
    environment:
      A: true
      B: 0755
    labels:
      - a: b
    depends_on: {db: {condition: service_healthy}}
    ports: [eighty, "80:90000"]
    volumes: ["aa:bb:cc:dd", "d:/data", {source: x, target: /x}]
    stop_grace_period: 90
    init: maybe
    healthcheck:
      interval: 5sec
      start_period: ${START:-1m}
    deploy:
      mode: everywhere
      replicas: ${REPLICAS:-2}
      update_config: {order: random, parallelism: -1}
    networks: proxy
    secrets: x
    entrypoint: "sh -c 'open"
    extends: {service: db}
  db:
image: oops
"#;
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", compose)]), @r#"
    Error compose.yml, line 2: write version: "3.8" with quotes
    Error compose.yml, line 5: services.app.image: must be a string
    hint: put it in quotes: "1.10"
    Error compose.yml, line 6: services.app.helthcheck: unknown key `helthcheck`
    hint: did you mean `healthcheck`?
    Error compose.yml, line 7: services.app.command.1: must be a string
    hint: put it in quotes: "1"
    Error compose.yml, line 9: services.app.environment.A: must be a string, number or null
    hint: put it in quotes: "true"
    Warning compose.yml, line 10: services.app.environment.B: `0755` is read as 493
    hint: put it in quotes: "0755"
    Error compose.yml, line 12: services.app.labels.0: a list item with `key: value` in it
    hint: write `- a=value`, or leave out the dashes
    Error compose.yml, line 13: services.app.depends_on: must be a list
    hint: write `- name` for each: Swarm has no start conditions
    Error compose.yml, line 14: services.app.ports.0: `eighty` is not a port
    hint: write `published:target`, such as "8080:80" or "53:53/udp"
    Error compose.yml, line 14: services.app.ports.1: `80:90000` is not a port
    hint: write `published:target`, such as "8080:80" or "53:53/udp"
    Error compose.yml, line 15: services.app.volumes.0: `aa:bb:cc:dd` is not a mount
    hint: write `volume:/path` or `volume:/path:ro`
    Error compose.yml, line 15: services.app.volumes.1: `d:/data` is taken for a path on a Windows drive
    hint: give the volume a name of two letters or more
    Error compose.yml, line 15: services.app.volumes.2: has no `type`
    hint: add `type: volume`
    Error compose.yml, line 16: services.app.stop_grace_period: must be a string
    hint: put it in quotes: "90"
    Error compose.yml, line 17: services.app.init: must be true or false
    Error compose.yml, line 19: services.app.healthcheck.interval: `5sec` is not a duration
    hint: write a number with its unit: 30s, 1m30s, 500ms
    Error compose.yml, line 20: services.app.healthcheck.start_period: a variable (`${START:-1m}`) in a field that is not a text
    hint: write the value itself: abra refuses the recipe before it fills in variables
    Error compose.yml, line 22: services.app.deploy.mode: unknown mode `everywhere`
    hint: use replicated, global, replicated-job or global-job
    Error compose.yml, line 23: services.app.deploy.replicas: a variable (`${REPLICAS:-2}`) in a field that is not a text
    hint: write the value itself: abra refuses the recipe before it fills in variables
    Error compose.yml, line 24: services.app.deploy.update_config.order: unknown value `random`
    hint: use stop-first, start-first
    Error compose.yml, line 24: services.app.deploy.update_config.parallelism: must be an integer
    Error compose.yml, line 25: services.app.networks: must be a list or a mapping
    Error compose.yml, line 26: services.app.secrets: must be a list
    Error compose.yml, line 27: services.app.entrypoint: has a quote that is not closed
    Error compose.yml, line 28: services.app.extends: is refused by `docker stack deploy`
    hint: remove it
    Error compose.yml, line 29: services.db: must be a mapping
    Error compose.yml, line 30: image: unknown key `image`
    hint: remove it: `docker stack deploy` refuses keys it does not know
    Error compose.yml, line 29: services.db: service `db` has no image
    hint: give it an `image`, or drop the overlay that adds to a service of no other file
    "#);
}

#[test]
fn variables_that_cannot_be_filled_in() {
    let compose = "services:\n  app:\n    image: a:${TAG:?choose a tag}\n    command: [\"echo\", \"costs 5$\"]\n    environment:\n      - X=${ Y }\n      - Z=$$fine\n";
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", compose)]), @r"
    Error compose.yml, line 3: services.app.image: `${TAG:?choose a tag}`: abra has no required variables
    hint: give TAG a value in .env.sample
    Error compose.yml, line 4: services.app.command.1: `$` is not a variable
    hint: write `$$` for a dollar sign, and `${NAME}` or `${NAME:-default}` for a variable
    Error compose.yml, line 6: services.app.environment.0: `${ Y }` is not a variable
    hint: write `$$` for a dollar sign, and `${NAME}` or `${NAME:-default}` for a variable
    ");
}

#[test]
fn entries_that_contradict_themselves() {
    let compose = r#"
services:
  app:
    image: a:1
    volumes: [{type: bind, target: /a}]
    ports: [{published: 80}]
    configs: [made, two]
volumes:
  outside: {external: true, driver: local, driver_opts: {a: b}, labels: {c: d}}
  named: {external: {name: x}, name: z}
secrets:
  driven: {driver: vault, file: ./compose.yml}
configs:
  made: {file: /etc/hostname}
  two: {external: {name: x}, name: z}
"#;
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", compose)]), @r"
    Error compose.yml, line 5: services.app.volumes.0: has no `source`
    hint: name the path of the host, or mount a volume
    Error compose.yml, line 6: services.app.ports.0: has no `target`
    hint: add the port in the container, such as `target: 80`
    Error compose.yml, line 9: volumes.outside: is external and has `driver`
    hint: keep one of the two
    Error compose.yml, line 9: volumes.outside: is external and has `driver_opts`
    hint: keep one of the two
    Error compose.yml, line 9: volumes.outside: is external and has `labels`
    hint: keep one of the two
    Error compose.yml, line 10: volumes.named: has a name and a name below `external`
    hint: write `external: true` and keep the other name
    Error compose.yml, line 12: secrets.driven: has a driver and a file
    hint: keep one of the two
    Error compose.yml, line 15: configs.two: has a name and a name below `external`
    hint: write `external: true` and keep the other name
    Error compose.yml, line 14: configs.made.file: file `/etc/hostname` is one of the machine, not of the recipe
    hint: commit the file, and name it relative to the recipe's root
    Warning compose.yml, line 12: secrets.driven: no service uses this secret
    hint: remove it, or add it to a service
    ");
}

#[test]
fn files_with_variables_that_cannot_be_read() {
    let compose = "services:\n  app:\n    image: a:1\n    env_file: [a.env, b.env, ./c.env, /etc/environment]\n";
    let files = [SAMPLE, ("compose.yml", compose), ("a.env", "A=1\nB C=2\n"), ("c.env", "\n=x\n")];
    insta::assert_snapshot!(problems(&files), @r"
    Error compose.yml, line 4: services.app.env_file: file `b.env` does not exist in the recipe
    hint: commit the file, or write its variables under `environment`
    Error compose.yml, line 4: services.app.env_file: file `/etc/environment` does not exist in the recipe
    hint: commit the file, or write its variables under `environment`
    Error a.env, line 2: services.app.env_file: the name `B C` has blanks in it
    hint: write `NAME=value`, one a line; `#` starts a comment
    Error c.env, line 2: services.app.env_file: a value without a name
    hint: write `NAME=value`, one a line; `#` starts a comment
    ");
}

#[test]
fn words_that_docker_commands_disagree_about() {
    let compose = concat!(
        "x-free: {n: yes}\nservices:\n  app:\n    image: a:1\n",
        "    environment: {A: yes, B: \"yes\", C: 'no', D: on, E: 1, N: x, \"Y\": z, F: 2001-01-01}\n",
    );
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", compose)]), @r#"
    Warning compose.yml, line 5: services.app.environment.A: `yes` without quotes is a boolean to older docker commands (26 is one), which refuse it
    hint: put it in quotes: "yes"
    Warning compose.yml, line 5: services.app.environment.D: `on` without quotes is a boolean to older docker commands (26 is one), which refuse it
    hint: put it in quotes: "on"
    Warning compose.yml, line 5: services.app.environment.N: `N` without quotes is a boolean to older docker commands (26 is one), which refuse it
    hint: put it in quotes: "N"
    Warning compose.yml, line 5: services.app.environment.F: `2001-01-01` is read as 2001-01-01 00:00:00 +0000 UTC
    hint: put it in quotes: "2001-01-01"
    "#);
}

#[test]
fn labels_that_nobody_reads() {
    let compose = r#"
services:
  app:
    image: a:1
    volumes: ["data:/data"]
    labels:
      - traefik.enable=true
      - backupbot.backup=true
    deploy:
      labels:
        - traefik.enable=true
        - traefik.http.routers.x.entrypoints=web
        - backupbot.backup=true
        - backupbot.backup.volumes.daata=false
        - backupbot.backup.pre-hok=true
        - backupbot.backup.command=dump
        - coop-cloud.${STACK_NAME}.timeout=soon
  db:
    image: b:1
    deploy:
      labels:
        coop-cloud.${STACK_NAME}.version: 1.0.0+1
        backupbot.backup.pre-hook: dump
  old:
    image: b:1
    volumes: ["data:/data"]
    deploy:
      labels: {backupbot.backup: "true", backupbot.backup.path: "/tmp/dump.sql"}
volumes:
  data:
"#;
    insta::assert_snapshot!(problems(&[SAMPLE, ("compose.yml", compose)]), @r"
    Warning compose.yml, line 22: services.db.deploy.labels.coop-cloud.${STACK_NAME}.version: a variable in a key stays as it is written
    hint: use the list form (`- key=value`): keys of a mapping are not filled in
    Warning compose.yml, line 7: services.app.labels.traefik.enable: Traefik reads labels under `deploy` only
    hint: move it to services.app.deploy.labels
    Warning compose.yml, line 10: services.app.deploy.labels: router `x` has no rule
    hint: add a `.rule` label, such as Host(`${DOMAIN}`)
    Warning compose.yml, line 8: services.app.labels.backupbot.backup: backup labels count under `deploy` only
    hint: move it to services.app.deploy.labels
    Warning compose.yml, line 16: services.app.deploy.labels.backupbot.backup.command: unknown backup label
    hint: remove it: no backup tool reads it
    Warning compose.yml, line 15: services.app.deploy.labels.backupbot.backup.pre-hok: unknown backup label
    hint: did you mean `backupbot.backup.pre-hook`?
    Warning compose.yml, line 14: services.app.deploy.labels.backupbot.backup.volumes.daata: unknown volume `daata`
    hint: did you mean `data`?
    Warning compose.yml, line 23: services.db.deploy.labels.backupbot.backup.pre-hook: has no effect: this service does not carry `backupbot.backup`
    hint: add `backupbot.backup=true` to services.db.deploy.labels
    Warning compose.yml, line 28: services.old.deploy.labels.backupbot.backup.path: `/tmp/dump.sql` is in no volume of this service
    hint: mount a volume there, or name a path inside a volume
    Warning compose.yml, line 17: services.app.deploy.labels.coop-cloud.malf-3fa9c1.timeout: `soon` is not a number of seconds, so 50 are used
    hint: write `${TIMEOUT:-300}`
    ");
}

#[test]
fn an_environment_that_cannot_be_read() {
    let sample = "DOMAIN=a.example\nthis is prose\nSECRET_A_VERSION=v1 # lenght=5\n";
    insta::assert_snapshot!(problems(&[(".env.sample", sample), ("compose.yml", GOOD)]), @r"
    Error .env.sample, line 2: `this is prose` is not an assignment
    hint: write KEY=value, or put `#` in front
    Warning .env.sample, line 3: SECRET_A_VERSION: unknown modifier `lenght`
    hint: did you mean `length`?
    ");
    insta::assert_snapshot!(shown(&files(&[(".env.sample", ""), ("compose.yml", GOOD)]), &BTreeMap::new()), @r"
    Error .env.sample: gives neither STACK_NAME nor DOMAIN
    hint: give STACK_NAME to the app
    ");
}

/// A file of a few lines must not become a file of gigabytes.
#[test]
fn a_file_that_variables_blow_up() {
    let double = |n: u32| format!("A{n}=$A{p}$A{p}\n", p = n - 1);
    let sample: String = std::iter::once("A0=xxxxxxxx\n".to_owned()).chain((1..12).map(double)).collect();
    let lines: String = (0..200).map(|n| format!("      - X{n}=${{A11}}${{A11}}${{A11}}${{A11}}\n")).collect();
    let ports: String = (1..5).map(|n| format!("'{n}-65535:{n}-65535', ")).collect();
    let compose = format!("{GOOD}    environment:\n{lines}    ports: [{ports}]\n");
    insta::assert_snapshot!(problems(&[(".env.sample", &sample), ("compose.yml", &compose)]), @r"
    Error compose.yml, line 68: services.app.environment.63: variables make this file larger than any recipe
    Error compose.yml, line 205: services.app.ports: publishes more than 131072 ports
    ");
}
