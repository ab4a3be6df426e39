//! What a run takes, by what its compose files say, and by what is usual where they say nothing.

use super::{CORE, Need};
use cc_ci_recipe::compose::Compose;
use cc_ci_recipe::resources;

/// Memory of a service about which its recipe says nothing: a database or an app in Python or PHP. Java says more, mostly.
const SERVICE: u64 = 256 << 20;

/// Memory of what is ours: the edge, the workbench, the sandbox, this program.
const OURS: u64 = 128 << 20;

/// Disk of one stack: what it writes, and images that have to be pulled.
const DISK: u64 = 512 << 20;

impl Need {
    /// What a run takes: of head and base whichever takes more, since one takes the other's place, and all that is brought up for it.
    #[must_use]
    pub fn of_run<'a>(
        head: &Compose,
        base: Option<&Compose>,
        brought_up: impl IntoIterator<Item = &'a Compose>,
    ) -> Self {
        let app = base.map_or_else(|| of_stack(head), |base| of_stack(head).most(of_stack(base)));
        let all = brought_up.into_iter().map(of_stack).fold(app, Self::and);
        Self { millicores: all.millicores.max(CORE), memory: all.memory.saturating_add(OURS), ..all }
    }

    fn most(self, other: Self) -> Self {
        Self {
            millicores: self.millicores.max(other.millicores),
            memory: self.memory.max(other.memory),
            disk: self.disk.max(other.disk),
            subnets: self.subnets.max(other.subnets),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            millicores: self.millicores.saturating_add(other.millicores),
            memory: self.memory.saturating_add(other.memory),
            disk: self.disk.saturating_add(other.disk),
            subnets: self.subnets.saturating_add(other.subnets),
        }
    }
}

fn of_stack(compose: &Compose) -> Need {
    let none = Need { millicores: 0, memory: 0, disk: DISK, subnets: resources::networks(compose) };
    resources::of_services(compose).into_iter().fold(none, |need, service| Need {
        millicores: need.millicores.saturating_add(service.millicores.saturating_mul(service.tasks)),
        memory: need.memory.saturating_add(service.memory.unwrap_or(SERVICE).saturating_mul(service.tasks)),
        ..need
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::Recipe;
    use std::collections::BTreeMap;

    fn compose(fields: &str) -> Compose {
        let text = format!("version: \"3.8\"\nservices:\n  app: {{image: \"a:1\"{fields}}}\n");
        let files = [("compose.yml", text.as_str()), (".env.sample", "TYPE=a\n")].into_iter().collect();
        let given = BTreeMap::from([("STACK_NAME".to_owned(), "a-1".to_owned())]);
        Recipe::read("a", &files, &given, &[]).unwrap().0.compose
    }

    #[test]
    fn the_larger_of_both_versions_counts_and_everything_that_is_brought_up() {
        let plain = compose("");
        let need = |memory: u64, millicores, stacks: u64| Need {
            millicores,
            memory: (memory + 128) << 20,
            disk: stacks * DISK,
            subnets: stacks,
        };
        assert_eq!(Need::of_run(&plain, None, []), need(256, CORE, 1));
        let large = compose(", deploy: {replicas: 3, resources: {reservations: {memory: 1G, cpus: \"0.75\"}}}");
        for (head, base) in [(&plain, &large), (&large, &plain)] {
            assert_eq!(Need::of_run(head, Some(base), []), need(3 * 1024, 2250, 1));
        }
        assert_eq!(Need::of_run(&plain, Some(&plain), [&plain, &large]), need(2 * 256 + 3 * 1024, 2250, 3));
    }

    #[test]
    fn nonsense_is_more_than_any_machine_has_and_no_overflow() {
        let absurd = compose(", deploy: {replicas: 4000000000, resources: {reservations: {memory: 8000000T}}}");
        assert_eq!(Need::of_run(&absurd, None, [&absurd]).memory, u64::MAX);
    }
}
