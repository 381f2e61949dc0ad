//! Messages that are made of blocks (<https://core.telegram.org/bots/api#richmessage>), as plain lines.

use serde_json::Value;

/// The words of all blocks, one line each, without their dress. What is no text (a picture in the midst)
/// stays in the raw form.
pub fn words(message: &Value) -> String {
    let mut text = String::new();
    lines(message, &mut text);
    text.trim_end().to_owned()
}

fn lines(block: &Value, text: &mut String) {
    let begin = text.len();
    for name in ["label", "summary", "text", "expression"] {
        if let Some(inner) = block.get(name) {
            inline(inner, text);
            if name == "label" {
                text.push(' ');
            }
        }
    }
    if text.len() > begin {
        text.push('\n');
    }
    for row in array(block, "cells") {
        for cell in row.as_array().into_iter().flatten() {
            inline(cell, text);
            text.push('\t');
        }
        text.push('\n');
    }
    for name in ["blocks", "items"] {
        array(block, name).for_each(|inner| lines(inner, text));
    }
    for name in ["caption", "credit"] {
        if let Some(inner) = block.get(name) {
            inline(inner, text);
            text.push('\n');
        }
    }
}

fn array<'a>(block: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    block.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// A text is words, or a row of texts, or a dressed text.
fn inline(value: &Value, text: &mut String) {
    match value {
        Value::String(words) => text.push_str(words),
        Value::Array(parts) => parts.iter().for_each(|part| inline(part, text)),
        Value::Object(fields) => {
            let inner = ["text", "alternative_text", "expression"].iter().find_map(|name| fields.get(*name));
            if let Some(inner) = inner {
                inline(inner, text);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_is_a_line_of_plain_words() {
        let message = serde_json::json!({"blocks": [
            {"type": "heading", "size": 1, "text": "My order"},
            {"type": "paragraph", "text": ["Where is ", {"type": "bold", "text": ["A-", {"type": "italic", "text": "1"}]}, "?"]},
            {"type": "list", "items": [{"label": "1.", "blocks": [{"type": "paragraph", "text": "first"}]}]},
            {"type": "table", "cells": [[{"text": "a"}, {"text": "b"}]]},
            {"type": "divider"},
            {"type": "photo", "photo": [], "caption": {"text": "below"}},
        ]});
        assert_eq!(words(&message), "My order\nWhere is A-1?\n1. \nfirst\na\tb\t\nbelow");
        assert_eq!(words(&serde_json::json!(["nonsense", 1])), "");
    }
}
