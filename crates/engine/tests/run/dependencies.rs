//! What the app needs beside it: whether it is there, gives what it has to, and stays.

use crate::shop::Shop;
use cc_ci_model::outcome::Cause;
use cc_ci_model::plan::dependency::Mode;
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_testkit::swarm::{FakeSwarm, Fate, Script, SwarmCall};
use std::time::Duration;

const TEST: &str = "custom/login.sh";
const MADE: &str = "issuer=https://auth-1.ci.test/shop\n";

/// A provider of logins that gives what it has to.
fn swarm() -> FakeSwarm {
    giving(Script::of("# create a login").says(MADE))
}

fn giving(create: Script) -> FakeSwarm {
    FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)]).scripted(create)
}

/// A shop that needs logins on this swarm, and whose test needs them and ends like this.
fn shop(swarm: FakeSwarm, test: impl Fn(Script) -> Script) -> Shop {
    Shop::on(swarm.scripted(test(Script::of("/tests/custom/login.sh")))).tested_by(TEST).needing_logins(Mode::Cold)
}

fn well(script: Script) -> Script {
    script
}

/// The provider dies once, after the run has what it needs of it.
fn dying() -> FakeSwarm {
    swarm().service("server", &[(Fate::DiesAfter(Duration::from_secs(5)), 0)])
}

blamed! {
    a_provider_that_crashes: shop(swarm().service("server", &[(Fate::Crashes(1), 0)]), well)
        => "install/dependency/auth/converged", CrashLoop, Red, Dependency;
    a_provider_whose_script_fails: shop(giving(Script::of("# create a login").exits(3)), well)
        => "install/dependency/auth/login", ProvisioningFailed, Red, Dependency;
    a_provider_that_does_not_print_what_it_has_to: shop(giving(Script::of("# create a login").says("user=me\n")), well)
        => "install/dependency/auth/login", ProvisioningFailed, Red, Dependency;
    a_warm_provider_that_is_gone: Shop::on(swarm()).needing_logins(Mode::Warm)
        => "install/dependency/auth/converged", DependencyUnhealthy, Red, Dependency;
    a_test_that_fails_because_its_provider_died: shop(dying(), |script| script.takes(Duration::from_secs(8)).exits(1))
        => "custom/custom/login.sh", DependencyUnhealthy, Red, Dependency;
    a_test_that_fails_although_its_provider_is_well: shop(swarm(), |script| script.exits(1))
        => "custom/custom/login.sh", TestFailed, Red, Recipe;
}

#[tokio::test(start_paused = true)]
async fn a_needed_test_that_skips_itself_makes_the_run_red() {
    let told = shop(swarm(), |script| script.exits(77).says("no logins here\n")).run().await;
    told.is_judged("custom/custom/login.sh", Cause::NeededTestNotRun, Color::Red, Blame::Test);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_gives_what_it_has_to_is_deployed_once_and_removed() {
    let told = shop(swarm(), well).run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?} {:#?}", told.verdict.reasons, told.steps());
    assert_eq!(told.swarm.calls(SwarmCall::Deploy), 2);
    assert_eq!(told.left(), [""; 0]);
}
