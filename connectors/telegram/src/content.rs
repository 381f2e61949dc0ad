//! What a message says: its words, and its files.

use std::{borrow::Cow, collections::HashMap, fmt::Write as _};

use rapport_sdk::model::{event::InboundAttachment, rich::Span};
use serde_json::value::RawValue;

use crate::{
    entity,
    file::{attachment, photo, sticker},
    rich_message,
    wire::{Location, Message, Text},
};

/// What came of a message's body.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// Somebody said this.
    Said(Said),
    /// Nobody said anything: a service message, which is no customer's.
    Nothing,
    /// Somebody said something that this version does not know.
    Unknown,
}

/// Words and files.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The words, as they were written; those of a place, a poll or a card are ours.
    pub text: String,
    /// How they are dressed.
    pub spans: Vec<Span>,
    /// The files.
    pub attachments: Vec<InboundAttachment>,
}

/// The fields by which Telegram marks what it says itself (<https://core.telegram.org/bots/api#message>).
const SERVICE: &[&str] = &[
    "boost_added",
    "channel_chat_created",
    "chat_background_set",
    "chat_owner_changed",
    "chat_owner_left",
    "chat_shared",
    "checklist_tasks_added",
    "checklist_tasks_done",
    "connected_website",
    "delete_chat_photo",
    "direct_message_price_changed",
    "forum_topic_closed",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "gift",
    "gift_upgrade_sent",
    "giveaway",
    "giveaway_completed",
    "giveaway_created",
    "giveaway_winners",
    "group_chat_created",
    "left_chat_member",
    "managed_bot_created",
    "message_auto_delete_timer_changed",
    "migrate_from_chat_id",
    "migrate_to_chat_id",
    "new_chat_members",
    "new_chat_photo",
    "new_chat_title",
    "paid_message_price_changed",
    "passport_data",
    "pinned_message",
    "poll_option_added",
    "poll_option_deleted",
    "proximity_alert_triggered",
    "refunded_payment",
    "successful_payment",
    "suggested_post_approval_failed",
    "suggested_post_approved",
    "suggested_post_declined",
    "suggested_post_paid",
    "suggested_post_refunded",
    "supergroup_chat_created",
    "unique_gift",
    "users_shared",
    "video_chat_ended",
    "video_chat_participants_invited",
    "video_chat_scheduled",
    "video_chat_started",
    "web_app_data",
    "write_access_allowed",
];

/// Takes the body out of a message. `raw` is the message as it came: what is not among our fields is
/// judged by the names there.
pub fn body(message: &mut Message, raw: &str) -> Body {
    let mut said = Said::default();
    if let Some(text) = message.text.take() {
        said.spans = entity::spans(&text, &message.entities);
        said.text = text;
        return Body::Said(said);
    }
    if let Some(caption) = message.caption.take() {
        said.spans = entity::spans(&caption, &message.caption_entities);
        said.text = caption;
    }
    said.attachments = files(message);
    if !said.attachments.is_empty() {
        return Body::Said(said);
    }
    if let Some(words) = words(message) {
        // A caption beside them is the sender's own: it goes first.
        said.text = if said.text.is_empty() { words } else { format!("{}\n{words}", said.text) };
        return Body::Said(said);
    }
    if !said.text.is_empty() {
        return Body::Said(said);
    }
    let names: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(raw).unwrap_or_default();
    if SERVICE.iter().any(|name| names.contains_key(*name)) { Body::Nothing } else { Body::Unknown }
}

fn files(message: &mut Message) -> Vec<InboundAttachment> {
    // An animation comes as a document too, and a live photo as a photo: for programs that don't know them.
    if let Some(animation) = message.animation.take() {
        return vec![attachment(animation, "video/mp4")];
    }
    let mut files = Vec::new();
    files.extend(photo(std::mem::take(&mut message.photo)));
    let others = [
        (message.live_photo.take(), "video/mp4"),
        (message.video.take(), "video/mp4"),
        (message.video_note.take(), "video/mp4"),
        (message.audio.take(), "audio/mpeg"),
        (message.voice.take(), "audio/ogg"),
        (message.document.take(), "application/octet-stream"),
    ];
    files.extend(others.into_iter().filter_map(|(file, kind)| Some(attachment(file?, kind))));
    files.extend(message.sticker.take().map(sticker));
    files
}

/// What has no words of its own, in words that a person can read.
fn words(message: &Message) -> Option<String> {
    if let Some(venue) = &message.venue {
        return Some(format!("Place: {}, {} ({})", venue.title, venue.address, position(&venue.location)));
    }
    if let Some(location) = &message.location {
        let kind = if location.live_period.is_some() { "Live location" } else { "Location" };
        return Some(format!("{kind}: {}", position(location)));
    }
    if let Some(person) = &message.contact {
        let name = full_name(&person.first_name, person.last_name.as_deref());
        return Some(format!("Contact: {name}, {}", person.phone_number));
    }
    if let Some(poll) = &message.poll {
        return Some(listed("Poll", &poll.question, &poll.options));
    }
    if let Some(list) = &message.checklist {
        return Some(listed("Checklist", &list.title, &list.tasks));
    }
    if let Some(dice) = &message.dice {
        return Some(format!("{} {}", dice.emoji, dice.value));
    }
    if let Some(game) = &message.game {
        return Some(format!("Game: {}", game.title));
    }
    if let Some(invoice) = &message.invoice {
        return Some(format!("Invoice: {}", invoice.title));
    }
    if message.story.is_some() {
        return Some("A story, which Telegram does not show to bots.".to_owned());
    }
    if message.paid_media.is_some() {
        return Some("A picture or video that costs money to see.".to_owned());
    }
    message.rich_message.as_ref().map(rich_message::words)
}

fn position(location: &Location) -> String {
    format!("{:.6}, {:.6}", location.latitude, location.longitude)
}

fn listed(kind: &str, title: &str, entries: &[Text]) -> String {
    entries.iter().fold(format!("{kind}: {title}"), |mut text, entry| {
        // Writing into a text can't fail.
        let _ = write!(text, "\n- {}", entry.text);
        text
    })
}

/// First and last name as one.
pub fn full_name(first: &str, last: Option<&str>) -> String {
    [first, last.unwrap_or_default()].join(" ").trim().to_owned()
}
