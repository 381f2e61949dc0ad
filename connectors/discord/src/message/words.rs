//! What of a message can be read: its text, and in words what is no text.

use rapport_sdk::model::rich::{Span, Style};

use super::record::{Embed, Named, Passed, Poll, Record, User};
use crate::markup::{self, Names};

/// A text that grows by paragraphs.
#[derive(Debug, Default)]
pub struct Words {
    /// The text.
    pub text: String,
    /// How it is dressed.
    pub spans: Vec<Span>,
}

impl Words {
    /// All that a message says, beneath `title` where it has one.
    pub fn of(record: &Record, title: Option<&str>) -> Self {
        let mut words = Self::default();
        if let Some(title) = title {
            let to = units(title);
            words.paragraph((title.to_owned(), vec![Span { from: 0, to, style: Style::Bold }]));
        }
        let names = names(record.mentions.iter(), record);
        words.paragraph(markup::read(&record.content, &names));
        for snapshot in &record.message_snapshots {
            words.passed(&snapshot.message, record);
        }
        words.poll(record.poll.as_ref());
        words.stickers(&record.sticker_items);
        words.embeds(&record.embeds, &names);
        words
    }

    fn passed(&mut self, passed: &Passed, record: &Record) {
        let names = names(passed.mentions.iter(), record);
        self.paragraph(markup::read(&passed.content, &names));
        self.stickers(&passed.sticker_items);
        self.embeds(&passed.embeds, &names);
    }

    fn poll(&mut self, poll: Option<&Poll>) {
        let Some(poll) = poll else { return };
        let mut text = format!("[Poll] {}", poll.question.text.as_deref().unwrap_or_default());
        for answer in &poll.answers {
            text.push_str("\n- ");
            text.push_str(answer.poll_media.text.as_deref().unwrap_or("(an emoji)"));
        }
        self.paragraph((text, Vec::new()));
    }

    fn stickers(&mut self, stickers: &[Named]) {
        for sticker in stickers {
            self.paragraph((format!("[Sticker] {}", sticker.name), Vec::new()));
        }
    }

    /// The cards that somebody wrote. Those that Discord makes of a link say what nobody did.
    fn embeds(&mut self, embeds: &[Embed], names: &Names) {
        for embed in embeds.iter().filter(|embed| embed.kind.as_deref().unwrap_or("rich") == "rich") {
            if let Some(title) = &embed.title {
                let (title, mut spans) = markup::read(title, names);
                let style = embed.url.clone().map_or(Style::Bold, |url| Style::Link { url });
                spans.push(Span { from: 0, to: units(&title), style });
                self.paragraph((title, spans));
            }
            self.paragraph(markup::read(embed.description.as_deref().unwrap_or_default(), names));
            for field in &embed.fields {
                self.paragraph(markup::read(&format!("{}: {}", field.name, field.value), names));
            }
        }
    }

    fn paragraph(&mut self, (text, spans): (String, Vec<Span>)) {
        if text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let from = units(&self.text);
        let moved = |span: Span| Span { from: span.from + from, to: span.to + from, style: span.style };
        self.spans.extend(spans.into_iter().map(moved));
        self.text.push_str(&text);
    }
}

fn names<'a>(users: impl Iterator<Item = &'a User>, record: &Record) -> Names {
    Names {
        users: users.filter_map(|user| Some((user.id.to_string(), user.name()?.to_owned()))).collect(),
        channels: record
            .mention_channels
            .iter()
            .map(|channel| (channel.id.to_string(), channel.name.clone()))
            .collect(),
    }
}

fn units(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX / 2)
}
