//! Readers of a run's live page, each a connection of its own, from several addresses of this machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

/// So many look on from one address.
const PER_ADDRESS: u8 = 10;

/// Those that look on.
pub(crate) struct Onlookers {
    looking: JoinSet<std::io::Result<()>>,
    events: Arc<AtomicU64>,
}

impl Onlookers {
    /// Has so many look on at a run until it is over.
    pub(crate) fn begin(address: &str, run: &str, many: u8) -> Result<Self, Box<dyn std::error::Error>> {
        let to: SocketAddr = address.strip_prefix("http://").ok_or("no address")?.parse()?;
        let events = Arc::new(AtomicU64::new(0));
        let mut looking = JoinSet::new();
        for number in 0..many {
            let from = Ipv4Addr::new(127, 0, 1, 1 + number / PER_ADDRESS);
            let ask = format!("GET /run/{run}/live HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n\r\n");
            looking.spawn(look(from, to, ask, Arc::clone(&events)));
        }
        Ok(Self { looking, events })
    }

    /// Waits until all have seen the end, and says how many events they were sent.
    pub(crate) async fn end(mut self) -> u64 {
        while let Some(ended) = self.looking.join_next().await {
            // One that was cut off was sent less; the number says so.
            drop(ended);
        }
        self.events.load(Ordering::Relaxed)
    }
}

async fn look(from: Ipv4Addr, to: SocketAddr, ask: String, events: Arc<AtomicU64>) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let mut stream = socket.connect(to).await?;
    stream.write_all(ask.as_bytes()).await?;
    let (mut part, mut last) = (vec![0; 16 << 10], 0);
    loop {
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        for byte in part.iter().take(read) {
            // Two line ends in a row end an event.
            events.fetch_add(u64::from(last == b'\n' && *byte == b'\n'), Ordering::Relaxed);
            last = *byte;
        }
    }
}
