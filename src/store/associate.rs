//! The people who answer: who they are, what they may do, and the end of their access.
//!
//! How they sign in stands in [`super::session`]; their links in [`super::invitation`].

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId, TeamId},
    text::is_blank,
};
use serde_json::json;

use super::{
    Store,
    conversation::{self, State},
    db::Run,
    entry,
    error::{Conflict, StoreError},
    mention, routing,
    scope::{Actor, Role},
    tx::{CountKey, NewEvent, Tx},
    value::{Row, values},
    writer::Write,
};

/// Somebody who answers, as admins see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Associate {
    /// Their id.
    pub id: AssociateId,
    /// Their name, as colleagues and customers read it.
    pub name: String,
    /// With what they sign in.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Where they belong.
    pub teams: Vec<TeamId>,
    /// Whether they may sign in.
    pub active: bool,
    /// Whether they have set a password, without which nobody signs in.
    pub has_password: bool,
    /// Since when an invitation waits for them.
    pub invited_at: Option<Timestamp>,
    /// When they last did something.
    pub last_seen_at: Option<Timestamp>,
}

/// What of an associate is to change.
#[derive(Debug, Clone, Default)]
pub struct AssociateChange {
    /// Another name.
    pub name: Option<String>,
    /// Another role. Ends their sessions.
    pub role: Option<Role>,
    /// All teams from now on.
    pub teams: Option<Vec<TeamId>>,
    /// Whether they may sign in. `false` ends their sessions and gives back what they had.
    pub active: Option<bool>,
}

const SELECT: &str = "SELECT a.id, a.name, a.email, a.role, a.disabled_at, a.last_seen_at, a.password_hash IS NOT NULL AS has_password, \
    (SELECT string_agg(t.team_id, ',') FROM associate_teams t WHERE t.associate_id = a.id) AS teams, \
    (SELECT max(i.created_at) FROM invitations i WHERE i.associate_id = a.id AND i.kind = 'invite' AND i.used_at IS NULL) AS invited_at \
    FROM associates a ";

impl Store {
    /// Everybody, in the order of their names: admins see them whole, associates by name and team.
    pub async fn list_associates(&self) -> Result<Vec<Associate>, StoreError> {
        let sql = super::db::built([SELECT, "ORDER BY a.name, a.id"].concat());
        self.pool.clone().rows_of(sql, Vec::new()).await?.iter().map(read).collect()
    }

    /// One of them.
    pub async fn get_associate(&self, id: &AssociateId) -> Result<Associate, StoreError> {
        let sql = super::db::built([SELECT, "WHERE a.id = $1"].concat());
        let rows = self.pool.clone().rows_of(sql, values![id]).await?;
        rows.first().map_or(Err(StoreError::NotFound("associate")), read)
    }

    /// The associate who signs in with this address.
    pub async fn find_associate_by_email(&self, email: &str) -> Result<Option<Associate>, StoreError> {
        let sql = super::db::built([SELECT, "WHERE a.email = $1"].concat());
        let rows = self.pool.clone().rows_of(sql, values![fold_email(email)]).await?;
        rows.first().map(read).transpose()
    }

    /// Changes an associate. `by` is an admin, or nobody where the command line does it.
    pub async fn update_associate(
        &self,
        by: Option<&Actor>,
        id: &AssociateId,
        change: AssociateChange,
    ) -> Result<Associate, StoreError> {
        self.writer.write(Update { by: by.cloned(), id: id.clone(), change }).await?;
        self.get_associate(id).await
    }
}

/// The form under which an address to sign in with is kept and found.
pub fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Whether somebody can sign in with this: one `@` with something on both sides, and no blanks.
pub fn is_email(text: &str) -> bool {
    let plain = text.len() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let (user, host) = text.split_once('@').unwrap_or_default();
    plain && !user.is_empty() && !host.is_empty() && !host.contains('@')
}

/// A name as it is kept, or what is wrong with it. It stands in lists, replies and on terminals.
pub fn fit_name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if name.chars().any(char::is_control) {
        return Err("a name can't hold a line break, a tab or another control character");
    }
    if is_blank(name) || name.chars().count() > 100 {
        return Err("a name has 1 to 100 characters");
    }
    Ok(name.to_owned())
}

/// Teams as they come out of `string_agg`: their ids hold no comma.
pub(super) fn read_teams(row: &Row) -> Result<Vec<TeamId>, StoreError> {
    let joined: Option<String> = row.get("teams")?;
    let mut teams: Vec<TeamId> =
        joined.iter().flat_map(|text| text.split(',')).filter(|t| !t.is_empty()).map(TeamId::from).collect();
    teams.sort();
    Ok(teams)
}

