//! The swarm in memory does what the real one does, as far as the contract goes.

use cc_ci_model::ids::RunId;
use cc_ci_testkit::contract::Contract;
use cc_ci_testkit::swarm::FakeSwarm;

#[tokio::test(start_paused = true)]
async fn the_swarm_in_memory_holds_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let swarm = FakeSwarm::new();
    let contract = Contract::of(swarm.doors(), "cc-ci/tools:1", RunId::parse("contract").unwrap());
    contract.holds(folder.path()).await.unwrap();
}
