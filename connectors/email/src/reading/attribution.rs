//! Lines that name the author of a quote: "On Monday, Ann Lee wrote:", in the languages of the world.
//!
//! The data are the words for "wrote" as mail programs put them. A line with one of them and a date, or
//! with a date and an address, names an author; how sure that has to be depends on what follows it.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    line::{Hint, Line},
    words,
};

/// The longest attribution, in lines.
const MAX_LINES: usize = 4;
/// The longest attribution, in bytes.
const MAX_LEN: usize = 600;

/// "wrote" in the forms of mail programs. Words of scripts without blanks may stand within a run.
const WROTE: &str = "
wrote | writes | sent | said | schrieb | schrieben | geschrieben | schreibt | schreef | geschreven
a écrit | écrit | écrivait | escribió | escribio | escribía | ha escrit | va escriure | escribiu
ha scritto | scrive | scritto | escreveu | escreveram | a scris | scris | skrev | skreiv | følgende
skrifaði | ritaði | kirjoitti | kirjoitti seuraavasti | kirjutas | napisał | napisała | napisał(a)
napisał/a | pisze | napsal | napsala | napsal(a) | píše | napísal | napísala | napísal(a)
je napisal | je napisala | napisal | napisala | napisal/-a | napisao | napisala je | je napisao
je napisao/la | napisao/la | је написао | је написао/ла | написао | написала | написал | написал(а)
писал | писал(а) | пишет | пишете | написав | написав(ла) | написав/ла | пише | пишу | напісаў
напісала | написа | вы писали | пиша | rakstīja | rašė | parašė | írta | ezt írta
a következőt írta | έγραψε | έγραψαν | yazdı | şunu yazdı | şunları yazdı | yazmış | yazıb
yazdı ki | shkroi | ka shkruar | كتب | كتبت | كتب/ت | تمت كتابة | نوشت | نوشته است | نوشتند
نے لکھا | כתב | כתבה | כתב/ה | ‏כתב | מאת | ने लिखा | लिखा | লিখেছেন | எழுதியது | எழுதினார்
เขียนว่า | เขียน | đã viết | viết | menulis | bertulis | sumulat | isinulat | aliandika
het geskryf | skryf | geskryf | 写道 | 寫道 | 写到 | 寫了 | 撰写 | のメール | は書きました | が書きました | さんは書きました | 書いた
書き込みました | 님이 작성 | 작성 | 님이 쓴 글 | 씀 | idatzi du | igorleak hau idatzi zuen | ysgrifennodd | scríobh
დაწერა | გრել է | գրել է | գրեց
";

/// Words with which an attribution begins: a line that ends in the midst of one may begin so.
const LEADS: &[&str] = &[
    "on ",
    "at ",
    "in message",
    "am ",
    "le ",
    "el ",
    "il ",
    "il giorno",
    "em ",
    "a ",
    "op ",
    "den ",
    "på ",
    "dnia ",
    "w dniu",
    "dne ",
    "dňa ",
    "στις ",
    "στη ",
    "в ",
    "на ",
    "у ",
    "vào ",
    "pada ",
    "في ",
    "ב",
    "בתאריך",
    "la data",
    "în ",
    "2",
    "pe ",
    "u ",
    "kl",
    "fri",
    "mon",
    "tue",
    "wed",
    "thu",
    "sat",
    "sun",
];

