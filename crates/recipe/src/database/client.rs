//! Services that have the image of a database for its tools: they make dumps or report, and keep no data.

use crate::compose::Service;

/// The tools that ask a server.
const TOOLS: [&str; 14] = [
    "psql",
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "pg_basebackup",
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mariadb",
    "mariadb-dump",
    "mariadb-admin",
    "redis-cli",
    "valkey-cli",
    "keydb-cli",
];

/// The servers themselves, and what starts them.
const SERVERS: [&str; 11] = [
    "postgres",
    "postmaster",
    "pg_ctl",
    "mysqld",
    "mysqld_safe",
    "mariadbd",
    "mariadbd-safe",
    "mysqld_multi",
    "redis-server",
    "valkey-server",
    "keydb-server",
];

/// Whether the program that `service` is given names a tool of a database, or a script for backups, and nothing that could be the
/// server. A service without a program of its own starts the one of its image.
pub(super) fn only_asks(service: &Service) -> bool {
    let words: Vec<&String> = service.entrypoint.iter().chain(&service.command).collect();
    // The program of the image gets these as its own.
    if words.first().is_none_or(|first| first.starts_with('-')) {
        return false;
    }
    let mut asks = false;
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    let mut before = "";
    for text in words {
        // What follows an option is its value, but for a shell's `-c`: there it is a whole script.
        if is_shells_option(before) {
            before = "";
        }
        for word in text.split(|letter| !is_letter(letter)).filter(|word| !word.is_empty()) {
            let name = word.rsplit('/').next().unwrap_or(word);
            let is_value = before.starts_with('-') || (word.contains('/') && !is_program(word));
            before = word;
            if is_value {
                continue;
            }
            if SERVERS.contains(&name) || name.contains("entrypoint") {
                return false;
            }
            let is_script = name.ends_with(".sh") && (name.contains("backup") || name.contains("dump"));
            asks |= TOOLS.contains(&name) || is_script;
        }
    }
    asks
}

/// `-c`, or others and it: `-ec`.
fn is_shells_option(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| letters.ends_with('c') && letters.len() < 5 && !letters.starts_with('-'))
}

/// Whether a path is that of a program, and not of a folder with data.
fn is_program(path: &str) -> bool {
    path.ends_with(".sh")
        || path.contains("bin/")
        || path.rsplit_once('/').is_some_and(|(folder, name)| folder.is_empty() && name.contains("entrypoint"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entrypoint: &[&str], command: &[&str], expected: bool) {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let service = Service { entrypoint: words(entrypoint), command: words(command), ..Service::default() };
        assert_eq!(only_asks(&service), expected, "{entrypoint:?} {command:?}");
    }

    #[test]
    fn a_service_that_only_asks_names_a_tool_and_no_server() {
        check(
            &["sh", "-c"],
            &["while :; do pg_dump -h db -U postgres app > /backups/app.sql; sleep 86400; done"],
            true,
        );
        check(
            &["/bin/sh", "-c", "until psql --username=postgres -h db; do sleep 1; done; exec sleep infinity"],
            &[],
            true,
        );
        check(&["/usr/bin/mysqldump", "--host=db", "app"], &[], true);
        check(&["pg_dump", "-U", "postgres", "--host", "mysqld"], &[], true);
        check(&["/backup.sh"], &[], true);
        check(&[], &["redis-cli", "-h", "cache", "monitor"], true);
        check(&["bash", "-c", "mysql -h db -u root < /seed.sql"], &[], true);
    }

    #[test]
    fn what_may_be_the_server_is_one() {
        check(&[], &[], false);
        check(&[], &["--datadir=/var/lib/mysql", "--character-set-server=utf8mb4"], false);
        check(&[], &["mysqld", "--datadir=/var/lib/mysql"], false);
        check(&["sh", "-c"], &["pg_dump -h old -U postgres > /tmp/x; postgres"], false);
        check(&[], &["postgres", "-c", "max_connections=200"], false);
        check(&["/docker-entrypoint.sh"], &["postgres"], false);
        check(&["sh", "-c"], &["redis-cli -h old save; exec redis-server --appendonly yes"], false);
        check(&["bash", "-c", "until pg_isready; do :; done & exec docker-entrypoint.sh postgres"], &[], false);
        check(&["sh", "-c", "pg_restore -d app /dump; exec /usr/lib/postgresql/15/bin/postgres -D /data"], &[], false);
        check(&["/start.sh"], &[], false);
        check(&[], &["sh", "-c", "redis-server --requirepass $(cat /run/secrets/redis)"], false);
    }
}
