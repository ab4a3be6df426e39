//! What the double remembers, and what it looks like at one moment.

use super::fate::{Attempt, Fate};
use super::script::Deed;
use super::stack::{Wanted, WantedService};
use super::volumes::Volumes;
use cc_ci_engine::labels;
use cc_ci_engine::swarm::{ContainerFacts, EngineEvent, EngineTime, EventKind};
use cc_ci_model::convergence::{ServiceView, StackView, TaskPhase, TaskView, Update};
use cc_ci_model::ids::StackName;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_recipe::traefik::PROXY_NETWORK;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tokio::sync::broadcast;
use tokio::time::Instant;

/// How one deployment of a service behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Behaviour {
    pub(super) fate: Fate,
    /// What it answers over HTTP once it runs.
    pub(super) status: u16,
}

impl Behaviour {
    pub(super) const GOOD: Self = Self { fate: Fate::Runs, status: 200 };
}

/// A container of ours.
#[derive(Debug, Clone, Default)]
pub(super) struct Helper {
    pub(super) labels: BTreeMap<String, String>,
    /// By absolute path.
    pub(super) files: BTreeMap<String, String>,
}

/// A deployment of a service: from its (re)deploy to the next one.
#[derive(Debug, Clone)]
struct Deployment {
    wanted: WantedService,
    behaviour: Behaviour,
    since: Instant,
    number: usize,
}

#[derive(Debug, Clone)]
pub(super) struct FakeService {
    id: String,
    name: String,
    stack: StackName,
    now: Deployment,
    before: Option<Deployment>,
    replicas: u64,
}

#[derive(Debug)]
pub(super) struct State {
    services: BTreeMap<String, FakeService>,
    pub(super) helpers: BTreeMap<String, Helper>,
    pub(super) objects: BTreeMap<Object, BTreeMap<String, String>>,
    pub(super) behaviours: BTreeMap<String, VecDeque<Behaviour>>,
    pub(super) volumes: Volumes,
    /// Objects that the engine will not let go.
    pub(super) stuck: BTreeSet<Object>,
    /// Services that go on when they are scaled to zero, each after so many times.
    pub(super) stubborn: BTreeMap<String, usize>,
    told: Vec<(EventKind, EngineEvent)>,
    dead: BTreeSet<String>,
    made: usize,
    last: EngineTime,
    pub(super) live: broadcast::Sender<(EventKind, EngineEvent)>,
}

impl FakeService {
    fn full_name(&self) -> String {
        format!("{}_{}", self.stack, self.name)
    }

    fn rolled_back(&self, now: Instant) -> bool {
        self.update(now) == Update::RollbackCompleted
    }

    fn halted(&self, now: Instant) -> bool {
        self.rolled_back(now) || self.update(now) == Update::Paused
    }

    fn update(&self, now: Instant) -> Update {
        match self.before {
            Some(_) => self.now.behaviour.fate.update(now - self.now.since),
            None => Update::None,
        }
    }

    /// The deployment that the swarm wants.
    fn current(&self, now: Instant) -> &Deployment {
        match &self.before {
            Some(before) if self.rolled_back(now) => before,
            Some(_) | None => &self.now,
        }
    }

    fn attempts(&self, now: Instant) -> Vec<(String, Attempt)> {
        let numbered = self.now.behaviour.fate.attempts(now - self.now.since).into_iter().enumerate();
        numbered.map(|(at, attempt)| (format!("{}.{}.{at}", self.id, self.now.number), attempt)).collect()
    }

    fn tasks(&self, now: Instant) -> Vec<TaskView> {
        let task = |id: String, of: &Deployment, attempt: Attempt, wanted: bool| TaskView {
            container: Some(format!("container-{id}")),
            service: self.id.clone(),
            spec: of.wanted.spec.clone(),
            phase: if wanted || attempt.is_over() { attempt.phase } else { TaskPhase::Shutdown },
            wanted,
            exit_code: attempt.exit_code,
            error: attempt.error,
            id,
        };
        let back = self.rolled_back(now);
        let stopped = self.replicas == 0;
        let mut tasks: Vec<TaskView> = self
            .attempts(now)
            .into_iter()
            .map(|(id, attempt)| {
                let wanted = !back && !stopped && !attempt.is_over();
                task(id, &self.now, attempt, wanted)
            })
            .collect();
        if let Some(before) = &self.before {
            let running = Attempt { phase: TaskPhase::Running, exit_code: None, error: None };
            tasks.push(task(format!("{}.{}.0", self.id, before.number), before, running, back && !stopped));
        }
        tasks
    }

    fn view(&self, now: Instant) -> ServiceView {
        let Deployment { wanted, .. } = self.current(now);
        ServiceView {
            id: self.id.clone(),
            name: self.name.clone(),
            image: wanted.image.clone(),
            spec: wanted.spec.clone(),
            replicas: self.replicas,
            starts_again: true,
            update: self.update(now),
            labels: wanted.labels.clone(),
            env: wanted.env.clone(),
            previous: self.before.as_ref().map(|before| before.wanted.spec.clone()),
        }
    }
}

