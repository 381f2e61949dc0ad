//! Where a text that is too long is cut: at words, beside what is dressed, never within a character.

use rapport_sdk::model::{
    rich::{Span, within},
    text,
};

/// A piece of a text with its dress, counted from its own beginning.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The words.
    pub text: &'a str,
    /// How they are dressed.
    pub spans: Vec<Span>,
}

/// Cuts a text into pieces of at most `limit` UTF-16 units, the first of at most `first`. Together they
/// hold all of it, but for a stretch of white space that would be a piece of its own.
pub fn cut<'a>(text: &'a str, spans: &[Span], first: u32, limit: u32) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let (mut rest, mut begin) = (text, 0);
    while !rest.is_empty() {
        let room = if pieces.is_empty() { first } else { limit };
        let ahead = within(spans, begin, u32::MAX);
        let (piece, after) = rest.split_at(border(rest, &ahead, room));
        let end = begin.saturating_add(units(piece));
        if !text::is_blank(piece) {
            pieces.push(Piece { text: piece, spans: within(spans, begin, end) });
        }
        (rest, begin) = (after, end);
    }
    pieces
}

/// The length of a text as Telegram counts it.
pub fn units(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

/// How good a place is to cut at, from bad to good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    /// Between two units of one emoji: only where nothing else is left.
    Any,
    /// Within a word.
    Character,
    /// Behind a space, within what is dressed: both halves keep the dress.
    Word,
    /// Beside what is dressed, within a word.
    Edge,
    /// Behind a space, beside what is dressed.
    Clear,
}

/// The byte behind which the first piece ends.
fn border(text: &str, spans: &[Span], limit: u32) -> usize {
    let mut used = 0;
    let mut best = None;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        if at > 0 {
            let grade = grade(used, previous, c, spans, limit);
            // Of two places that are as good, the later one.
            if best.is_none_or(|(known, _)| grade >= known) && !text::is_blank(&text[..at]) {
                best = Some((grade, at));
            }
        }
        used += u32::try_from(c.len_utf16()).unwrap_or(u32::MAX);
        if used > limit {
            return best.map_or_else(|| at.max(c.len_utf8()), |(_, at)| at);
        }
        previous = c;
    }
    text.len()
}

fn grade(at: u32, before: char, after: char, spans: &[Span], limit: u32) -> Grade {
    // What is longer than a piece has to be cut somewhere.
    let is_inside = spans.iter().any(|span| span.from < at && at < span.to && span.to - span.from <= limit);
    let is_edge = spans.iter().any(|span| span.from == at || span.to == at);
    let is_word = before.is_whitespace();
    match (is_inside, is_word, is_edge) {
        (false, true, _) => Grade::Clear,
        (false, false, true) => Grade::Edge,
        (true, true, _) => Grade::Word,
        _ if text::may_cut(before, after) => Grade::Character,
        _ => Grade::Any,
    }
}

#[cfg(test)]
mod tests {
    use rapport_sdk::model::rich::Style;

    use super::*;

    fn bold(from: u32, to: u32) -> Span {
        Span { from, to, style: Style::Bold }
    }

    fn texts<'a>(text: &'a str, spans: &[Span], limit: u32) -> Vec<&'a str> {
        cut(text, spans, limit, limit).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn a_text_is_cut_behind_the_last_space_that_fits() {
        assert_eq!(texts("one two three", &[], 9), ["one two ", "three"]);
        assert_eq!(texts("one two", &[], 7), ["one two"]);
        assert_eq!(texts("onetwo", &[], 4), ["onet", "wo"]);
        assert_eq!(texts("", &[], 4), [""; 0]);
    }

    #[test]
    fn no_character_is_cut_however_it_is_built() {
        assert_eq!(texts("a😀😀", &[], 4), ["a😀", "😀"]);
        assert_eq!(texts("ae\u{301}", &[], 2), ["a", "e\u{301}"]);
        let family = "👩\u{200d}👩\u{200d}👧";
        assert_eq!(texts(&format!("ab{family}"), &[], 9), ["ab", family]);
        // Longer than a piece: between characters at least.
        assert_eq!(texts(family, &[], 3).concat(), family);
        assert_eq!(texts("😀", &[], 1), ["😀"]);
    }

    #[test]
    fn what_is_dressed_stays_whole_where_it_fits_into_a_piece() {
        assert_eq!(texts("one two three four", &[bold(4, 13)], 10), ["one ", "two three ", "four"]);
        assert_eq!(texts("onetwothree", &[bold(3, 9)], 7), ["one", "twothr", "ee"]);
    }

    #[test]
    fn what_is_dressed_and_longer_than_a_piece_goes_on_in_the_next_one() {
        let pieces = cut("one two three", &[bold(0, 13)], 8, 8);
        assert_eq!(
            pieces,
            [
                Piece { text: "one two ", spans: vec![bold(0, 8)] },
                Piece { text: "three", spans: vec![bold(0, 5)] },
            ]
        );
    }

    #[test]
    fn the_first_piece_has_a_limit_of_its_own_and_white_space_is_no_piece() {
        let pieces: Vec<_> = cut("one two three", &[], 4, 9).into_iter().map(|piece| piece.text).collect();
        assert_eq!(pieces, ["one ", "two three"]);
        assert_eq!(texts(&format!("a {} b", " ".repeat(20)), &[], 4), ["a   ", "   b"]);
    }
}
