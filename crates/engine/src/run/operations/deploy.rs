//! The one deploy, at base.

use crate::run::app::{App, Deployable};
use crate::run::conductor::{Answer, Fault, StepEnd, Stepped};
use crate::run::deploying::{self, FirstDeploy};
use crate::run::parts::{Coming, Known, Trees};
use crate::run::stack_files::{self, Instance, StackFiles};
use crate::run::tiers::Run;
use crate::run::tools::{self, Supplies};
use crate::screenshot::Subject;
use crate::swarm::SwarmError;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::step::Step;
use cc_ci_model::tier::Tier;
use std::path::Path;
use std::sync::Arc;
use tokio::time::Instant;

/// The certificate authorities of this machine.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

impl Run<'_> {
    /// Deploys the app with what its dependencies gave; the helpers that the plan has work for are started then, so that they
    /// are there when the app is.
    pub(in crate::run) async fn deploy(&mut self, step: &Step) -> Result<StepEnd, SwarmError> {
        self.compare_specs().await?;
        let since = Instant::now();
        let authorities = self.own_authorities();
        let Self { known, trees, permits, tools, .. } = self;
        let work = async {
            if let Err(why) = hand_over(known, trees) {
                let summary = format!("the recipe cannot be used with what its dependencies provide: {why}");
                return Ok(Answer::failed(Finding::new(Cause::ProvisioningFailed, summary)));
            }
            let bundle = trees.authorities(&known.plan);
            if let Some(path) = &bundle {
                write_authorities(path, &authorities)?;
            }
            let tree = trees.app.first();
            let instance = Instance { authorities: bundle.as_deref(), ..Instance::app(&known.plan) };
            let files = StackFiles::write(&instance, known.world, tree, &known.images, stack_files::FIRST)?;
            let (purpose, images, given) = (known.plan.kind.purpose(), &known.images, &trees.app.given_secrets);
            let what = FirstDeploy { instance, purpose, tree, images, given, files };
            // The edge comes up while the engine schedules the first tasks, unless a dependency needed it before.
            let opening = async {
                match &tools.route {
                    Some(_) => Ok(None),
                    None => tools::open_route(known, trees).await,
                }
            };
            match Box::pin(deploying::deploy(known.world, permits, what, opening)).await? {
                Ok((opened, proof)) => Ok(Answer::passed((opened?, proof))),
                Err(finding) => Ok(Answer::failed(finding)),
            }
        };
        let Stepped { end, value } = known.conductor.step(step, work).await;
        self.accept_specs().await?;
        if let Some((opened, proof)) = value {
            self.tools.route = self.tools.route.take().or(opened);
            self.stack.deployed = Some(proof);
            if self.known.plan.runs(Tier::Upgrade) {
                let Self { known, trees, .. } = self;
                let bundle = trees.authorities(&known.plan);
                let instance = Instance { authorities: bundle.as_deref(), ..Instance::app(&known.plan) };
                self.stack.head =
                    Some(StackFiles::write(&instance, known.world, &trees.app.head, &known.images, stack_files::HEAD));
            }
            self.start_helpers().await;
            let history = deploying::history(self.trees.app.first());
            self.stack.coming = Some(Coming { history, since });
        }
        Ok(end)
    }

    async fn start_helpers(&mut self) {
        let authorities = self.own_authorities();
        let Self { known, trees, tools, exposure, .. } = self;
        tools.benches.deployed(&trees.app.first().recipe);
        tools.start_sandboxes_for_the_app(&Supplies::new(known, trees, &authorities)).await;
        if let (Some(camera), Some(_)) = (&known.world.camera, &tools.route) {
            let page = &known.plan.demands.screenshot;
            exposure.prepare(&known.world.doors.node, &known.world.ledger, &known.plan.run, camera, page);
        }
    }

    /// Starts the screenshot once the app serves at head; does not wait for it.
    pub(in crate::run) fn picture(&mut self, tier: Tier) {
        let authority = self.own_authorities().concat();
        let Known { plan, world, .. } = &self.known;
        let at_head = match tier {
            Tier::Install => !plan.runs(Tier::Upgrade),
            Tier::Upgrade | Tier::Backup | Tier::Restore | Tier::Custom => true,
        };
        let (Some(camera), true) = (&world.camera, at_head) else { return };
        let (host, scheme) = (plan.domain.to_string(), tools::scheme(plan, &self.trees.app.head.recipe));
        let url = format!("{scheme}://{host}{}", plan.demands.screenshot);
        self.exposure.start(camera, Subject { url, host, authority }, Arc::clone(&world.keep));
    }

    /// The authorities of the run and of the warm dependencies it uses, PEM each.
    pub(in crate::run) fn own_authorities(&self) -> Vec<String> {
        let doors = self.dependencies.iter().filter_map(|live| live.door.as_ref());
        self.tools.route.iter().chain(doors).map(|route| route.authority().to_owned()).collect()
    }
}

/// Reads the app's trees again with what the dependencies gave.
fn hand_over(known: &Known<'_>, trees: &mut Trees) -> Result<(), String> {
    let dependencies = &known.plan.dependencies;
    if dependencies.is_empty() {
        return Ok(());
    }
    let environment = trees.outputs.environment(dependencies);
    trees.app.given_secrets.extend(trees.outputs.secrets(dependencies));
    let with = |tree: &Deployable| tree.clone().with(&environment);
    let base = trees.app.base.as_ref().map(with).transpose()?;
    let head = with(&trees.app.head)?;
    let App { base: old_base, head: old_head, .. } = &mut trees.app;
    (*old_base, *old_head) = (base, head);
    Ok(())
}

/// Writes the bundle that the app's services are to trust: the system's authorities and those of the run.
fn write_authorities(path: &Path, own: &[String]) -> Result<(), Fault> {
    // A machine without a bundle of its own has none to add.
    let system = std::fs::read_to_string(SYSTEM_AUTHORITIES).unwrap_or_default();
    let text = [system].iter().chain(own).map(String::as_str).collect::<Vec<_>>().join("\n");
    std::fs::write(path, text).map_err(|error| Fault::unwritten(path, &error))
}