impl State {
    pub(super) fn new() -> Self {
        let proxy = Object::new(ObjectKind::Network, PROXY_NETWORK);
        Self {
            services: BTreeMap::new(),
            helpers: BTreeMap::new(),
            objects: BTreeMap::from([(proxy, BTreeMap::new())]),
            behaviours: BTreeMap::new(),
            volumes: Volumes::default(),
            stuck: BTreeSet::new(),
            stubborn: BTreeMap::new(),
            told: Vec::new(),
            dead: BTreeSet::new(),
            made: 0,
            last: EngineTime::default(),
            live: broadcast::Sender::new(1024),
        }
    }

    /// Takes a stack over: new services are made, others are updated where they differ.
    pub(super) fn apply(&mut self, stack: &StackName, wanted: Wanted) {
        self.objects.extend(wanted.objects);
        for (name, asked) in wanted.services {
            let behaviour = self.next_behaviour(&name);
            let full = format!("{stack}_{name}");
            self.made += 1;
            let now = Instant::now();
            let next = Deployment { wanted: asked, behaviour, since: now, number: self.made };
            match self.services.get_mut(&full) {
                Some(_) if next.behaviour.fate == Fate::Unheeded => {}
                // An update begins anew where the last one was taken back or has stopped.
                Some(service) if service.halted(now) => service.now = next,
                Some(service) if service.now.wanted.spec == next.wanted.spec => {
                    service.now.wanted = next.wanted;
                    service.now.behaviour.status = next.behaviour.status;
                }
                Some(service) => service.before = Some(std::mem::replace(&mut service.now, next)),
                None => {
                    let id = format!("id-{full}-{}", self.made);
                    let replicas = next.wanted.replicas;
                    let service =
                        FakeService { id: id.clone(), name, stack: stack.clone(), now: next, before: None, replicas };
                    self.services.insert(full.clone(), service);
                    self.tell(EventKind::Service, "create", &id, [("name", full.as_str())]);
                }
            }
        }
    }

    /// Does to volumes what a test ordered.
    pub(super) fn suffer(&mut self, deeds: &[Deed]) {
        let names =
            || self.objects.keys().filter(|object| object.kind == ObjectKind::Volume).map(|object| &object.name);
        for deed in deeds {
            self.volumes.suffer(deed, names());
        }
    }

    fn next_behaviour(&mut self, service: &str) -> Behaviour {
        let Some(left) = self.behaviours.get_mut(service) else { return Behaviour::GOOD };
        if left.len() > 1 { left.pop_front() } else { left.front().cloned() }.unwrap_or(Behaviour::GOOD)
    }

    /// Tells of every task that died since somebody looked last.
    pub(super) fn advance(&mut self) {
        let now = Instant::now();
        let mut died = Vec::new();
        for service in self.services.values() {
            for (id, attempt) in service.attempts(now) {
                if attempt.is_dead() && !self.dead.contains(&id) {
                    died.push((service.full_name(), id, attempt.exit_code.unwrap_or_default().to_string()));
                }
            }
        }
        for (service, task, code) in died {
            self.dead.insert(task.clone());
            let about = [
                (labels::SERVICE_NAME, service.as_str()),
                (labels::TASK_ID, task.as_str()),
                ("exitCode", code.as_str()),
            ];
            self.tell(EventKind::Container, "die", &format!("container-{task}"), about);
        }
    }

    pub(super) fn tell<const N: usize>(&mut self, kind: EventKind, action: &str, id: &str, about: [(&str, &str); N]) {
        // Two events never share a moment, as on a real engine.
        self.last = EngineTime::now().max(EngineTime(self.last.0 + 1));
        let attributes = about.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let event = EngineEvent { action: action.to_owned(), id: id.to_owned(), attributes, at: self.last };
        self.told.push((kind, event.clone()));
        // Nobody has to listen.
        let _listeners = self.live.send((kind, event));
    }

    /// What was told already.
    pub(super) fn told(&self) -> &[(EventKind, EngineEvent)] {
        &self.told
    }

    pub(super) fn view(&self, stack: &StackName) -> StackView {
        let now = Instant::now();
        let ours = || self.services.values().filter(|service| service.stack == *stack);
        StackView {
            services: ours().map(|service| service.view(now)).collect(),
            tasks: ours().flat_map(|service| service.tasks(now)).collect(),
        }
    }

