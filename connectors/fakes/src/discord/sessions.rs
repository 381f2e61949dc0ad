//! The gateway's sessions: what each was told, so that one that was cut off can go on.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::mpsc::UnboundedSender, time::Instant};

use super::event::Event;

/// How much of what it was told a session keeps.
const KEPT: usize = 10_000;

/// What a connection is to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Out {
    /// Send this.
    Text(String),
    /// The session is over; the connection may begin another.
    Over,
    /// End with this code.
    Close(u16),
    /// Be gone without a word.
    Cut,
}

/// How often what happened at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GatewayCounts {
    /// Connections.
    pub connections: usize,
    /// Sessions begun by IDENTIFY.
    pub identified: usize,
    /// IDENTIFY refused since the last was too near.
    pub hurried: usize,
    /// Sessions gone on with by RESUME.
    pub resumed: usize,
    /// RESUME answered with "invalid session".
    pub not_resumed: usize,
    /// Heartbeats.
    pub heartbeats: usize,
}

struct Session {
    intents: u64,
    /// The number of the last event.
    last: u64,
    told: VecDeque<(u64, String)>,
    link: Option<UnboundedSender<Out>>,
    /// When its connection was lost.
    lost: Option<Instant>,
    /// Whether nobody can go on with it.
    expired: bool,
}

impl Session {
    fn tell(&mut self, name: &str, data: &Value) {
        self.last += 1;
        let text = json!({"op": 0, "s": self.last, "t": name, "d": data}).to_string();
        self.told.push_back((self.last, text.clone()));
        if self.told.len() > KEPT {
            self.told.pop_front();
        }
        self.send(Out::Text(text));
    }

    fn send(&mut self, out: Out) {
        let ends = matches!(out, Out::Close(_) | Out::Cut);
        let gone = self.link.as_ref().is_some_and(|link| link.send(out).is_err());
        if self.link.is_some() && (ends || gone) {
            self.unlink();
        }
    }

    fn unlink(&mut self) {
        self.link = None;
        self.lost = Some(Instant::now());
    }
}

/// All sessions.
pub(crate) struct Sessions {
    known: HashMap<String, Session>,
    /// How long a session without a connection can be gone on with.
    window: Duration,
    /// The least time between two sessions begun.
    pace: Duration,
    last_identify: Option<Instant>,
    /// After how many events the connections are cut.
    pub(crate) cut_after: Option<usize>,
    /// How many events are to be lost on the way.
    pub(crate) lose: usize,
    pub(crate) counts: GatewayCounts,
    made: usize,
}

impl Sessions {
    pub(crate) fn new(window: Duration, pace: Duration) -> Self {
        Self {
            known: HashMap::new(),
            window,
            pace,
            last_identify: None,
            cut_after: None,
            lose: 0,
            counts: GatewayCounts::default(),
            made: 0,
        }
    }

    /// Begins a session; `None`: the last one was begun too short a time ago.
    pub(crate) fn begin(&mut self, intents: u64, link: UnboundedSender<Out>) -> Option<String> {
        if self.last_identify.is_some_and(|last| last.elapsed() < self.pace) {
            self.counts.hurried += 1;
            return None;
        }
        self.last_identify = Some(Instant::now());
        self.counts.identified += 1;
        self.made += 1;
        let id = format!("{:032x}", self.made);
        let session =
            Session { intents, last: 0, told: VecDeque::new(), link: Some(link), lost: None, expired: false };
        self.known.insert(id.clone(), session);
        Some(id)
    }

    /// Tells one session something that is for it alone.
    pub(crate) fn tell_one(&mut self, id: &str, name: &str, data: &Value) {
        if let Some(session) = self.known.get_mut(id) {
            session.tell(name, data);
        }
    }

    /// Goes on with a session on a new connection: what was missed comes first.
    pub(crate) fn resume(&mut self, id: &str, last: u64, link: &UnboundedSender<Out>) -> Resumed {
        let window = self.window;
        let known = self.known.get_mut(id).filter(|session| {
            let in_time = session.lost.is_none_or(|lost| lost.elapsed() <= window);
            // What it no longer keeps can't be told again.
            in_time && !session.expired && session.told.front().is_none_or(|(first, _)| *first <= last + 1)
        });
        let Some(session) = known else {
            self.counts.not_resumed += 1;
            self.known.remove(id);
            return Resumed::No;
        };
        if last > session.last {
            return Resumed::WrongNumber;
        }
        if let Some(old) = session.link.replace(link.clone()) {
            // A connection that is gone already needs no word.
            let _ = old.send(Out::Close(4009));
        }
        session.lost = None;
        for (number, text) in &session.told {
            if *number > last {
                // The new connection has just been opened: it reads this, or is cut and comes again.
                let _ = link.send(Out::Text(text.clone()));
            }
        }
        session.tell("RESUMED", &json!({}));
        self.counts.resumed += 1;
        Resumed::Yes
    }

    /// The connection of a session ended; one that was said farewell can't be gone on with.
    pub(crate) fn leave(&mut self, id: &str, farewell: bool, link: &UnboundedSender<Out>) {
        let Some(session) = self.known.get_mut(id) else { return };
        let is_current = session.link.as_ref().is_none_or(|current| current.same_channel(link));
        if !is_current {
            return;
        }
        if farewell {
            self.known.remove(id);
        } else if session.link.is_some() {
            session.unlink();
        }
    }

    /// Tells all sessions what happened.
    pub(crate) fn publish(&mut self, events: Vec<Event>) {
        for event in events {
            if self.lose > 0 {
                self.lose -= 1;
                continue;
            }
            for session in self.known.values_mut() {
                if let Some(data) = event.seen_with(session.intents) {
                    session.tell(event.name, &data);
                }
            }
            if let Some(left) = &mut self.cut_after {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    self.cut_after = None;
                    self.send_all(&Out::Cut);
                }
            }
        }
    }

    /// Sends this to every connection.
    pub(crate) fn send_all(&mut self, out: &Out) {
        for session in self.known.values_mut() {
            session.send(out.clone());
        }
    }

    /// No session can be gone on with any more.
    pub(crate) fn expire(&mut self) {
        for session in self.known.values_mut() {
            session.expired = true;
        }
    }

    /// Tells every connection that its session is not valid, and whether it may be gone on with.
    pub(crate) fn invalidate(&mut self, resumable: bool) {
        self.send_all(&Out::Text(json!({"op": 9, "s": null, "t": null, "d": resumable}).to_string()));
        if !resumable {
            self.send_all(&Out::Over);
            self.known.clear();
        }
    }

    /// How many sessions have a connection.
    pub(crate) fn connected(&self) -> usize {
        self.known.values().filter(|session| session.link.is_some()).count()
    }
}

/// How a RESUME ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumed {
    Yes,
    /// The session is not known, or no longer.
    No,
    /// The number of the last event is none that was told.
    WrongNumber,
}
