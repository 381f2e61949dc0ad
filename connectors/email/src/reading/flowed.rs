//! Text whose lines flow (RFC 3676): soft line ends are joined, within the same depth of quotes.

use mail_parser::{MessagePart, MimeHeaders};

/// Joins the lines of a part that says that it flows; other text stays as it is.
pub(super) fn unflow(part: &MessagePart<'_>, text: String) -> String {
    let attribute = |name| part.content_type().and_then(|kind| kind.attribute(name));
    if !attribute("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed")) {
        return text;
    }
    join(&text, attribute("delsp").is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes")))
}

fn join(text: &str, drops_blank: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let depth = line.bytes().take_while(|&byte| byte == b'>').count();
        let content = line.get(depth..).unwrap_or_default();
        let content = content.strip_prefix(' ').unwrap_or(content);
        let is_delimiter = content == "-- ";
        if open == Some(depth) && !is_delimiter {
            // The line before ended softly: this one goes on.
        } else {
            if !out.is_empty() {
                out.push('\n');
            }
            if depth > 0 {
                out.extend(std::iter::repeat_n('>', depth));
                out.push(' ');
            } else if content.starts_with('>') {
                out.push(' ');
            }
        }
        let is_soft = content.ends_with(' ') && !is_delimiter;
        out.push_str(if is_soft && drops_blank {
            content.strip_suffix(' ').unwrap_or(content)
        } else {
            content
        });
        open = is_soft.then_some(depth);
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_line_ends_are_joined_within_a_depth() {
        assert_eq!(join("one \ntwo\n> a \n> b\n-- \nme", false), "one two\n> a b\n-- \nme\n");
        assert_eq!(join("wor \nd", true), "word\n");
        assert_eq!(join(" From here\n", false), "From here\n");
    }
}
