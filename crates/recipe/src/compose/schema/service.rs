//! A service of a compose file.

use super::form::{
    AMOUNT, COUNT, DIGITS, DURATION, Fields, Form, Known, Map, NUMBER, Names, OPTIONS, OPTIONS_OR_NULL, Others, PAIRS,
    Plain, SET, SIZE, SWITCH, TEXT, TEXT_OR_SET, TEXT_OR_TEXTS, TEXTS, Twice, WHOLE, closed, extensible, key, open,
    refused, since,
};

/// A service.
pub(super) const SERVICE: Fields = extensible(
    7,
    &[
        key("build", TEXT.or_map("a string or a mapping", 0, Map::Fields(&BUILD))),
        key("cap_add", SET),
        key("cap_drop", SET),
        since(9, "cgroupns_mode", TEXT),
        key("cgroup_parent", TEXT),
        key("command", TEXT_OR_TEXTS),
        since(3, "configs", FILES),
        key("container_name", TEXT),
        since(3, "credential_spec", Form::map(Map::Fields(&CREDENTIALS))),
        Known { hint: Some("write `- name` for each: Swarm has no start conditions"), ..key("depends_on", SET) },
        key("deploy", Form::map(Map::Fields(&DEPLOY)).or_null()),
        key("devices", SET),
        key("dns", TEXT_OR_SET),
        key("dns_search", TEXT_OR_SET),
        key("domainname", TEXT),
        key("entrypoint", TEXT_OR_TEXTS),
        key("env_file", TEXT_OR_SET),
        key("environment", PAIRS),
        key("expose", Form::list("a list", &Form::scalar("a string or number", Plain::TextOrNumber), Twice::Refused)),
        key("external_links", SET),
        key("extra_hosts", PAIRS),
        key("healthcheck", Form::map(Map::Fields(&HEALTHCHECK))),
        key("hostname", TEXT),
        key("image", TEXT),
        since(7, "init", SWITCH),
        key("ipc", TEXT),
        since(5, "isolation", TEXT),
        key("labels", PAIRS),
        key("links", SET),
        key("logging", Form::map(Map::Fields(&closed(&[key("driver", TEXT), key("options", OPTIONS_OR_NULL)])))),
        key("mac_address", TEXT),
        key("network_mode", TEXT),
        key("networks", NETWORKS),
        since(13, "oom_score_adj", WHOLE),
        key("pid", TEXT.or_null()),
        key("ports", PORTS),
        key("privileged", SWITCH),
        key("read_only", SWITCH),
        key("restart", TEXT),
        since(1, "secrets", FILES),
        key("security_opt", SET),
        // The schema takes a number too; what reads on does not.
        key("shm_size", TEXT),
        key("stdin_open", SWITCH),
        key("stop_grace_period", DURATION),
        key("stop_signal", TEXT),
        key("sysctls", PAIRS),
        key("tmpfs", TEXT_OR_SET),
        key("tty", SWITCH),
        key("ulimits", Form::map(Map::Named { names: Names::Any, each: &ULIMIT })),
        key("user", TEXT),
        key("userns_mode", TEXT),
        key("volumes", Form::list("a list", &VOLUME, Twice::RefusedBefore(2))),
        key("working_dir", TEXT),
        refused("cpu_quota"),
        refused("cpu_shares"),
        refused("cpuset"),
        refused("extends"),
        refused("mem_limit"),
        refused("memswap_limit"),
        refused("volume_driver"),
        refused("volumes_from"),
    ],
);

/// Built images are no matter of a swarm; the loader checks the section all the same.
const BUILD: Fields = Fields {
    known: &[
        key("context", TEXT),
        key("dockerfile", TEXT),
        key("args", PAIRS),
        since(2, "cache_from", SET),
        since(3, "labels", PAIRS),
        since(4, "network", TEXT),
        since(4, "target", TEXT),
        since(5, "shm_size", Form::scalar("a string or number", Plain::TextOrNumber)),
        since(9, "extra_hosts", PAIRS),
    ],
    others: Others::Ignored { since: 11 },
    required: &[],
};

const CREDENTIALS: Fields = closed(&[since(8, "config", TEXT), key("file", TEXT), key("registry", TEXT)]);

const HEALTHCHECK: Fields = closed(&[
    key("disable", SWITCH),
    key("interval", DURATION),
    key("retries", AMOUNT),
    key("test", TEXT_OR_TEXTS),
    key("timeout", DURATION),
    since(4, "start_period", DURATION),
    since(12, "start_interval", DURATION),
]);

