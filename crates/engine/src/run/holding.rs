//! What somebody is told for whom an app is kept up after its verdict.

use crate::route;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::step::{Action, Check};
use std::time::Duration;

/// How long the app stays up; where it is, how it is opened in a browser on this machine, and how one gets a shell in it.
pub(super) fn words(plan: &Plan, time: Duration) -> Vec<String> {
    let (domain, stack) = (&plan.domain, &plan.stack);
    let mut lines = vec![format!("the app stays up for {} s; an interrupt (Ctrl-C) removes it now", time.as_secs())];
    let mut steps = plan.tiers.iter().flat_map(|tier| &tier.steps);
    if steps.any(|step| step.action == Action::Check(Check::Serving)) {
        let container = route::container_of(&plan.run);
        // On this bridge the engine keeps addresses by the ids of containers.
        let address = format!(
            "docker network inspect docker_gwbridge --format \"{{{{(index .Containers \\\"$(docker inspect --format '{{{{.Id}}}}' \
             {container})\\\").IPv4Address}}}}\" | cut -d/ -f1"
        );
        lines.push(format!("it is at https://{domain}/, with a certificate of the run's own"));
        lines.push(format!(
            "to open it in a browser on this machine, make its name known: echo \"$({address}) {domain}\" | sudo tee -a /etc/hosts"
        ));
    }
    lines.push(format!(
        "for a shell in it: docker exec -it \"$(docker ps -q --filter name={stack}_app | head -n 1)\" sh"
    ));
    lines
}
