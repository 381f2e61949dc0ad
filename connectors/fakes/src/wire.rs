//! Connections that can be cut in the middle, as networks do, and a door that can be shut.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use futures_util::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

/// How long to wait for the port where somebody else has it just then.
const AGAIN: Duration = Duration::from_millis(50);

/// Whether connections are taken. While it is shut those that stand are cut and new ones refused, as when a
/// provider is away.
#[derive(Debug)]
pub(crate) struct Door(watch::Sender<bool>);

impl Default for Door {
    fn default() -> Self {
        Self(watch::Sender::new(true))
    }
}

impl Door {
    pub(crate) fn set(&self, open: bool) {
        self.0.send_replace(open);
    }
}

/// Accepts connections that can be cut.
pub(crate) struct Listener {
    /// `None` while the door is shut: nobody listens then.
    port: Option<TcpListener>,
    address: SocketAddr,
    open: watch::Receiver<bool>,
    /// Over all connections since the door was opened.
    standing: CancellationToken,
}

impl Listener {
    /// One behind this door.
    pub(crate) fn new(port: TcpListener, door: &Door) -> io::Result<Self> {
        let (address, open) = (port.local_addr()?, door.0.subscribe());
        Ok(Self { port: Some(port), address, open, standing: CancellationToken::new() })
    }

    /// The next connection; `None` where the door was moved meanwhile.
    async fn next(&mut self) -> Option<(TcpStream, SocketAddr)> {
        if !*self.open.borrow_and_update() {
            self.port = None;
            std::mem::take(&mut self.standing).cancel();
            // Where the door is gone, so is whoever could open it.
            if self.open.wait_for(|open| *open).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        let Some(port) = &mut self.port else {
            match TcpListener::bind(self.address).await {
                Ok(port) => self.port = Some(port),
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
            return None;
        };
        let moved = async {
            if self.open.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            accepted = axum::serve::Listener::accept(port) => Some(accepted),
            () = moved => None,
        }
    }
}

/// Cuts one connection.
#[derive(Debug, Clone)]
pub(crate) struct Scissors(CancellationToken);

impl Scissors {
    pub(crate) fn cut(&self) {
        self.0.cancel();
    }
}

impl Connected<IncomingStream<'_, Listener>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.remote_addr().1.clone()
    }
}

/// A connection that ends with an error once it is cut.
pub(crate) struct Wire {
    stream: TcpStream,
    cut: BoxFuture<'static, ()>,
}

impl axum::serve::Listener for Listener {
    type Io = Wire;
    type Addr = (SocketAddr, Scissors);

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = loop {
            if let Some(accepted) = self.next().await {
                break accepted;
            }
        };
        let token = self.standing.child_token();
        let cut = Box::pin(token.clone().cancelled_owned());
        (Wire { stream, cut }, (address, Scissors(token)))
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok((self.address, Scissors(CancellationToken::new())))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cut.as_mut().poll(context).is_ready() {
            // What is ready once must not be polled again.
            self.cut = Box::pin(std::future::ready(()));
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
