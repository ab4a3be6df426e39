//! What a recipe asks for, item by item: each with its exact value and its line.

use cc_ci_recipe::Recipe;
use cc_ci_recipe::requests::{Item, requests};
use cc_ci_recipe::source::Files;
use std::collections::BTreeSet;

const STACK: &str = "shop-abc123";
const DOMAIN: &str = "shop-abc123.cc-ci.test";

/// A recipe whose service `app` has `service` in its lines, and whose file ends with `rest`.
fn compose(service: &str, rest: &str) -> String {
    let indented: String = service.lines().map(|line| format!("    {line}\n")).collect();
    let image = if service.starts_with("image:") { "" } else { "    image: a:1\n" };
    format!("services:\n  app:\n{image}{indented}{rest}")
}

fn recipe_of(files: &Files) -> Recipe {
    let env = [("STACK_NAME", STACK), ("DOMAIN", DOMAIN), ("LETS_ENCRYPT_ENV", "")];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    Recipe::read("shop", files, &env, &[]).unwrap_or_else(|problems| panic!("{problems:?}")).0
}

fn recipe(service: &str, rest: &str) -> Recipe {
    let text = compose(service, rest);
    let files = [(".env.sample", ""), ("conf", "x"), ("compose.yml", text.as_str())];
    recipe_of(&files.into_iter().collect())
}

