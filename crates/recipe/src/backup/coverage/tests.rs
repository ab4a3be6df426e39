//! Both directions of each rule: what is a loss, and what only looks like one.

use super::*;
use crate::Recipe;

const ON: &str = "backupbot.backup=true";

fn recipe(compose: &str) -> Recipe {
    let texts = [(".env.sample", ""), ("compose.yml", compose)];
    let env = [("STACK_NAME", "part-3fa9c1"), ("DOMAIN", "part-3fa9c1.test")];
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Recipe::read("parts", &texts.into_iter().collect(), &env, &[]).expect("a good recipe").0
}

/// An app with two volumes and a database beside it, with these labels under `deploy`.
fn shop(app: &str, db: &str) -> Recipe {
    recipe(&format!(
        "services:\n  app:\n    image: a\n    volumes: [\"data:/data\", \"cache:/cache\"]\n    deploy:\n      labels: [{app}]\n  \
         db:\n    image: postgres:15\n    volumes: [\"db:/var/lib/postgresql/data\"]\n    deploy:\n      labels: [{db}]\nvolumes:\n  \
         data:\n  cache:\n  db:\n"
    ))
}

fn coverage(recipe: &Recipe) -> Coverage<'_> {
    Coverage { compose: &recipe.compose, backup: &recipe.backup, databases: &recipe.databases }
}

fn lost_between(base: &Recipe, head: &Recipe) -> String {
    lost(coverage(base), coverage(head)).join("\n")
}

#[test]
fn a_backup_that_is_gone_as_a_whole_is_lost() {
    let base = shop(ON, "");
    for (labels, why) in [
        ("", "no service carries the label"),
        ("backupbot.backup=false", "set to false"),
        ("'backupbot.backup=${NOT_SET:-false}'", "set to false"),
        (&format!("{ON}, backupbot.backup.volumes.data=false, backupbot.backup.volumes.cache=false"), "excluded"),
        (&format!("{ON}, backupbot.backup.path=/srv/elsewhere"), "excluded"),
    ] {
        let lost = lost_between(&base, &shop(labels, ""));
        assert!(
            lost.starts_with("everything that base's holds (volume cache, data): ") && lost.contains(why),
            "{lost}"
        );
    }
    // What was never backed up cannot be lost.
    assert_eq!(lost_between(&shop("", ""), &shop("", "")), "");
    assert_eq!(lost_between(&shop("", ""), &shop(ON, "")), "");
}

#[test]
fn a_recipe_that_keeps_nothing_any_more_needs_no_backup() {
    assert_eq!(lost_between(&shop(ON, ON), &recipe("services:\n  app:\n    image: a\n")), "");
}

#[test]
fn the_data_of_one_service_that_is_left_out_is_lost() {
    insta::assert_snapshot!(lost_between(&shop(ON, ON), &shop(ON, "")), @"the data of db (volume db), which base's holds: it does not carry `backupbot.backup=true` under `deploy` any more");
    insta::assert_snapshot!(lost_between(&shop(ON, ON), &shop(ON, "backupbot.backup=no")), @"the data of db (volume db), which base's holds: `backupbot.backup` is `no`");
    let nowhere = shop(ON, &format!("{ON}, backupbot.backup.path=/dump"));
    insta::assert_snapshot!(lost_between(&shop(ON, ON), &nowhere), @"the data of db (volume db), which base's holds: its labels name nothing that lies in a volume of it");
    // A dump in the place of the files is what should be.
    let dumped = shop(ON, &format!("{ON}, backupbot.backup.volumes.db.path=dump.sql"));
    assert_eq!(lost_between(&shop(ON, ON), &dumped), "");
}

#[test]
fn a_cache_may_be_left_out_and_a_database_may_not() {
    let without = |volume: &str| format!("{ON}, backupbot.backup.volumes.{volume}=false");
    assert_eq!(lost_between(&shop(ON, ""), &shop(&without("cache"), "")), "");
    let one = |labels: &str| {
        recipe(&format!(
            "services:\n  app:\n    image: a\n    environment: [\"DB=/db/app.sqlite\"]\n    volumes: [\"db:/db\", \"media:/media\"]\n    \
             deploy:\n      labels: [{labels}]\nvolumes:\n  db:\n  media:\n"
        ))
    };
    assert_eq!(lost_between(&one(ON), &one(&without("media"))), "");
    assert_eq!(lost_between(&one(ON), &one(&without("db"))), "the rows of a database (volume db), which base's holds");
}

#[test]
fn a_volume_that_another_service_backs_up_or_nobody_mounts_is_no_loss() {
    let split = |labels: [&str; 2]| {
        recipe(&format!(
            "services:\n  app:\n    image: a\n    volumes: [\"data:/d\"]\n    deploy:\n      labels: [{}]\n  worker:\n    image: a\n    \
             volumes: [\"data:/d\"]\n    deploy:\n      labels: [{}]\nvolumes:\n  data:\n",
            labels[0], labels[1]
        ))
    };
    assert_eq!(lost_between(&split([ON, ""]), &split(["", ON])), "");
    let gone = recipe(
        "services:\n  app:\n    image: a\n    volumes: [\"cache:/cache\"]\n    deploy:\n      labels: [backupbot.backup=true]\nvolumes:\n  cache:\n",
    );
    assert_eq!(lost_between(&shop(ON, ON), &gone), "");
}

#[test]
fn services_with_data_in_no_backup_are_named() {
    assert_eq!(unsaved(coverage(&shop(ON, ON))), [""; 0]);
    assert_eq!(unsaved(coverage(&shop("", ""))), [""; 0]);
    insta::assert_snapshot!(unsaved(coverage(&shop(ON, ""))).join("\n"), @"the data of db is in no backup: no backup label covers its volume db");
}
