//! What becomes of the app's data: in the upgrade, in the backup, and in both ways back.

use crate::shop::Shop;
use cc_ci_model::outcome::Outcome;
use cc_ci_model::plan::hook::HookTime;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Color, Status};
use cc_ci_testkit::swarm::{Deed, FakeSwarm, Fate, Replaced, Script, SwarmCall, Trouble};

/// Everything of the volume `data`.
const ALL: &[&str] = &["backupbot.backup=true"];

/// A folder of it, which the app need not have.
const A_FOLDER: &[&str] = &["backupbot.backup=true", "backupbot.backup.volumes.data.path=uploads"];

/// A dump beside the data, made before each backup.
const DUMPED: &[&str] = &["backupbot.backup=true", "backupbot.backup.pre-hook=dump the shop"];

/// Something is done after each backup.
const TIDIED: &[&str] = &["backupbot.backup=true", "backupbot.backup.post-hook=tidy the shop"];

/// Something is done after each restore.
const RELOADED: &[&str] =
    &["backupbot.backup=true", "backupbot.restore=true", "backupbot.restore.post-hook=load the shop"];

const PHOTO: Deed = writes("photo.jpg", "a picture of what is sold");
const MARKER: &str = "cc-ci-marker-upgrade.one";

const fn writes(path: &'static str, content: &'static str) -> Deed {
    Deed::Writes { volume: "data", path, content }
}

const fn deletes(path: &'static str) -> Deed {
    Deed::Deletes { volume: "data", path }
}

/// What the app does while the backup's repository is made: some time after the upgrade was looked at.
fn later(deed: Deed) -> FakeSwarm {
    swarm().scripted(Script::of("mkdir -p index keys locks").does(deed))
}

/// The app has a picture and a list of orders.
fn swarm() -> FakeSwarm {
    let swarm = FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)]);
    swarm.at(SwarmCall::Deploy, PHOTO).at(SwarmCall::Deploy, writes("orders.csv", "1;photo;3"))
}

/// What head does to the data when it comes up.
fn head(deed: Deed) -> FakeSwarm {
    swarm().at(SwarmCall::Redeploy, deed)
}

fn dumping(content: &'static str) -> FakeSwarm {
    swarm().scripted(Script::of("dump the shop").does(writes("shop.sql", content)))
}

blamed! {
    a_head_that_loses_what_was_seeded: Shop::on(head(deletes(MARKER))).keeping()
        => "upgrade/markers", DataLost, Red, Recipe;
    a_head_that_overwrites_what_was_seeded: Shop::on(head(writes(MARKER, "something else"))).keeping()
        => "upgrade/markers", DataLost, Red, Recipe;
    a_head_that_loses_a_file: Shop::on(head(deletes("photo.jpg"))).keeping()
        => "upgrade/volumes", VolumeShrunk, Red, Recipe;
    a_head_that_cuts_a_file: Shop::on(head(writes("photo.jpg", ""))).keeping()
        => "upgrade/volumes", VolumeShrunk, Red, Recipe;
    a_head_that_mounts_a_new_volume: Shop::on(swarm()).renaming("data", "store")
        => "upgrade/volumes", VolumeReplaced, Red, Recipe;
    a_database_without_a_client: Shop::on(swarm().scripted(Script::of("psql").exits(78))).keeping().with_database("postgres")
        => "upgrade/seed", NothingToSeed, Unverified, Recipe;
    a_promised_folder_that_is_not_there: Shop::on(swarm()).backed_up(A_FOLDER)
        => "backup/complete", BackupIncomplete, Red, Recipe;
    a_dump_that_breaks_off: Shop::on(dumping("-- PostgreSQL database dump\nCREATE TABLE")).backed_up(DUMPED)
        => "backup/complete", DumpTruncated, Red, Recipe;
    a_dump_of_nothing: Shop::on(dumping("")).backed_up(DUMPED) => "backup/complete", DumpTruncated, Red, Recipe;
    a_backup_hook_that_fails: Shop::on(swarm().scripted(Script::of("dump the shop").exits(3))).backed_up(DUMPED)
        => "backup/snapshot", HookFailed, Red, Recipe;
    a_hook_that_deletes_a_file_before_the_backup:
        Shop::on(swarm().scripted(Script::of("dump the shop").does(deletes("photo.jpg")))).backed_up(DUMPED)
        => "backup/settled", VolumeShrunk, Red, Recipe;
    a_hook_that_deletes_a_file_after_the_backup:
        Shop::on(swarm().scripted(Script::of("tidy the shop").does(deletes("photo.jpg")))).backed_up(TIDIED)
        => "backup/settled", VolumeShrunk, Red, Recipe;
    a_restore_that_loses_what_was_seeded: Shop::on(swarm().scripted(Script::of("load the shop").does(Deed::Empties { volume: "data" })))
        .backed_up(RELOADED) => "restore/in-place/markers", RestoreIncomplete, Red, Recipe;
    a_file_that_no_backup_holds: Shop::on(swarm().at(SwarmCall::Deploy, writes("uploads/cat.jpg", "a cat"))).backed_up(A_FOLDER)
        => "restore/onto-empty/volumes", VolumeShrunk, Red, Recipe;
    a_head_that_deletes_a_file_when_it_starts_again: Shop::on(swarm().at(SwarmCall::Start, deletes("photo.jpg"))).backed_up(ALL)
        => "restore/restart/volumes", VolumeShrunk, Red, Recipe;
    the_same_without_a_backup: Shop::on(swarm().at(SwarmCall::Start, deletes("photo.jpg"))).keeping()
        => "upgrade/restart/volumes", VolumeShrunk, Red, Recipe;
    a_head_that_deletes_what_was_seeded_when_it_starts_again: Shop::on(swarm().at(SwarmCall::Start, deletes(MARKER))).keeping()
        => "upgrade/restart/markers", DataLost, Red, Recipe;
    a_head_that_writes_back_what_it_held_when_it_ends: Shop::on(swarm().at(SwarmCall::Stop, Deed::Empties { volume: "data" })).backed_up(ALL)
        => "restore/restart/markers", DataLost, Red, Recipe;
    an_engine_that_is_lost_when_the_app_starts_again: Shop::on(swarm().fail(SwarmCall::Start, 1, Trouble::Lost)).keeping()
        => "upgrade/restart", EngineLost, Unverified, Infrastructure;
    a_service_that_does_not_stop: Shop::on(swarm().stubborn_after("app", 0)).keeping()
        => "upgrade/restart", EngineLost, Unverified, Infrastructure;
    a_service_that_does_not_stop_for_its_volumes_to_be_emptied: Shop::on(swarm().stubborn_after("app", 0)).backed_up(ALL)
        => "restore/onto-empty", EngineLost, Unverified, Infrastructure;
    a_bench_that_talks_nonsense: Shop::on(swarm().scripted(Script::of("index").says("well\0now\0"))).keeping()
        => "upgrade/seed", Harness, Unverified, Harness;
}

