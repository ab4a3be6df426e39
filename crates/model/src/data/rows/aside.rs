//! Tables that stand aside: the app made the same ones anew under another prefix or in another schema, and begins with those.

use super::{Lost, Tables};
use std::collections::BTreeMap;

/// One table that has the name of another one by chance says nothing.
const FEW: usize = 2;

/// What was left for new tables of the same names behind another prefix, if those hold at most half of its rows. A migration takes the
/// rows along. An app that keeps a history beside its tables puts a prefix before the one that they have, or before their whole
/// names, and begins with an empty history; neither is meant.
pub(super) fn tables(lasting: &[(&str, u64)], old: &Tables, now: &Tables) -> Option<Lost> {
    let came: Vec<(&str, u64)> = now
        .iter()
        .filter(|(table, _)| !old.contains_key(*table))
        .map(|(table, rows)| (table.as_str(), *rows))
        .collect();
    let kept: Vec<(&str, u64)> =
        lasting.iter().copied().filter(|(table, rows)| now.get(*table).is_some_and(|now| now >= rows)).collect();
    let mut exchanges: BTreeMap<(&str, &str), Vec<(u64, u64)>> = BTreeMap::new();
    for (left, before) in &kept {
        for (new, after) in &came {
            if let Some(prefixes) = exchanged(left, new) {
                exchanges.entry(prefixes).or_default().push((*before, *after));
            }
        }
    }
    let begun = exchanges.into_iter().find_map(|((left, new), pairs)| {
        let of_prefix = kept.iter().filter(|(table, _)| table.starts_with(left)).count();
        let (before, after) = pairs.iter().fold((0, 0), |(were, are), (before, after)| (were + before, are + after));
        let begins_anew = after > 0 && after <= before / 2;
        (pairs.len() >= FEW && 2 * pairs.len() >= of_prefix && begins_anew).then_some((left, new, before, after))
    });
    begun.map(|(left, new, before, after)| Lost::Aside {
        before,
        after,
        left: format!("{left}*"),
        now: format!("{new}*"),
    })
}

/// The two prefixes of which one was exchanged for the other, where the rest of the names is the same.
fn exchanged<'n>(left: &'n str, new: &'n str) -> Option<(&'n str, &'n str)> {
    let same = left.bytes().rev().zip(new.bytes().rev()).take_while(|(one, other)| one == other).count();
    // The rest begins behind the end of a word in both.
    let is_end = |name: &str, rest: usize| name[..name.len() - rest].ends_with(['_', '.']);
    let starts = left.char_indices().map(|(at, _)| left.len() - at).filter(|rest| *rest <= same && *rest < new.len());
    let rest = starts
        .filter(|rest| new.is_char_boundary(new.len() - rest))
        .find(|rest| is_end(left, *rest) && is_end(new, *rest))?;
    let (left, new) = (&left[..left.len() - rest], &new[..new.len() - rest]);
    let extends = |one: &str, other: &str| one.starts_with(other) || one.ends_with(other);
    (!extends(new, left) && !extends(left, new)).then_some((left, new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables_of(text: &str) -> Tables {
        let pairs = text.split_whitespace().map(|table| table.split_once('=').unwrap());
        pairs.map(|(table, rows)| (table.to_owned(), rows.parse().unwrap())).collect()
    }

    fn said(before: &str, after: &str) -> Option<String> {
        let (old, now) = (tables_of(before), tables_of(after));
        let lasting: Vec<(&str, u64)> =
            old.iter().filter(|(_, rows)| **rows > 0).map(|(name, rows)| (name.as_str(), *rows)).collect();
        let lost = tables(&lasting, &old, &now)?;
        let Lost::Aside { before, after, left, now } = &lost else { panic!("{lost:?}") };
        Some(format!("{left} {before} {now} {after}"))
    }

    const WP: &str = "wp_users=1 wp_posts=40 wp_options=9";

    #[test]
    fn an_app_that_begins_under_another_prefix_left_what_it_had() {
        assert_eq!(said(WP, &format!("{WP} site_users=1 site_posts=0 site_options=9")).unwrap(), "wp_* 50 site_* 10");
        assert_eq!(
            said("public.users=1 public.posts=40", "public.users=1 public.posts=40 shop.users=1 shop.posts=0").unwrap(),
            "public.* 41 shop.* 1"
        );
        // One of them has no new table yet.
        assert_eq!(said(WP, &format!("{WP} site_users=1 site_posts=1")).unwrap(), "wp_* 41 site_* 2");
    }

    #[test]
    fn what_was_taken_along_or_means_something_else_is_not_left() {
        for after in [
            // Copied, and the old ones kept.
            "site_users=1 site_posts=40 site_options=9",
            // A history beside the tables: before the prefix, behind it, and empty.
            "old_wp_users=1 old_wp_posts=0",
            "wp_history_users=1 wp_history_posts=2",
            "audit_users=0 audit_posts=0",
            // A plugin that has one table of the same name.
            "shop_users=1 shop_carts=0",
            "site_users=1",
            "",
        ] {
            assert_eq!(said(WP, &format!("{WP} {after}")), None, "{after}");
        }
        assert_eq!(said("users=1 posts=40", "users=1 posts=40 wp_users=1 wp_posts=0"), None);
        // What is gone or lost rows is told as that.
        assert_eq!(said(WP, "site_users=1 site_posts=0 site_options=9"), None);
        assert_eq!(
            said("größe_users=1 größe_posts=40", "größe_users=1 größe_posts=40 maß_users=1 maß_posts=0").unwrap(),
            "größe_* 41 maß_* 1"
        );
    }
}
