//! Which servers a restart of their machine ends for good.
//!
//! To Swarm a task that ended with its machine is one that failed: another one takes its place, unless `restart_policy.condition` is
//! `none`, or `max_attempts` have been made. Without a `window` they are counted for as long as the service exists. Such a service
//! stays away until somebody deploys the app again. Both were seen on the engine 20.10, which was restarted five times.

use crate::compose::{Compose, Service};
use crate::oneshot::Lifecycle;
use crate::opening::openings;
use crate::{database, traefik};
use std::collections::BTreeSet;

/// The services that somebody reaches or asks for their health, or that are databases, and that Swarm does not start again after
/// their machine was. One that does something and ends, such as a migration, is none of them.
#[must_use]
pub fn left_down(compose: &Compose) -> Vec<&str> {
    servers(compose).filter(|(_, service)| !service.is_started_again()).map(|(name, _)| name).collect()
}

/// The same services, where a number of restarts is the last one however long ago the others were; with that number.
#[must_use]
pub fn run_out(compose: &Compose) -> Vec<(&str, u64)> {
    servers(compose).filter_map(|(name, service)| Some((name, service.attempts_for_ever()?))).collect()
}

fn servers(compose: &Compose) -> impl Iterator<Item = (&str, &Service)> {
    let routes = traefik::routes(compose).0;
    let openings = openings(compose, &routes);
    let databases = database::databases(compose);
    let reached: BTreeSet<String> = routes
        .into_iter()
        .map(|route| route.service)
        .chain(openings.into_iter().map(|opening| opening.service))
        .chain(databases.into_iter().map(|database| database.service))
        .collect();
    let named = compose.services.iter().map(|(name, service)| (name.as_str(), service));
    named.filter(move |(name, service)| reached.contains(*name) || is_asked_for_its_health(service))
}

fn is_asked_for_its_health(service: &Service) -> bool {
    service.healthcheck.as_ref().is_some_and(|check| !check.is_off() && !check.test.is_empty())
}

impl Service {
    /// Whether Swarm starts a task anew that ended with its machine. A job is not asked: it ends by itself.
    #[must_use]
    pub fn is_started_again(&self) -> bool {
        let condition = self.deploy.restart.as_ref().and_then(|restart| restart.condition.as_deref());
        self.lifecycle() == Lifecycle::Job || condition != Some("none")
    }

    /// How often a task is started anew in the whole life of the service; `None` without an end, which 0 means as well.
    fn attempts_for_ever(&self) -> Option<u64> {
        let policy = self.deploy.restart.as_ref().filter(|_| self.lifecycle() != Lifecycle::Job)?;
        let counted_for_ever = policy.window.is_none_or(|window| window.is_zero());
        policy.max_attempts.filter(|attempts| *attempts > 0 && counted_for_ever)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;
    use std::collections::BTreeMap;

    fn stack(service: &str) -> Compose {
        let text = format!("services:\n  app:\n    image: nginx:1\n{service}");
        let files: Files = [("compose.yml", text.as_str())].into_iter().collect();
        Compose::read(&files, &["compose.yml".to_owned()], &BTreeMap::new()).0
    }

    #[track_caller]
    fn check(service: &str, left: bool) {
        assert_eq!(!left_down(&stack(service)).is_empty(), left, "{service}");
    }

    const NONE: &str = "    deploy: {restart_policy: {condition: none}}\n";

    #[test]
    fn a_server_that_is_not_started_again_is_left_down() {
        check(&format!("    ports: ['80:80']\n{NONE}"), true);
        check(&format!("    healthcheck: {{test: [CMD, check]}}\n{NONE}"), true);
        check(
            "    deploy:\n      restart_policy: {condition: none}\n      labels: [traefik.enable=true, traefik.http.routers.a.rule=Host(`a`)]\n",
            true,
        );
        check("  db:\n    image: postgres:15\n    deploy: {restart_policy: {condition: none}}\n", true);
    }

    #[test]
    fn what_ends_by_itself_or_is_started_again_is_not() {
        check(NONE, false);
        check(&format!("    healthcheck: {{disable: true}}\n{NONE}"), false);
        check("    ports: ['80:80']\n", false);
        check("    ports: ['80:80']\n    deploy: {restart_policy: {condition: on-failure}}\n", false);
        check("    ports: ['80:80']\n    deploy: {mode: replicated-job, restart_policy: {condition: none}}\n", false);
    }

    #[test]
    fn attempts_run_out_where_they_are_counted_for_ever() {
        let policy = |text: &str| format!("    ports: ['80:80']\n    deploy: {{restart_policy: {{{text}}}}}\n");
        let attempts = |text: &str| run_out(&stack(&policy(text))).first().map(|(_, attempts)| *attempts);
        assert_eq!(attempts("max_attempts: 3"), Some(3));
        assert_eq!(attempts("condition: on-failure, max_attempts: 3, window: 0s"), Some(3));
        assert_eq!(attempts("max_attempts: 3, window: 120s"), None);
        assert_eq!(attempts("max_attempts: 0"), None);
        assert_eq!(attempts("condition: any"), None);
        assert!(run_out(&stack("    deploy: {restart_policy: {max_attempts: 3}}\n")).is_empty(), "no server");
    }
}
