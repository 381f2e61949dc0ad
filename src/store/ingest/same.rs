//! The same content seen twice: under another label, after a server numbered its mails anew, or in a
//! second inbox.
//!
//! Where the same teams of one brand serve both, it is one message and one obligation. Where others do,
//! each gets its own, and each is told of the other.

use std::collections::{HashMap, HashSet};

use rapport_model::id::{InboxId, MessageId};

use super::{InboxFacts, Incoming, IngestRequest, seen::Fresh};
use crate::store::{
    db::{Run as _, built},
    error::StoreError,
    rows::{self, Rows},
    tx::Tx,
    value::values,
};

/// Who else got a message.
#[derive(Debug, Clone)]
pub(super) struct Also {
    /// Their team, or the inbox where it has none.
    pub whom: String,
    /// Whether they got it first: then it was acknowledged there.
    pub earlier: bool,
}

/// Claims the contents of new messages. What is known already becomes a further sighting of its message
/// and is new no more; for the others it is told who else got them.
pub(super) async fn claim(
    tx: &mut Tx,
    requests: &[&IngestRequest],
    fresh: &mut Vec<Fresh>,
) -> Result<HashMap<MessageId, Vec<Also>>, StoreError> {
    let mut wanted: HashMap<MessageId, (String, String)> = HashMap::new();
    for item in &*fresh {
        let request = requests[item.request];
        if let (incoming, Some(key)) = content(request, item) {
            wanted.insert(incoming.message_id.clone(), (audience(&request.inbox), key.to_owned()));
        }
    }
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    // Sorted, so that two nodes take their locks in the same order; of two that are the same the earlier wins.
    let mut claims: Vec<_> = wanted.iter().map(|(id, place)| (place, id)).collect();
    claims.sort_unstable();
    let mut rows = Rows::new("content_keys", &["audience", "content_key", "message_id"]);
    for ((audience, key), id) in claims {
        rows.push(values![audience, key, id]);
    }
    let claimed: HashSet<MessageId> = rows
        .insert_with(tx, "ON CONFLICT (audience, content_key) DO NOTHING RETURNING message_id")
        .await?
        .iter()
        .map(|row| row.parse("message_id"))
        .collect::<Result<_, _>>()?;
    let known = all(tx, &wanted).await?;
    let mut again = HashSet::new();
    for (id, (audience, key)) in wanted.iter().filter(|(id, _)| !claimed.contains(id)) {
        let first = known.iter().find(|seen| seen.audience == *audience && seen.key == *key);
        if let Some(first) = first {
            again.insert(id.clone());
            tx.execute(
                "UPDATE sightings SET message_id = $2 WHERE message_id = $1",
                values![id, &first.message],
            )
            .await?;
        }
    }
    fresh.retain(|item| !again.contains(&content(requests[item.request], item).0.message_id));
    let mut also: HashMap<MessageId, Vec<Also>> = HashMap::new();
    for (id, (audience, key)) in &wanted {
        let others = known.iter().filter(|seen| seen.key == *key && seen.audience != *audience);
        let others: Vec<Also> =
            others.map(|seen| Also { whom: seen.whom(tx), earlier: seen.message < *id }).collect();
        if !others.is_empty() && !again.contains(id) {
            also.insert(id.clone(), others);
        }
    }
    Ok(also)
}

fn content<'a>(request: &'a IngestRequest, item: &Fresh) -> (&'a Incoming, Option<&'a str>) {
    let incoming = &request.events[item.event];
    (incoming, incoming.message().and_then(|message| message.content_key.as_deref()))
}

/// Those for whom one message is enough: a brand and the teams that serve the inbox.
pub(super) fn audience(inbox: &InboxFacts) -> String {
    let mut teams: Vec<&str> = inbox.teams.iter().map(rapport_model::id::TeamId::as_str).collect();
    teams.sort_unstable();
    [&[inbox.brand.as_str()], teams.as_slice()].concat().join("\u{1f}")
}

/// A message under its content.
struct Seen {
    audience: String,
    key: String,
    message: MessageId,
    inbox: Option<InboxId>,
}

impl Seen {
    fn whom(&self, tx: &Tx) -> String {
        let facts = self.inbox.as_ref().and_then(|inbox| tx.inbox(inbox));
        let team = facts.and_then(|facts| facts.teams.first().map(|team| team.0.clone()));
        team.or_else(|| self.inbox.as_ref().map(|inbox| inbox.0.clone())).unwrap_or_default()
    }
}

async fn all(tx: &mut Tx, wanted: &HashMap<MessageId, (String, String)>) -> Result<Vec<Seen>, StoreError> {
    let (source, args) = rows::keys(tx.engine(), wanted.values().map(|(_, key)| values![key]).collect());
    let sql = [
        "SELECT k.audience, k.content_key, k.message_id, s.inbox_id FROM content_keys k \
         LEFT JOIN sightings s ON s.message_id = k.message_id WHERE k.content_key IN ",
        &source,
    ]
    .concat();
    tx.rows_of(built(sql), args)
        .await?
        .iter()
        .map(|row| {
            Ok(Seen {
                audience: row.get("audience")?,
                key: row.get("content_key")?,
                message: row.parse("message_id")?,
                inbox: row.get::<Option<String>>("inbox_id")?.map(InboxId),
            })
        })
        .collect()
}
