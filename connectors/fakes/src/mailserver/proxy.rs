//! A wire that can be cut: passes bytes on over loopback, until it does not.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From who connected to the server.
    Up,
    /// From the server to who connected.
    Down,
}

/// What becomes of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Forward,
    /// Both sides are closed once so many bytes have gone this way on one connection.
    Cut(Direction, u64),
    /// Nothing passes and nothing is closed: a dead network.
    Stall,
    /// The same this way alone, once so many bytes have gone on one connection.
    StallAfter(Direction, u64),
    /// Nothing connects and nothing stays connected.
    Closed,
}

#[derive(Debug, Default)]
struct Counts {
    connections: usize,
    /// Up and down, of the newest connection.
    passed: [u64; 2],
    /// Whether a connection has reached the byte behind which nothing passes.
    has_stalled: bool,
}

/// Passes connections on to a port of this machine. Ends, with all its connections, when dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
    counts: Arc<Mutex<Counts>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// In front of a port of 127.0.0.1, at a port of its own.
    pub async fn to(target: u16) -> Self {
        Self::between(0, target).await
    }

    /// The same at a port that is given.
    pub async fn between(port: u16, target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("the port is free");
        let port = listener.local_addr().expect("a bound socket").port();
        let mode = watch::Sender::new(Mode::Forward);
        let counts = Arc::new(Mutex::new(Counts::default()));
        let accepting = tokio::spawn(accept(listener, target, mode.subscribe(), Arc::clone(&counts)));
        Self { port, mode, counts, accepting }
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Passes everything on, as at the start; what had stalled goes on.
    pub fn forward(&self) {
        self.mode.send_replace(Mode::Forward);
    }

    /// Each new connection is closed on both sides as soon as so many bytes went this way: the last
    /// of them is passed on, the next is not.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.mode.send_replace(Mode::Cut(direction, bytes));
    }

    /// From now on nothing passes, while connections stay open and new ones are accepted: what a
    /// dead network looks like, of which no side is told.
    pub fn stall(&self) {
        self.mode.send_replace(Mode::Stall);
    }

    /// Once so many bytes have gone this way on a connection, nothing more does, and nobody is told.
    pub fn stall_after(&self, direction: Direction, bytes: u64) {
        locked(&self.counts).has_stalled = false;
        self.mode.send_replace(Mode::StallAfter(direction, bytes));
    }

    /// Whether a connection has come that far since [`Proxy::stall_after`].
    pub fn has_stalled(&self) -> bool {
        locked(&self.counts).has_stalled
    }

    /// Closes what is connected and what connects.
    pub fn close(&self) {
        self.mode.send_replace(Mode::Closed);
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        locked(&self.counts).connections
    }

    /// How many bytes went this way on the newest connection.
    pub fn passed(&self, direction: Direction) -> u64 {
        locked(&self.counts).passed[direction as usize]
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        // Wakes the connections, which end.
        self.mode.send_replace(Mode::Closed);
    }
}

fn locked(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, target: u16, mode: watch::Receiver<Mode>, counts: Arc<Mutex<Counts>>) {
    while let Ok((client, _)) = listener.accept().await {
        if *mode.borrow() == Mode::Closed {
            continue;
        }
        let number = {
            let mut counts = locked(&counts);
            counts.connections += 1;
            counts.passed = [0, 0];
            counts.connections
        };
        tokio::spawn(carry(client, target, mode.clone(), number, Arc::clone(&counts)));
    }
}

async fn carry(
    client: TcpStream,
    target: u16,
    mode: watch::Receiver<Mode>,
    number: usize,
    counts: Arc<Mutex<Counts>>,
) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let way = |direction| Way { direction, number, mode: mode.clone(), counts: Arc::clone(&counts) };
    // The first way to be cut ends the other: both sides are closed as this returns.
    tokio::select! {
        () = way(Direction::Up).pass(from_client, to_server) => {}
        () = way(Direction::Down).pass(from_server, to_client) => {}
    }
}

