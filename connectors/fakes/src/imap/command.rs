//! A command, taken apart: its tag, its name, its arguments.

use std::io;

use super::wire::Wire;

/// A command of a client.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) tag: String,
    /// In upper case; with `UID` before it where it is one of those.
    pub(super) name: String,
    pub(super) arguments: Vec<Vec<u8>>,
}

impl Command {
    /// Reads the next one, its literals included (RFC 3501 section 4.3, and LITERAL+ of RFC 7888).
    pub(super) async fn read(wire: &mut Wire) -> io::Result<Self> {
        let mut arguments = Vec::new();
        loop {
            let line = wire.line().await?;
            let (text, literal) = split_literal(&line);
            words(text, &mut arguments);
            let Some((count, waits)) = literal else { break };
            if waits {
                wire.write(b"+ go ahead\r\n").await?;
            }
            arguments.push(wire.bytes(count).await?);
        }
        let mut arguments = arguments.into_iter();
        let mut word = || {
            let word = arguments.next().unwrap_or_default();
            String::from_utf8_lossy(&word).into_owned()
        };
        let (tag, mut name) = (word(), word().to_ascii_uppercase());
        if name == "UID" {
            name = format!("UID {}", word().to_ascii_uppercase());
        }
        Ok(Self { tag, name, arguments: arguments.collect() })
    }

    /// An argument as text; empty where it is missing.
    pub(super) fn text(&self, index: usize) -> String {
        self.arguments.get(index).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    }

    /// The folder that the argument names; all ways of writing INBOX are one.
    pub(super) fn folder(&self, index: usize) -> String {
        let name = self.text(index);
        if name.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { name }
    }
}

/// What stands before `{n}` or `{n+}` at the end of a line, n, and whether the client waits.
fn split_literal(line: &[u8]) -> (&[u8], Option<(usize, bool)>) {
    let found = line.strip_suffix(b"}").and_then(|rest| {
        let open = rest.iter().rposition(|&byte| byte == b'{')?;
        let number = std::str::from_utf8(&rest[open + 1..]).ok()?;
        let count = number.trim_end_matches('+').parse().ok()?;
        Some((&line[..open], (count, !number.ends_with('+'))))
    });
    found.map_or((line, None), |(text, literal)| (text, Some(literal)))
}

/// Words, quoted strings without their quotes, and lists in one piece.
fn words(text: &[u8], into: &mut Vec<Vec<u8>>) {
    let (mut word, mut depth, mut quoted, mut escaped, mut any) = (Vec::new(), 0, false, false, false);
    for &byte in text {
        match byte {
            _ if escaped => {
                word.push(byte);
                escaped = false;
            }
            b'\\' if quoted => escaped = true,
            b'"' if depth == 0 => {
                quoted = !quoted;
                any = true;
            }
            b' ' if !quoted && depth == 0 => {
                if any || !word.is_empty() {
                    into.push(std::mem::take(&mut word));
                }
                any = false;
            }
            _ => {
                if !quoted {
                    match byte {
                        b'(' | b'[' => depth += 1,
                        b')' | b']' => depth -= 1,
                        _ => {}
                    }
                }
                word.push(byte);
            }
        }
    }
    if any || !word.is_empty() {
        into.push(word);
    }
}

/// The numbers of a sequence set that are in `known`, which ascends; `*` is its last.
pub(super) fn numbers(set: &str, known: &[u32]) -> Vec<u32> {
    let last = known.last().copied().unwrap_or(0);
    let number = |text: &str| if text == "*" { Some(last) } else { text.parse().ok() };
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for piece in set.split(',') {
        let (from, to) = piece.split_once(':').unwrap_or((piece, piece));
        if let (Some(from), Some(to)) = (number(from), number(to)) {
            ranges.push((from.min(to), from.max(to)));
        }
    }
    let holds = |uid: &u32| ranges.iter().any(|(from, to)| (from..=to).contains(&uid));
    known.iter().copied().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_at_blanks_outside_of_quotes_and_lists() {
        let mut found = Vec::new();
        words(b"R1 UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (TO CC)]<0.5>) \"a \\\"b\"", &mut found);
        let found: Vec<_> = found.iter().map(|word| String::from_utf8_lossy(word)).collect();
        assert_eq!(
            found,
            ["R1", "UID", "FETCH", "1:*", "(UID BODY.PEEK[HEADER.FIELDS (TO CC)]<0.5>)", "a \"b"]
        );
        assert_eq!(split_literal(b"x {12}"), (&b"x "[..], Some((12, true))));
        assert_eq!(split_literal(b"x {3+}"), (&b"x "[..], Some((3, false))));
    }

    #[test]
    fn a_star_is_the_last_number_also_where_the_range_begins_above_it() {
        assert_eq!(numbers("5:*", &[1, 2, 3]), [3]);
        assert_eq!(numbers("1,3:9", &[1, 2, 3, 7]), [1, 3, 7]);
    }
}
