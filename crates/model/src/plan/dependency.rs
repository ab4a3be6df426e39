//! Dependencies in a plan: which, at which version, cold or warm and why, and what is taken from each (DEP-1 to DEP-4).

use super::demands::{Health, Scheme};
use super::limits::Limits;
use crate::ids::{Commit, Domain, RecipeName, StackName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Another recipe that the app needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Which recipe.
    pub recipe: RecipeName,
    /// The commit it runs at.
    pub commit: Commit,
    /// Its published version; `None` when it has none and the tip of its default branch is taken.
    pub version: Option<String>,
    /// Its stack.
    pub stack: StackName,
    /// The domain it answers on.
    pub domain: Domain,
    /// Whether the run deploys it.
    pub mode: Mode,
    /// Why in that mode, for the reader.
    pub why: String,
    /// How it is reached; `None` when it has no router that speaks HTTP.
    pub route: Option<ProviderRoute>,
    /// Time limits of its own.
    pub limits: Limits,
    /// What is taken from it, in the order in which it is made.
    pub provides: Vec<TakenCapability>,
}

impl Dependency {
    /// The version, or the commit where nothing was published.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.version.as_deref().unwrap_or_else(|| self.commit.short())
    }

    /// Its address, also where it does not speak HTTP.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = self.route.as_ref().map_or(Scheme::Https, |route| route.scheme);
        format!("{}://{}", scheme.word(), self.domain)
    }

    /// Whether one of its capabilities is needed by the test.
    #[must_use]
    pub fn is_needed_by(&self, test: &str) -> bool {
        self.provides.iter().any(|taken| taken.tests.iter().any(|one| one == test))
    }
}

/// How a dependency is asked whether it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRoute {
    /// By which scheme.
    pub scheme: Scheme,
    /// Where, and what counts as an answer; and the same for each further path that has to be ready.
    pub asks: Vec<Health>,
}

/// Whether the run deploys a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The run deploys it, with a permit, and removes it.
    Cold,
    /// It is up already and shared; the run makes a namespace in it and removes that.
    Warm,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
        })
    }
}

/// A capability taken from a dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenCapability {
    /// Its name: `oidc`.
    pub capability: String,
    /// The service whose container the provider's scripts run in.
    pub service: String,
    /// Inputs of the script by name.
    pub inputs: BTreeMap<String, String>,
    /// What the script has to print.
    pub outputs: Vec<String>,
    /// Those of the outputs that are secret.
    pub secret_outputs: Vec<String>,
    /// Variables of the app, each with the output it gets.
    pub env: BTreeMap<String, String>,
    /// Secrets of the app by id, each with the output it gets.
    pub secrets: BTreeMap<String, String>,
    /// Tests that need it, as paths below the tests folder.
    pub tests: Vec<String>,
}

impl TakenCapability {
    /// What stands for an output while the run is planned.
    #[must_use]
    pub fn placeholder(&self, output: &str) -> String {
        format!("cc-ci-provided-{}-{}", self.capability, output.replace('_', "-"))
    }
}

/// What the outputs of all capabilities come to, by output name per capability.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outputs {
    /// By capability and output.
    pub values: BTreeMap<(String, String), String>,
}

impl Outputs {
    /// The stand-ins that a run is planned with.
    #[must_use]
    pub fn placeholders(dependencies: &[Dependency]) -> Self {
        let all = dependencies.iter().flat_map(|dependency| &dependency.provides);
        let values = all.flat_map(|taken| {
            taken.outputs.iter().map(|output| ((taken.capability.clone(), output.clone()), taken.placeholder(output)))
        });
        Self { values: values.collect() }
    }

    /// One value.
    #[must_use]
    pub fn value(&self, capability: &str, output: &str) -> Option<&str> {
        self.values.get(&(capability.to_owned(), output.to_owned())).map(String::as_str)
    }

    /// The app's variables that they give.
    #[must_use]
    pub fn environment(&self, dependencies: &[Dependency]) -> BTreeMap<String, String> {
        self.mapped(dependencies, |taken| &taken.env)
    }

    /// The app's secrets that they give, by id.
    #[must_use]
    pub fn secrets(&self, dependencies: &[Dependency]) -> BTreeMap<String, String> {
        self.mapped(dependencies, |taken| &taken.secrets)
    }

    fn mapped(
        &self,
        dependencies: &[Dependency],
        map: impl Fn(&TakenCapability) -> &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let all = dependencies.iter().flat_map(|dependency| &dependency.provides);
        all.flat_map(|taken| {
            let pairs = map(taken).iter();
            pairs.filter_map(|(name, output)| Some((name.clone(), self.value(&taken.capability, output)?.to_owned())))
        })
        .collect()
    }

