//! Every cause that a step can end with has a test that brings it about. This list says where; a new cause does not compile
//! without a line.

use cc_ci_model::outcome::Cause;
use std::path::Path;

/// The file with the test, from the root of the repository, and the test's name.
const fn tested(cause: Cause) -> (&'static str, &'static str) {
    const BLAME: &str = "crates/engine/tests/run/blame.rs";
    match cause {
        Cause::NeverHealthy => (BLAME, "a_head_that_is_never_healthy"),
        Cause::CrashLoop => (BLAME, "a_head_that_crashes"),
        Cause::ImageMissing => (BLAME, "a_head_whose_image_does_not_exist"),
        Cause::TaskRejected => (BLAME, "a_task_that_is_refused"),
        Cause::OutOfMemory => (BLAME, "an_app_that_is_killed_for_memory"),
        Cause::OneShotFailed => ("crates/cli/tests/real_long/matrix.rs", "oneshot_fails"),
        Cause::RolledBack => (BLAME, "a_head_that_is_rolled_back"),
        Cause::UpdatePaused => (BLAME, "a_head_whose_update_is_paused"),
        Cause::DeployRefused => (BLAME, "files_that_the_loader_refuses"),
        Cause::Unstable => (BLAME, "a_death_after_converging"),
        Cause::NotMoved => (BLAME, "an_order_that_the_engine_does_not_heed"),
        Cause::NotServing => (BLAME, "a_head_that_does_not_serve"),
        Cause::DataLost => ("crates/cli/tests/real_long/matrix.rs", "upgrade_loses_row"),
        Cause::DiskFull => (BLAME, "a_disk_that_is_full_at_the_pull"),
        Cause::Registry => (BLAME, "a_registry_that_does_not_answer"),
        Cause::EngineLost => (BLAME, "an_engine_that_is_lost_at_the_deploy"),
        Cause::Cancelled => ("crates/engine/tests/run/teardown.rs", "a_run_that_is_told_to_end_tears_down"),
        Cause::NotReached => ("crates/engine/tests/run/tiers.rs", "a_failed_install_leaves_the_upgrade_unreached"),
        Cause::BackupIncomplete => {
            ("crates/engine/tests/real_data/backup.rs", "a_cut_dump_a_stale_dump_and_a_failing_pipe_are_found")
        }
        Cause::DumpTruncated => ("crates/cli/tests/real_long/matrix.rs", "dump_truncated"),
        Cause::RestoreIncomplete => ("crates/cli/tests/real_long/matrix.rs", "restore_nothing"),
        Cause::TestFailed | Cause::TestBroken | Cause::TimedOut => {
            ("crates/engine/tests/real_data/sandbox.rs", "tests_get_the_contract_and_their_results_are_read")
        }
        Cause::HookFailed => {
            ("crates/cli/tests/real_long/hooks.rs", "a_hook_that_fails_hangs_or_prints_a_secret_is_blamed_where_it_ran")
        }
        Cause::NothingToSeed => {
            ("crates/engine/tests/real_data/main.rs", "a_container_without_psql_refuses_the_marker")
        }
        Cause::DependencyUnhealthy => {
            ("crates/cli/tests/real_long/dependencies.rs", "a_provider_that_never_gets_healthy_is_blamed_itself")
        }
        Cause::ProvisioningFailed => {
            ("crates/cli/tests/real_long/dependencies.rs", "a_script_that_fails_half_way_is_the_dependencys_fault")
        }
        Cause::NeededTestNotRun => {
            ("crates/cli/tests/real_long/dependencies.rs", "a_needed_test_that_skips_itself_makes_the_run_red")
        }
        Cause::VolumeShrunk => {
            ("crates/model/src/data/compare/tests.rs", "a_volume_that_lost_most_of_its_bytes_shrank")
        }
        Cause::VolumeReplaced => {
            ("crates/model/src/data/compare/tests.rs", "a_new_empty_volume_in_the_old_place_is_a_replacement")
        }
        Cause::HostMemory | Cause::Harness => ("crates/model/tests/it/rules.rs", "a_cause_is_blamed_by_the_table"),
    }
}

/// All causes.
const ALL: [Cause; 33] = [
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
    Cause::Harness,
    Cause::Cancelled,
];

#[test]
fn every_cause_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let missing = ALL.into_iter().filter(|cause| {
        let (file, test) = tested(*cause);
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        !(text.contains(&format!("fn {test}(")) || text.contains(&format!("    {test}: ")))
    });
    let missing: Vec<_> = missing.map(|cause| (cause, tested(cause))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