    /// Every object with its labels.
    pub(super) fn inventory(&self) -> BTreeMap<Object, BTreeMap<String, String>> {
        let now = Instant::now();
        let mut all = self.objects.clone();
        for (name, helper) in &self.helpers {
            all.insert(Object::new(ObjectKind::Container, name), helper.labels.clone());
        }
        for (name, service) in &self.services {
            let labels = service.current(now).wanted.labels.clone();
            for task in service.tasks(now).into_iter().filter(|task| task.wanted) {
                let container = task.container.unwrap_or_default();
                all.insert(Object::new(ObjectKind::Container, container), labels.clone());
            }
            all.insert(Object::new(ObjectKind::Service, name), labels);
        }
        all
    }

    pub(super) fn service_labels(&self, id_or_name: &str) -> Option<BTreeMap<String, String>> {
        let now = Instant::now();
        let found = self.services.iter().find(|(name, service)| *name == id_or_name || service.id == id_or_name);
        found.map(|(_, service)| service.current(now).wanted.labels.clone())
    }

    /// The task that a container is of, and its deployment.
    fn task_of(&self, container: &str) -> Option<(TaskView, &Deployment)> {
        let now = Instant::now();
        let (service, task) = self.services.values().find_map(|service| {
            let mut tasks = service.tasks(now).into_iter();
            tasks.find(|task| task.container.as_deref() == Some(container)).map(|task| (service, task))
        })?;
        let of = [Some(&service.now), service.before.as_ref()].into_iter().flatten();
        let deployment = of.into_iter().find(|one| one.wanted.spec == task.spec).unwrap_or(&service.now);
        Some((task, deployment))
    }

    /// The image of a container, and whether its task is wanted.
    pub(super) fn image_of(&self, container: &str) -> Option<(String, bool)> {
        self.task_of(container).map(|(task, deployment)| (deployment.wanted.image.clone(), task.wanted))
    }

    pub(super) fn container(&self, id: &str) -> Option<ContainerFacts> {
        let (task, deployment) = self.task_of(id)?;
        let unhealthy = deployment.behaviour.fate == Fate::NeverHealthy;
        Some(ContainerFacts {
            id: id.to_owned(),
            image_id: image_id(&deployment.wanted.image),
            running: task.wanted,
            exit_code: task.exit_code,
            oom: deployment.behaviour.fate == Fate::OutOfMemory,
            health: unhealthy.then(|| "exit code 1: connection refused".to_owned()),
            volumes: deployment.wanted.volumes.clone(),
        })
    }

    /// The containers of a stack's services that run, by service, with what each mounts.
    pub(super) fn running(&self, stack: &StackName) -> Vec<(String, String, BTreeMap<String, String>)> {
        let now = Instant::now();
        let ours = self.services.values().filter(|service| service.stack == *stack);
        ours.flat_map(|service| {
            let tasks = service.tasks(now).into_iter().filter(|task| task.wanted && task.phase == TaskPhase::Running);
            let volumes = service.current(now).wanted.volumes.clone();
            tasks.map(move |task| (service.name.clone(), task.container.unwrap_or_default(), volumes.clone()))
        })
        .collect()
    }

    /// What the service `app` of the stack that `host` belongs to answers over HTTP; `None` when it does not run.
    pub(super) fn answer(&self, host: &str) -> Option<u16> {
        let now = Instant::now();
        let asked = |service: &&FakeService| host.split('.').next() == Some(service.stack.as_str());
        let apps = self.services.values().filter(|service| service.name == "app").filter(asked);
        let up = |service: &&FakeService| service.tasks(now).iter().any(|task| task.phase == TaskPhase::Running);
        apps.filter(up).map(|service| service.current(now).behaviour.status).next()
    }

    /// Stops a service or starts it again, by id; `false` when there is none.
    pub(super) fn scale(&mut self, id: &str, replicas: u64) -> bool {
        let Some(service) = self.services.values_mut().find(|service| service.id == id) else { return false };
        if replicas == 0
            && let Some(stops) = self.stubborn.get_mut(&service.name)
        {
            let Some(left) = stops.checked_sub(1) else { return true };
            *stops = left;
        }
        service.replicas = replicas;
        if replicas > 0 {
            self.made += 1;
            service.now.since = Instant::now();
            service.now.number = self.made;
        }
        true
    }

    /// Removes an object; `false` when the engine does not let go of it.
    pub(super) fn remove(&mut self, object: &Object) -> bool {
        if self.stuck.contains(object) {
            return false;
        }
        match object.kind {
            ObjectKind::Service => {
                if let Some(service) = self.services.remove(&object.name) {
                    let (id, name) = (service.id.clone(), object.name.clone());
                    self.tell(EventKind::Service, "remove", &id, [("name", name.as_str())]);
                }
            }
            ObjectKind::Container => drop(self.helpers.remove(&object.name)),
            ObjectKind::Volume => {
                self.volumes.empty(&object.name);
                drop(self.objects.remove(object));
            }
            ObjectKind::Network | ObjectKind::Secret | ObjectKind::Config => drop(self.objects.remove(object)),
        }
        true
    }
}

/// The engine's id of an image.
pub(super) fn image_id(reference: &str) -> String {
    format!("sha256 of {reference}")
}