#[tokio::test(start_paused = true)]
async fn data_that_comes_through_everything_is_green() {
    let whole = "-- PostgreSQL database dump\n-- PostgreSQL database dump complete\n";
    let told = Shop::on(dumping(whole)).backed_up(DUMPED).run().await;
    for told in [&told, &Shop::on(swarm()).backed_up(ALL).run().await] {
        assert_eq!(told.verdict.color, Color::Green, "{:?} {:#?}", told.verdict.reasons, told.steps());
        for tier in [Tier::Upgrade, Tier::Backup, Tier::Restore] {
            assert_eq!(told.tier(tier), Status::Pass, "{tier}");
        }
    }
    assert!(
        matches!(told.outcome("upgrade/seed"), Outcome::Passed { note: Some(note) } if note == "markers: files in app:/data")
    );
}

/// What an app clears and makes anew at each start is no loss, and what has completed is not started again.
#[tokio::test(start_paused = true)]
async fn an_app_that_starts_again_as_it_was_is_green() {
    let swarm = swarm().at(SwarmCall::Start, writes("cache/pages", "new")).at(SwarmCall::Start, deletes("app.pid"));
    let swarm = swarm.at(SwarmCall::Deploy, writes("app.pid", "7"));
    let told = Shop::on(swarm.clone()).keeping().run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?} {:#?}", told.verdict.reasons, told.steps());
    for step in
        ["restart", "restart/converged", "restart/serving", "restart/markers", "restart/volumes", "restart/stable"]
    {
        let outcome = told.outcome(&format!("upgrade/{step}"));
        assert!(matches!(outcome, Outcome::Passed { .. }), "{step}: {outcome:?}");
    }
    // The one-shot `migrate` has completed and stays so.
    assert_eq!((swarm.calls(SwarmCall::Stop), swarm.calls(SwarmCall::Start)), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_file_under_a_new_name_and_a_new_file_are_no_loss() {
    let renamed =
        head(deletes("photo.jpg")).at(SwarmCall::Redeploy, writes("old/photo.jpg", "a picture of what is sold"));
    let more = head(writes("second.jpg", "another picture"));
    for swarm in [renamed, more] {
        let told = Shop::on(swarm).keeping().run().await;
        assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_named() {
    let told = Shop::on(head(deletes("photo.jpg"))).keeping().run().await;
    assert!(told.found("upgrade/volumes").details.iter().any(|line| line.contains("photo.jpg")));
    let told = Shop::on(swarm().scripted(Script::of("dump the shop").exits(3))).backed_up(DUMPED).run().await;
    let finding = told.found("backup/snapshot");
    assert_eq!(finding.service.as_deref(), Some("app"));
    assert_eq!(finding.summary, "backup.pre-hook of app (`dump the shop`) ended with exit code 3");
}

/// Where head has not what base wrote beside its volumes.
fn unhoused() -> FakeSwarm {
    swarm().writes("shop:1", "/srv/uploads/photo.jpg", "a picture")
}

blamed! {
    uploads_that_base_wrote_into_its_container: Shop::on(unhoused()).keeping()
        => "upgrade/housed", DataLost, Red, Recipe;
    the_same_on_a_swarm_that_keeps_no_replaced_container: Shop::on(unhoused().replaced(Replaced::Goes)).keeping()
        => "upgrade/housed", DataLost, Red, Recipe;
    a_container_of_base_that_somebody_removes: Shop::on(unhoused().replaced(Replaced::Vanishes)).keeping()
        => "upgrade/housed", EngineLost, Unverified, Infrastructure;
    a_container_of_head_that_somebody_removes:
        Shop::on(unhoused().writes("shop:2", "/srv/uploads/photo.jpg", "a picture").removed("shop:2")).keeping()
        => "upgrade/housed", EngineLost, Unverified, Infrastructure;
    an_app_that_begins_anew_in_its_container:
        Shop::on(swarm().writes("shop:2", "/data/photo.jpg", "another one")).keeping().moving_to("/srv/data")
        => "upgrade/housed", DataLost, Red, Recipe;
    a_database_of_sqlite_in_a_container: Shop::on(swarm().writes("shop:1", "/srv/shop.db", "SQLite format 3\0…")).keeping()
        => "upgrade/housed", DataLost, Red, Recipe;
}

#[tokio::test(start_paused = true)]
async fn what_containers_write_that_nobody_misses_is_no_loss() {
    let same = unhoused().writes("shop:2", "/srv/uploads/photo.jpg", "a picture");
    for (what, swarm) in [
        ("head writes it, too", same),
        ("a file of its own for the moment", swarm().writes("shop:1", "/run/shop.pid", "7")),
        ("no database by its content", swarm().writes("shop:1", "/srv/shop.db", "colours = 3")),
    ] {
        let told = Shop::on(swarm).keeping().run().await;
        assert_eq!(told.verdict.color, Color::Green, "{what}: {:?}", told.verdict.reasons);
    }
    let moved = swarm().writes("shop:2", "/srv/other.jpg", "of its own");
    let told = Shop::on(moved).keeping().moving_to("/srv/data").run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_the_app_deletes_a_while_after_the_upgrade_is_lost() {
    let deleting = || Shop::on(later(deletes("photo.jpg"))).backed_up(ALL);
    // A hook before the upgrade ran before the look that is compared with.
    for shop in [deleting(), deleting().hooked(HookTime::PreUpgrade, "hooks/pre_upgrade")] {
        let told = shop.run().await;
        let Outcome::Failed(finding) = told.outcome("backup/settled") else { panic!("{:?}", told.steps()) };
        assert!(finding.summary.starts_with("since the upgrade: app /data: 1 file vanished"), "{}", finding.summary);
    }
    // A test of the upgrade may take away what it has made.
    let told = deleting().tested_in(Tier::Upgrade, "upgrade.sh").run().await;
    assert!(matches!(told.outcome("backup/settled"), Outcome::Passed { .. }), "{:?}", told.steps());
}

/// The listing of a snapshot that holds everything of the volume but the picture.
fn listing_without_the_photo() -> String {
    let root = format!("/volumes/{}_data", crate::shop::stack());
    let marker = |name: &str| (format!("{root}/cc-ci-marker-{name}"), 32);
    let files = ["upgrade.one", "upgrade.two", "backup.one", "backup.two"].map(marker);
    let files = files.into_iter().chain([(format!("{root}/orders.csv"), 9)]);
    let lines = files.map(|(path, size)| format!("{{\"path\":\"{path}\",\"type\":\"file\",\"size\":{size}}}\n"));
    format!("{{}}\n{{\"path\":\"{root}\",\"type\":\"dir\"}}\n{}", lines.collect::<String>())
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_in_the_snapshot_is_missing_as_long_as_it_is_there() {
    let read_back = || Script::of("--no-lock").says(&listing_without_the_photo());
    let told = Shop::on(swarm().scripted(read_back())).backed_up(ALL).run().await;
    let Outcome::Failed(finding) = told.outcome("backup/complete") else { panic!("{:?}", told.steps()) };
    assert_eq!(finding.summary, "app:/data: 1 of its files are not in the snapshot");
    assert_eq!(finding.details, ["photo.jpg"]);
    let told = Shop::on(swarm().scripted(read_back().does(deletes("photo.jpg")))).backed_up(ALL).run().await;
    assert!(matches!(told.outcome("backup/complete"), Outcome::Passed { .. }), "{:?}", told.steps());
}
