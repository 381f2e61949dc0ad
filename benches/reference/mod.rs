//! The reference: what receiving would cost without any logic.
//!
//! The same HTTP framework, the same schema with its indexes, the same rows, in groups of up to 256
//! through one writer, each table one statement. It looks nothing up, checks no signature and decides
//! nothing: who wrote stands in the sender's number. Beside `src/store` this folder is the one other
//! place with SQL.

pub(crate) mod count;
pub(crate) mod fill;
mod group;
mod table;

use std::net::SocketAddr;

use axum::{
    Form, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
    routing::post,
};
use serde::Deserialize;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

use group::Database;

/// The most messages of one group.
const LARGEST_GROUP: usize = 256;

/// What is read of a call.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Call {
    message_sid: String,
    from: String,
    body: String,
}

/// A message on its way into the database.
pub(crate) struct Arrival {
    inbox: String,
    sid: String,
    from: String,
    text: String,
    raw: Vec<u8>,
}

type Waiting = (Arrival, oneshot::Sender<bool>);

/// Serves a filled database until the process ends.
pub(crate) async fn serve(url: &str, address: SocketAddr, customers: usize) -> anyhow::Result<()> {
    let database = Database::open(url, customers).await?;
    let (queue, waiting) = mpsc::channel(1024);
    tokio::spawn(write(database, waiting));
    let router = Router::new().route("/webhooks/{inbox}", post(receive)).with_state(queue);
    axum::serve(TcpListener::bind(address).await?, router).await?;
    Ok(())
}

async fn receive(
    State(queue): State<mpsc::Sender<Waiting>>,
    Path(inbox): Path<String>,
    request: axum::extract::Request,
) -> impl IntoResponse {
    use axum::extract::FromRequest as _;
    let (parts, body) = request.into_parts();
    let Ok(raw) = axum::body::to_bytes(body, 1 << 20).await else { return refused() };
    let request = axum::extract::Request::from_parts(parts, axum::body::Body::from(raw.clone()));
    let Ok(Form(call)) = Form::<Call>::from_request(request, &()).await else { return refused() };
    let arrival =
        Arrival { inbox, sid: call.message_sid, from: call.from, text: call.body, raw: raw.to_vec() };
    let (reply, answer) = oneshot::channel();
    if queue.send((arrival, reply)).await.is_err() || answer.await != Ok(true) {
        return refused();
    }
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/xml")], "<Response/>")
}

fn refused() -> (StatusCode, [(header::HeaderName, &'static str); 1], &'static str) {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/plain")], "not stored")
}

async fn write(mut database: Database, mut waiting: mpsc::Receiver<Waiting>) {
    let mut group = Vec::with_capacity(LARGEST_GROUP);
    while waiting.recv_many(&mut group, LARGEST_GROUP).await > 0 {
        let (arrivals, replies): (Vec<_>, Vec<_>) = std::mem::take(&mut group).into_iter().unzip();
        let stored = database.commit(arrivals).await;
        if let Err(error) = &stored {
            eprintln!("the reference could not store a group: {error:#}");
        }
        for reply in replies {
            // Whoever asked may be gone.
            let _ = reply.send(stored.is_ok());
        }
    }
}
