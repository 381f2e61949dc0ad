//! How many segments a text costs, and where a text may be cut.
//!
//! One character outside of GSM-7 turns the whole message to UCS-2, at less than half the length.

use rapport_sdk::model::text;

/// How a text is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// 7 bits a character, 160 in one segment, 153 in each of several.
    Gsm7,
    /// 16 bits a unit, 70 in one segment, 67 in each of several.
    Ucs2,
}

/// What a text costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// How it is carried.
    pub encoding: Encoding,
    /// Septets or UTF-16 units.
    pub units: usize,
    /// How many segments; 0 for no text.
    pub segments: usize,
}

/// The basic table without the letters and digits of ASCII.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// What costs an escape and a second septet.
const EXTENSION: &str = "^{}\\[~]|€\u{c}";

/// Counts a text.
pub fn count(text: &str) -> Segments {
    let septets: Option<usize> = text.chars().map(septets).sum();
    let (encoding, units, alone, joined) = match septets {
        Some(units) => (Encoding::Gsm7, units, 160, 153),
        None => (Encoding::Ucs2, text.encode_utf16().count(), 70, 67),
    };
    let segments = if units <= alone { usize::from(units > 0) } else { fill(text, encoding, joined) };
    Segments { encoding, units, segments }
}

/// How many segments a text fills where a character of two units is never split.
fn fill(text: &str, encoding: Encoding, room: usize) -> usize {
    let mut segments = 1;
    let mut used = 0;
    for c in text.chars() {
        let cost = match encoding {
            Encoding::Gsm7 => septets(c).unwrap_or(1),
            Encoding::Ucs2 => c.len_utf16(),
        };
        if used + cost > room {
            segments += 1;
            used = 0;
        }
        used += cost;
    }
    segments
}

/// What a character costs in GSM-7; `None` where it is not in it.
fn septets(c: char) -> Option<usize> {
    if c.is_ascii_alphanumeric() || BASIC.contains(c) {
        Some(1)
    } else if EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// Cuts a text into pieces of at most `limit` UTF-16 units, at a space where there is one, and
/// never inside of what a person sees as one character where that can be told.
pub fn cut(text: &str, limit: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.encode_utf16().count() > limit {
        let (piece, after) = rest.split_at(border(rest, limit));
        pieces.push(piece.trim_end());
        rest = after.trim_start();
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The byte at which a text that is too long is cut: behind the last space that fits, else before
/// the last character that begins something.
fn border(text: &str, limit: usize) -> usize {
    let mut used = 0;
    let mut space = None;
    let mut character = None;
    let mut end = 0;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        if at > 0 && text::may_cut(previous, c) {
            character = Some(at);
        }
        if used + c.len_utf16() > limit {
            // What follows the text that fits may be a space itself: then all of it is used.
            if c.is_whitespace() {
                space = Some(at);
            }
            break;
        }
        used += c.len_utf16();
        end = at + c.len_utf8();
        if c.is_whitespace() {
            space = Some(end);
        }
        previous = c;
    }
    let useful = |at: &usize| !text[..*at].trim().is_empty();
    space.filter(useful).or(character).unwrap_or(end).max(text.chars().next().map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(text: &str) -> (Encoding, usize, usize) {
        let counted = count(text);
        (counted.encoding, counted.units, counted.segments)
    }

    #[test]
    fn plain_text_counts_160_alone_and_153_in_each_of_several() {
        assert_eq!(segments(""), (Encoding::Gsm7, 0, 0));
        assert_eq!(segments(&"a".repeat(160)), (Encoding::Gsm7, 160, 1));
        assert_eq!(segments(&"a".repeat(161)), (Encoding::Gsm7, 161, 2));
        assert_eq!(segments(&"a".repeat(306)), (Encoding::Gsm7, 306, 2));
        assert_eq!(segments(&"a".repeat(307)), (Encoding::Gsm7, 307, 3));
    }

    #[test]
    fn an_extension_character_costs_two_and_is_not_split() {
        assert_eq!(segments("€"), (Encoding::Gsm7, 2, 1));
        assert_eq!(segments(&"€".repeat(80)), (Encoding::Gsm7, 160, 1));
        assert_eq!(segments(&"€".repeat(81)), (Encoding::Gsm7, 162, 2));
        // 153 is odd: the 77th sign of a segment would be split, so a segment holds 76.
        assert_eq!(segments(&"€".repeat(153)), (Encoding::Gsm7, 306, 3));
    }

    #[test]
    fn one_curly_quote_turns_the_text_to_ucs_2() {
        assert_eq!(segments("it’s"), (Encoding::Ucs2, 4, 1));
        assert_eq!(segments(&"’".repeat(70)), (Encoding::Ucs2, 70, 1));
        assert_eq!(segments(&"’".repeat(71)), (Encoding::Ucs2, 71, 2));
        assert_eq!(segments(&"’".repeat(135)), (Encoding::Ucs2, 135, 3));
    }

    #[test]
    fn a_surrogate_pair_counts_two_units_and_is_not_split() {
        assert_eq!(segments(&"😀".repeat(35)), (Encoding::Ucs2, 70, 1));
        // 67 is odd: a segment holds 33 pairs.
        assert_eq!(segments(&"😀".repeat(67)), (Encoding::Ucs2, 134, 3));
    }

    #[test]
    fn a_long_text_is_cut_at_spaces_and_loses_nothing_else() {
        let text = "one two three four five six";
        assert_eq!(cut(text, 9), ["one two", "three", "four five", "six"]);
        assert_eq!(cut("short", 9), ["short"]);
        assert_eq!(cut("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    }

    #[test]
    fn a_cut_never_parts_a_pair_or_an_emoji_with_joiners() {
        let family = "👩\u{200d}👩\u{200d}👧";
        assert_eq!(cut(&format!("ab{family}"), 9), ["ab", family]);
        assert_eq!(cut("😀😀😀", 3), ["😀", "😀", "😀"]);
        assert_eq!(cut("ae\u{301}e\u{301}", 4), ["ae\u{301}", "e\u{301}"]);
    }

    #[test]
    fn a_single_thing_that_is_longer_than_the_limit_is_cut_and_does_not_hang() {
        let endless = format!("a{}", "\u{301}".repeat(20));
        assert_eq!(cut(&endless, 5).concat(), endless);
    }
}