/// Item, lines of the service, rest of the file, value, and the place of the request.
const TABLE: &[(Item, &str, &str, &str, &str)] = &[
    (
        Item::EngineSocket,
        "volumes:\n  - /var/run/docker.sock:/s:ro",
        "",
        "/var/run/docker.sock",
        "5: services.app.volumes./s",
    ),
    (Item::EngineSocket, "volumes: [\"/run/:/s\"]", "", "/run/", "4: services.app.volumes./s"),
    (Item::EngineSocket, "volumes: [\"/:/s\"]", "", "/", "4: services.app.volumes./s"),
    (
        Item::EngineSocket,
        "volumes:\n  - {type: bind, source: /var/x/../run, target: /s}",
        "",
        "/var/x/../run",
        "5: services.app.volumes./s",
    ),
    (
        Item::EngineSocket,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    driver_opts: {type: none, o: bind, device: /var/run}",
        "/var/run",
        "7: volumes.vol.driver_opts",
    ),
    (
        Item::HostPath,
        "volumes:\n  - data:/ok\n  - /etc:/host",
        "volumes:\n  data:",
        "/etc",
        "6: services.app.volumes./host",
    ),
    (Item::HostPath, "volumes: [\"./conf:/c\"]", "", "./conf", "4: services.app.volumes./c"),
    (Item::HostPath, "volumes: [\"~/x:/c\"]", "", "~/x", "4: services.app.volumes./c"),
    (
        Item::HostPath,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    driver_opts: {type: none, o: bind, device: /srv}",
        "/srv",
        "7: volumes.vol.driver_opts",
    ),
    (Item::HostPath, "volumes:\n  - {type: npipe, source: x, target: /s}", "", "x", "5: services.app.volumes./s"),
    (Item::HostPath, "", "secrets:\n  s: {file: /etc/shadow}\n", "/etc/shadow", "5: secrets.s.file"),
    (Item::HostPath, "", "configs:\n  c: {file: ../../etc/shadow}\n", "../../etc/shadow", "5: configs.c.file"),
    (Item::HostNetwork, "network_mode: host", "", "host", "4: services.app.network_mode"),
    (Item::HostNetwork, "network_mode: \"container:x\"", "", "container:x", "4: services.app.network_mode"),
    (
        Item::HostNetwork,
        "networks: [n]",
        "networks:\n  n:\n    external: true\n    name: host",
        "host",
        "8: networks.n.name",
    ),
    (Item::HostNetwork, "networks: [n]", "networks:\n  n:\n    driver: macvlan", "macvlan", "7: networks.n.driver"),
    (Item::Namespace, "pid: host", "", "pid=host", "4: services.app.pid"),
    (Item::Namespace, "ipc: \"container:x\"", "", "ipc=container:x", "4: services.app.ipc"),
    (Item::Namespace, "userns_mode: host", "", "userns_mode=host", "4: services.app.userns_mode"),
    (Item::Namespace, "cgroupns_mode: host", "", "cgroupns_mode=host", "4: services.app.cgroupns_mode"),
    (Item::Capability, "cap_add:\n  - CHOWN\n  - cap_net_admin", "", "NET_ADMIN", "6: services.app.cap_add"),
    (Item::Device, "devices:\n  - /dev/kvm:/dev/kvm", "", "/dev/kvm:/dev/kvm", "5: services.app.devices"),
    (Item::Privileged, "privileged: true", "", "true", "4: services.app.privileged"),
    (Item::HostPort, "ports:\n  - \"53:53/udp\"", "", "53/udp", "5: services.app.ports.53"),
    (
        Item::HostPort,
        "ports:\n  - {target: 22, published: 2222, mode: host}",
        "",
        "2222/tcp",
        "5: services.app.ports.22",
    ),
    (Item::HostPort, "ports: [\"80\"]", "", "any/tcp", "4: services.app.ports.80"),
    (Item::ForeignVolume, "volumes: [\"vol:/s\"]", "volumes:\n  vol: {external: true}", "vol", "6: volumes.vol"),
    (
        Item::ForeignVolume,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    name: other_data",
        "other_data",
        "7: volumes.vol.name",
    ),
    (
        Item::ForeignVolume,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    name: ${STACK_NAME}4_data",
        "${STACK_NAME}4_data",
        "7: volumes.vol.name",
    ),
    (
        Item::VolumeDriver,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    driver: rclone",
        "rclone",
        "7: volumes.vol.driver",
    ),
    (
        Item::VolumeDriver,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    driver_opts: {type: nfs, device: \":/x\", o: addr=n}",
        ":/x",
        "7: volumes.vol.driver_opts",
    ),
    (
        Item::VolumeDriver,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    driver_opts: {o: uid=0}",
        "o=uid=0",
        "7: volumes.vol.driver_opts",
    ),
    (
        Item::VolumeDriver,
        "volumes:\n  - {type: cluster, source: group:x, target: /s}",
        "",
        "group:x",
        "5: services.app.volumes./s",
    ),
    (Item::ForeignNetwork, "networks: [n]", "networks:\n  n: {external: true}", "n", "6: networks.n"),
    (Item::ForeignNetwork, "networks: [n]", "networks:\n  n:\n    name: proxy", "proxy", "7: networks.n.name"),
    (
        Item::ForeignSecret,
        "secrets: [s]",
        "secrets:\n  s:\n    external: true\n    name: other_db_v1",
        "other_db_v1",
        "8: secrets.s.name",
    ),
    (
        Item::ForeignSecret,
        "",
        "secrets:\n  s:\n    name: other_db_v1\n    file: conf",
        "other_db_v1",
        "6: secrets.s.name",
    ),
    (Item::ForeignConfig, "configs: [c]", "configs:\n  c: {external: true}", "c", "6: configs.c"),
    (Item::Sysctl, "sysctls:\n  net.core.somaxconn: 1024", "", "net.core.somaxconn=1024", "5: services.app.sysctls"),
    (Item::Sysctl, "sysctls:\n  - net.ipv4.ip_forward=1", "", "net.ipv4.ip_forward=1", "5: services.app.sysctls"),
    (
        Item::SecurityOption,
        "security_opt:\n  - seccomp=unconfined",
        "",
        "seccomp=unconfined",
        "5: services.app.security_opt",
    ),
    (
        Item::SecurityOption,
        "credential_spec: {file: x}",
        "",
        "credential_spec=file=x",
        "4: services.app.credential_spec",
    ),
    (Item::SecurityOption, "isolation: process", "", "isolation=process", "4: services.app.isolation"),
    (Item::KernelResource, "oom_score_adj: -500", "", "oom_score_adj=-500", "4: services.app.oom_score_adj"),
    (Item::KernelResource, "cgroup_parent: /x", "", "cgroup_parent=/x", "4: services.app.cgroup_parent"),
    (
        Item::VolumeDriver,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    driver_opts: {type: nfs4, o: addr=n}",
        "o=addr=n,type=nfs4",
        "7: volumes.vol.driver_opts",
    ),
    (
        Item::EngineSocket,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    driver_opts: {type: tmpfs, o: move, device: /run}",
        "/run",
        "7: volumes.vol.driver_opts",
    ),
    (
        Item::Limit,
        "volumes: [\"vol:/s\"]",
        "volumes:\n  vol:\n    driver_opts: {type: tmpfs, o: \"size=900g\", device: tmpfs}",
        "device=tmpfs,o=size=900g,type=tmpfs",
        "7: volumes.vol.driver_opts",
    ),
    (
        Item::Limit,
        "ulimits: {nofile: {soft: 10, hard: 1048576}}",
        "",
        "ulimits=nofile.hard=1048576",
        "4: services.app.ulimits",
    ),
    (Item::Limit, "ulimits: {memlock: -1}", "", "ulimits=memlock=-1", "4: services.app.ulimits"),
    (Item::Limit, "shm_size: 8g", "", "shm_size=8g", "4: services.app.shm_size"),
    (Item::Replicas, "deploy: {replicas: 21}", "", "21", "4: services.app.deploy.replicas"),
    (Item::LogDriver, "logging: {driver: syslog}", "", "driver=syslog", "4: services.app.logging"),
    (Item::LogDriver, "logging: {driver: none}", "", "driver=none", "4: services.app.logging"),
    (
        Item::LogDriver,
        "logging:\n  options:\n    splunk-capath: /x",
        "",
        "options.splunk-capath=/x",
        "6: services.app.logging",
    ),
    (Item::NameServer, "dns: 9.9.9.9", "", "dns=9.9.9.9", "4: services.app.dns"),
    (Item::NameServer, "dns_search: [x.org]", "", "dns_search=x.org", "4: services.app.dns_search"),
    (Item::HostName, "extra_hosts:\n  - a:169.254.169.254", "", "a:169.254.169.254", "5: services.app.extra_hosts"),
    (Item::HostName, "extra_hosts: {a: host-gateway}", "", "a=host-gateway", "4: services.app.extra_hosts"),
    (Item::Other, "mac_address: 02:42:ac:11:65:43", "", "mac_address=02:42:ac:11:65:43", "4: services.app.mac_address"),
    (Item::ImageSource, "image: 127.0.0.1:18095/a:1", "", "127.0.0.1:18095/a:1", "3: services.app.image"),
    (Item::Label, "labels: {cc-ci.run: x}", "", "cc-ci.run=x", "4: services.app.labels.cc-ci.run"),
    (
        Item::Label,
        "deploy:\n  labels:\n    - com.docker.stack.namespace=other",
        "",
        "com.docker.stack.namespace=other",
        "6: services.app.deploy.labels.com.docker.stack.namespace",
    ),
    (Item::Label, "", "volumes:\n  v:\n    labels: {CC-CI.run: x}\n", "CC-CI.run=x", "6: volumes.v.labels"),
    (
        Item::NetworkOption,
        "networks: [n]",
        "networks:\n  n:\n    ipam: {config: [{subnet: 127.0.0.0/8}]}",
        "ipam={\"config\":[{\"subnet\":\"127.0.0.0/8\"}]}",
        "7: networks.n.ipam",
    ),
    (
        Item::NetworkOption,
        "networks: [n]",
        "networks:\n  n:\n    driver_opts: {x.vxlanid_list: \"4097\"}",
        "x.vxlanid_list=4097",
        "7: networks.n.driver_opts",
    ),
    (
        Item::Alias,
        "networks:\n  proxy:\n    aliases: [db]",
        "networks:\n  proxy: {external: true}",
        "db",
        "5: services.app.networks.proxy",
    ),
    (Item::Router, HOST_RULE, "", "git.example.org", "6: services.app.deploy.labels"),
    (Item::Router, TWO_HOSTS_RULE, "", "b.example", "6: services.app.deploy.labels"),
    (Item::Router, OPEN_RULE, "", "Host(`${DOMAIN}`) || PathPrefix(`/`)", "6: services.app.deploy.labels"),
    (Item::Router, PATTERN_RULE, "", "HostRegexp(`.*`)", "6: services.app.deploy.labels"),
    (Item::Router, TCP_RULE, "", "*", "6: services.app.deploy.labels"),
    (Item::Router, ESCAPED_RULE, "", "Host(\"\\u0067it.example\")", "6: services.app.deploy.labels"),
    (
        Item::Router,
        "deploy:\n  labels:\n    - traefik.http.middlewares.m.forwardauth.address=http://169.254.169.254/",
        "",
        "http://169.254.169.254/",
        "6: services.app.deploy.labels",
    ),
    (
        Item::Router,
        "deploy:\n  labels:\n    - traefik.udp.routers.r.entrypoints=dns",
        "",
        "udp",
        "6: services.app.deploy.labels",
    ),
    (
        Item::Router,
        "deploy:\n  labels:\n    - traefik.http.routers.r.service=api@internal",
        "",
        "api@internal",
        "6: services.app.deploy.labels",
    ),
    (
        Item::Router,
        "deploy:\n  labels:\n    - traefik.http.middlewares.m.errors.service=cloud_app@swarm",
        "",
        "cloud_app@swarm",
        "6: services.app.deploy.labels",
    ),
    (
        Item::Certificate,
        "deploy:\n  labels:\n    - traefik.http.routers.r.tls.certResolver=production",
        "",
        "production",
        "6: services.app.deploy.labels",
    ),
];

const HOST_RULE: &str = "deploy:\n  labels:\n    - traefik.http.routers.r.rule=Host(`git.example.org`)";
const TWO_HOSTS_RULE: &str = "deploy:\n  labels:\n    - traefik.http.routers.r.rule=Host(`${DOMAIN}`, `b.example`)";
const OPEN_RULE: &str = "deploy:\n  labels:\n    - traefik.http.routers.r.rule=Host(`${DOMAIN}`) || PathPrefix(`/`)";
const PATTERN_RULE: &str = "deploy:\n  labels:\n    - traefik.http.routers.r.rule=HostRegexp(`.*`)";
const TCP_RULE: &str = "deploy:\n  labels:\n    - traefik.tcp.routers.r.rule=HostSNI(`*`)";
const ESCAPED_RULE: &str = "deploy:\n  labels:\n    - 'traefik.http.routers.r.rule=Host(\"\\u0067it.example\")'";

#[test]
fn each_item_is_found_with_its_value_and_its_line() {
    for (item, service, rest, value, place) in TABLE {
        let found = requests(&recipe(service, rest));
        let request = found.iter().find(|one| one.item == *item && one.value == *value);
        let request = request.unwrap_or_else(|| panic!("{service}{rest} asks for no {item:?} `{value}`: {found:#?}"));
        let shown = request.problem.to_string();
        assert!(shown.starts_with(&format!("compose.yml, line {place}")), "{shown}");
    }
}

#[test]
fn the_table_misses_no_item() {
    let mut covered: BTreeSet<Item> = TABLE.iter().map(|row| row.0).collect();
    // It stands in other files; see the test of variables.
    covered.insert(Item::Variable);
    assert_eq!(covered, BTreeSet::from(Item::ALL));
}

/// What real recipes are made of asks for nothing.
#[test]
fn what_is_the_stacks_own_is_not_asked_about() {
    let service = "networks: [proxy, internal, default]\n\
        volumes: [\"data:/data\", \"named:/named\", \"mem:/mem\", \"/anonymous\"]\n\
        secrets: [db_password, made]\n\
        configs: [conf]\n\
        cap_drop: [ALL]\n\
        security_opt: [\"no-new-privileges:true\"]\n\
        privileged: false\n\
        pid: \"\"\n\
        ipc: private\n\
        ulimits: {nofile: 65536}\n\
        tmpfs: [/tmp]\n\
        read_only: true\n\
        user: \"0\"";
    let rest = "volumes:\n  data:\n  named: {name: \"${STACK_NAME}_x\"}\n  mem:\n    driver_opts: {type: tmpfs, device: tmpfs}\n  unused: {external: true}\n\
        networks:\n  proxy: {external: true}\n  internal: {internal: true, driver: overlay, name: \"${STACK_NAME}-internal\"}\n  unused: {external: true}\n\
        secrets:\n  db_password: {external: true, name: \"${STACK_NAME}_db_password_v1\"}\n  made: {file: conf}\n  unused: {external: true}\n\
        configs:\n  conf: {file: ./conf, name: \"${STACK_NAME}_conf_v1\", template_driver: golang}\n";
    let found = requests(&recipe(service, rest));
    assert!(found.is_empty(), "{found:#?}");
}

/// Routes of an ordinary recipe, those of several hosts below its domain among them.
#[test]
fn routes_within_the_domain_are_not_asked_about() {
    let service = "networks:\n  proxy:\n    aliases: [\"${STACK_NAME}_api\", app, \"sso.${DOMAIN}\"]\n\
        logging: {driver: json-file, options: {max-size: 10m}}\n\
        shm_size: 256m\n\
        deploy:\n  labels:\n    \
        - traefik.http.routers.a.rule=Host(`${DOMAIN}`${EXTRA_DOMAINS})\n    \
        - traefik.http.routers.b.rule=(Host(`a.${DOMAIN}`) || Host(`B.${DOMAIN}`)) && !PathPrefix(`/x`)\n    \
        - traefik.http.routers.c.rule=PathPrefix(`/api`) && Host(`${DOMAIN}`)\n    \
        - traefik.http.routers.d.rule=Host(${DOMAIN})\n    \
        - traefik.http.routers.a.tls.certresolver=${LETS_ENCRYPT_ENV}\n    \
        - traefik.tcp.routers.t.rule=HostSNI(`${DOMAIN}`)\n    \
        - traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80\n    \
        - traefik.http.routers.a.service=${STACK_NAME}@swarm\n    \
        - traefik.http.routers.b.service=noop@internal\n    \
        - traefik.http.routers.c.service=${STACK_NAME}\n    \
        - traefik.http.middlewares.m.forwardauth.address=http://${STACK_NAME}_auth:9000/x";
    let found = requests(&recipe(service, "networks:\n  proxy: {external: true}"));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn variables_that_are_not_the_recipes_to_set() {
    let app = compose("", "");
    let sample = "LETS_ENCRYPT_ENV=production\nDOMAIN=x.example\n";
    let script = "export APP_VERSION=v1\nexport LETS_ENCRYPT_ENV=production\nexport DOMAIN=git.example.org\n";
    let files = [(".env.sample", sample), ("abra.sh", script), ("compose.yml", &app)];
    let found = requests(&recipe_of(&files.into_iter().collect()));
    let places: Vec<String> =
        found.iter().map(|one| format!("{}", one.problem).lines().next().unwrap_or_default().to_owned()).collect();
    insta::assert_snapshot!(places.join("\n"));
}

#[test]
fn what_a_second_file_asks_for_has_its_place_there() {
    let app = compose("cap_add: [CHOWN]", "");
    let more = "services:\n  app:\n    cap_add:\n      - SYS_ADMIN\n    volumes:\n      - /etc:/etc\n";
    let files = [
        (".env.sample", "COMPOSE_FILE=compose.yml:compose.more.yml\n"),
        ("compose.yml", &app),
        ("compose.more.yml", more),
    ];
    let found = requests(&recipe_of(&files.into_iter().collect()));
    let places = found.iter().map(|one| &one.problem);
    let places: Vec<String> =
        places.map(|one| format!("{}:{} {}", one.file, one.line.unwrap_or_default(), one.what)).collect();
    insta::assert_snapshot!(places.join("\n"), @r"
    compose.more.yml:6 asks for a path of the machine (`/etc`)
    compose.yml:4 asks for a capability (`CHOWN`)
    compose.more.yml:4 asks for a capability (`SYS_ADMIN`)
    ");
}
