//! What columns are for: those that people fill, and those that say something once and for all.

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

/// Of these, how one is called that a program may write anew as a whole: one that moves to TLS, or hashes anew.
const CONVERTED: [&str; 4] = ["*url", "*password*", "*passwd*", "*secret*"];

/// How a column is called that says once and for all whose a row is, what somebody may do, when it was made, or how much it is worth.
const GIVEN: [&str; 27] = [
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
    "created",
    "created_at",
    "created_on",
    "*_created",
    "published_at",
    "date",
    "birthday",
    "*amount*",
    "*price*",
    "*total*",
    "balance",
    "quantity",
    "cost",
];

/// What a column is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// People fill it.
    Written,
    /// People fill it, and a program may write it anew as a whole.
    Converted,
    /// It says something once and for all.
    Given,
    /// The app notes something there.
    Other,
}

impl ColumnKind {
    /// Whether people fill it.
    pub(super) fn is_of_people(self) -> bool {
        match self {
            Self::Written | Self::Converted => true,
            Self::Given | Self::Other => false,
        }
    }
}

/// What tells the kinds apart.
pub(super) struct ColumnKinds {
    written: Churn,
    converted: Churn,
    given: Churn,
}

impl ColumnKinds {
    pub(super) fn all() -> Self {
        let [written, converted, given] = [&WRITTEN[..], &CONVERTED, &GIVEN]
            .map(|names| Churn::only(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()));
        Self { written, converted, given }
    }

    /// The kind of a column, by its name in small letters.
    pub(super) fn of(&self, column: &str) -> ColumnKind {
        if self.written.covers(column) {
            if self.converted.covers(column) { ColumnKind::Converted } else { ColumnKind::Written }
        } else if self.given.covers(column) {
            ColumnKind::Given
        } else {
            ColumnKind::Other
        }
    }
}
