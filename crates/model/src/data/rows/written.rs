//! Columns that people fill.

use crate::data::churn::Churn;

/// How such a column is called.
const WRITTEN: [&str; 28] = [
    "*mail*",
    "*password*",
    "*passwd*",
    "*secret*",
    "login",
    "user_name",
    "username",
    "name",
    "*_name",
    "title",
    "*_title",
    "subject",
    "body",
    "text",
    "*_text",
    "note",
    "notes",
    "caption",
    "summary",
    "author",
    "*_author",
    "*content*",
    "*description*",
    "*comment*",
    "*message*",
    "*address*",
    "*phone*",
    "*url",
];

/// The patterns of their names.
pub(super) fn by_people() -> Churn {
    Churn::only(&WRITTEN.map(str::to_owned))
}
