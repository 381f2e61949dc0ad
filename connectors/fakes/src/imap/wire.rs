//! Lines and literals over a connection, which may end as it was told to.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::fault::Cut;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The server's end of a connection.
pub(super) struct Wire {
    stream: Box<dyn Io>,
    buffer: Vec<u8>,
    out: Vec<u8>,
    sent: u64,
    counter: Arc<AtomicU64>,
    cut: Cut,
}

/// So much is gathered before it is sent.
const GATHERED: usize = 64 * 1024;

impl Wire {
    /// Counts what it sends in `counter`.
    pub(super) fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        cut: Cut,
        counter: Arc<AtomicU64>,
    ) -> Self {
        Self { stream: Box::new(stream), buffer: Vec::new(), out: Vec::new(), sent: 0, counter, cut }
    }

    /// Does the server's part of the handshake. What the client sent before is thrown away.
    pub(super) async fn secure(&mut self, acceptor: &TlsAcceptor) -> io::Result<()> {
        let (nothing, _) = tokio::io::duplex(1);
        let stream = std::mem::replace(&mut self.stream, Box::new(nothing));
        self.buffer.clear();
        self.stream = Box::new(acceptor.accept(stream).await?);
        Ok(())
    }

    /// The next line without its end; an error where the connection ends.
    pub(super) async fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                let text = line.strip_suffix(b"\r\n").unwrap_or(&line[..end]).len();
                line.truncate(text);
                return Ok(line);
            }
            self.fill().await?;
        }
    }

    /// Exactly so many bytes.
    pub(super) async fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            self.fill().await?;
        }
        Ok(self.buffer.drain(..count).collect())
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.flush().await?;
        let read = self.stream.read_buf(&mut self.buffer).await?;
        if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Gathers bytes to send.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.extend_from_slice(bytes);
        if self.out.len() > GATHERED { self.flush().await } else { Ok(()) }
    }

    /// Sends what was gathered, as far as the connection goes.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let out = std::mem::take(&mut self.out);
        let end = match self.cut {
            Cut::Never => None,
            Cut::After(end) | Cut::SilentAfter(end) => Some(end),
        };
        let left = end
            .map_or(usize::MAX, |end| usize::try_from(end.saturating_sub(self.sent)).unwrap_or(usize::MAX));
        let part = &out[..out.len().min(left)];
        self.sent += part.len() as u64;
        self.counter.fetch_add(part.len() as u64, Ordering::Relaxed);
        if !part.is_empty() {
            self.stream.write_all(part).await?;
            self.stream.flush().await?;
        }
        if out.len() > left || left == 0 {
            if matches!(self.cut, Cut::SilentAfter(_)) {
                std::future::pending::<()>().await;
            }
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}
