//! Which styles a letter may set on its elements: how words and boxes look and where they stand in the
//! flow. Nothing that fetches, that covers something else, or that depends on the size of the frame.

/// What may be set.
pub(super) const PROPERTIES: [&str; 71] = [
    "background",
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-top-style",
    "border-top-width",
    "border-width",
    "caption-side",
    "clear",
    "color",
    "direction",
    "display",
    "empty-cells",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "overflow-wrap",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
];
const FUNCTIONS: [&str; 4] = ["rgb", "rgba", "hsl", "hsla"];
/// Lengths that follow from the text or from paper. Those of the frame would let it grow without end.
const UNITS: [&str; 12] = ["px", "pt", "em", "rem", "ex", "ch", "in", "cm", "mm", "pc", "deg", ""];
const LONGEST_VALUE: usize = 200;
const MOST_DIGITS: usize = 4;

/// The declarations of a style attribute that may stand.
pub(super) fn safe(style: &str) -> Option<String> {
    let mut kept = String::new();
    for declaration in style.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if PROPERTIES.binary_search(&name.as_str()).is_ok() && is_plain(value) {
            kept.push_str(&name);
            kept.push(':');
            kept.push_str(value);
            kept.push(';');
        }
    }
    (!kept.is_empty()).then_some(kept)
}

/// Words, numbers, colours and names of fonts. No escape, comment or function can hide in what is left.
pub(super) fn is_plain(value: &str) -> bool {
    let known = |c: char| c.is_alphanumeric() || " #%.,()-+'\"!_/".contains(c);
    let fits = !value.is_empty() && value.len() <= LONGEST_VALUE;
    fits && value.chars().all(known)
        && !value.contains("/*")
        && are_quotes_closed(value)
        && value.matches('(').count() == value.matches(')').count()
        && value.match_indices('(').all(|(at, _)| {
            let before = &value[..at];
            let name = before.rsplit([' ', ',']).next().unwrap_or_default();
            FUNCTIONS.iter().any(|function| function.eq_ignore_ascii_case(name))
        })
        && value.split([' ', ',', '(', ')', '/']).all(is_measure)
}

fn are_quotes_closed(value: &str) -> bool {
    let mut open = None;
    for c in value.chars().filter(|c| "'\"".contains(*c)) {
        open = match open {
            None => Some(c),
            Some(quote) if quote == c => None,
            quote => quote,
        };
    }
    open.is_none()
}

/// Whether a word that begins like a number is one of a known unit and a likely size.
fn is_measure(word: &str) -> bool {
    let bare = word.trim_start_matches(['-', '+']);
    if !bare.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return true;
    }
    let number = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
    let (number, unit) = bare.split_at(number);
    let unit = unit.trim_end_matches("!important").to_ascii_lowercase();
    number.split('.').next().unwrap_or_default().len() <= MOST_DIGITS
        && (UNITS.contains(&unit.as_str()) || unit == "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_properties_are_sorted_because_they_are_searched() {
        assert!(PROPERTIES.is_sorted());
    }

    #[test]
    fn how_words_look_stays() {
        let style = "COLOR: #1e2vh5; font:bold 12px/1.4 \"Segoe UI\", 'Arial'; margin:0 -4px; width:100%!important; \
            background-color: rgba(0, 0, 0, .5)";
        assert_eq!(
            safe(style).unwrap(),
            "color:#1e2vh5;font:bold 12px/1.4 \"Segoe UI\", 'Arial';margin:0 -4px;width:100%!important;\
             background-color:rgba(0, 0, 0, .5);"
        );
    }

    #[test]
    fn what_fetches_covers_or_grows_goes() {
        for style in [
            "background:url(http://x.example/a.png)",
            "background:URL (x)",
            "background:\\75rl(x)",
            "background:u/**/rl(x)",
            "background:image-set('x' 1x)",
            "color:expression(alert(1))",
            "width:calc(100% + 1px)",
            "color:var(--x)",
            "--x:red",
            "position:fixed",
            "z-index:9",
            "behavior:x",
            "-moz-binding:x",
            "content:'x'",
            "min-height:100vh",
            "height:99999px",
            "height:100dvb",
            "font-family:'a",
            "color:red}body{color:blue",
            "color:<",
            "@import 'x'",
            "color",
            "",
        ] {
            assert_eq!(safe(style), None, "{style}");
        }
    }
}
