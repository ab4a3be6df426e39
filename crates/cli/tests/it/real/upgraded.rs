//! Head upgraded from several published versions: what is lost from the oldest one only is found, by its name.

use super::product::Product;
use super::versions::{Oldest, Versions};

#[test]
#[ignore = "real engine: make test"]
fn an_upgrade_that_loses_data_from_the_older_of_two_versions_only_is_red_by_its_name() {
    let product = Product::with_engine();
    let versions = Versions::of(&product, "static-site", "content", Oldest::Elsewhere);
    let [_, newer, oldest] = versions.names.as_slice() else { panic!("{:?}", versions.names) };
    let series = versions.upgraded(&product, &format!("{oldest},{newer}"));
    assert_eq!(series.answers(), [(newer.as_str(), "passes"), (oldest.as_str(), "fails")], "{}", series.said);
    assert_eq!((series.code, &series.answer["blame"]), (10, &"recipe".into()), "{}", series.said);
    let message = series.answer["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("RED  the upgrade from {oldest} fails: upgrade failed: ")), "{message}");
    series.counts(2);
    assert_eq!(series.tiers(0), ["pass"; 5]);
    assert_eq!(series.tiers(1)[..4], ["pass", "fail", "not-asked", "not-asked"]);
}
