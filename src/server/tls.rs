//! Listening: plain, or with TLS. One rustls for the whole bridge.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Request, connect_info::Connected},
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{StartError, patient::Patient};
use crate::config::Tls;

/// A client that does not finish its handshake by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// So many finished handshakes may wait to be served.
const WAITING: usize = 64;

/// Reads certificate and key.
pub(super) fn acceptor(tls: &Tls) -> Result<TlsAcceptor, StartError> {
    Ok(TlsAcceptor::from(Arc::new(tls.server_config()?)))
}

/// Serves until told to close; then lets open requests end.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    closing: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let (ready, accepted) = mpsc::channel(WAITING);
    let accepting = tokio::spawn(accept(listener, tls, ready, closing.clone()));
    // Handlers ask for the peer in axum's usual way, whatever the listener.
    let router = router.layer(axum::middleware::map_request(tell_peer));
    let service = router.into_make_service_with_connect_info::<Peer>();
    let outcome = axum::serve(Accepted { accepted, address }, service)
        .with_graceful_shutdown(async move { closing.cancelled().await })
        .await;
    accepting.abort();
    outcome
}

/// The address of whoever connected.
#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, Accepted>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Accepted>) -> Self {
        Self(*stream.remote_addr())
    }
}

async fn tell_peer(ConnectInfo(peer): ConnectInfo<Peer>, mut request: Request) -> Request {
    request.extensions_mut().insert(ConnectInfo(peer.0));
    request
}

type Connection = Box<dyn Stream>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Accepts, and shakes hands aside, so that one slow client holds up no other.
async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    ready: mpsc::Sender<(Connection, SocketAddr)>,
    closing: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, most likely: it passes when some connections end.
                tracing::warn!(%error, "A connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        drop(stream.set_nodelay(true));
        let (tls, ready) = (tls.clone(), ready.clone());
        tokio::spawn(async move {
            if let Some(connection) = shake_hands(stream, tls).await {
                drop(ready.send((connection, peer)).await);
            }
        });
    }
}

async fn shake_hands(stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Connection> {
    // Below TLS: what the other end does not take stalls there.
    let stream = Patient::new(stream);
    let Some(tls) = tls else { return Some(Box::new(stream)) };
    match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(_)) | Err(_) => None,
    }
}

struct Accepted {
    accepted: mpsc::Receiver<(Connection, SocketAddr)>,
    address: SocketAddr,
}

impl Listener for Accepted {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.accepted.recv().await {
            Some(accepted) => accepted,
            // Nobody accepts any more: the server is closing and polls no further.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
