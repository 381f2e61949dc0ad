//! Telegram's entities as spans, and back. Both count in UTF-16 units, so that nothing is recounted.

use rapport_sdk::model::rich::{Span, Style, fitting};
use teloxide_core::types::{MessageEntity, MessageEntityKind};

use crate::wire::Entity;

/// How a text is dressed. What has no counterpart (hashtags, custom emoji, a kind that came later) and
/// what does not lie within the text is left off.
pub fn spans(text: &str, entities: &[Entity]) -> Vec<Span> {
    let dressed = entities.iter().filter_map(|entity| {
        let style = match entity.kind.as_str() {
            "bold" => Style::Bold,
            "italic" => Style::Italic,
            "underline" => Style::Underline,
            "strikethrough" => Style::Strike,
            "spoiler" => Style::Spoiler,
            "code" => Style::Code,
            "pre" => Style::Pre { language: entity.language.clone().filter(|name| !name.is_empty()) },
            "blockquote" | "expandable_blockquote" => Style::Quote,
            "text_link" => Style::Link { url: entity.url.clone()? },
            "mention" | "text_mention" => Style::Mention,
            _ => return None,
        };
        Some(Span { from: entity.offset, to: entity.offset.checked_add(entity.length)?, style })
    });
    fitting(text, dressed)
}

/// The same towards Telegram. It finds mentions by itself and takes links of the web alone.
pub fn entities(spans: &[Span]) -> Vec<MessageEntity> {
    let dressed = spans.iter().filter_map(|span| {
        let kind = match &span.style {
            Style::Bold => MessageEntityKind::Bold,
            Style::Italic => MessageEntityKind::Italic,
            Style::Underline => MessageEntityKind::Underline,
            Style::Strike => MessageEntityKind::Strikethrough,
            Style::Spoiler => MessageEntityKind::Spoiler,
            Style::Code => MessageEntityKind::Code,
            Style::Pre { language } => MessageEntityKind::Pre { language: language.clone() },
            Style::Quote => MessageEntityKind::Blockquote,
            Style::Link { url } => {
                let url = url.parse::<url::Url>().ok()?;
                if !matches!(url.scheme(), "http" | "https") {
                    return None;
                }
                MessageEntityKind::TextLink { url }
            }
            Style::Mention => return None,
        };
        let length = span.to.checked_sub(span.from)?;
        Some(MessageEntity::new(kind, span.from as usize, length as usize))
    });
    dressed.collect()
}

/// What stands in an entity; `None` where it does not lie within the text or cuts a character.
pub fn within<'a>(text: &'a str, entity: &Entity) -> Option<&'a str> {
    let from = byte_at(text, entity.offset as usize)?;
    let to = byte_at(text, entity.offset.checked_add(entity.length)? as usize)?;
    text.get(from..to)
}

/// The byte at which so many UTF-16 units are over; `None` within a character and behind the end.
fn byte_at(text: &str, units: usize) -> Option<usize> {
    let mut over = 0;
    for (at, c) in text.char_indices() {
        if over >= units {
            return (over == units).then_some(at);
        }
        over += c.len_utf16();
    }
    (over == units).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(json: &str) -> Entity {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn entities_become_spans_nested_and_behind_an_emoji() {
        let text = "😀 bold and both, a link";
        let found = spans(
            text,
            &[
                entity(r#"{"type":"bold","offset":3,"length":13}"#),
                entity(r#"{"type":"italic","offset":12,"length":4}"#),
                entity(r#"{"type":"text_link","offset":20,"length":4,"url":"https://shop.example/"}"#),
                entity(r#"{"type":"custom_emoji","offset":0,"length":2,"custom_emoji_id":"1"}"#),
                entity(r#"{"type":"something_new","offset":0,"length":2}"#),
            ],
        );
        let span = |from, to, style| Span { from, to, style };
        assert_eq!(
            found,
            [
                span(3, 16, Style::Bold),
                span(12, 16, Style::Italic),
                span(20, 24, Style::Link { url: "https://shop.example/".to_owned() }),
            ]
        );
    }

    #[test]
    fn an_entity_outside_of_the_text_or_with_a_link_that_runs_something_is_left_off() {
        for json in [
            r#"{"type":"bold","offset":1,"length":1}"#,
            r#"{"type":"bold","offset":0,"length":9}"#,
            r#"{"type":"bold","offset":4294967295,"length":4294967295}"#,
            r#"{"type":"text_link","offset":0,"length":2,"url":"javascript:alert(1)"}"#,
            r#"{"type":"text_link","offset":0,"length":2,"url":"tg://user?id=1"}"#,
            r#"{"type":"text_link","offset":0,"length":2}"#,
        ] {
            assert_eq!(spans("😀x", &[entity(json)]), [], "{json}");
        }
    }

    #[test]
    fn every_style_that_telegram_has_goes_there_and_comes_back() {
        let text = "0123456789";
        let styles = [
            Style::Bold,
            Style::Italic,
            Style::Underline,
            Style::Strike,
            Style::Spoiler,
            Style::Code,
            Style::Pre { language: Some("rust".to_owned()) },
            Style::Pre { language: None },
            Style::Quote,
            Style::Link { url: "https://shop.example/a".to_owned() },
        ];
        for style in styles {
            let before = vec![Span { from: 2, to: 5, style }];
            let sent = serde_json::to_string(&entities(&before)).unwrap();
            let read: Vec<Entity> = serde_json::from_str(&sent).unwrap();
            assert_eq!(spans(text, &read), before, "{sent}");
        }
        let link = |url: &str| Span { from: 0, to: 1, style: Style::Link { url: url.to_owned() } };
        let lost = [link("mailto:a@shop.example"), Span { from: 0, to: 1, style: Style::Mention }];
        assert_eq!(entities(&lost), []);
    }

    #[test]
    fn what_stands_in_an_entity_is_found_behind_an_emoji() {
        let at = |offset, length| {
            within("😀@bot", &entity(&format!(r#"{{"type":"mention","offset":{offset},"length":{length}}}"#)))
        };
        assert_eq!(at(2, 4), Some("@bot"));
        assert_eq!(at(1, 4), None);
        assert_eq!(at(2, 5), None);
    }
}