/// One direction of one connection.
struct Way {
    direction: Direction,
    number: usize,
    mode: watch::Receiver<Mode>,
    counts: Arc<Mutex<Counts>>,
}

impl Way {
    async fn pass(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut buffer = [0; 16 * 1024];
        let mut passed = 0;
        loop {
            let mode = *self.mode.borrow_and_update();
            let left = match mode {
                Mode::Closed => return,
                Mode::Stall => 0,
                Mode::Cut(direction, bytes) | Mode::StallAfter(direction, bytes)
                    if direction == self.direction =>
                {
                    bytes.saturating_sub(passed)
                }
                _ => u64::MAX,
            };
            match mode {
                Mode::Cut(..) if left == 0 => return,
                Mode::StallAfter(..) if left == 0 => locked(&self.counts).has_stalled = true,
                _ => {}
            }
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let read = tokio::select! {
                changed = self.mode.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
                read = from.read(&mut buffer[..most]), if most > 0 => read.unwrap_or_default(),
            };
            if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            passed += read as u64;
            let mut counts = locked(&self.counts);
            if counts.connections == self.number {
                counts.passed[self.direction as usize] = passed;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets.
    async fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        port
    }

    async fn connect(proxy: &Proxy) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.unwrap()
    }

    #[tokio::test]
    async fn a_connection_is_cut_after_exactly_so_many_bytes() {
        let proxy = Proxy::to(echo().await).await;
        proxy.cut_after(Direction::Down, 5);
        let mut stream = connect(&proxy).await;
        stream.write_all(b"hello, world").await.unwrap();
        let mut got = Vec::new();
        // A close with bytes unread is a reset; what came before it counts.
        let _ = stream.read_to_end(&mut got).await;
        assert_eq!(got, b"hello");
        assert_eq!((proxy.connections(), proxy.passed(Direction::Down)), (1, 5));

        proxy.forward();
        let mut stream = connect(&proxy).await;
        stream.write_all(b"hello, world").await.unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
    }

    #[tokio::test]
    async fn a_stalled_connection_stays_open_and_goes_on() {
        let proxy = Proxy::to(echo().await).await;
        let mut stream = connect(&proxy).await;
        stream.write_all(b"one").await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
        proxy.stall();
        stream.write_all(b"two").await.unwrap();
        let mut got = [0; 3];
        let waited = std::time::Duration::from_millis(200);
        assert!(tokio::time::timeout(waited, stream.read_exact(&mut got)).await.is_err());
        proxy.forward();
        stream.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"two");
    }

    #[tokio::test]
    async fn a_connection_stalls_after_exactly_so_many_bytes_one_way_and_goes_on() {
        let proxy = Proxy::to(echo().await).await;
        proxy.stall_after(Direction::Down, 5);
        let mut stream = connect(&proxy).await;
        assert!(!proxy.has_stalled());
        stream.write_all(b"hello, world").await.unwrap();
        let mut got = [0; 12];
        stream.read_exact(&mut got[..5]).await.unwrap();
        let waited = std::time::Duration::from_millis(200);
        assert!(tokio::time::timeout(waited, stream.read_exact(&mut got[5..])).await.is_err());
        assert_eq!((proxy.passed(Direction::Up), proxy.passed(Direction::Down)), (12, 5));
        assert!(proxy.has_stalled());
        proxy.forward();
        stream.read_exact(&mut got[5..]).await.unwrap();
        assert_eq!(&got, b"hello, world");
    }

    #[tokio::test]
    async fn closing_ends_what_is_connected_and_what_connects() {
        let proxy = Proxy::to(echo().await).await;
        let mut stream = connect(&proxy).await;
        stream.write_all(b"one").await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
        proxy.close();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or_default(), 0);
        assert_eq!(connect(&proxy).await.read(&mut [0; 1]).await.unwrap_or_default(), 0);
        assert_eq!(proxy.connections(), 1);
    }
}
