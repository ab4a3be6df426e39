//! As whom the processes of a stack's services run, by the engine's own list of them.

use super::containers;
use crate::swarm::SwarmError;
use bollard::Docker;
use bollard::query_parameters::TopOptions;
use cc_ci_model::data::access::User;
use cc_ci_model::ids::StackName;
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

/// What is asked of `ps`, in the order of [`Process::read`].
const COLUMNS: &str = "-eo pid,ppid,uid,gid,etimes,supgid";

/// The users of each service. A container that ends meanwhile, or whose processes cannot be listed, has none.
pub(super) async fn users(docker: &Docker, stack: &StackName) -> Result<BTreeMap<String, BTreeSet<User>>, SwarmError> {
    let ask = async |(service, container): (String, String)| {
        let options = TopOptions { ps_args: COLUMNS.to_owned() };
        let listed = docker.top_processes(&container, Some(options)).await.ok()?;
        Some((service, of_service(&listed.processes.unwrap_or_default())))
    };
    let containers = containers::by_service(docker, stack).await?;
    let mut found: BTreeMap<String, BTreeSet<User>> = BTreeMap::new();
    for (service, users) in join_all(containers.into_iter().map(ask)).await.into_iter().flatten() {
        found.entry(service).or_default().extend(users);
    }
    found.retain(|_, users| !users.is_empty());
    Ok(found)
}

struct Process {
    pid: u64,
    parent: u64,
    seconds: u64,
    user: User,
}

impl Process {
    fn read(columns: &[String]) -> Option<Self> {
        let [pid, parent, uid, gid, seconds, groups] = columns else { return None };
        let gid = gid.parse().ok()?;
        let more = groups.split(',').filter_map(|group| group.trim().parse().ok());
        Some(Self {
            pid: pid.parse().ok()?,
            parent: parent.parse().ok()?,
            seconds: seconds.parse().ok()?,
            user: User { uid: uid.parse().ok()?, gids: more.chain([gid]).collect() },
        })
    }
}

/// The users of the first process and of what it started. Others were brought in from outside: health checks, hooks, our own
/// questions.
fn of_service(lines: &[Vec<String>]) -> BTreeSet<User> {
    let all: Vec<Process> = lines.iter().filter_map(|line| Process::read(line)).collect();
    let pids: BTreeSet<u64> = all.iter().map(|process| process.pid).collect();
    let roots = all.iter().filter(|process| !pids.contains(&process.parent));
    let Some(first) = roots.min_by_key(|process| (u64::MAX - process.seconds, process.pid)) else {
        return BTreeSet::new();
    };
    let mut family = BTreeSet::from([first.pid]);
    loop {
        let before = family.len();
        family.extend(
            all.iter().filter(|process| family.contains(&process.parent)).map(|one| one.pid).collect::<Vec<_>>(),
        );
        if family.len() == before {
            break;
        }
    }
    all.into_iter().filter(|process| family.contains(&process.pid)).map(|process| process.user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(text: &str) -> String {
        let lines: Vec<Vec<String>> =
            text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
        let users = of_service(&lines);
        users.iter().map(|user| format!("{}{:?}", user.uid, user.gids)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_service_is_its_first_process_and_what_that_started() {
        assert_eq!(users("100 90 0 0 50 -\n120 100 33 33 49 4,33\n140 120 33 33 1 4,33"), "0{0} 33{4, 33}");
    }

    #[test]
    fn what_was_brought_in_from_outside_is_not_the_service() {
        assert_eq!(users("100 90 1000 1000 50 -\n200 90 0 0 1 -\n201 200 0 0 1 -"), "1000{1000}");
        assert_eq!(users("99 90 0 0 0 -\n100 90 5 5 0 -\n"), "0{0}");
    }

    #[test]
    fn lines_that_are_no_processes_are_passed_over() {
        assert_eq!(users("nonsense\n100 90 x 0 0 -"), "");
    }
}
