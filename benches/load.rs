//! Load: connections that are kept open and ask as fast as they are answered.
//!
//! A client of a hundred lines on bare sockets, because it shares the machine with what it measures
//! and must cost little. It reads answers with a Content-Length, which is what the bridge gives.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::measure::{Times, number};

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a whole request and reads its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        let text = std::str::from_utf8(&self.buffer[..head])?.to_ascii_lowercase();
        let status = text.get(9..12).context("a status")?.parse()?;
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(Ok(0), |value| value.trim().parse::<usize>())?;
        if text.contains("transfer-encoding: chunked") {
            bail!("an answer without a length");
        }
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        Ok(Answer { status, body: self.buffer[head..head + length].to_vec() })
    }

    /// Asks and expects success.
    pub(crate) async fn expect(&mut self, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        let answer = self.ask(request).await?;
        if !(200..300).contains(&answer.status) {
            bail!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        Ok(answer.body)
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the connection ended");
        }
        Ok(())
    }

    /// The socket alone, for streams.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }
}

pub(crate) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// A GET with a cookie.
pub(crate) fn get(address: SocketAddr, path: &str, cookie: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n\r\n").into_bytes()
}

/// How fast it went.
#[derive(Debug, Default, Clone)]
pub(crate) struct Speed {
    pub times: Times,
    pub took: Duration,
}

impl Speed {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        number(self.times.len()) / self.took.as_secs_f64().max(f64::EPSILON)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.took += other.took;
    }
}

/// Makes the request of a number.
pub(crate) type Requests = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

/// Keeps `connections` busy until the time is over or `most` were asked. Numbers go on from `next`.
pub(crate) async fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    most: usize,
    next: &Arc<AtomicUsize>,
    requests: &Requests,
) -> anyhow::Result<Speed> {
    let last = next.load(Ordering::Relaxed) + most;
    let began = Instant::now();
    let mut tasks = Vec::with_capacity(connections);
    for _ in 0..connections {
        let (next, requests) = (next.clone(), requests.clone());
        tasks.push(tokio::spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut times = Times::default();
            while began.elapsed() < time {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= last {
                    break;
                }
                let request = requests(n);
                let asked = Instant::now();
                client.expect(&request).await?;
                times.push(asked.elapsed());
            }
            anyhow::Ok(times)
        }));
    }
    let mut speed = Speed::default();
    for task in tasks {
        speed.times.extend(task.await??);
    }
    speed.took = began.elapsed();
    Ok(speed)
}
