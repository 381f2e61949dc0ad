//! Who the people outside are: the card, joins of records and what takes them back, values to choose from,
//! link codes, suggestions, and addresses that several people use.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rapport_model::{
    Timestamp,
    id::{ContactId, HandleId},
    text::is_blank,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    acts::short,
    dto::{Contact, Named},
    error::{ApiError, Problem},
    request::{Body, Params, id},
    session::SignedIn,
};
use crate::store::{self, Field, MergeId};

/// The longest address or id that is looked for, in characters.
const LONGEST_SEARCH: usize = 320;

/// A field in which two records may differ.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FieldName {
    /// The name that they go by.
    Name,
    /// The shop's own id for them.
    ExternalRef,
}

impl From<FieldName> for Field {
    fn from(name: FieldName) -> Self {
        match name {
            FieldName::Name => Self::Name,
            FieldName::ExternalRef => Self::ExternalRef,
        }
    }
}

impl From<Field> for FieldName {
    fn from(field: Field) -> Self {
        match field {
            Field::Name => Self::Name,
            Field::ExternalRef => Self::ExternalRef,
        }
    }
}

/// A value beside the one that stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rival {
    field: FieldName,
    value: String,
}

/// Another record that may be the same person's.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Suggestion {
    contact: Named,
    /// `code_returned`, `same_address` or `same_on_other`.
    reason: String,
    channel: String,
    address: String,
    since: i64,
}

/// A join that stands, and on what it rests.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Evidence {
    /// With this it is taken back.
    merge: String,
    at: i64,
    /// `person` or `code`.
    basis: String,
    associate: Option<Named>,
    /// The reason that a person gave.
    reason: Option<String>,
    /// The channel on which a code came back.
    channel: Option<String>,
    /// The addresses that came with it.
    addresses: Vec<String>,
}

/// One conversation with them. Out of the reader's scope it is a date, a team and an associate.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Episode {
    conversation: Option<String>,
    channel: Option<String>,
    state: Option<String>,
    snippet: Option<String>,
    at: i64,
    team: Option<String>,
    associate: Option<Named>,
}

/// All that a card shows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Card {
    contact: Contact,
    conflicts: Vec<Rival>,
    suggestions: Vec<Suggestion>,
    evidence: Vec<Evidence>,
    conversations: Vec<Episode>,
}

impl From<&store::Card> for Card {
    fn from(card: &store::Card) -> Self {
        let named = |who: &(rapport_model::id::AssociateId, String)| Named {
            id: who.0.to_string(),
            name: who.1.clone(),
        };
        Self {
            contact: (&card.contact).into(),
            conflicts: card
                .rivals
                .iter()
                .map(|rival| Rival { field: rival.field.into(), value: rival.value.clone() })
                .collect(),
            suggestions: card
                .suggestions
                .iter()
                .map(|one| Suggestion {
                    contact: Named {
                        id: one.contact.to_string(),
                        name: one.name.clone().unwrap_or_else(|| one.address.expose().to_owned()),
                    },
                    reason: one.reason.as_str().to_owned(),
                    channel: one.channel.clone(),
                    address: one.address.expose().to_owned(),
                    since: one.since.millis(),
                })
                .collect(),
            evidence: card
                .evidence
                .iter()
                .map(|one| Evidence {
                    merge: one.merge.0.clone(),
                    at: one.at.millis(),
                    basis: one.basis.clone(),
                    associate: one.associate.as_ref().map(named),
                    reason: one.reason.clone(),
                    channel: one.channel.clone(),
                    addresses: one.handles.iter().map(|address| address.expose().to_owned()).collect(),
                })
                .collect(),
            conversations: card
                .episodes
                .iter()
                .map(|one| Episode {
                    conversation: one.conversation.as_ref().map(ToString::to_string),
                    channel: one.channel.clone(),
                    state: one.state.map(|state| state.as_str().to_owned()),
                    snippet: one.snippet.clone(),
                    at: one.at.millis(),
                    team: one.with.team.as_ref().map(ToString::to_string),
                    associate: one.with.associate.as_ref().map(named),
                })
                .collect(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// A whole address, or the shop's own id. Left out it finds nobody, and is refused.
    address: Option<String>,
}

/// The contacts that were found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contacts {
    items: Vec<Contact>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct With {
    /// The record that would go into this one. Left out there is nothing to show, and it is refused.
    with: Option<String>,
}

/// Two values of one field.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Difference {
    field: FieldName,
    into: String,
    from: String,
}

/// What a merge would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Preview {
    /// The record that stays.
    into: Contact,
    /// The one that goes into it.
    from: Contact,
    differences: Vec<Difference>,
    /// `unproven`, `look_alike`, `shared`, `blocked`, `opted_out` or `said_apart`.
    warnings: Vec<String>,
    /// Why it can't be done, as the code of the problem that a merge would answer; else null.
    refused: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    /// The record that goes into this one.
    with: String,
    /// How you know, in 1 to 500 characters.
    reason: String,
}

/// A merge that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Merged {
    /// With this it is taken back.
    merge: String,
}

