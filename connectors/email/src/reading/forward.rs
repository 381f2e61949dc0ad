//! Forwarded mail: what is forwarded is the message.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    attribution, header_block,
    line::{self, Hint, Line},
    words,
};

/// Prefixes of the subject with which programs say so, in lower case.
const PREFIXES: &[&str] = &[
    "fw",
    "fwd",
    "wg",
    "tr",
    "rv",
    "enc",
    "i",
    "r",
    "doorst",
    "fs",
    "vs",
    "vb",
    "vl",
    "vb",
    "pd",
    "pds",
    "ynt",
    "ilt",
    "ilet",
    "továbbítás",
    "转发",
    "轉寄",
    "转寄",
    "転送",
    "전달",
    "fwd:",
    "הועבר",
    "إعادة توجيه",
    "πρθ",
    "redir",
    "doorgestuurd",
    "weitergeleitet",
    "tfwd",
    "chuyển tiếp",
    "пересл",
    "fw:",
    "изпр",
    "prosl",
    "trs",
];
/// How many lines are looked at closely; hostile mail has more.
const MAX_CANDIDATES: usize = 500;

/// Those of [`PREFIXES`] that mean an answer elsewhere.
const AMBIGUOUS: &[&str] = &["r", "i", "vs", "ynt", "tr"];

/// What stands between the rules above a forwarded mail, or alone on its line, in lower case.
const PHRASES: &str = "
forwarded message | forwarded by | forwarded mail | begin forwarded message
start of forwarded message | forwarded email | forward message | weitergeleitete nachricht
anfang der weitergeleiteten nachricht | anfang der weitergeleiteten e-mail | weitergeleitete mail
weitergeleitet von | message transféré | message transmis | début du message transféré
début du message réexpédié | mail transféré | courriel transféré | mensaje reenviado
inicio del mensaje reenviado | comienzo del mensaje reenviado | mensagem encaminhada
mensagem reencaminhada | início da mensagem encaminhada | início da mensagem reenviada
missatge reenviat | messaggio inoltrato | inizio messaggio inoltrato | messaggio inoltrato da
inizio del messaggio inoltrato | doorgestuurd bericht | begin doorgestuurd bericht
begin van doorgestuurd bericht | videresendt meddelelse | videresendt besked
start på videresendt besked | videresendt melding | start på videresendt melding
vidarebefordrat meddelande | vidarebefordrat mejl | vidarebefordrat brev
början på vidarebefordrat brev | välitetty viesti | edelleenlähetetty viesti
edelleen lähetetty viesti | välitetty viesti alkaa | áframsent skeyti | wiadomość przekazana
przekazana wiadomość | początek przekazanej wiadomości | treść przekazanej wiadomości
přeposlaná zpráva | začátek přeposílané zprávy | přeposlaná zpráva začíná | preposlaná správa
začiatok preposlanej správy | proslijeđena poruka | prosleđena poruka | posredovano sporočilo
пересылаемое сообщение | пересланное сообщение | перенаправленное сообщение
начало переадресованного сообщения | начало пересылаемого сообщения | переслане повідомлення
початок переадресованого повідомлення | препратено съобщение | továbbított üzenet
továbbított levél | προωθημένο μήνυμα | αρχή προωθημένου μηνύματος | yönlendirilmiş ileti
yönlendirilen ileti | iletilen mesaj | iletilmiş mesaj | iletilen ileti başlangıcı
mesaj redirecționat | mesajul redirecționat | început mesaj redirecționat | pārsūtītais ziņojums
persiųstas laiškas | edastatud kiri | رسالة معاد توجيهها | بداية الرسالة المعاد توجيهها
الرسالة المحولة | رسالة محوّلة | پیام بازارسال شده | הודעה שהועברה | תחילת ההודעה המועברת
अग्रेषित संदेश | ข้อความที่ส่งต่อ | thư đã chuyển tiếp | tin nhắn chuyển tiếp | pesan terusan
pesan yang diteruskan | mesej dimajukan | 转发的邮件 | 转发邮件 | 转发的消息 | 已转发邮件 | 轉寄郵件 | 轉寄的郵件 | 已轉寄的郵件
转发的邮件信息 | 転送されたメッセージ | 転送メッセージ | 転送メール | 転送元 | 전달된 메시지 | 전달된 메일 | 전달된 이메일
";

static PHRASE: LazyLock<Regex> = LazyLock::new(|| words::pattern("^", PHRASES));

