//! Sessions: who is signed in, for how long. [`Store::find_session`] is the only maker of an
//! [`Actor`], so that nobody acts whom a session does not name.

use std::{collections::HashSet, time::Duration};

use rapport_model::{Secret, Timestamp, id::AssociateId};

use super::{
    Store, associate, db::Run as _, error::StoreError, scope::Actor, token, tx::Tx, value::values,
    writer::Write,
};

/// A session that nobody uses ends after this time.
pub const IDLE: Duration = Duration::from_hours(12);
/// And after this time in any case.
pub const LONGEST: Duration = Duration::from_hours(30 * 24);
/// How exactly the last use is known: a write for each request would cost more than it tells.
const GRAIN: Duration = Duration::from_mins(1);

/// Names a session without letting anybody use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionId(pub(super) String);

/// A session in force.
#[derive(Debug, Clone)]
pub struct Session {
    /// Which one.
    pub id: SessionId,
    /// Who acts in it.
    pub actor: Actor,
    /// With what they sign in.
    pub email: String,
    /// Whether its last use was long enough ago to be worth [`Store::touch_session`].
    pub stale: bool,
}

/// What is needed to try a password.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Whose they are.
    pub id: AssociateId,
    /// The hash, for who has set a password and may sign in.
    pub password_hash: Secret,
}

impl Store {
    /// The session of a token, unless it ended, and who acts in it.
    pub async fn find_session(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let Some(hash) = token::hash(token) else { return Ok(None) };
        self.find_session_by_id(&SessionId(hash)).await
    }

    /// The same, by its name: for whoever looks again whether it still stands.
    pub async fn find_session_by_id(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        let now = self.now();
        let row = self
            .pool
            .clone()
            .first(
                "SELECT s.last_seen_at, a.id, a.name, a.email, a.role, \
                 (SELECT string_agg(t.team_id, ',') FROM associate_teams t WHERE t.associate_id = a.id) AS teams \
                 FROM sessions s JOIN associates a ON a.id = s.associate_id \
                 WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND a.disabled_at IS NULL",
                values![id.0.as_str(), now, now.minus(IDLE)],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let actor = Actor {
            id: row.parse("id")?,
            name: row.get("name")?,
            role: row.parse("role")?,
            teams: associate::read_teams(&row)?,
        };
        let stale = row.time("last_seen_at")? < now.minus(GRAIN);
        Ok(Some(Session { id: id.clone(), actor, email: row.get("email")?, stale }))
    }

    /// Remembers that a session is used.
    pub async fn touch_session(&self, id: &SessionId) -> Result<(), StoreError> {
        self.writer.write(Touch { id: id.clone() }).await
    }

    /// Begins a session. Its token is new whatever the client brought.
    pub async fn insert_session(&self, associate: &AssociateId) -> Result<Secret, StoreError> {
        let token = token::new()?;
        self.writer.write(Begin { associate: associate.clone(), hash: hash_of(&token)? }).await?;
        Ok(token)
    }

    /// Ends a session.
    pub async fn delete_session(&self, session: &Session) -> Result<(), StoreError> {
        self.writer.write(End { id: session.id.clone(), associate: session.actor.id().clone() }).await
    }

    /// The sessions in force: what live streams are held against.
    pub async fn list_session_ids(&self) -> Result<HashSet<SessionId>, StoreError> {
        let now = self.now();
        self.pool
            .clone()
            .all(
                "SELECT s.token_hash FROM sessions s JOIN associates a ON a.id = s.associate_id \
                 WHERE s.expires_at > $1 AND s.last_seen_at > $2 AND a.disabled_at IS NULL",
                values![now, now.minus(IDLE)],
            )
            .await?
            .iter()
            .map(|row| row.get("token_hash").map(SessionId))
            .collect()
    }

    /// The hash that belongs to an address; `None` for who is unknown, disabled or has no password.
    pub async fn find_credentials(&self, email: &str) -> Result<Option<Credentials>, StoreError> {
        self.pool
            .clone()
            .first(
                "SELECT id, password_hash FROM associates WHERE email = $1 AND password_hash IS NOT NULL AND disabled_at IS NULL",
                values![associate::fold_email(email)],
            )
            .await?
            .map(|row| {
                Ok(Credentials {
                    id: row.parse("id")?,
                    password_hash: Secret::new(row.get::<String>("password_hash")?),
                })
            })
            .transpose()
    }

    /// Sets a new password. Every session of that person ends; the token of a new one is given.
    pub async fn update_password(
        &self,
        associate: &AssociateId,
        password_hash: &Secret,
    ) -> Result<Secret, StoreError> {
        let token = token::new()?;
        let change = SetPassword {
            associate: associate.clone(),
            password_hash: password_hash.clone(),
            session: hash_of(&token)?,
        };
        self.writer.write(change).await?;
        Ok(token)
    }
}

pub(super) fn hash_of(token: &Secret) -> Result<String, StoreError> {
    token::hash(token.expose()).ok_or(StoreError::Corrupt { column: "sessions.token_hash" })
}

struct Touch {
    id: SessionId,
}

impl Write for Touch {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let now = tx.now;
        tx.execute(
            "UPDATE sessions SET last_seen_at = $2 WHERE token_hash = $1 AND last_seen_at < $2",
            values![self.id.0.as_str(), now],
        )
        .await?;
        tx.execute(
            "UPDATE associates SET last_seen_at = $2 WHERE id = (SELECT associate_id FROM sessions WHERE token_hash = $1)",
            values![self.id.0.as_str(), now],
        )
        .await
        .map(drop)
    }
}