    /// What tests see of them in their environment: `CC_CI_OIDC_ISSUER` and the like, without secrets.
    #[must_use]
    pub fn test_facts(&self, dependencies: &[Dependency]) -> BTreeMap<String, String> {
        let shown = |taken: &TakenCapability, output: &str| !taken.secret_outputs.iter().any(|secret| secret == output);
        let name = |taken: &TakenCapability, output: &str| {
            format!("CC_CI_{}_{output}", taken.capability.replace('-', "_")).to_ascii_uppercase()
        };
        self.of_tests(dependencies, shown, name)
    }

    /// What tests get as files beside the app's secrets: `oidc_client_secret` and the like.
    #[must_use]
    pub fn test_secrets(&self, dependencies: &[Dependency]) -> BTreeMap<String, String> {
        let shown = |taken: &TakenCapability, output: &str| taken.secret_outputs.iter().any(|secret| secret == output);
        let name = |taken: &TakenCapability, output: &str| format!("{}_{output}", taken.capability.replace('-', "_"));
        self.of_tests(dependencies, shown, name)
    }

    fn of_tests(
        &self,
        dependencies: &[Dependency],
        shown: impl Fn(&TakenCapability, &str) -> bool,
        name: impl Fn(&TakenCapability, &str) -> String,
    ) -> BTreeMap<String, String> {
        let all = dependencies.iter().flat_map(|dependency| &dependency.provides);
        all.flat_map(|taken| {
            let outputs = taken.outputs.iter().filter(|output| shown(taken, output));
            let pairs = outputs
                .filter_map(|output| Some((name(taken, output), self.value(&taken.capability, output)?.to_owned())));
            pairs.collect::<Vec<_>>()
        })
        .collect()
    }
}

/// Reads what a provider's `create` printed: `name=value` lines, of which only declared outputs count.
///
/// # Errors
/// Says which outputs are missing.
pub fn parse_outputs(taken: &TakenCapability, printed: &str) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    for line in printed.lines() {
        if let Some((name, value)) = line.split_once('=')
            && taken.outputs.iter().any(|output| output == name)
        {
            found.insert(name.to_owned(), value.trim_end_matches('\r').to_owned());
        }
    }
    let given = |output: &&String| found.get(*output).is_none_or(|value| value.is_empty());
    let missing: Vec<&str> = taken.outputs.iter().filter(given).map(String::as_str).collect();
    if missing.is_empty() { Ok(found) } else { Err(format!("did not print {}", missing.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken() -> TakenCapability {
        TakenCapability {
            capability: "oidc".to_owned(),
            service: "app".to_owned(),
            inputs: BTreeMap::new(),
            outputs: ["issuer", "client_secret"].map(str::to_owned).to_vec(),
            secret_outputs: vec!["client_secret".to_owned()],
            env: BTreeMap::from([("OIDC_ISSUER".to_owned(), "issuer".to_owned())]),
            secrets: BTreeMap::from([("oidc_secret".to_owned(), "client_secret".to_owned())]),
            tests: vec!["custom/login.py".to_owned()],
        }
    }

    #[test]
    fn only_declared_outputs_are_read() {
        let printed = "creating …\nissuer=https://x/?a=b\r\nother=1\nclient_secret=s=1 \n";
        let found = parse_outputs(&taken(), printed).unwrap();
        assert_eq!(found["issuer"], "https://x/?a=b");
        assert_eq!(found["client_secret"], "s=1 ");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn each_declared_output_has_to_be_there() {
        assert_eq!(parse_outputs(&taken(), "issuer=\nclient_secret=a\n"), Err("did not print issuer".to_owned()));
        assert_eq!(parse_outputs(&taken(), ""), Err("did not print issuer, client_secret".to_owned()));
    }

    #[test]
    fn secrets_and_the_rest_go_different_ways() {
        let limits = Limits::default();
        let dependency = Dependency {
            recipe: RecipeName::parse("canaille").unwrap(),
            commit: Commit::parse(&"a".repeat(40)).unwrap(),
            version: None,
            stack: StackName::observed("cana-1"),
            domain: Domain::of_stack(&StackName::observed("cana-1"), "ci.test"),
            mode: Mode::Cold,
            why: String::new(),
            route: None,
            limits,
            provides: vec![taken()],
        };
        let dependencies = [dependency];
        let outputs = Outputs::placeholders(&dependencies);
        let one = |map: BTreeMap<String, String>| {
            map.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(one(outputs.environment(&dependencies)), "OIDC_ISSUER=cc-ci-provided-oidc-issuer");
        assert_eq!(one(outputs.secrets(&dependencies)), "oidc_secret=cc-ci-provided-oidc-client-secret");
        assert_eq!(one(outputs.test_facts(&dependencies)), "CC_CI_OIDC_ISSUER=cc-ci-provided-oidc-issuer");
        assert_eq!(one(outputs.test_secrets(&dependencies)), "oidc_client_secret=cc-ci-provided-oidc-client-secret");
    }
}