/// Configs or secrets of a service.
const FILES: Form = Form::list("a list", &FILE, Twice::Allowed);
const FILE: Form = TEXT.or_map(
    "a string or a mapping",
    0,
    Map::Fields(&open(&[
        key("source", TEXT),
        key("target", TEXT),
        key("uid", TEXT),
        key("gid", TEXT),
        key("mode", AMOUNT),
    ])),
);

const NETWORKS: Form = Form::list("a list or a mapping", &TEXT, Twice::Refused).or_map(
    "a list or a mapping",
    0,
    Map::Named { names: Names::Plain, each: &NETWORK },
);
const NETWORK: Form = Form::map(Map::Fields(&closed(&[
    key("aliases", SET),
    since(13, "driver_opts", OPTIONS),
    key("ipv4_address", TEXT),
    key("ipv6_address", TEXT),
])))
.or_null();

const PORTS: Form = Form::list("a list", &PORT, Twice::Refused);
const PORT: Form = Form::scalar("a port", Plain::Own).or_map(
    "a port",
    2,
    Map::Fields(&closed(&[key("mode", TEXT), key("target", COUNT), key("published", COUNT), key("protocol", TEXT)])),
);

const ULIMIT: Form = DIGITS.or_map(
    "an integer, or a mapping with `soft` and `hard`",
    0,
    Map::Fields(&Fields {
        known: &[key("hard", DIGITS), key("soft", DIGITS)],
        others: Others::Refused,
        required: &[("soft", "give both limits"), ("hard", "give both limits")],
    }),
);

const VOLUME: Form = TEXT.or_map(
    "a string or a mapping",
    2,
    Map::Fields(&Fields {
        known: &[
            key("type", TEXT),
            key("source", TEXT),
            key("target", TEXT),
            key("read_only", SWITCH),
            key("consistency", TEXT),
            key("bind", Form::map(Map::Fields(&open(&[key("propagation", TEXT)])))),
            key("volume", Form::map(Map::Fields(&open(&[key("nocopy", SWITCH)])))),
            since(6, "tmpfs", Form::map(Map::Fields(&open(&[key("size", COUNT)])))),
        ],
        others: Others::Refused,
        required: &[("type", "add `type: volume`")],
    }),
);

const DEPLOY: Fields = closed(&[
    key("mode", TEXT),
    since(2, "endpoint_mode", TEXT),
    key("replicas", COUNT),
    key("labels", PAIRS),
    since(7, "rollback_config", Form::map(Map::Fields(&ROLLOUT))),
    key("update_config", Form::map(Map::Fields(&ROLLOUT))),
    key("resources", Form::map(Map::Fields(&closed(&[key("limits", LIMITS), key("reservations", RESERVATIONS)])))),
    key("restart_policy", Form::map(Map::Fields(&RESTART))),
    key("placement", Form::map(Map::Fields(&PLACEMENT))),
]);

const ROLLOUT: Fields = closed(&[
    key("parallelism", COUNT),
    key("delay", DURATION),
    key("failure_action", TEXT),
    key("monitor", DURATION),
    key("max_failure_ratio", NUMBER),
    since(4, "order", TEXT),
]);

const PROCESSORS: Form = Form::scalar("a string", Plain::Processors);
const LIMITS: Form =
    Form::map(Map::Fields(&closed(&[key("cpus", PROCESSORS), key("memory", SIZE), since(9, "pids", WHOLE)])));
const RESERVATIONS: Form = Form::map(Map::Fields(&closed(&[
    key("cpus", PROCESSORS),
    key("memory", SIZE),
    since(5, "generic_resources", Form::list("a list", &RESOURCE, Twice::Allowed)),
])));
const RESOURCE: Form =
    Form::map(Map::Fields(&closed(&[key("discrete_resource_spec", Form::map(Map::Fields(&DISCRETE)))])));
const DISCRETE: Fields = closed(&[key("kind", TEXT), key("value", NUMBER)]);

const RESTART: Fields =
    closed(&[key("condition", TEXT), key("delay", DURATION), key("max_attempts", COUNT), key("window", DURATION)]);

const PLACEMENT: Fields = closed(&[
    key("constraints", TEXTS),
    since(
        3,
        "preferences",
        Form::list("a list", &Form::map(Map::Fields(&closed(&[key("spread", TEXT)]))), Twice::Allowed),
    ),
    since(8, "max_replicas_per_node", COUNT),
]);