fn read(row: &Row) -> Result<Associate, StoreError> {
    Ok(Associate {
        id: row.parse("id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        role: row.parse("role")?,
        teams: read_teams(row)?,
        active: row.get::<Option<i64>>("disabled_at")?.is_none(),
        has_password: row.get("has_password")?,
        invited_at: row.time_opt("invited_at")?,
        last_seen_at: row.time_opt("last_seen_at")?,
    })
}

/// Only an admin manages associates; to anybody else there are none. The command line is nobody.
pub(super) fn require_admin(by: Option<&Actor>) -> Result<(), StoreError> {
    match by {
        Some(actor) if actor.role() != Role::Admin => Err(StoreError::NotFound("associate")),
        _ => Ok(()),
    }
}

/// Tells that something about an associate changed; their streams look again who they are.
pub(super) fn tell(tx: &mut Tx, kind: &'static str, by: Option<&Actor>, associate: &AssociateId) {
    tx.tell(NewEvent {
        kind,
        actor: by.map(|actor| actor.id().clone()),
        fields: Some(associate.to_string()),
        ..NewEvent::default()
    });
}

pub(super) async fn set_teams(tx: &mut Tx, id: &AssociateId, teams: &[TeamId]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM associate_teams WHERE associate_id = $1", values![id]).await?;
    for team in teams {
        tx.execute(
            "INSERT INTO associate_teams (associate_id, team_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            values![id, team],
        )
        .await?;
    }
    Ok(())
}

struct Update {
    by: Option<Actor>,
    id: AssociateId,
    change: AssociateChange,
}

impl Write for Update {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        require_admin(self.by.as_ref())?;
        let row = tx
            .first("SELECT role, disabled_at FROM associates WHERE id = $1", values![&self.id])
            .await?
            .ok_or(StoreError::NotFound("associate"))?;
        let (role, active): (Role, bool) =
            (row.parse("role")?, row.get::<Option<i64>>("disabled_at")?.is_none());
        let new_role = self.change.role.unwrap_or(role);
        let new_active = self.change.active.unwrap_or(active);
        if role == Role::Admin && active && !(new_role == Role::Admin && new_active) {
            self.refuse_for_the_last_admin(tx).await?;
        }
        if let Some(name) = &self.change.name {
            tx.execute("UPDATE associates SET name = $2 WHERE id = $1", values![&self.id, name]).await?;
        }
        if new_role != role {
            tx.execute("UPDATE associates SET role = $2 WHERE id = $1", values![&self.id, new_role.as_str()])
                .await?;
        }
        if let Some(teams) = &self.change.teams {
            set_teams(tx, &self.id, teams).await?;
        }
        if new_active != active {
            let at = (!new_active).then_some(tx.now);
            tx.execute("UPDATE associates SET disabled_at = $2 WHERE id = $1", values![&self.id, at]).await?;
        }
        if active && !new_active {
            tx.execute(
                "UPDATE invitations SET used_at = $2 WHERE associate_id = $1 AND used_at IS NULL",
                values![&self.id, tx.now],
            )
            .await?;
            self.give_back(tx).await?;
        }
        if new_role != role || (active && !new_active) {
            tx.execute("DELETE FROM sessions WHERE associate_id = $1", values![&self.id]).await?;
        }
        tell(tx, "associate.changed", self.by.as_ref(), &self.id);
        Ok(())
    }
}

impl Update {
    /// A bridge without an admin could only be helped from the command line, which may help itself. One who
    /// was invited and never came is none yet.
    async fn refuse_for_the_last_admin(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let other = tx
            .first(
                "SELECT id FROM associates WHERE role = 'admin' AND disabled_at IS NULL AND password_hash IS NOT NULL \
                 AND id <> $1 LIMIT 1",
                values![&self.id],
            )
            .await?;
        if other.is_none() && self.by.is_some() {
            return Err(Conflict::NotNow("This is the last admin.").into());
        }
        Ok(())
    }

    /// What they had in hand goes back to its queue, where others see it.
    async fn give_back(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let ids = tx
            .all(
                "SELECT id FROM conversations WHERE assignee_id = $1 AND state IN ('open', 'automatic') ORDER BY id",
                values![&self.id],
            )
            .await?;
        let ids: Vec<ConversationId> = ids.iter().map(|row| row.parse("id")).collect::<Result<_, _>>()?;
        let name = tx.first("SELECT name FROM associates WHERE id = $1", values![&self.id]).await?;
        let name: Option<String> = name.map(|row| row.get("name")).transpose()?;
        for id in &ids {
            let before = conversation::get(tx, id).await?;
            if before.assignee.as_ref() != Some(&self.id) || before.state == State::Closed {
                continue;
            }
            let mut after = before.clone();
            after.assignee = None;
            let by =
                self.by.as_ref().filter(|by| by.sees(&tx.inboxes, after.team.as_ref(), None, &after.inbox));
            let from = json!({"id": self.id, "name": name});
            let activity = json!({"type": "left", "from": from, "team": after.team});
            let message = entry::insert_activity(tx, &mut after, by, activity).await?;
            routing::after_leaving(tx, &after, &self.id).await?;
            conversation::save_one(tx, &before, &after).await?;
            let mut event = after.event("conversation.assigned", Some(&before));
            event.message = Some(message);
            event.actor = by.map(|actor| actor.id().clone());
            tx.tell(event);
        }
        self.let_go_of_closed(tx).await
    }

    /// Closed ones keep nobody either: opened again, by a customer or by a failure, each is in a queue.
    async fn let_go_of_closed(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let rows = tx
            .all(
                "SELECT inbox_id, team_id, count(*) AS n FROM conversations \
                 WHERE assignee_id = $1 AND state = 'closed' GROUP BY inbox_id, team_id",
                values![&self.id],
            )
            .await?;
        for row in &rows {
            let key = |assignee: &str| {
                Ok::<_, StoreError>(CountKey {
                    inbox: row.get("inbox_id")?,
                    team: row.get::<Option<String>>("team_id")?.unwrap_or_default(),
                    assignee: assignee.to_owned(),
                    state: State::Closed.as_str(),
                    waiting: false,
                })
            };
            let many: i64 = row.get("n")?;
            tx.count(key(self.id.as_str())?, -many);
            tx.count(key("")?, many);
        }
        mention::let_go_of_closed(tx, &self.id).await?;
        tx.execute(
            "UPDATE conversations SET assignee_id = NULL WHERE assignee_id = $1 AND state = 'closed'",
            values![&self.id],
        )
        .await
        .map(drop)
    }
}