/// Whether the subject's first prefix says that the mail is forwarded.
pub(super) fn is_named_so(subject: &str) -> bool {
    let front = subject.trim_start().trim_start_matches('[');
    let front = front.get(..front.floor_char_boundary(32)).unwrap_or(front);
    let Some((prefix, _)) = front.split_once([':', '：', ']']) else { return false };
    let prefix = prefix.trim().to_lowercase();
    PREFIXES.contains(&prefix.as_str()) && !AMBIGUOUS.contains(&prefix.as_str())
        || prefix == "tr" && subject.trim_start().starts_with("TR")
}

/// The line where what is forwarded begins, with the line that says so.
pub(super) fn start(lines: &[Line<'_>], is_named_so: bool) -> Option<usize> {
    let mut was_quoted = false;
    let mut candidates = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.is_blank() {
            continue;
        }
        let begins_quote = line.is_quoted() && !was_quoted;
        was_quoted = line.is_quoted();
        if line.is_quoted() && !begins_quote {
            continue;
        }
        if may_announce(line.text) && candidates < MAX_CANDIDATES {
            candidates += 1;
            if is_announcement(lines, at, line) {
                return Some(at);
            }
        }
        if line.is_quoted() {
            continue;
        }
        // Once an answer quotes, what it quotes may have been forwarded earlier.
        let has_block = header_block::begins_at(lines, at, false);
        let is_original = || header_block::is_original(line.text, || next_block(lines, at));
        if has_block || line.hint == Hint::Cut || is_original() {
            return is_named_so.then_some(at);
        }
        if !is_named_so && line.text.ends_with([':', '：']) && is_followed_by_quote(lines, at) {
            candidates += 1;
            if candidates > MAX_CANDIDATES || attribution::ending_at(lines, at, true).is_some() {
                return None;
            }
        }
    }
    None
}

fn is_followed_by_quote(lines: &[Line<'_>], at: usize) -> bool {
    lines.iter().skip(at + 1).take(4).find(|line| !line.is_blank()).is_some_and(Line::is_quoted)
}

/// Whether a header block follows within the next lines.
pub(super) fn next_block(lines: &[Line<'_>], at: usize) -> bool {
    let next = lines.iter().enumerate().skip(at + 1).take(5).find(|(_, line)| !line.is_blank());
    next.is_some_and(|(next, _)| header_block::begins_at(lines, next, true))
}

/// A cheap look before [`is_announcement`].
fn may_announce(text: &str) -> bool {
    text.len() <= 200 && (RULES.iter().any(|rule| text.starts_with(rule)) || text.ends_with([':', '：']))
}

/// How a line begins that holds more than words.
const RULES: &[&str] = &["--", "__", "==", "**", "- ", "—", "–", "─", "━", "~~", "<<"];

fn is_announcement(lines: &[Line<'_>], at: usize, line: &Line<'_>) -> bool {
    let text = line.text;
    let has_rule = text.starts_with(['-', '_', '=', '*', '—', '–', '─', '━', '~', '<']);
    let is_alone = text.ends_with([':', '：']);
    if !has_rule && !is_alone {
        return false;
    }
    let inner =
        line::trim(text.trim_matches(['-', '_', '=', '*', '—', '–', '─', '━', '~', ' ', '<', '>', '\u{a0}']));
    if inner.is_empty() {
        return false;
    }
    let folded = inner.to_lowercase();
    let folded = folded.trim_end_matches([':', '：', ' ', '\u{a0}']);
    let Some(known) = PHRASE.find(folded).filter(|known| folded.len() < known.end() + 60) else {
        return false;
    };
    has_rule
        || is_alone && next_block(lines, at)
        || folded.starts_with("begin")
        || known.end() == folded.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start_of(text: &str, is_named_so: bool) -> Option<usize> {
        start(&line::split(text, &Vec::new()), is_named_so)
    }

    #[test]
    fn what_is_forwarded_begins_with_its_announcement() {
        assert_eq!(start_of("FYI\n\n---------- Forwarded message ---------\nFrom: a", false), Some(2));
        assert_eq!(start_of("> Begin forwarded message:\n>\n> From: a", false), Some(0));
        assert_eq!(start_of("x\n----- 转发的邮件 -----\ny", false), Some(1));
        assert_eq!(start_of("Is it right?\n\nVan: a\nVerzonden: b\nAan: c\nOnderwerp: d", true), Some(2));
    }

    #[test]
    fn an_answer_to_a_forwarded_mail_is_an_answer() {
        let text = "Yes\n\nFrom: a\nSent: b\nTo: c\nSubject: d\n\n-------- Forwarded Message --------\nold";
        assert_eq!(start_of(text, false), None);
    }

    #[test]
    fn the_subject_says_that_it_is_forwarded() {
        assert!(is_named_so("FW: price") && is_named_so("WG: Preis") && is_named_so("转发：价格"));
        assert!(!is_named_so("Re: FW: price") && !is_named_so("Forward"));
    }
}
