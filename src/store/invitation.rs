//! Links with which somebody sets a password: the first one (an invitation) or a new one (a reset).
//! A link works once, within 72 hours, and not at all for who was disabled.

use std::time::Duration;

use rapport_model::{
    Secret, Timestamp,
    id::{AssociateId, TeamId},
};

use super::{
    Store,
    associate::{self, fold_email, require_admin, set_teams},
    db::Run as _,
    error::{Conflict, StoreError},
    scope::{Actor, Role},
    session, token,
    tx::Tx,
    value::values,
    writer::Write,
};

/// How long a link works.
pub const GOOD_FOR: Duration = Duration::from_hours(72);

/// Somebody to be invited.
#[derive(Debug, Clone)]
pub struct NewAssociate {
    /// Their name.
    pub name: String,
    /// With what they will sign in.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Where they belong.
    pub teams: Vec<TeamId>,
}

/// A link that was just made. Its token is shown once and kept nowhere.
#[derive(Debug, Clone)]
pub struct Invited {
    /// For whom.
    pub id: AssociateId,
    /// What the link holds.
    pub token: Secret,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationKind {
    /// A first password.
    Invite,
    /// Another one.
    Reset,
}

impl InvitationKind {
    /// The word that stands in the store and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Reset => "reset",
        }
    }
}

impl TryFrom<String> for InvitationKind {
    type Error = ();

    fn try_from(text: String) -> Result<Self, ()> {
        [Self::Invite, Self::Reset].into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A link that works, as its holder sees it.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Whose password it sets.
    pub name: String,
    /// With what they sign in.
    pub email: String,
    /// What it is for.
    pub kind: InvitationKind,
}

impl Store {
    /// Adds an associate and makes the link with which they set their password. `by` is an admin, or
    /// nobody where the command line does it.
    pub async fn insert_associate(
        &self,
        by: Option<&Actor>,
        new: NewAssociate,
    ) -> Result<Invited, StoreError> {
        let token = token::new()?;
        let (id, hash) = (AssociateId::new(), session::hash_of(&token)?);
        let expires_at = self.writer.write(Invite { by: by.cloned(), id: id.clone(), new, hash }).await?;
        Ok(Invited { id, token, expires_at })
    }

    /// Makes a link with which an associate sets a new password; links made before stop working.
    pub async fn insert_reset(&self, by: Option<&Actor>, id: &AssociateId) -> Result<Invited, StoreError> {
        let token = token::new()?;
        let hash = session::hash_of(&token)?;
        let expires_at = self.writer.write(Reset { by: by.cloned(), id: id.clone(), hash }).await?;
        Ok(Invited { id: id.clone(), token, expires_at })
    }

    /// What a link is for, while it works.
    pub async fn find_invitation(&self, token: &str) -> Result<Option<Invitation>, StoreError> {
        let Some(hash) = token::hash(token) else { return Ok(None) };
        self.pool
            .clone()
            .first(
                "SELECT a.name, a.email, i.kind FROM invitations i JOIN associates a ON a.id = i.associate_id \
                 WHERE i.token_hash = $1 AND i.used_at IS NULL AND i.expires_at > $2 AND a.disabled_at IS NULL",
                values![hash, self.now()],
            )
            .await?
            .map(|row| {
                Ok(Invitation {
                    name: row.get("name")?,
                    email: row.get("email")?,
                    kind: row.parse("kind")?,
                })
            })
            .transpose()
    }

    /// Uses a link up: sets the password, ends what sessions there were, and begins one.
    pub async fn accept_invitation(
        &self,
        link: &str,
        password_hash: Secret,
        name: Option<String>,
    ) -> Result<Secret, StoreError> {
        let link = token::hash(link).ok_or(StoreError::NotFound("invitation"))?;
        let session = token::new()?;
        let hash = session::hash_of(&session)?;
        self.writer.write(Accept { link, password_hash, name, session: hash }).await?;
        Ok(session)
    }
}

struct Invite {
    by: Option<Actor>,
    id: AssociateId,
    new: NewAssociate,
    hash: String,
}

impl Write for Invite {
    type Output = Timestamp;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Timestamp, StoreError> {
        require_admin(self.by.as_ref())?;
        let email = fold_email(&self.new.email);
        let now = tx.now;
        let added = tx
            .execute(
                "INSERT INTO associates (id, name, email, role, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                values![&self.id, &self.new.name, email, self.new.role.as_str(), now],
            )
            .await?;
        if added == 0 {
            return Err(Conflict::Taken("email").into());
        }
        set_teams(tx, &self.id, &self.new.teams).await?;
        associate::tell(tx, "associate.added", self.by.as_ref(), &self.id);
        insert_link(tx, &self.id, InvitationKind::Invite, &self.hash).await
    }
}

struct Reset {
    by: Option<Actor>,
    id: AssociateId,
    hash: String,
}

impl Write for Reset {
    type Output = Timestamp;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Timestamp, StoreError> {
        require_admin(self.by.as_ref())?;
        let row = tx
            .first("SELECT password_hash, disabled_at FROM associates WHERE id = $1", values![&self.id])
            .await?
            .ok_or(StoreError::NotFound("associate"))?;
        if row.get::<Option<i64>>("disabled_at")?.is_some() {
            return Err(Conflict::NotNow("This associate is disabled: enable them first.").into());
        }
        let kind = match row.get::<Option<String>>("password_hash")? {
            None => InvitationKind::Invite,
            Some(_) => InvitationKind::Reset,
        };
        let now = tx.now;
        tx.execute(
            "UPDATE invitations SET used_at = $2 WHERE associate_id = $1 AND used_at IS NULL",
            values![&self.id, now],
        )
        .await?;
        associate::tell(tx, "associate.reset", self.by.as_ref(), &self.id);
        insert_link(tx, &self.id, kind, &self.hash).await
    }
}

async fn insert_link(
    tx: &mut Tx,
    id: &AssociateId,
    kind: InvitationKind,
    hash: &str,
) -> Result<Timestamp, StoreError> {
    let (now, expires_at) = (tx.now, tx.now.plus(GOOD_FOR));
    tx.execute(
        "INSERT INTO invitations (token_hash, associate_id, kind, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        values![hash, id, kind.as_str(), now, expires_at],
    )
    .await?;
    Ok(expires_at)
}

struct Accept {
    link: String,
    password_hash: Secret,
    name: Option<String>,
    session: String,
}

impl Write for Accept {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let now = tx.now;
        // One statement decides who is first where the same link is used twice at once.
        let row = tx
            .first(
                "UPDATE invitations SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING associate_id",
                values![self.link.as_str(), now],
            )
            .await?
            .ok_or(StoreError::NotFound("invitation"))?;
        let id: AssociateId = row.parse("associate_id")?;
        if let Some(name) = &self.name {
            tx.execute("UPDATE associates SET name = $2 WHERE id = $1", values![&id, name]).await?;
        }
        session::set_password(tx, &id, &self.password_hash).await?;
        session::begin(tx, &id, &self.session).await.map_err(|error| match error {
            StoreError::NotFound(_) => StoreError::NotFound("invitation"),
            other => other,
        })
    }
}
