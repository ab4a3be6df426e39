//! What every swarm behind the doors does, the real one and the one in memory: one suite for both, so that tests of the one say
//! something about the other.

use crate::plan::plain_facts;
use cc_ci_engine::exec::ExecCommand;
use cc_ci_engine::labels;
use cc_ci_engine::swarm::{Deployed, Doors, EventKind, Hearing, Launch, Rendered, SwarmError};
use cc_ci_model::convergence::TaskPhase;
use cc_ci_model::ids::{Commit, RecipeName, RunId, StackName};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::build::plan;
use cc_ci_model::plan::permit::{Permits, Purpose};
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// How often a slow engine is looked at again, and how long in all.
const LOOK: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);

/// A swarm that is held against the contract.
pub struct Contract {
    /// Its doors.
    pub doors: Doors,
    /// An image with a shell that is on the node.
    pub image: String,
    plan: Plan,
    permits: Permits,
}

impl Contract {
    /// For a run of this id, which is the label of everything that is made.
    ///
    /// # Panics
    /// Never: the names are written here.
    #[must_use]
    pub fn of(doors: Doors, image: &str, run: RunId) -> Self {
        let recipe = RecipeName::parse("contract").expect("a recipe's name");
        let head = Commit::parse(&"c".repeat(40)).expect("a commit");
        let approved = plan(plain_facts(run, recipe, head));
        Self { doors, image: image.to_owned(), plan: approved.plan, permits: approved.permits }
    }

    /// The stack that is deployed.
    #[must_use]
    pub fn stack(&self) -> &StackName {
        &self.plan.stack
    }

    fn run(&self) -> &RunId {
        &self.plan.run
    }

    /// Holds the swarm against the whole contract. Files go to `folder`; what was made is removed at the end, when all is well.
    ///
    /// # Errors
    /// What a door answered that it must not.
    pub async fn holds(mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        self.knows_nothing_of_what_is_not_there().await?;
        self.keeps_containers_of_ours().await?;
        self.keeps_volumes().await?;
        self.runs_a_stack(folder).await
    }

    async fn knows_nothing_of_what_is_not_there(&self) -> Result<(), SwarmError> {
        let (observe, absent) = (&self.doors.observe, StackName::observed("nobody-deployed-this"));
        assert!(observe.stack(&absent).await?.services.is_empty(), "services of no stack");
        assert!(observe.running(&absent, "app").await?.is_empty(), "containers of no stack");
        assert!(observe.volumes(&absent).await?.is_empty(), "volumes of no stack");
        assert_eq!(observe.container("no-such-container").await?, None);
        for kind in ObjectKind::ALL {
            let object = Object::new(kind, "nobody-made-this");
            assert_eq!(observe.labels(&object).await?, None, "{object}");
            assert!(self.doors.operate.remove(&object).await?, "what is gone is removed: {object}");
        }
        self.doors.node.discard("no-such-container").await
    }

    async fn keeps_containers_of_ours(&self) -> Result<(), Box<dyn Error>> {
        let (node, observe) = (&self.doors.node, &self.doors.observe);
        let name = format!("cc-ci-{}-contract", self.run());
        node.launch(&name, &Launch::idle(self.run(), &self.image)).await?;
        let object = Object::new(ObjectKind::Container, &name);
        let known = observe.labels(&object).await?.unwrap_or_default();
        assert_eq!(known.get(labels::RUN).map(String::as_str), Some(self.run().as_str()), "{known:?}");
        assert!(observe.inventory().await?.objects.contains_key(&object), "an inventory without {object}");
        assert!(node.exec(&name, &ExecCommand::new(["true"])).await?.succeeded());
        node.discard(&name).await?;
        node.discard(&name).await?;
        assert!(!observe.inventory().await?.objects.contains_key(&object), "{object} outlived its removal");
        Ok(())
    }

    async fn keeps_volumes(&self) -> Result<(), SwarmError> {
        let object = Object::new(ObjectKind::Volume, format!("{}-contract", self.run()));
        self.doors.node.make_volume(&object.name, labels::of_run(self.run())).await?;
        self.doors.node.make_volume(&object.name, labels::of_run(self.run())).await?;
        assert!(self.doors.observe.labels(&object).await?.is_some_and(|labels| labels.contains_key(labels::RUN)));
        assert!(self.doors.operate.remove(&object).await?);
        assert_eq!(self.doors.observe.labels(&object).await?, None);
        Ok(())
    }

