//! `provides.toml`: what a recipe can give to others, and by which scripts; kept in the CI's catalogue only (DEP-3).

use super::Settings;
use super::document::{Document, Item};
use super::provided::{DependencyRequest, Provided, is_name};
use cc_ci_recipe::source::{Problem, nearest};
use std::collections::BTreeMap;

/// The file's name in a catalogue folder.
pub const FILE: &str = "provides.toml";

/// One key of a capability, for the reader and for the reference page.
pub struct CapabilityKey {
    /// Below the capability's table.
    pub name: &'static str,
    /// What may be written.
    pub form: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// The keys of a capability; all but `secrets` have to be given.
pub const KEYS: [CapabilityKey; 6] = [
    CapabilityKey {
        name: "service",
        form: "a service of the provider's stack",
        meaning: "The scripts run in a container of it: `sh -s` with the script on standard input, as that container's own user.",
    },
    CapabilityKey {
        name: "create",
        form: "a path below the catalogue's folder",
        meaning: "Makes a namespace of the run's own and prints its outputs, one `name=value` a line. Any exit code but 0 means \
                  that nothing was provided. What it prints to standard error is noted, with secrets masked.",
    },
    CapabilityKey {
        name: "delete",
        form: "a path below the catalogue's folder",
        meaning: "Removes the namespace, also one that was made only half, and also when there is none.",
    },
    CapabilityKey {
        name: "list",
        form: "a path below the catalogue's folder",
        meaning: "Prints the namespaces that there are, one a line; only those that start with `cc-ci-` are looked at.",
    },
    CapabilityKey {
        name: "outputs",
        form: "a list of names: small letters, digits and `_`",
        meaning: "What `create` has to print; anything else it prints is ignored.",
    },
    CapabilityKey {
        name: "secrets",
        form: "a list of outputs",
        meaning: "Those whose values are secret: masked everywhere, given to the app as Swarm secrets and to tests as files only.",
    },
];

/// What a recipe can give to others, by capability.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provides {
    /// By name.
    pub capabilities: BTreeMap<String, Capability>,
}

/// One capability.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capability {
    /// The service whose container the scripts run in.
    pub service: String,
    /// Path of the script that makes a namespace.
    pub create: String,
    /// Path of the script that removes one.
    pub delete: String,
    /// Path of the script that lists them.
    pub list: String,
    /// What `create` prints.
    pub outputs: Vec<String>,
    /// Those of the outputs that are secret.
    pub secrets: Vec<String>,
}

