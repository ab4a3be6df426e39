//! Which ports something listens on, by the kernel's tables of sockets.
//!
//! `/proc/net/tcp`, `tcp6`, `udp` and `udp6` show the sockets of one network, a line each (`proc_net(5)`): a local address and port in
//! hexadecimal, the other end, and a state. Whoever listens on the loopback address is reached by nobody outside and is left out.

use cc_ci_recipe::opening::Transport;
use std::collections::BTreeSet;

/// The state of a TCP socket that waits for connections.
const LISTEN: &str = "0A";

/// The state of a UDP socket that belongs to no single other end.
const UNCONNECTED: &str = "07";

/// The ports on which something listens that is reached from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listening {
    tcp: BTreeSet<u16>,
    udp: BTreeSet<u16>,
}

impl Listening {
    /// Reads the tables, each behind a line that is its name: `tcp`, `tcp6`, `udp` or `udp6`. What is no socket is passed over.
    #[must_use]
    pub fn read(tables: &str) -> Self {
        let mut read = Self::default();
        let mut table = None;
        for line in tables.lines().map(str::trim) {
            match line {
                "tcp" | "tcp6" => table = Some(Transport::Tcp),
                "udp" | "udp6" => table = Some(Transport::Udp),
                _ => match table {
                    Some(Transport::Tcp) => read.tcp.extend(port(line, LISTEN)),
                    Some(Transport::Udp) => read.udp.extend(port(line, UNCONNECTED)),
                    None => {}
                },
            }
        }
        read
    }

    /// Whether something listens on a port.
    #[must_use]
    pub fn on(&self, port: u16, transport: Transport) -> bool {
        match transport {
            Transport::Tcp => self.tcp.contains(&port),
            Transport::Udp => self.udp.contains(&port),
        }
    }
}

/// The port of a socket in this state; `None` for one that only its own machine reaches.
fn port(line: &str, state: &str) -> Option<u16> {
    let mut words = line.split_whitespace();
    let (_number, local, _other, found) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (address, port) = local.split_once(':')?;
    (found == state && !is_loopback(address)).then(|| u16::from_str_radix(port, 16).ok()).flatten()
}

/// Whether an address, as the tables write it, is that of the machine itself: words of four bytes, each as the processor keeps it.
fn is_loopback(address: &str) -> bool {
    let v4 = |word: &str| word.ends_with("7F");
    match address.len() {
        8 => v4(address),
        32 => address == LOOPBACK_6 || (address.starts_with(MAPPED) && v4(address)),
        _ => false,
    }
}

/// `::1`.
const LOOPBACK_6: &str = "00000000000000000000000001000000";

/// How an address of version 4 begins in a table of version 6.
const MAPPED: &str = "0000000000000000FFFF0000";

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "\
tcp
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0B00007F:A1C3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0200000A:1770 0300000A:C350 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
tcp6
  sl  local_address                         remote_address                        st tx_queue rx_queue tr
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00
   1: 00000000000000000000000001000000:0017 00000000000000000000000000000000:0000 0A 00000000:00000000 00
   2: 0000000000000000FFFF00000100007F:0018 00000000000000000000000000000000:0000 0A 00000000:00000000 00
   3: 0000000000000000FFFF00000200000A:0019 00000000000000000000000000000000:0000 0A 00000000:00000000 00
udp
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  10: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4 2 0 0
  11: 0200000A:D431 0300000A:0035 01 00000000:00000000 00:00000000 00000000     0        0 5 2 0 0
  12: 0B00007F:9C40 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 6 2 0 0
udp6
";

    #[test]
    fn who_listens_outwards_is_heard_and_nobody_else() {
        let read = Listening::read(TABLES);
        assert_eq!(read.tcp, BTreeSet::from([8080, 22, 25]));
        assert_eq!(read.udp, BTreeSet::from([53]));
        assert!(read.on(53, Transport::Udp) && !read.on(53, Transport::Tcp));
    }

    #[test]
    fn what_is_no_table_says_nothing() {
        for text in
            ["", "0: 00000000:1F90 00000000:0000 0A", "tcp\ncat: /proc/net/tcp: no", "tcp\n0: x:y z 0A\n1: :1F90"]
        {
            assert_eq!(Listening::read(text), Listening::default(), "{text}");
        }
    }
}
