//! The marker table in the SQL that PostgreSQL, MariaDB, MySQL and SQLite have in common.

use super::{FoundMarkers, MarkerPhase};

/// Makes the table and the phase's two rows, whatever is there already.
pub(super) fn seed(phase: MarkerPhase, value: &str) -> String {
    let word = phase.word();
    format!(
        "CREATE TABLE IF NOT EXISTS cc_ci_marker (phase varchar(40) PRIMARY KEY, value varchar(200)); \
         DELETE FROM cc_ci_marker WHERE phase IN ('{word}.one', '{word}.two'); \
         INSERT INTO cc_ci_marker VALUES ('{word}.one', '{value}'), ('{word}.two', '{value}');"
    )
}

/// Rewrites the first row and deletes the second.
pub(super) fn mutate(phase: MarkerPhase, value: &str) -> String {
    let word = phase.word();
    format!(
        "UPDATE cc_ci_marker SET value = '{value}' WHERE phase = '{word}.one'; \
         DELETE FROM cc_ci_marker WHERE phase = '{word}.two';"
    )
}

/// Selects the phase's rows.
pub(super) fn read(phase: MarkerPhase) -> String {
    format!("SELECT phase, value FROM cc_ci_marker WHERE phase LIKE '{}.%';", phase.word())
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