static VERB: LazyLock<Regex> = LazyLock::new(|| {
    let bounded = |word: &str| word.chars().next().is_some_and(|c| c.is_alphabetic() && (c as u32) < 0x0590);
    let mut words: Vec<&str> = words::of(WROTE).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let words: Vec<String> = words
        .iter()
        .map(|word| if bounded(word) { format!(r"\b{}", regex::escape(word)) } else { regex::escape(word) })
        .collect();
    Regex::new(&format!("(?i)(?:{})", words.join("|"))).expect("a pattern of escaped words")
});

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9٠-٩۰-۹]{1,2}[:.hH時시点點]\s?[0-9٠-٩۰-۹]{2}|[0-9]{1,2}\s?(?:[AaPp]\.?[Mm]\b)|[0-9]\s?(?:uhr|Uhr|klo)")
        .expect("a valid pattern")
});
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:19|20)[0-9][0-9]\b|[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}|[0-9]{1,2}[./-][^\s0-9./-]{3,9}[./-][0-9]{2,4}|[0-9]+\s?[年月년월]|[٠-٩۰-۹]{1,4}|25[0-9][0-9]").expect("a valid pattern")
});
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[^\s<>@,;:]+@[^\s<>@,;:]+").expect("a valid pattern"));
/// A full date at the start of the line, an author behind it, and no verb: old Gmail, Notes.
static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}\s+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?\s+(?:GMT|UTC)[+-][0-9]{1,2}:?[0-9]{2}\s+\S",
    )
    .expect("a valid pattern")
});
/// A date, a name and an address, and nothing else.
static DATED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2} [^<>]{1,80}<[^<>\s]+@[^<>\s]+>:?$")
        .expect("a valid pattern")
});
/// A name and an address; the verb has to follow.
static NAMED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[^<>:]{1,60}<[^<>\s]+@[^<>\s]+>\s*").expect("a valid pattern"));
static SHARED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\s|-{2,}\s*)(On\s(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s.*)$").expect("a valid pattern")
});

/// An attribution: the lines from `from` up to and with `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribution {
    /// The first line.
    pub(super) from: usize,
    /// The last line.
    pub(super) to: usize,
    /// Whether it stands for itself, though no quote marks follow.
    pub(super) is_strong: bool,
    /// Where it begins within its first line, which may end the answer.
    pub(super) offset: usize,
}

/// Whether a line can be the last one of an attribution: a cheap look.
pub(super) fn may_end(line: &Line<'_>) -> bool {
    let text = line.text.trim_end_matches(['*', '_', ' ', '\u{a0}']);
    text.ends_with([':', '：', '-', '>', ')'])
        || line.hint == Hint::Attribution
        || text.ends_with("wrote")
        || text.ends_with("作成")
        || text.starts_with(|c: char| c.is_ascii_digit())
}