/// What a merge was taken back to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Parted {
    /// The record that stands by itself again.
    contact: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    field: FieldName,
    /// The value that is to stand: one of those that are there.
    value: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Apart {
    /// The record that is somebody else's.
    with: String,
}

/// A code for a customer to bring back on another channel. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkCode {
    code: String,
    expires_at: i64,
}

/// Find contacts by a whole address or by the shop's own id.
#[utoipa::path(get, path = "/contacts", operation_id = "find_contacts", params(Search), responses(
    (status = 200, body = Contacts), (status = 422, body = Problem)))]
pub(super) async fn find(
    State(api): State<Api>,
    who: SignedIn,
    Params(search): Params<Search>,
) -> Result<Json<Contacts>, ApiError> {
    let text = search.address.unwrap_or_default();
    let text = text.trim();
    if is_blank(text) || text.contains('\0') || text.chars().count() > LONGEST_SEARCH {
        return Err(ApiError::field("address", format!("1 to {LONGEST_SEARCH} characters, without NUL")));
    }
    let found = api.engine.store().find_contacts(who.actor(), text).await?;
    Ok(Json(Contacts { items: found.iter().map(Into::into).collect() }))
}

/// The card of a contact.
#[utoipa::path(get, path = "/contacts/{id}", operation_id = "get_contact", params(("id" = String, Path)), responses(
    (status = 200, body = Card), (status = 404, body = Problem)))]
