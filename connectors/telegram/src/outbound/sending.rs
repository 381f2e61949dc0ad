//! One part on its way. Never sent twice by itself, but for what Telegram surely refused and says how to
//! do instead. Nothing here is shared between chats: one that has to wait holds up no other.

use std::sync::Arc;

use rapport_sdk::model::{
    outbound::{Media, Outgoing, SendError, SendReceipt},
    rich::Span,
};
use teloxide_core::{
    payloads::{SendDocument, SendMessage, SendPhoto},
    types::{
        BusinessConnectionId, ChatId, InputFile, MessageEntity, MessageId, Recipient, ReplyParameters,
        ThreadId,
    },
};

use crate::{
    api::{Api, CallError, Sent},
    entity::entities,
    place::Place,
};

/// The largest picture that is shown as one (<https://core.telegram.org/bots/api#sendphoto>).
const LARGEST_PHOTO: usize = 10 * 1024 * 1024;
/// What is shown as a picture. A GIF would stand still.
const PHOTOS: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

/// What became of a part beside whether it was sent: for the bridge to know.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// The group has another id.
    pub moved: Option<(Place, Place)>,
    /// The person can't be written to.
    pub unreachable: bool,
}

/// Sends parts.
pub struct Sender {
    api: Arc<Api>,
}

impl Sender {
    /// Sends by this API.
    pub fn new(api: Arc<Api>) -> Self {
        Self { api }
    }

    /// Carries one part.
    pub async fn send(&self, outgoing: &Outgoing) -> (Result<SendReceipt, SendError>, Learned) {
        let mut learned = Learned::default();
        let Some(mut place) = Place::of_thread(&outgoing.thread) else {
            let reason = "This thread is not one of Telegram's.".to_owned();
            return (Err(SendError::Misconfigured { reason }), learned);
        };
        let mut sent = self.once(outgoing, &place).await;
        if let Err(CallError::Refused(refusal)) = &sent
            && let Some(chat) = refusal.migrated_to
        {
            let new = Place { chat, ..place.clone() };
            learned.moved = Some((std::mem::replace(&mut place, new.clone()), new));
            sent = self.once(outgoing, &place).await;
        }
        if let Err(CallError::Refused(refusal)) = &sent {
            // Neither a group nor a business account is the person whom we can't reach.
            learned.unreachable = refusal.is_unreachable() && place.chat > 0 && place.business.is_none();
        }
        let receipt = sent.map(|sent| SendReceipt { id: place.message(sent.message_id) });
        (receipt.map_err(Into::into), learned)
    }

    async fn once(&self, outgoing: &Outgoing, place: &Place) -> Result<Sent, CallError> {
        let to = Destination::new(outgoing, place);
        let (text, spans) = (&outgoing.part.text, &outgoing.part.spans);
        let Some(media) = outgoing.media.first() else { return self.api.send(&to.text(text, spans)).await };
        let is_photo = PHOTOS.contains(&media.content_type.as_str())
            && media.bytes.as_ref().is_some_and(|bytes| bytes.len() <= LARGEST_PHOTO);
        if is_photo {
            let sent = self.api.upload(to.photo(media, text, spans)).await;
            let refused = matches!(&sent, Err(CallError::Refused(refusal)) if refusal.is_about_the_picture());
            if !refused {
                return sent;
            }
        }
        self.api.upload(to.document(media, text, spans)).await
    }
}

/// What every kind of message says about where it goes.
struct Destination {
    chat: Recipient,
    business: Option<BusinessConnectionId>,
    topic: Option<ThreadId>,
    reply: Option<ReplyParameters>,
}

impl Destination {
    fn new(outgoing: &Outgoing, place: &Place) -> Self {
        let message = |number: i64| i32::try_from(number).ok().map(MessageId);
        let answered = outgoing.reply_to.as_ref().and_then(|id| place.number_of(id)).and_then(message);
        Self {
            chat: Recipient::Id(ChatId(place.chat)),
            business: place.business.clone().map(BusinessConnectionId),
            topic: place.topic.and_then(message).map(ThreadId),
            // A message that was deleted meanwhile holds nothing up.
            reply: answered.map(|id| ReplyParameters::new(id).allow_sending_without_reply()),
        }
    }

    fn text(self, text: &str, spans: &[Span]) -> SendMessage {
        SendMessage {
            business_connection_id: self.business,
            message_thread_id: self.topic,
            entities: dress(spans),
            reply_parameters: self.reply,
            ..SendMessage::new(self.chat, text)
        }
    }

    fn photo(&self, media: &Media, text: &str, spans: &[Span]) -> SendPhoto {
        SendPhoto {
            business_connection_id: self.business.clone(),
            message_thread_id: self.topic,
            caption: caption(text),
            caption_entities: dress(spans),
            reply_parameters: self.reply.clone(),
            ..SendPhoto::new(self.chat.clone(), file(media))
        }
    }

    fn document(&self, media: &Media, text: &str, spans: &[Span]) -> SendDocument {
        SendDocument {
            business_connection_id: self.business.clone(),
            message_thread_id: self.topic,
            caption: caption(text),
            caption_entities: dress(spans),
            reply_parameters: self.reply.clone(),
            ..SendDocument::new(self.chat.clone(), file(media))
        }
    }
}

fn dress(spans: &[Span]) -> Option<Vec<MessageEntity>> {
    Some(entities(spans)).filter(|entities| !entities.is_empty())
}

fn caption(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn file(media: &Media) -> InputFile {
    InputFile::memory(media.bytes.clone().unwrap_or_default()).file_name(media.name.clone())
}
