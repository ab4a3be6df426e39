//! The marker table in the SQL that PostgreSQL, MariaDB, MySQL and SQLite have in common.

use super::{FoundMarkers, MarkerPhase};
use cc_ci_model::data::rows::MARKER_TABLE;

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