pub(super) async fn card(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Card>, ApiError> {
    let contact: ContactId = id(text, "contact")?;
    Ok(Json((&api.engine.store().get_card(who.actor(), &contact).await?).into()))
}

/// What a merge would do; changes nothing.
#[utoipa::path(get, path = "/contacts/{id}/merge", operation_id = "preview_merge", params(("id" = String, Path), With), responses(
    (status = 200, body = Preview), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn preview(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Params(with): Params<With>,
) -> Result<Json<Preview>, ApiError> {
    let (into, from) = (id(text, "contact")?, other(with.with.unwrap_or_default())?);
    let preview = api.engine.store().preview_merge(who.actor(), &into, &from).await?;
    Ok(Json(Preview {
        into: (&preview.into).into(),
        from: (&preview.from).into(),
        differences: preview
            .differences
            .into_iter()
            .map(|one| Difference { field: one.field.into(), into: one.into, from: one.from })
            .collect(),
        warnings: preview.warnings.iter().map(|one| one.as_str().to_owned()).collect(),
        refused: preview.refused.map(|one| one.as_str().to_owned()),
    }))
}

/// Join two records of one person; 409 where a rule stands against it.
#[utoipa::path(post, path = "/contacts/{id}/merge", operation_id = "merge", params(("id" = String, Path)), request_body = Merge, responses(
    (status = 201, body = Merged), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn merge(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(merge): Body<Merge>,
) -> Result<(StatusCode, Json<Merged>), ApiError> {
    let (into, from) = (id(text, "contact")?, other(merge.with)?);
    let reason = merge.reason.trim();
    if is_blank(reason) {
        return Err(ApiError::field("reason", "say how you know"));
    }
    short("reason", reason)?;
    let made = api.engine.store().merge(who.actor(), &into, &from, reason.to_owned()).await?;
    Ok((StatusCode::CREATED, Json(Merged { merge: made.0 })))
}

/// Take a join back: both records stand as before, and what came since goes with its thread.
#[utoipa::path(post, path = "/merges/{id}/undo", operation_id = "undo_merge", params(("id" = String, Path)), responses(
    (status = 200, body = Parted), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn part(
    State(api): State<Api>,
    who: SignedIn,
    Path(merge): Path<String>,
) -> Result<Json<Parted>, ApiError> {
    // What is no id names nothing, and the store can't be asked for every text.
    let merge = uuid::Uuid::try_parse(&merge).map_err(|_| ApiError::not_found("merge"))?;
    let merge = MergeId(merge.to_string());
    let contact = api.engine.store().undo_merge(who.actor(), &merge).await?;
    Ok(Json(Parted { contact: contact.to_string() }))
}

/// Choose among values that two joined records had.
#[utoipa::path(post, path = "/contacts/{id}/choose", operation_id = "choose_value", params(("id" = String, Path)), request_body = Choice, responses(
    (status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn choose(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(choice): Body<Choice>,
) -> Result<StatusCode, ApiError> {
    let contact: ContactId = id(text, "contact")?;
    api.engine.store().choose_value(who.actor(), &contact, choice.field.into(), choice.value).await.map_err(
        |error| match error {
            store::StoreError::NotFound("value") => {
                ApiError::field("value", "this is none of the values that there are to choose from")
            }
            other => other.into(),
        },
    )?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say that two records are two people: they are not offered to be joined any more.
#[utoipa::path(post, path = "/contacts/{id}/apart", operation_id = "keep_apart", params(("id" = String, Path)), request_body = Apart, responses(
    (status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn apart(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
    Body(apart): Body<Apart>,
) -> Result<StatusCode, ApiError> {
    let (contact, other) = (id(text, "contact")?, other(apart.with)?);
    api.engine.store().dismiss_suggestion(who.actor(), &contact, &other).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a code that the customer brings back on another channel; codes made before stop working.
#[utoipa::path(post, path = "/contacts/{id}/link-code", operation_id = "make_link_code", params(("id" = String, Path)), responses(
    (status = 201, body = LinkCode), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn link_code(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<(StatusCode, Json<LinkCode>), ApiError> {
    let contact: ContactId = id(text, "contact")?;
    let made = api.engine.store().insert_link_code(who.actor(), &contact).await?;
    let code =
        LinkCode { code: made.code.expose().to_owned(), expires_at: Timestamp::millis(made.expires_at) };
    Ok((StatusCode::CREATED, Json(code)))
}

/// Several people use this address: it joins nothing.
#[utoipa::path(put, path = "/handles/{id}/shared", operation_id = "share_handle", params(("id" = String, Path)), responses(
    (status = 204), (status = 404, body = Problem)))]
pub(super) async fn share(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<StatusCode, ApiError> {
    set_shared(&api, &who, text, true).await
}

/// One person uses it.
#[utoipa::path(delete, path = "/handles/{id}/shared", operation_id = "unshare_handle", params(("id" = String, Path)), responses(
    (status = 204), (status = 404, body = Problem)))]
pub(super) async fn unshare(
    State(api): State<Api>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<StatusCode, ApiError> {
    set_shared(&api, &who, text, false).await
}

async fn set_shared(api: &Api, who: &SignedIn, text: String, shared: bool) -> Result<StatusCode, ApiError> {
    let handle: HandleId = id(text, "handle")?;
    api.engine.store().share_handle(who.actor(), &handle, shared).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The other record, named in a field.
fn other(text: String) -> Result<ContactId, ApiError> {
    text.try_into().map_err(|_| ApiError::field("with", "this is no id of a contact"))
}
