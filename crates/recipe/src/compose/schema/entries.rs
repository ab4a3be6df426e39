//! The top of a compose file, and its volumes, networks, secrets and configs.

use super::form::{
    Fields, Form, Known, Map, Names, OPTIONS, PAIRS, SWITCH, TEXT, closed, extensible, key, open, since,
};
use super::service;

/// A compose file. Its version is read before, because everything else depends on it.
pub(super) const ROOT: Fields = extensible(
    4,
    &[
        Known { name: "version", since: 0, form: Some(ANY), hint: None },
        key("services", named(&SERVICE)),
        key("networks", Form::map(Map::Named { names: Names::Any, each: &NETWORK })),
        key("volumes", named(&VOLUME)),
        since(1, "secrets", named(&SECRET)),
        since(3, "configs", named(&CONFIG)),
    ],
);

const ANY: Form = Form {
    what: "a string",
    null: true,
    scalar: Some(super::form::Plain::Own),
    list: Some(super::form::List { item: &TEXT, twice: super::form::Twice::Allowed }),
    map: None,
};

const SERVICE: Form = Form::map(Map::Fields(&service::SERVICE));

/// Entries under names of plain letters.
const fn named(each: &'static Form) -> Form {
    Form::map(Map::Named { names: Names::Plain, each })
}

const NETWORK: Form = Form::map(Map::Fields(&extensible(
    7,
    &[
        since(5, "name", TEXT),
        key("driver", TEXT),
        key("driver_opts", OPTIONS),
        key("ipam", Form::map(Map::Fields(&closed(&[key("driver", TEXT), key("config", POOLS)])))),
        key("external", external(&closed(&EXTERNAL))),
        key("internal", SWITCH),
        since(2, "attachable", SWITCH),
        key("labels", PAIRS),
    ],
)))
.or_null();

const POOLS: Form =
    Form::list("a list", &Form::map(Map::Fields(&closed(&[key("subnet", TEXT)]))), super::form::Twice::Allowed);

const VOLUME: Form = Form::map(Map::Fields(&extensible(
    7,
    &[
        since(4, "name", TEXT),
        key("driver", TEXT),
        key("driver_opts", OPTIONS),
        key("external", external(&closed(&EXTERNAL))),
        key("labels", PAIRS),
        since(7, "x-cluster-spec", Form::map(Map::Open)),
    ],
)))
.or_null();

const SECRET: Form = Form::map(Map::Fields(&extensible(
    7,
    &[
        since(5, "name", TEXT),
        key("file", TEXT),
        key("external", external(&open(&EXTERNAL))),
        key("labels", PAIRS),
        since(8, "driver", TEXT),
        since(8, "driver_opts", OPTIONS),
        since(8, "template_driver", TEXT),
    ],
)));

const CONFIG: Form = Form::map(Map::Fields(&extensible(
    7,
    &[
        since(5, "name", TEXT),
        key("file", TEXT),
        key("external", external(&open(&EXTERNAL))),
        key("labels", PAIRS),
        since(8, "template_driver", TEXT),
    ],
)));

const EXTERNAL: [Known; 1] = [key("name", TEXT)];

/// `external: true`, or the older notation with a name below it.
const fn external(fields: &'static Fields) -> Form {
    SWITCH.or_map("true or false", 0, Map::Fields(fields))
}