/// The attribution that ends on line `at`, if one does. `is_marked`: quoted lines follow.
pub(super) fn ending_at(lines: &[Line<'_>], at: usize, is_marked: bool) -> Option<Attribution> {
    let last = lines.get(at)?;
    if last.is_quoted() || last.is_blank() || last.text.len() > MAX_LEN || !may_end(last) {
        return None;
    }
    if last.hint == Hint::Attribution {
        let from = (0..at)
            .rev()
            .take_while(|&i| lines.get(i).is_some_and(|line| line.hint == Hint::Attribution))
            .last();
        return Some(Attribution { from: from.unwrap_or(at), to: at, is_strong: true, offset: 0 });
    }
    let mut joined = String::new();
    let mut weak = None;
    for from in (at.saturating_sub(MAX_LINES - 1)..=at).rev() {
        let line = lines.get(from)?;
        if line.is_blank() || line.is_quoted() || joined.len() + line.text.len() > MAX_LEN {
            break;
        }
        joined = if joined.is_empty() { line.text.to_owned() } else { format!("{} {joined}", line.text) };
        let Some(is_strong) = judge(&joined, is_marked) else { continue };
        let mut found = Attribution { from, to: at, is_strong, offset: 0 };
        if !is_strong {
            // The date may stand on a line above.
            weak = weak.or(Some(found));
            continue;
        }
        found.offset = offset_within(line);
        if found.offset == 0 {
            found.from = extend(lines, from);
        }
        return Some(found);
    }
    weak
}

/// Whether a joined line is an attribution, and then whether it is a strong one.
fn judge(text: &str, is_marked: bool) -> Option<bool> {
    let trimmed = text.trim_end_matches(['*', '_', ' ', '\u{a0}', '"']);
    let ends_open = trimmed.ends_with([':', '：']);
    // Most lines end here: prose that is followed by no quote, without a number and an address.
    let has_number = text.bytes().any(|byte| byte.is_ascii_digit() || byte == b'@')
        || !text.is_ascii() && text.chars().any(char::is_numeric);
    if !has_number && !is_marked {
        return None;
    }
    let ends_rule = trimmed.starts_with("---") && trimmed.ends_with("---");
    if STAMP.is_match(text) || DATED.is_match(text) || is_named(text) {
        return Some(true);
    }
    let verb = VERB.find(text);
    let ends_with_verb = verb.is_some_and(|verb| {
        trimmed.get(verb.end()..).is_none_or(|rest| rest.chars().filter(|c| c.is_alphanumeric()).count() <= 4)
    });
    let has_time = TIME.is_match(text);
    let has_address = ADDRESS.is_match(text) || text.contains("<mailto:");
    let has_date = DATE.is_match(text) || has_time;
    let is_dated = has_date && (has_time || has_address);
    match verb {
        Some(_) if ends_rule && (is_dated || is_marked) => Some(true),
        Some(_) if (ends_open || ends_with_verb) && is_dated => Some(true),
        Some(_) if is_marked && (ends_open || ends_with_verb) && text.len() <= 200 => Some(false),
        Some(_)
            if ends_open
                && has_date
                && DATE.is_match(text)
                && text.len() <= 160
                && ends_with_verb
                && text.split_whitespace().count() > 5 =>
        {
            Some(true)
        }
        None if ends_open && is_dated && is_marked && has_address => Some(true),
        None if ends_open && has_time && DATE.is_match(text) && is_marked => Some(false),
        None if ends_open && has_time && has_address && DATE.is_match(text) => Some(true),
        None if is_marked && has_date && has_time && has_address => Some(true),
        _ => None,
    }
}

/// "Ann Lee <ann@shop.example> wrote:" and nothing else.
fn is_named(text: &str) -> bool {
    if !text.ends_with([':', '：']) {
        return false;
    }
    let Some(rest) = NAMED.find(text).and_then(|named| text.get(named.end()..)) else { return false };
    VERB.find(rest).is_some_and(|verb| {
        verb.start() == 0 && rest.get(verb.end()..).unwrap_or_default().trim().chars().count() == 1
    })
}

/// Whether a quoted line names an author: then its quote is a whole mail.
pub(super) fn is_quoted_one(line: &Line<'_>) -> bool {
    line.text.len() <= MAX_LEN && may_end(line) && judge(line.text, true) == Some(true)
}

/// Where an attribution begins that shares its line with the end of the answer.
fn offset_within(line: &Line<'_>) -> usize {
    let Some(found) =
        SHARED.captures(line.text).and_then(|captures| Some((captures.get(0)?.start(), captures.get(1)?)))
    else {
        return 0;
    };
    let lead = line.text.get(..found.0).unwrap_or_default();
    if lead.trim_matches(|c: char| !c.is_alphanumeric()).is_empty() {
        return 0;
    }
    line.raw.find(line.text).map_or(0, |start| start + found.0)
}

/// The line before belongs to it where it begins as an attribution does and ends in its midst.
fn extend(lines: &[Line<'_>], from: usize) -> usize {
    let Some(before) = from.checked_sub(1).and_then(|at| lines.get(at)) else { return from };
    if before.is_blank()
        || before.is_quoted()
        || before.text.len() > 100
        || before.text.ends_with(['.', '!', '?', ':'])
    {
        return from;
    }
    let folded = before.text.to_lowercase();
    let begins = LEADS.iter().any(|lead| folded.starts_with(lead));
    let goes_on =
        before.text.ends_with([',', '<']) || lines.get(from).is_some_and(|line| line.text.starts_with('<'));
    if begins && goes_on && folded.chars().any(char::is_numeric)
        || begins && before.text.ends_with(',') && folded.len() < 20
    {
        from - 1
    } else {
        from
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::line;

    fn is_one(text: &str, is_marked: bool) -> bool {
        let lines = line::split(text, &Vec::new());
        ending_at(&lines, lines.len() - 1, is_marked).is_some()
    }

    #[test]
    fn attributions_of_many_languages_stand_for_themselves() {
        for text in [
            "On Mon, 16 Nov 2026 at 09:14, Ann Lee <ann@shop.example> wrote:",
            "Am 16.11.2026 um 09:14 schrieb Ann Lee:",
            "Le lun. 16 nov. 2026 à 09:14, Ann <ann@shop.example> a écrit :",
            "El lun, 16 nov 2026 a las 9:14, Ann (<ann@shop.example>) escribió:",
            "Il giorno lun 16 nov 2026 alle ore 09:14 Ann <ann@shop.example> ha scritto:",
            "Em seg., 16 de nov. de 2026 às 09:14, Ann <ann@shop.example> escreveu:",
            "Op ma 16 nov 2026 om 09:14 schreef Ann <ann@shop.example>:",
            "Den mån 16 nov. 2026 kl 09:14 skrev Ann <ann@shop.example>:",
            "ma 16. marrask. 2026 klo 9.14 Ann (ann@shop.example) kirjoitti:",
            "pon., 16 lis 2026 o 09:14 Ann <ann@shop.example> napisał(a):",
            "po 16. 11. 2026 v 9:14 odesílatel Ann <ann@shop.example> napsal:",
            "пн, 16 нояб. 2026 г. в 09:14, Ann <ann@shop.example>:",
            "пн, 16 лист. 2026 р. о 09:14 Ann <ann@shop.example> пише:",
            "Στις Δευ 16 Νοε 2026 στις 9:14 π.μ., ο χρήστης Ann <ann@shop.example> έγραψε:",
            "Ann <ann@shop.example>, 16 Kas 2026 Pzt, 09:14 tarihinde şunu yazdı:",
            "2026年11月16日(月) 9:14 Ann <ann@shop.example>:",
            "2026年11月16日 09:14，Ann <ann@shop.example> 写道：",
            "2026년 11월 16일 (월) 오전 9:14, Ann <ann@shop.example>님이 작성:",
            "ב-16 בנוב׳ 2026, בשעה 9:14, Ann <ann@shop.example> כתב/ה:",
            "في الاثنين، 16 نوفمبر 2026 في 9:14 ص كتب Ann <ann@shop.example>:",
            "Vào Th 2, 16 thg 11, 2026 vào lúc 09:14 Ann <ann@shop.example> đã viết:",
            "Pada tanggal Sen, 16 Nov 2026 pukul 09.14 Ann <ann@shop.example> menulis:",
            "Ann <ann@shop.example> ezt írta (időpont: 2026. nov. 16., H, 9:14):",
            "În lun., 16 nov. 2026 la 09:14, Ann <ann@shop.example> a scris:",
            "---- On Mon, 16 Nov 2026 09:14:00 +0530 Ann <ann@shop.example> wrote ----",
        ] {
            assert!(is_one(text, false), "{text}");
        }
    }

    #[test]
    fn prose_names_no_author() {
        assert!(!is_one("On Monday, you wrote:", false));
        assert!(!is_one("the shell says:", true));
        assert!(!is_one("Please deliver on 16.11.2026 at 9:14:", false));
    }

    #[test]
    fn an_attribution_may_take_several_lines() {
        let text =
            "Thanks\nOn Mon, 16 Nov 2026 at 09:14, Ann Lee via Harbour Lane <\nann@shop.example> wrote:";
        let lines = line::split(text, &Vec::new());
        let found = ending_at(&lines, 2, false).unwrap();
        assert_eq!((found.from, found.to), (1, 2));
    }
}