impl Provides {
    /// Reads the file `file` with the content `text`.
    ///
    /// # Errors
    /// Returns everything that is wrong with it.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut document = Document::new(file, text);
        let root = document.parse();
        let mut provides = Self::default();
        for item in document.items("", &root) {
            if !is_name(&item.name) {
                document.report(&item, "is no name of a capability", "use small letters, digits, `-` and `_`");
            } else if let Some(capability) = capability(&mut document, &item) {
                provides.capabilities.insert(item.name, capability);
            }
        }
        if document.problems.is_empty() { Ok(provides) } else { Err(document.problems) }
    }

    /// Holds what is asked of this provider against what it can give. `file` is its name for messages.
    ///
    /// # Errors
    /// Returns everything that is asked for and cannot be had.
    pub fn check(&self, file: &str, settings: &Settings, request: &DependencyRequest) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        for (name, provided) in &request.capabilities {
            match self.capabilities.get(name) {
                Some(capability) => check_outputs(settings, name, capability, provided, &mut problems),
                None => {
                    let known: Vec<&str> = self.capabilities.keys().map(String::as_str).collect();
                    let what = format!("`{}` does not provide `{name}`", request.recipe);
                    let hint =
                        format!("{file} has {}", if known.is_empty() { "none".into() } else { known.join(", ") });
                    problems.push(settings.contradiction(&format!("provided.{name}"), &what, &hint));
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

fn check_outputs(
    settings: &Settings,
    name: &str,
    capability: &Capability,
    provided: &Provided,
    problems: &mut Vec<Problem>,
) {
    let known = || capability.outputs.join(", ");
    for (kind, map) in [("env", &provided.env), ("secrets", &provided.secrets)] {
        for (target, output) in map {
            let key = format!("provided.{name}.{kind}.{target}");
            if !capability.outputs.contains(output) {
                let what = format!("there is no output `{output}`");
                let hint = match nearest(output, capability.outputs.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the outputs are {}", known()),
                };
                problems.push(settings.contradiction(&key, &what, &hint));
            } else if kind == "env" && capability.secrets.contains(output) {
                let what = format!("the output `{output}` is secret, and variables are not");
                let hint = format!("give it to a secret of the recipe, under [provided.{name}.secrets]");
                problems.push(settings.contradiction(&key, &what, &hint));
            }
        }
    }
}

fn capability(document: &mut Document<'_>, item: &Item<'_>) -> Option<Capability> {
    let table = document.table(item)?;
    let before = document.problems.len();
    let mut found = Capability::default();
    let mut given: Vec<String> = Vec::new();
    for inner in document.items(&item.key, table) {
        match inner.name.as_str() {
            "service" => found.service = document.text(&inner).unwrap_or_default(),
            "create" => found.create = path(document, &inner),
            "delete" => found.delete = path(document, &inner),
            "list" => found.list = path(document, &inner),
            "outputs" => found.outputs = names(document, &inner),
            "secrets" => found.secrets = names(document, &inner),
            _ => {
                let known = KEYS.map(|key| key.name);
                let hint = match nearest(&inner.name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the keys here are {}", known.join(", ")),
                };
                document.report(&inner, format!("unknown key `{}`", inner.name), &hint);
            }
        }
        given.push(inner.name);
    }
    let missing =
        KEYS.iter().map(|key| key.name).filter(|name| *name != "secrets" && !given.iter().any(|one| one == name));
    let missing: Vec<&str> = missing.collect();
    if !missing.is_empty() {
        document.report(item, format!("lacks {}", missing.join(", ")), "a capability needs all of them");
    }
    if let Some(stranger) = found.secrets.iter().find(|secret| !found.outputs.contains(secret)) {
        document.report(item, format!("`{stranger}` is secret but no output"), "name it among `outputs`");
    }
    (document.problems.len() == before).then_some(found)
}

/// A path that stays below the catalogue's folder.
fn path(document: &mut Document<'_>, item: &Item<'_>) -> String {
    let Some(text) = document.text(item) else { return String::new() };
    if text.starts_with('/') || text.split('/').any(|part| part == "..") {
        document.report(item, format!("`{text}` leads out of the catalogue's folder"), "write a path below it");
    }
    text
}

fn names(document: &mut Document<'_>, item: &Item<'_>) -> Vec<String> {
    let names = document.texts(item).unwrap_or_default();
    if let Some(bad) = names.iter().find(|name| !is_name(name) || name.contains('-')) {
        document.report(item, format!("`{bad}` is no name of an output"), "use small letters, digits and `_`");
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RecipeName;

    const OIDC: &str = "[oidc]\nservice = \"app\"\ncreate = \"provides/c.sh\"\ndelete = \"provides/d.sh\"\nlist = \"provides/l.sh\"\n\
        outputs = [\"issuer\", \"client_secret\"]\nsecrets = [\"client_secret\"]\n";

    fn problems(text: &str) -> String {
        let problems = Provides::read("provides.toml", text).expect_err(text);
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_capability_is_read_whole() {
        let read = Provides::read("provides.toml", OIDC).unwrap();
        let oidc = &read.capabilities["oidc"];
        assert_eq!((oidc.service.as_str(), oidc.create.as_str()), ("app", "provides/c.sh"));
        assert_eq!((oidc.outputs.len(), oidc.secrets.as_slice()), (2, &["client_secret".to_owned()][..]));
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        for (text, said) in [
            (
                OIDC.replace("create =", "creat ="),
                "line 3: oidc.creat: unknown key `creat`\nhint: did you mean `create`?",
            ),
            (OIDC.replace("list = \"provides/l.sh\"\n", ""), "line 1: oidc: lacks list"),
            (OIDC.replace("provides/d.sh", "../d.sh"), "line 4: oidc.delete: `../d.sh` leads out"),
            (OIDC.replace("provides/d.sh", "/d.sh"), "leads out"),
            (
                OIDC.replace("secrets = [\"client_secret\"]", "secrets = [\"password\"]"),
                "`password` is secret but no output",
            ),
            (OIDC.replace("\"issuer\"", "\"is suer\""), "line 6: oidc.outputs: `is suer` is no name of an output"),
            (OIDC.replace("[oidc]", "[OIDC]"), "line 1: OIDC: is no name of a capability"),
            ("oidc = 1\n".to_owned(), "must be a table"),
        ] {
            let found = problems(&text);
            assert!(found.contains(said), "{said}: {found}");
        }
    }

    #[test]
    fn what_is_asked_for_has_to_be_offered() {
        let provides = Provides::read("provides.toml", OIDC).unwrap();
        let check = |text: &str| {
            let settings = Settings::read([("tests/ci.toml", text)]).unwrap();
            let requests = settings.requests(&RecipeName::parse("shop").unwrap()).unwrap();
            provides.check("catalogue/canaille/provides.toml", &settings, &requests[0])
        };
        let said = |text: &str| check(text).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let start = "dependencies = [\"canaille\"]\n";
        assert_eq!(check(&format!("{start}[provided.oidc.env]\nA = \"issuer\"\n")), Ok(()));
        assert_eq!(check(&format!("{start}[provided.oidc.secrets]\na = \"client_secret\"\n")), Ok(()));
        let found = said(&format!("{start}[provided.oidc.env]\nA = \"isuer\"\n"));
        assert!(
            found.contains("line 3: provided.oidc.env.A: there is no output `isuer`\nhint: did you mean `issuer`?"),
            "{found}"
        );
        let found = said(&format!("{start}[provided.oidc.env]\nA = \"client_secret\"\n"));
        assert!(found.contains("is secret, and variables are not"), "{found}");
        let found = said(&format!("{start}[provided.s3]\nbucket = \"b\"\n"));
        assert!(found.contains("line 3: provided.s3: `canaille` does not provide `s3`"), "{found}");
        assert!(found.contains("catalogue/canaille/provides.toml has oidc"), "{found}");
    }
}
