//! Lines to and from a server. Every wait has an end.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::reply::Reply;
use crate::tls::Tls;

/// So much of a text is handed over at once; each piece has its time.
const PIECE: usize = 32 * 1024;
/// The longest answer, in bytes.
const LONGEST_REPLY: usize = 64 * 1024;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection, with TLS or without.
pub(super) struct Wire {
    stream: Box<dyn Io>,
    buffer: Vec<u8>,
}

/// The connection is of no use any more.
#[derive(Debug)]
pub(super) struct Lost;

impl Wire {
    pub(super) fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { stream: Box::new(stream), buffer: Vec::new() }
    }

    /// Goes over to TLS. What the server, or somebody on the way, has sent before that is thrown away
    /// with the connection: read afterwards, it would pass for what the server said in private.
    pub(super) async fn secure(self, tls: &Tls) -> io::Result<Self> {
        if !self.buffer.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self::over(tls.connect(self.stream).await?))
    }

    /// Writes all of it, or the connection is lost.
    pub(super) async fn write(&mut self, bytes: &[u8], patience: Duration) -> Result<(), Lost> {
        for piece in bytes.chunks(PIECE) {
            let written = timeout(patience, self.stream.write_all(piece)).await;
            written.map_err(|_| Lost)?.map_err(|_| Lost)?;
        }
        timeout(patience, self.stream.flush()).await.map_err(|_| Lost)?.map_err(|_| Lost)
    }

    /// The next answer, whole.
    pub(super) async fn reply(&mut self, patience: Duration) -> Result<Reply, Lost> {
        timeout(patience, self.read_reply()).await.map_err(|_| Lost)?
    }

    async fn read_reply(&mut self) -> Result<Reply, Lost> {
        let mut reply: Option<Reply> = None;
        let mut size = 0;
        loop {
            let line = self.line().await?;
            size += line.len();
            let (code, more, text) = Reply::line(&line).filter(|_| size <= LONGEST_REPLY).ok_or(Lost)?;
            let whole = reply.get_or_insert_with(|| Reply { code, lines: Vec::new() });
            if whole.code != code {
                return Err(Lost);
            }
            whole.lines.push(text);
            if !more {
                return reply.ok_or(Lost);
            }
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>, Lost> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                return Ok(self.buffer.drain(..=end).collect());
            }
            let read = self.stream.read_buf(&mut self.buffer).await.map_err(|_| Lost)?;
            if read == 0 || self.buffer.len() > LONGEST_REPLY {
                return Err(Lost);
            }
        }
    }

    /// Whether nothing unasked has come, such as the 421 of a server that leaves.
    pub(super) fn is_quiet(&self) -> bool {
        self.buffer.is_empty()
    }
}
