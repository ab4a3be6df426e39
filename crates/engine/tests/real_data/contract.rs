//! The real swarm does what the one in memory does, as far as the contract goes.

use crate::world::TOOLS;
use cc_ci_engine::docker::{EngineAddress, RegistryCredentials, Swarm};
use cc_ci_engine::teardown::{Belongings, remove_all};
use cc_ci_model::ids::RunId;
use cc_ci_testkit::contract::Contract;
use futures_util::FutureExt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

#[tokio::test]
#[ignore = "real engine: make test"]
async fn the_real_swarm_holds_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let address = EngineAddress::parse(std::env::var_os("DOCKER_HOST").as_deref()).unwrap();
    let doors = Swarm::connect(&address, &RegistryCredentials::default()).await.unwrap().doors();
    let run = RunId::parse(&format!("contract-{:08x}", rand::random::<u32>())).unwrap();
    let contract = Contract::of(doors.clone(), TOOLS, run.clone());
    let belongings = Belongings::of_run(&run).with_stack(contract.stack());
    let held = AssertUnwindSafe(contract.holds(folder.path())).catch_unwind().await;
    let left = remove_all(doors.operate.as_ref(), &belongings, Duration::from_secs(60)).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    match held {
        Ok(held) => held.unwrap(),
        Err(panic) => resume_unwind(panic),
    }
}
