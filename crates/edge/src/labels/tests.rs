//! Tests of label reading, on the labels recipes really carry.

use super::*;

fn labels(lines: &str) -> BTreeMap<String, String> {
    lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| line.split_once('=').unwrap())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn read(lines: &str) -> Result<LabelRoutes, LabelError> {
    routes_from_labels(&labels(lines), "tasks.s_app")
}

fn refusal(lines: &str) -> String {
    read(lines).unwrap_err().to_string()
}

const USUAL: &str = "
    traefik.enable=true
    traefik.http.services.s.loadbalancer.server.port=2368
    traefik.http.routers.s.rule=Host(`a.test`,`www.a.test`)
    traefik.http.routers.s.entrypoints=web-secure
    traefik.http.routers.s.tls.certresolver=
";

#[test]
fn the_usual_labels_of_a_recipe_give_one_tls_router() {
    let found = read(USUAL).unwrap();
    assert_eq!(found.unsupported, []);
    assert_eq!(
        found.routers,
        [Router {
            name: "s".to_owned(),
            rule: "Host(`a.test`,`www.a.test`)".to_owned(),
            entry_points: vec!["web-secure".to_owned()],
            tls: true,
            priority: None,
            middlewares: vec![],
            backend: Backend { host: "tasks.s_app".to_owned(), port: 2368 },
        }]
    );
}

#[test]
fn a_service_is_exposed_only_when_it_says_so() {
    assert_eq!(read(&USUAL.replace("enable=true", "enable=false")).unwrap().routers, []);
    assert_eq!(read(&USUAL.replace("traefik.enable=true", "")).unwrap().routers, []);
    assert_eq!(refusal("traefik.enable=yes"), "label traefik.enable takes true or false, not `yes`");
    assert_eq!(read("traefik.enable=true").unwrap().unsupported, [Unsupported::NoRouter]);
}

#[test]
fn field_names_have_no_case_and_router_names_have() {
    let found = read(
        "traefik.Enable=true
         traefik.HTTP.Routers.App.Rule=Host(`a.test`)
         traefik.http.routers.App.EntryPoints=web, web-secure
         traefik.http.routers.App.service=Back
         traefik.http.routers.App.priority=7
         traefik.http.routers.App.tls=TRUE
         traefik.http.services.Back.LoadBalancer.Server.Port=80
         traefik.http.services.other.loadbalancer.server.port=81",
    )
    .unwrap();
    let router = &found.routers[0];
    assert_eq!((router.name.as_str(), router.backend.port, router.priority), ("App", 80, Some(7)));
    assert_eq!(router.entry_points, ["web", "web-secure"]);
    assert!(router.tls);
}

#[test]
fn tls_is_any_label_from_tls_on_unless_tls_says_no() {
    let tls = |line: &str| {
        let lines = USUAL.replace("traefik.http.routers.s.tls.certresolver=", line);
        read(&lines).unwrap().routers[0].tls
    };
    assert!(tls("traefik.http.routers.s.tls="));
    assert!(tls("traefik.http.routers.s.tls.domains[0].main=a.test"));
    assert!(!tls("traefik.http.routers.s.tls=false"));
    assert!(!tls(""));
}

#[test]
fn a_router_on_web_secure_without_tls_is_pointed_out() {
    let found = read(&USUAL.replace("traefik.http.routers.s.tls.certresolver=", "")).unwrap();
    assert_eq!(found.unsupported, [Unsupported::NoTls { router: "s".to_owned() }]);
}

#[test]
fn known_middlewares_are_applied_in_the_order_of_the_router() {
    let found = read(&format!(
        "{USUAL}
        traefik.http.routers.s.middlewares=strip@swarm, safe,s-redirect,auth@file
        traefik.http.middlewares.strip.stripprefix.prefixes=/a, /b
        traefik.http.middlewares.safe.redirectScheme.scheme=https
        traefik.http.middlewares.safe.redirectScheme.permanent=true
        traefik.http.middlewares.safe.redirectScheme.port=8443
        traefik.http.middlewares.s-redirect.headers.SSLForceHost=true
        traefik.http.middlewares.s-redirect.headers.SSLHost=a.test"
    ))
    .unwrap();
    assert_eq!(
        found.routers[0].middlewares,
        [
            Middleware::StripPrefix { prefixes: vec!["/a".to_owned(), "/b".to_owned()] },
            Middleware::RedirectScheme { scheme: "https".to_owned(), port: Some(8443), permanent: true },
        ]
    );
    let said: Vec<String> = found.unsupported.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "router `s`: middleware `s-redirect` of kind headers is not applied",
            "router `s`: middleware `auth@file` is defined elsewhere and is not applied",
        ]
    );
}

#[test]
fn what_is_not_followed_is_listed_and_does_not_fail() {
    let found = read(
        "traefik.enable=true
         traefik.http.routers.api.rule=Host(`t.test`)
         traefik.http.routers.api.service=api@internal
         traefik.http.routers.ssh.rule=Host(`t.test`)
         traefik.http.routers.ssh.entrypoints=web,metrics
         traefik.http.services.x.loadbalancer.server.port=80
         traefik.http.services.x.loadbalancer.server.scheme=h2c
         traefik.tcp.routers.ssh.rule=HostSNI(`*`)",
    )
    .unwrap();
    assert_eq!(found.routers.len(), 1);
    let said: Vec<String> = found.unsupported.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "tcp routers are not followed",
            "router `api` leads to `api@internal` of another provider and is left out",
            "service `x` asks for scheme h2c; it is spoken to in http",
            "router `ssh`: entry point `metrics` does not exist here",
        ]
    );
}

#[test]
fn refusals_name_the_label_to_set() {
    assert_eq!(
        refusal(&USUAL.replace("Host(`a.test`,`www.a.test`)", "")),
        "router `s` has no rule; set traefik.http.routers.s.rule"
    );
    assert_eq!(
        refusal(&USUAL.replace("Host(", "HostSNI(")),
        "label traefik.http.routers.s.rule cannot be followed: unknown matcher `HostSNI` at column 1; known are Host, HostRegexp, Path, PathPrefix, PathRegexp and Method"
    );
    assert_eq!(
        refusal(&USUAL.replace("traefik.http.services.s.loadbalancer.server.port=2368", "")),
        "no port for router `s`; set traefik.http.services.s.loadbalancer.server.port"
    );
    assert_eq!(
        refusal(&USUAL.replace("=2368", "=99999")),
        "label traefik.http.services.s.loadbalancer.server.port takes a port number, not `99999`"
    );
    assert_eq!(
        refusal(&format!("{USUAL}\ntraefik.http.services.t.loadbalancer.server.port=1")),
        "router `s` can lead to s or t; set traefik.http.routers.s.service"
    );
    assert_eq!(
        refusal(&format!("{USUAL}\ntraefik.http.routers.s.service=u")),
        "router `s` leads to service `u`, which these labels do not define"
    );
    assert_eq!(
        refusal(&format!("{USUAL}\ntraefik.http.routers.s.priority=high")),
        "label traefik.http.routers.s.priority takes a whole number, not `high`"
    );
}
