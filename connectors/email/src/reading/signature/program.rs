//! Lines that programs and gateways add: "Sent from my iPhone", "Get Outlook for iOS", "Virus-free".

use std::sync::LazyLock;

use regex::Regex;

use super::{tables, words};

/// The longest line of a program, in bytes and in words.
const MAX_LEN: usize = 200;
const MAX_WORDS: usize = 16;
/// How many words may stand before what sends, that included.
const MAX_WORDS_BETWEEN: usize = 5;

static SENT: LazyLock<Regex> = LazyLock::new(|| tables::pattern("^", words::SENT));
static SENT_LAST: LazyLock<Regex> = LazyLock::new(|| {
    let verbs: Vec<&str> = tables::of(words::SENT_LAST).collect();
    Regex::new(&format!("(?:{})[.。]?$", verbs.join("|"))).expect("a valid pattern")
});
static SENT_FROM: LazyLock<Regex> = LazyLock::new(|| tables::pattern("^", words::SENT_FROM));
static SENT_WITH: LazyLock<Regex> = LazyLock::new(|| tables::pattern("^", words::SENT_WITH));
static GET: LazyLock<Regex> = LazyLock::new(|| {
    let verbs: Vec<String> = tables::of(words::GET).map(regex::escape).collect();
    let programs = "outlook|yahoo|gmail|aqua|blue ?mail|spark|edison|my ?mail|k-9|proton|boxer|typeapp";
    Regex::new(&format!(
        r"^(?:{})\b?.{{0,3}}\[?(?:the )?(?:{programs})|{}",
        verbs.join("|"),
        words::OUTLOOK_FOR
    ))
    .expect("a valid pattern")
});
static VIRUS: LazyLock<Regex> = LazyLock::new(|| {
    let phrases: Vec<&str> = tables::of(words::VIRUS).collect();
    Regex::new(&format!("^(?:{})", phrases.join("|"))).expect("a valid pattern")
});
static DEVICE_FIRST: LazyLock<Regex> = LazyLock::new(|| tables::pattern("^", words::DEVICES));
static DEVICE: LazyLock<Regex> = LazyLock::new(|| tables::pattern("", words::DEVICES));
/// "Sent via mobile": short, with a device.
static ENGLISH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^sent (?:from|via|with|by|using)\b[^,.;!?]{1,40}$").expect("a valid pattern")
});

/// Whether a line is a program's own.
pub(super) fn is_program(text: &str) -> bool {
    if text.len() > MAX_LEN || text.len() < 5 {
        return false;
    }
    let text = text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | '*' | '_' | '-' | '"' | '|' | '~')
    });
    let folded = text.to_lowercase();
    let count = folded.split_whitespace().count();
    if count > MAX_WORDS {
        return false;
    }
    let names_device = || DEVICE.is_match(&folded);
    let is_short = folded.chars().count() <= 60;
    is_sent_from(&folded)
        || count <= 10 && GET.is_match(&folded)
        || is_short && SENT_FROM.is_match(&folded) && names_device()
        || is_short && SENT_LAST.is_match(&folded) && names_device()
        || SENT_WITH.is_match(&folded) && names_device()
        || VIRUS.is_match(&folded)
        || count <= 7 && ENGLISH.is_match(&folded) && names_device()
        || count <= 5
            && (folded.ends_with(" from mobile")
                || folded.starts_with("sent via ")
                || folded.starts_with("from my ") && names_device())
}

/// "Sent from my ...", where what sends follows within a few words, and behind that no sentence that goes
/// on; a new one may ("Please excuse typos").
fn is_sent_from(folded: &str) -> bool {
    let Some(rest) = SENT.find(folded).and_then(|sent| folded.get(sent.end()..)) else { return false };
    if rest.starts_with(char::is_alphanumeric) {
        return false;
    }
    let mut behind = rest;
    for _ in 0..MAX_WORDS_BETWEEN {
        let word_start = behind.find(|c: char| c.is_alphanumeric()).unwrap_or(behind.len());
        let (marks, word) = behind.split_at(word_start);
        if word.is_empty() || marks.contains(['\n', ',', '.', '!', '?', ';', ':']) {
            return false;
        }
        if let Some(device) = DEVICE_FIRST.find(word) {
            let rest = word.get(device.end()..).unwrap_or_default();
            return rest.split_whitespace().count() <= 5 || rest.contains(['.', ',', '!', '<']);
        }
        let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '+' | '&' | '-');
        behind = word.trim_start_matches(is_inner);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_programs_are_known_in_many_languages() {
        for text in [
            "Sent from my iPhone",
            "Von meinem iPhone gesendet",
            "Envoyé de mon iPhone",
            "Enviado desde mi iPhone",
            "Enviado do meu iPhone",
            "Inviato da iPhone",
            "Verstuurd vanaf mijn iPhone",
            "Skickat från min iPhone",
            "Sendt fra min iPhone",
            "Lähetetty iPhonesta",
            "Wysłane z iPhone'a",
            "Odesláno z iPhonu",
            "Odoslané z iPhonu",
            "Poslano z mojega iPhona",
            "Отправлено с iPhone",
            "Надіслано з iPhone",
            "Изпратено от моя iPhone",
            "iPhone'umdan gönderildi",
            "Στάλθηκε από το iPhone μου",
            "iPhone-ról küldve",
            "Trimis de pe iPhone-ul meu",
            "iPhoneから送信",
            "发自我的 iPhone",
            "從我的 iPhone 傳送",
            "나의 iPhone에서 보냄",
            "נשלח מה-iPhone שלי",
            "أُرسلت من الـ iPhone",
            "Được gửi từ iPhone của tôi",
            "Dikirim dari iPhone saya",
            "ส่งจาก iPhone ของฉัน",
            "Get Outlook for iOS<https://aka.ms/o0ukef>",
            "Obtenir Outlook pour Android",
            "Sent via mobile",
            "Galaxy cihazımdan gönderildi",
            "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        ] {
            assert!(is_program(text), "{text}");
        }
    }

    #[test]
    fn sentences_of_writers_are_no_lines_of_programs() {
        for text in [
            "Sent from my desk, is much easier then my mobile phone.",
            "Sent from my desk at work because the printer at home refuses",
            "From Monday on the phone is dead",
            "I sent it from my phone",
        ] {
            assert!(!is_program(text), "{text}");
        }
    }
}
