//! A conversation as lists show it, with what is the reader's own: read mark and draft.

use std::{collections::HashMap, sync::Arc};

use rapport_model::{
    Address, Timestamp,
    id::{AssociateId, ContactId, ConversationId, InboxId, TeamId},
    letter::Mark,
    text::is_blank,
};

use super::{
    Store,
    conversation::State,
    db::{Run, built},
    error::StoreError,
    ingest::InboxFacts,
    mention, rows,
    scope::Actor,
    value::{Row, values},
};

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Which one.
    pub id: ConversationId,
    /// With whom.
    pub contact: ContactId,
    /// The name that they go by, if one is known.
    pub contact_name: Option<String>,
    /// Where they are reached; `None` in a group.
    pub address: Option<Address>,
    /// Where the next reply leaves.
    pub inbox: InboxId,
    /// That inbox's channel, to show.
    pub channel: String,
    /// Who reads along: a word of [`rapport_model::event::ThreadKind`].
    pub kind: String,
    /// Where it stands.
    pub state: State,
    /// What it is called where others read along, and the channel tells.
    pub title: Option<String>,
    /// Who has it.
    pub assignee: Option<(AssociateId, String)>,
    /// Which team has it.
    pub team: Option<TeamId>,
    /// Since when somebody waits.
    pub waiting_since: Option<Timestamp>,
    /// Until when the reply is in time.
    pub due_at: Option<Timestamp>,
    /// When something was last said.
    pub last_at: Timestamp,
    /// What.
    pub snippet: String,
    /// By whom.
    pub snippet_author: String,
    /// The subject of the customer's last letter, where it was one and had one.
    pub subject: Option<String>,
    /// Whether the receiving server denied that the customer's last letter is from whom it says.
    pub disproved: bool,
    /// The last position.
    pub position: i64,
    /// The position of the customer's last message.
    pub inbound_position: i64,
    /// Up to where the reader has read; `None` where it was loaded for nobody.
    pub read_position: Option<i64>,
    /// Whether the reader has begun to write; `None` where it was loaded for nobody.
    pub has_draft: Option<bool>,
    /// What became of a reply, where a person has to look.
    pub trouble: Option<String>,
    /// Whether the receiving server took it for spam: listed apart while it is open.
    pub suspected: bool,
    /// Until when it is put off, while it is open: listed apart.
    pub snoozed_until: Option<Timestamp>,
    /// Who is named in its notes.
    pub mentioned: Vec<AssociateId>,
    /// The position of the latest note that names the reader; `None` where there is none, or it was loaded
    /// for nobody.
    pub named_position: Option<i64>,
    /// Whether it is raised: nobody answered in time.
    pub raised: bool,
    /// Its place in every list.
    pub queue_at: i64,
}

impl Summary {
    /// Whether somebody may see it.
    pub fn visible_to(&self, actor: &Actor, inboxes: &[Arc<InboxFacts>]) -> bool {
        let assignee = self.assignee.as_ref().map(|(id, _)| id);
        self.mentioned.contains(actor.id()) || actor.sees(inboxes, self.team.as_ref(), assignee, &self.inbox)
    }

    fn read(row: &Row, personal: bool) -> Result<Self, StoreError> {
        let assignee: Option<AssociateId> = row.parse_opt("assignee_id")?;
        let assignee_name: Option<String> = row.get("assignee_name")?;
        Ok(Self {
            id: row.parse("id")?,
            contact: row.parse("contact_id")?,
            contact_name: row.get("contact_name")?,
            address: row.get::<Option<String>>("address")?.map(Address::new),
            inbox: InboxId(row.get("inbox_id")?),
            channel: row.get("channel")?,
            kind: row.get("kind")?,
            title: row.get::<Option<String>>("title")?.filter(|title| !is_blank(title)),
            state: row.parse("state")?,
            assignee: assignee.map(|id| (id, assignee_name.unwrap_or_default())),
            team: row.get::<Option<String>>("team_id")?.map(TeamId),
            waiting_since: row.time_opt("waiting_since")?,
            due_at: row.time_opt("due_at")?,
            last_at: row.time("last_at")?,
            snippet: row.get("snippet")?,
            snippet_author: row.get("snippet_author")?,
            subject: row.get::<Option<String>>("subject")?.filter(|subject| !is_blank(subject)),
            disproved: row
                .get::<Option<String>>("flags")?
                .is_some_and(|flags| flags.split(',').any(|flag| flag == Mark::Disproved.as_str())),
            position: row.get("last_position")?,
            inbound_position: row.get("inbound_position")?,
            read_position: match row.get("read_position")? {
                Some(position) => Some(position),
                None => personal.then_some(0),
            },
            has_draft: personal.then_some(row.get::<Option<i64>>("draft_at")?.is_some()),
            trouble: row.get("trouble")?,
            suspected: row.get("suspected")?,
            snoozed_until: row.time_opt("snoozed_until")?,
            mentioned: mention::read(&row.get::<String>("mentioned")?)?,
            named_position: row.get("named_position")?,
            raised: row.time_opt("raised_at")?.is_some(),
            queue_at: row.get("queue_at")?,
        })
    }
}

