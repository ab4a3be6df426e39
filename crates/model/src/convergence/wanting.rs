//! Whether a program that ended says that it wants something which may still come: another service that is on its way.

/// What programs say that found nobody, in lower case.
const SAYS: [&str; 21] = [
    "connection refused",
    "connection timed out",
    "could not connect",
    "couldn't connect",
    "can't connect",
    "cannot connect",
    "failed to connect",
    "no such host",
    "no route to host",
    "host is unreachable",
    "unknown host",
    "name or service not known",
    "could not translate host name",
    "could not resolve",
    "temporary failure in name resolution",
    "getaddrinfo",
    "econnrefused",
    "etimedout",
    "enotfound",
    "eai_again",
    "the database system is starting up",
];

/// Whether the last lines of a program say so.
#[must_use]
pub fn wants_another(lines: &[String]) -> bool {
    lines.iter().any(|line| {
        let line = line.to_ascii_lowercase();
        SAYS.iter().any(|says| line.contains(says))
    })
}

#[cfg(test)]
mod tests {
    use super::wants_another;

    #[test]
    fn a_program_that_found_nobody_says_so_in_one_way_or_another() {
        let wants = |line: &str| wants_another(&["starting".to_owned(), line.to_owned()]);
        for line in [
            "dial tcp 10.0.0.3:5432: connect: connection refused",
            "SQLSTATE[HY000] [2002] Connection refused",
            "Error: getaddrinfo ENOTFOUND db",
            "psycopg2.OperationalError: could not translate host name \"db\" to address",
            "ERROR 2002 (HY000): Can't connect to MySQL server on 'db'",
        ] {
            assert!(wants(line), "{line}");
        }
        for line in
            ["panic: no such table", "invalid configuration", "Segmentation fault", "connect: permission denied", ""]
        {
            assert!(!wants(line), "{line}");
        }
        assert!(!wants_another(&[]));
    }
}
