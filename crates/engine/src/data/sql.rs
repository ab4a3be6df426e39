//! The marker table in the SQL that PostgreSQL, MariaDB, MySQL and SQLite have in common, and how the servers among them are logged
//! in to.

use super::{FoundMarkers, MarkerPhase};
use cc_ci_model::data::rows::MARKER_TABLE;
use cc_ci_recipe::database::Database;

/// How to log in to a server. What is `None` is read inside the container from the variables of the official images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlLogin {
    /// The service, without the stack's name.
    pub service: String,
    /// The role or user; else that of the variables, or of the file that one of them names, else the server's own first one.
    pub user: Option<String>,
    /// The database; else that of the variables, else the one that is named like the role or is the only one of an app.
    pub database: Option<String>,
    /// A file inside the container that holds the password.
    pub password_file: Option<String>,
}

impl SqlLogin {
    /// The login to a recognised database.
    #[must_use]
    pub fn to(database: &Database) -> Self {
        Self {
            service: database.service.clone(),
            user: database.user.clone(),
            database: database.database.clone(),
            password_file: database.password_file.clone(),
        }
    }

    /// A login that reads everything inside the container.
    #[must_use]
    pub fn of(service: impl Into<String>) -> Self {
        Self { service: service.into(), user: None, database: None, password_file: None }
    }

    /// The first words of every script: role or user, database and file of the password, empty where they are read inside.
    pub(super) fn words(&self) -> [String; 3] {
        [&self.user, &self.database, &self.password_file].map(|value| value.clone().unwrap_or_default())
    }
}

/// Makes the table and the phase's two rows, whatever is there already.
pub(super) fn seed(phase: MarkerPhase, value: &str) -> String {
    let word = phase.word();
    format!(
        "CREATE TABLE IF NOT EXISTS {MARKER_TABLE} (phase varchar(40) PRIMARY KEY, value varchar(200)); \
         DELETE FROM {MARKER_TABLE} WHERE phase IN ('{word}.one', '{word}.two'); \
         INSERT INTO {MARKER_TABLE} VALUES ('{word}.one', '{value}'), ('{word}.two', '{value}');"
    )
}

/// Rewrites the first row and deletes the second.
pub(super) fn mutate(phase: MarkerPhase, value: &str) -> String {
    let word = phase.word();
    format!(
        "UPDATE {MARKER_TABLE} SET value = '{value}' WHERE phase = '{word}.one'; \
         DELETE FROM {MARKER_TABLE} WHERE phase = '{word}.two';"
    )
}

/// What every server answers.
pub(super) const HELLO: &str = "SELECT 1";

/// Selects the phase's rows.
pub(super) fn read(phase: MarkerPhase) -> String {
    format!("SELECT phase, value FROM {MARKER_TABLE} WHERE phase LIKE '{}.%';", phase.word())
}

/// The rows as the clients print them: columns parted by `|` or a tab.
pub(super) fn found(rows: &str, phase: MarkerPhase) -> FoundMarkers {
    let value = |part: &str| {
        let name = format!("{}.{part}", phase.word());
        let mut columns = rows.lines().filter_map(|row| row.split_once(['|', '\t']));
        columns.find_map(|(phase, value)| (phase == name).then(|| value.to_owned()))
    };
    FoundMarkers { one: value("one"), two: value("two") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_by_their_phase_from_every_client() {
        let found_both = FoundMarkers { one: Some("abc".into()), two: Some("d|e".into()) };
        assert_eq!(found("backup.one|abc\nbackup.two|d|e\n", MarkerPhase::Backup), found_both);
        assert_eq!(found("backup.two\td|e\nbackup.one\tabc\n", MarkerPhase::Backup), found_both);
        assert_eq!(found("backup.one|abc\n", MarkerPhase::Upgrade), FoundMarkers::default());
    }
}