impl Store {
    /// One conversation within the actor's scope.
    pub async fn get_summary(&self, actor: &Actor, id: &ConversationId) -> Result<Summary, StoreError> {
        load(&mut self.pool.clone(), Some(actor), vec![id])
            .await?
            .remove(id)
            .filter(|summary| summary.visible_to(actor, &self.inboxes))
            .ok_or(StoreError::NotFound("conversation"))
    }

    /// A conversation that the actor has just acted on: the act itself may have taken it out of their scope.
    pub async fn get_summary_after_act(
        &self,
        actor: &Actor,
        id: &ConversationId,
    ) -> Result<Summary, StoreError> {
        load(&mut self.pool.clone(), Some(actor), vec![id])
            .await?
            .remove(id)
            .ok_or(StoreError::NotFound("conversation"))
    }

    /// The same for all conversations of one act.
    pub async fn get_summaries_after_act(
        &self,
        actor: &Actor,
        ids: Vec<&ConversationId>,
    ) -> Result<HashMap<ConversationId, Summary>, StoreError> {
        load(&mut self.pool.clone(), Some(actor), ids).await
    }

    /// Conversations by id, for nobody in particular: whoever hands them on asks [`Summary::visible_to`].
    pub async fn load_summaries(
        &self,
        ids: Vec<&ConversationId>,
    ) -> Result<HashMap<ConversationId, Summary>, StoreError> {
        load(&mut self.pool.clone(), None, ids).await
    }
}

/// Loads rows by id. With an actor, what is that person's own comes with them; scope is not asked here.
pub(super) async fn load(
    db: &mut impl Run,
    reader: Option<&Actor>,
    ids: Vec<&ConversationId>,
) -> Result<HashMap<ConversationId, Summary>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (keys, mut args) = rows::keys(db.engine(), ids.into_iter().map(|id| values![id]).collect());
    args.push(reader.map(Actor::id).into());
    let me = ["$", &args.len().to_string()].concat();
    let sql = [
        "SELECT c.id, c.contact_id, c.inbox_id, c.channel, c.kind, c.state, c.assignee_id, c.team_id, c.waiting_since, c.due_at, \
         c.last_at, c.snippet, c.snippet_author, c.last_position, c.inbound_position, c.trouble, c.suspected, c.snoozed_until, c.mentioned, c.raised_at, c.queue_at, \
         p.name AS contact_name, t.title, h.address, a.name AS assignee_name, r.position AS read_position, d.updated_at AS draft_at, \
         n.position AS named_position, l.subject, m.flags \
         FROM conversations c JOIN contacts p ON p.id = c.contact_id JOIN threads t ON t.id = c.thread_id \
         LEFT JOIN messages m ON m.conversation_id = c.id AND m.position = c.inbound_position \
         LEFT JOIN letters l ON l.message_id = m.id \
         LEFT JOIN handles h ON h.id = t.handle_id LEFT JOIN associates a ON a.id = c.assignee_id \
         LEFT JOIN read_marks r ON r.conversation_id = c.id AND r.associate_id = ",
        &me,
        " LEFT JOIN mentions n ON n.conversation_id = c.id AND n.associate_id = ",
        &me,
        " LEFT JOIN drafts d ON d.conversation_id = c.id AND d.associate_id = ",
        &me,
        " WHERE c.id IN ",
        &keys,
    ]
    .concat();
    db.rows_of(built(sql), args)
        .await?
        .iter()
        .map(|row| Summary::read(row, reader.is_some()).map(|summary| (summary.id.clone(), summary)))
        .collect()
}
