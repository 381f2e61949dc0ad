//! The gateway: a connection from its greeting to its end.

use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    Shared,
    event::intents,
    people::User,
    sessions::{Out, Resumed},
    world::fixed,
};

/// Takes connections until the fake ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = stream else { continue };
        if shared.with(|state| state.gateway_down) {
            continue;
        }
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let stop = shared.stop.clone();
            let connection = Connection::greet(stream, shared);
            tokio::select! {
                () = connection => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

struct Connection {
    shared: Arc<Shared>,
    link: UnboundedSender<Out>,
    /// The session that this connection carries.
    session: Option<String>,
}

/// Whether the connection goes on.
enum Next {
    On,
    Close(u16),
}

impl Connection {
    async fn greet(stream: TcpStream, shared: Arc<Shared>) {
        let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
        let (link, out) = unbounded_channel();
        let interval = shared.config.heartbeat_interval.as_millis();
        shared.with(|state| state.sessions.counts.connections += 1);
        let hello =
            json!({"op": 10, "s": null, "t": null, "d": {"heartbeat_interval": interval, "_trace": []}});
        let mut connection = Self { shared, link, session: None };
        let farewell = connection.talk(socket, out, hello.to_string()).await;
        if let Some(session) = &connection.session {
            let link = &connection.link;
            connection.shared.with(|state| state.sessions.leave(session, farewell, link));
        }
    }

    /// Until the end; whether the other side said farewell.
    async fn talk(
        &mut self,
        mut socket: WebSocketStream<TcpStream>,
        mut out: UnboundedReceiver<Out>,
        hello: String,
    ) -> bool {
        if socket.send(Message::Text(hello)).await.is_err() {
            return false;
        }
        loop {
            let next = tokio::select! {
                // What was ordered before goes out before anything is read.
                biased;
                Some(out) = out.recv() => match out {
                    Out::Text(text) => match socket.send(Message::Text(text)).await {
                        Ok(()) => Next::On,
                        Err(_) => return false,
                    },
                    Out::Over => {
                        self.session = None;
                        Next::On
                    }
                    Out::Close(code) => Next::Close(code),
                    Out::Cut => return false,
                },
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(&text),
                    Some(Ok(Message::Close(frame))) => {
                        let farewell = frame.is_some_and(|frame| {
                            matches!(frame.code, CloseCode::Normal | CloseCode::Away)
                        });
                        // The answer to a farewell; who has gone already misses nothing.
                        let _ = socket.flush().await;
                        return farewell;
                    }
                    Some(Ok(Message::Binary(_))) => Next::Close(4002),
                    Some(Ok(_)) => Next::On,
                    Some(Err(_)) | None => return false,
                },
            };
            if let Next::Close(code) = next {
                let frame = CloseFrame { code: code.into(), reason: "".into() };
                // The other side may be gone; then there is nobody to tell.
                let _ = socket.close(Some(frame)).await;
                while let Some(Ok(_)) = socket.next().await {}
                return false;
            }
        }
    }

    fn say(&self, payload: &Value) {
        // The receiver is our own loop, which is alive while we are in it.
        let _ = self.link.send(Out::Text(payload.to_string()));
    }

    fn hear(&mut self, text: &str) -> Next {
        let Ok(payload) = serde_json::from_str::<Value>(text) else { return Next::Close(4002) };
        match payload["op"].as_u64() {
            Some(1) => {
                let answered = self.shared.with(|state| {
                    state.sessions.counts.heartbeats += 1;
                    !state.mute_heartbeats
                });
                if answered {
                    self.say(&json!({"op": 11, "s": null, "t": null, "d": null}));
                }
                Next::On
            }
            Some(2 | 6) if self.session.is_some() => Next::Close(4005),
            Some(2) => self.identify(&payload["d"]),
            Some(6) => self.resume(&payload["d"]),
            Some(3 | 4 | 8) if self.session.is_some() => Next::On,
            Some(3 | 4 | 8) => Next::Close(4003),
            _ => Next::Close(4001),
        }
    }

    fn is_ours(&self, data: &Value) -> bool {
        let token = data["token"].as_str().unwrap_or("");
        token.strip_prefix("Bot ").unwrap_or(token) == self.shared.config.token
    }

    fn identify(&mut self, data: &Value) -> Next {
        if !self.is_ours(data) {
            return Next::Close(4004);
        }
        let complete = ["os", "browser", "device"].iter().all(|key| data["properties"][key].is_string());
        let Some(wanted) = data["intents"].as_u64().filter(|wanted| wanted & !intents::ALL == 0) else {
            return Next::Close(4013);
        };
        if !complete {
            return Next::Close(4002);
        }
        let privileged = intents::GUILD_MEMBERS | intents::GUILD_PRESENCES | intents::MESSAGE_CONTENT;
        let may_read = self.shared.with(|state| state.may_read);
        let allowed = if may_read { intents::MESSAGE_CONTENT } else { 0 };
        if wanted & privileged & !allowed != 0 {
            return Next::Close(4014);
        }
        let shared = Arc::clone(&self.shared);
        let link = self.link.clone();
        self.session = shared.with(|state| {
            let session = state.sessions.begin(wanted, link)?;
            let bot = state.world.users.get(&fixed::BOT).map(User::as_own_json);
            let ready = json!({
                "v": 10, "user": bot, "guilds": [{"id": fixed::GUILD, "unavailable": true}],
                "session_id": session, "resume_gateway_url": shared.resume_url(), "session_type": "normal",
                "shard": data["shard"], "application": {"id": fixed::APPLICATION, "flags": state.flags()},
                "private_channels": [], "relationships": [], "presences": [], "user_settings": {},
                "guild_join_requests": [], "geo_ordered_rtc_regions": [],
            });
            state.sessions.tell_one(&session, "READY", &ready);
            if wanted & intents::GUILDS != 0 {
                state.sessions.tell_one(&session, "GUILD_CREATE", &state.world.guild_json());
            }
            Some(session)
        });
        if self.session.is_none() {
            self.say(&json!({"op": 9, "s": null, "t": null, "d": false}));
        }
        self.shared.changed();
        Next::On
    }

    fn resume(&mut self, data: &Value) -> Next {
        if !self.is_ours(data) {
            return Next::Close(4004);
        }
        let (Some(session), Some(last)) = (data["session_id"].as_str(), data["seq"].as_u64()) else {
            return Next::Close(4002);
        };
        let link = self.link.clone();
        match self.shared.with(|state| state.sessions.resume(session, last, &link)) {
            Resumed::Yes => self.session = Some(session.to_owned()),
            Resumed::No => self.say(&json!({"op": 9, "s": null, "t": null, "d": false})),
            Resumed::WrongNumber => return Next::Close(4007),
        }
        self.shared.changed();
        Next::On
    }
}
