//! Lines over a connection, before and after TLS.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

/// A connection of either kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The server's end of a connection.
pub(crate) struct Wire {
    stream: Box<dyn Io>,
    /// What was read and not used.
    pub(crate) buffer: Vec<u8>,
    pub(crate) private: bool,
}

/// A line is at most this long before the connection is given up.
const MOST: usize = 1 << 20;

impl Wire {
    /// Lines over any connection.
    pub(crate) fn over(stream: impl Io + 'static) -> Self {
        Self { stream: Box::new(stream), buffer: Vec::new(), private: false }
    }

    /// The next line with its end; `None` at the end of the connection.
    pub(crate) async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                return Ok(Some(self.buffer.drain(..=end).collect()));
            }
            if self.buffer.len() > MOST || !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Everything up to a line with a dot alone, dots unstuffed; `None` where the connection ends before.
    pub(crate) async fn text(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut text = Vec::new();
        while let Some(line) = self.line().await? {
            match &line[..] {
                b".\r\n" => return Ok(Some(text)),
                [b'.', rest @ ..] => text.extend_from_slice(rest),
                line => text.extend_from_slice(line),
            }
        }
        Ok(None)
    }

    /// Reads more; false at the end of the connection.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Does the server's part of the handshake.
    pub(crate) async fn secure(self, acceptor: &TlsAcceptor) -> io::Result<Self> {
        let stream = acceptor.accept(self.stream).await?;
        Ok(Self { stream: Box::new(stream), buffer: Vec::new(), private: true })
    }

    /// Waits until the other end goes.
    pub(crate) async fn linger(&mut self) {
        while self.fill().await.unwrap_or(false) {
            self.buffer.clear();
        }
    }
}
