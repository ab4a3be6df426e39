//! What the labels of a tree's routes say that cannot be followed, with the lines to look at.

use super::app::Deployable;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_recipe::source::Problem;
use cc_ci_recipe::traefik::{DeadEnd, TraefikRoute};

/// The first label by which a route cannot be read, has no port or leads to no known service. A proxy leaves such a route out, so
/// waiting for an answer on it is of no use.
pub(in crate::run) fn unreadable(tree: &Deployable) -> Option<Finding> {
    tree.recipe.compose.services.iter().find_map(|(name, service)| {
        let error = cc_ci_edge::routes_from_labels(&service.deploy.labels, name).err()?;
        let said = error.to_string();
        let named = service.deploy.labels.keys().find(|label| said.contains(label.as_str()));
        let key = match named {
            Some(label) => format!("services.{name}.deploy.labels.{label}"),
            None => format!("services.{name}.deploy.labels"),
        };
        let summary = format!("no route leads to the app: {}{said}", place(tree, &key));
        Some(Finding::new(Cause::NotServing, summary).of_service(name))
    })
}

/// A TCP router that leads nowhere, with the place of its label.
pub(in crate::run) fn dead_end(tree: &Deployable, dead: &DeadEnd) -> Finding {
    let DeadEnd { service, label, what } = dead;
    let at = place(tree, &format!("services.{service}.deploy.labels.{label}"));
    Finding::new(Cause::NotServing, format!("no route leads to the app: {at}{what}")).of_service(service)
}

/// The ports that the labels name, each with its place, for an app on which nothing listens.
pub(in crate::run) fn ports(tree: &Deployable) -> Vec<String> {
    tree.recipe.routes.iter().filter_map(|route| port(tree, route)).collect()
}

fn port(tree: &Deployable, route: &TraefikRoute) -> Option<String> {
    let (service, port) = (&route.service, route.port?);
    let labels = &tree.recipe.compose.services.get(service)?.deploy.labels;
    let label = labels.iter().find(|(label, value)| {
        label.to_ascii_lowercase().ends_with(".loadbalancer.server.port") && value.trim() == port.to_string()
    });
    let at = place(tree, &format!("services.{service}.deploy.labels.{}", label?.0));
    Some(format!("{at}the label says that `{service}` listens on port {port}"))
}

/// `compose.yml, line 12: `, as far as it is known.
pub(in crate::run) fn place(tree: &Deployable, key: &str) -> String {
    let Problem { file, line, .. } = tree.recipe.compose.at(key, Problem::error("", ""));
    match line {
        Some(line) => format!("{file}, line {line}: "),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::Recipe;
    use cc_ci_recipe::overlay::TreeLabel;
    use cc_ci_recipe::source::Files;
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    /// A tree whose only service carries these labels below `traefik.http.`, from line 7 on.
    fn tree(labels: &[&str]) -> Deployable {
        let lines: Vec<String> = labels.iter().map(|label| format!("        - \"traefik.http.{label}\"\n")).collect();
        let head =
            "services:\n  app:\n    image: nginx:1\n    deploy:\n      labels:\n        - \"traefik.enable=true\"\n";
        let mut files = Files::default();
        files.texts.insert("compose.yml".to_owned(), format!("{head}{}", lines.concat()));
        files.texts.insert(".env.sample".to_owned(), String::new());
        let given = BTreeMap::from([("STACK_NAME".to_owned(), "shop".to_owned())]);
        let (recipe, _) = Recipe::read("shop", &files, &given, &[]).unwrap();
        let label = TreeLabel::Published { version: "1.0.0+1".to_owned() };
        Deployable { folder: PathBuf::new(), recipe, tree: label, source: None }
    }

    #[test]
    fn a_route_that_cannot_be_followed_is_said_with_its_line() {
        let said = |labels: &[&str]| unreadable(&tree(labels)).map(|finding| finding.summary).unwrap_or_default();
        let (rule, port) = ("routers.a.rule=Host(`a.b`)", "services.a.loadbalancer.server.port=80");
        assert_eq!(said(&[rule, port]), "");
        let unquoted = said(&[port, "routers.a.rule=Host(a.b)"]);
        assert!(
            unquoted.starts_with("no route leads to the app: compose.yml, line 8: label traefik.http.routers.a.rule")
        );
        for (labels, says) in [
            (vec![rule], "no port for router `a`"),
            (vec![rule, port, "routers.a.service=b"], "leads to service `b`, which these labels do not define"),
        ] {
            let said = said(&labels);
            assert!(said.contains(says) && said.contains("compose.yml, line "), "{said}");
        }
    }

    #[test]
    fn ports_are_told_with_the_line_of_their_label() {
        let found = ports(&tree(&["routers.a.rule=Host(`a.b`)", "services.a.loadbalancer.server.port=8080"]));
        assert_eq!(found, ["compose.yml, line 8: the label says that `app` listens on port 8080"]);
    }
}