struct Begin {
    associate: AssociateId,
    hash: String,
}

impl Write for Begin {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        begin(tx, &self.associate, &self.hash).await
    }
}

/// Inserts a session; refuses for who was disabled meanwhile.
pub(super) async fn begin(tx: &mut Tx, associate: &AssociateId, hash: &str) -> Result<(), StoreError> {
    let now = tx.now;
    let active = tx
        .execute(
            "UPDATE associates SET last_seen_at = $2 WHERE id = $1 AND disabled_at IS NULL",
            values![associate, now],
        )
        .await?;
    if active == 0 {
        return Err(StoreError::NotFound("associate"));
    }
    let expires: Timestamp = now.plus(LONGEST);
    tx.execute(
        "INSERT INTO sessions (token_hash, associate_id, created_at, last_seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)",
        values![hash, associate, now, expires],
    )
    .await
    .map(drop)
}

struct End {
    id: SessionId,
    associate: AssociateId,
}

impl Write for End {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        tx.execute("DELETE FROM sessions WHERE token_hash = $1", values![self.id.0.as_str()]).await?;
        associate::tell(tx, "session.ended", None, &self.associate);
        Ok(())
    }
}

struct SetPassword {
    associate: AssociateId,
    password_hash: Secret,
    session: String,
}

impl Write for SetPassword {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        set_password(tx, &self.associate, &self.password_hash).await?;
        begin(tx, &self.associate, &self.session).await
    }
}

/// Sets the hash and ends every session and every other link of that person.
pub(super) async fn set_password(
    tx: &mut Tx,
    associate: &AssociateId,
    password_hash: &Secret,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE associates SET password_hash = $2 WHERE id = $1",
        values![associate, password_hash.expose()],
    )
    .await?;
    tx.execute("DELETE FROM sessions WHERE associate_id = $1", values![associate]).await?;
    let now = tx.now;
    tx.execute(
        "UPDATE invitations SET used_at = $2 WHERE associate_id = $1 AND used_at IS NULL",
        values![associate, now],
    )
    .await?;
    associate::tell(tx, "session.ended", None, associate);
    Ok(())
}

#[cfg(test)]
mod tests;
