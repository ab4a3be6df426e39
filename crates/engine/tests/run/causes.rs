//! Every cause that a step can end with has a test in this program that brings it about through the real tiers. This list says
//! which; a new cause does not compile without a line.

use cc_ci_model::outcome::Cause;
use std::path::Path;

/// The name of the test, and its file in this folder.
const fn tested(cause: Cause) -> Option<(&'static str, &'static str)> {
    const BLAME: &str = "blame.rs";
    const DATA: &str = "data.rs";
    const DEPENDENCIES: &str = "dependencies.rs";
    const OWN: &str = "own.rs";
    Some(match cause {
        Cause::NeverHealthy => (BLAME, "a_head_that_is_never_healthy"),
        Cause::CrashLoop => (BLAME, "a_head_that_crashes"),
        Cause::ImageMissing => (BLAME, "a_head_whose_image_does_not_exist"),
        Cause::TaskRejected => (BLAME, "a_head_whose_task_is_refused"),
        Cause::OutOfMemory => (BLAME, "a_head_that_is_killed_for_memory"),
        Cause::OneShotFailed => (BLAME, "a_head_whose_migration_fails"),
        Cause::RolledBack => (BLAME, "a_head_that_is_rolled_back"),
        Cause::UpdatePaused => (BLAME, "a_head_whose_update_is_paused"),
        Cause::DeployRefused => (BLAME, "a_head_that_the_loader_refuses"),
        Cause::Unstable => (BLAME, "a_head_that_dies_later"),
        Cause::NotMoved => (BLAME, "an_order_that_the_engine_does_not_heed"),
        Cause::NotServing => (BLAME, "a_head_that_does_not_serve"),
        Cause::DataLost => (DATA, "a_head_that_loses_what_was_seeded"),
        Cause::VolumeShrunk => (DATA, "a_head_that_loses_a_file"),
        Cause::VolumeReplaced => (DATA, "a_head_that_mounts_a_new_volume"),
        Cause::HookStrayed => ("hooks.rs", "what_a_hook_leaves_is_named_blamed_and_removed"),
        Cause::HookFailed => (OWN, "a_hook_that_fails"),
        Cause::BackupIncomplete => (DATA, "a_promised_folder_that_is_not_there"),
        Cause::DumpTruncated => (DATA, "a_dump_that_breaks_off"),
        Cause::RestoreIncomplete => (DATA, "a_restore_that_loses_what_was_seeded"),
        Cause::TestFailed => (OWN, "a_test_that_fails"),
        Cause::TestBroken => (OWN, "a_test_that_calls_what_is_not_there"),
        Cause::NothingToSeed => (DATA, "a_database_without_a_client"),
        Cause::NotReached => ("tiers.rs", "a_failed_install_leaves_the_upgrade_unreached"),
        Cause::TimedOut => (OWN, "a_test_that_does_not_end"),
        Cause::DependencyUnhealthy => (DEPENDENCIES, "a_test_that_fails_because_its_provider_died"),
        Cause::ProvisioningFailed => (DEPENDENCIES, "a_provider_whose_script_fails"),
        Cause::NeededTestNotRun => (DEPENDENCIES, "a_needed_test_that_skips_itself_makes_the_run_red"),
        Cause::DiskFull => (BLAME, "a_disk_that_is_full_at_the_pull"),
        Cause::Registry => (BLAME, "a_registry_that_does_not_answer"),
        Cause::EngineLost => (BLAME, "an_engine_that_is_lost_at_the_deploy"),
        Cause::CanonicalLost => ("bringing.rs", "a_secret_that_is_gone_is_named"),
        Cause::Harness => (DATA, "a_bench_that_talks_nonsense"),
        Cause::Cancelled => ("teardown.rs", "a_run_that_is_told_to_end_tears_down"),
        // No step ends with it: an engine that killed a container does not say whose memory was short. It stays for records
        // that name it and for the table of blame, which `crates/model/tests/it/rules.rs` tests.
        Cause::HostMemory => return None,
    })
}

/// All causes.
const ALL: [Cause; 35] = [
    Cause::NeverHealthy,
    Cause::CrashLoop,
    Cause::ImageMissing,
    Cause::TaskRejected,
    Cause::OutOfMemory,
    Cause::OneShotFailed,
    Cause::RolledBack,
    Cause::UpdatePaused,
    Cause::DeployRefused,
    Cause::Unstable,
    Cause::NotMoved,
    Cause::NotServing,
    Cause::DataLost,
    Cause::VolumeShrunk,
    Cause::VolumeReplaced,
    Cause::HookFailed,
    Cause::HookStrayed,
    Cause::BackupIncomplete,
    Cause::DumpTruncated,
    Cause::RestoreIncomplete,
    Cause::TestFailed,
    Cause::TestBroken,
    Cause::NothingToSeed,
    Cause::NotReached,
    Cause::TimedOut,
    Cause::DependencyUnhealthy,
    Cause::ProvisioningFailed,
    Cause::NeededTestNotRun,
    Cause::DiskFull,
    Cause::Registry,
    Cause::EngineLost,
    Cause::HostMemory,
    Cause::CanonicalLost,
    Cause::Harness,
    Cause::Cancelled,
];

#[test]
fn every_cause_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run");
    let missing = ALL.into_iter().filter_map(tested).filter(|(file, test)| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        !(text.contains(&format!("fn {test}(")) || text.contains(&format!("    {test}: ")))
    });
    assert_eq!(missing.collect::<Vec<_>>(), []);
    let untested: Vec<Cause> = ALL.into_iter().filter(|cause| tested(*cause).is_none()).collect();
    assert_eq!(untested, [Cause::HostMemory]);
}