    async fn runs_a_stack(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let rendered = self.rendered(folder)?;
        let mut events = self.doors.observe.events(&Hearing::of(&[EventKind::Service]));
        let permit = self.permits.take(&Purpose::Base).ok_or("the plan holds a permit for its base")?;
        let full = format!("{}_app", self.stack());
        let created = async {
            while let Some(Ok(event)) = events.next().await {
                if event.action == "create" && event.attributes.get("name") == Some(&full) {
                    return;
                }
            }
        };
        // Nothing is heard before somebody listens, so both go on at the same time, the listening first.
        let heard = tokio::time::timeout(PATIENCE, created);
        let (heard, deployed) = tokio::join!(heard, self.doors.operate.deploy(permit, &rendered));
        let deployed = deployed?;
        heard.map_err(|_| "nobody told that the service was made")?;
        self.comes_up().await?;
        self.refuses_another_stack(&deployed, &rendered).await;
        let service = Object::new(ObjectKind::Service, &full);
        let labels = self.doors.observe.labels(&service).await?.unwrap_or_default();
        assert_eq!(labels.get(labels::STACK).map(String::as_str), Some(self.stack().as_str()), "{labels:?}");
        self.doors.operate.redeploy(&deployed, &rendered).await?;
        self.comes_up().await?;
        assert!(self.doors.operate.remove(&service).await?);
        assert_eq!(self.doors.observe.labels(&service).await?, None);
        Ok(())
    }

    /// Waits until the one task runs, and looks at its container.
    async fn comes_up(&self) -> Result<(), Box<dyn Error>> {
        let observe = &self.doors.observe;
        let up = async {
            loop {
                let view = observe.stack(self.stack()).await?;
                if view.tasks.iter().any(|task| task.wanted && task.phase == TaskPhase::Running) {
                    return Ok::<_, SwarmError>(view);
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let view = tokio::time::timeout(PATIENCE, up).await.map_err(|_| "the service never ran")??;
        let [service] = &view.services[..] else { panic!("{view:?}") };
        assert_eq!((service.name.as_str(), service.replicas), ("app", 1));
        let task = view.tasks.iter().find(|task| task.wanted).ok_or("a task that is wanted")?;
        assert_eq!((&task.service, &task.spec), (&service.id, &service.spec));
        let container = observe.container(task.container.as_deref().ok_or("a task with a container")?).await?;
        assert!(container.is_some_and(|container| container.running), "the container of a task that runs");
        assert_eq!(observe.running(self.stack(), "app").await?.len(), 1);
        Ok(())
    }

    async fn refuses_another_stack(&self, deployed: &Deployed, rendered: &Rendered) {
        let other = Rendered { stack: StackName::observed("somebody-elses"), ..rendered.clone() };
        let refused = self.doors.operate.redeploy(deployed, &other).await;
        assert!(matches!(refused, Err(SwarmError::NotAllowed { .. })), "{refused:?}");
    }

    /// One service that does nothing, with the labels of the run.
    fn rendered(&self, folder: &Path) -> std::io::Result<Rendered> {
        let compose = format!(
            "version: \"3.8\"\nservices:\n  app:\n    image: {}\n    command: [sleep, infinity]\n    stop_grace_period: 100ms\n",
            self.image
        );
        let label = serde_json::json!({ labels::RUN: self.run().as_str() });
        let over = serde_json::json!({
            "version": "3.8",
            "services": { "app": { "labels": label, "deploy": { "labels": label, "endpoint_mode": "dnsrr" } } },
            "networks": { "default": { "labels": label } },
        });
        let tree = folder.join("tree");
        std::fs::create_dir_all(&tree)?;
        let (own, override_file) = (tree.join("compose.yml"), folder.join("override.json"));
        std::fs::write(tree.join(".env.sample"), "DOMAIN=contract.example.com\n")?;
        std::fs::write(&own, compose)?;
        std::fs::write(&override_file, over.to_string())?;
        let env = [("STACK_NAME", self.stack().to_string()), ("DOMAIN", self.plan.domain.to_string())];
        Ok(Rendered {
            stack: self.stack().clone(),
            folder: tree,
            own: vec![own.clone()],
            files: vec![own, override_file],
            apart: BTreeMap::new(),
            env: env.map(|(name, value)| (name.to_owned(), value)).into(),
        })
    }
}
