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

/// How a column is called that says whose a row is, or what somebody may do.
const GIVEN: [&str; 14] = [
    "user_id",
    "*_user_id",
    "owner",
    "owner_id",
    "*_owner_id",
    "author_id",
    "account_id",
    "tenant_id",
    "created_by",
    "admin",
    "is_admin",
    "is_superuser",
    "role",
    "role_id",
];

/// The patterns of the names of these.
pub(super) fn given() -> Churn {
    Churn::only(&GIVEN.map(str::to_owned))
}

/// The patterns of their names.
pub(super) fn by_people() -> Churn {
    Churn::only(&WRITTEN.map(str::to_owned))
}
