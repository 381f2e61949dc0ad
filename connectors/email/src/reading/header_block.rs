//! The header of an earlier mail, repeated as text: "From: / Sent: / To: / Subject:", and the line that
//! stands above it: "-----Original Message-----".
//!
//! The data are the names of these fields as Outlook, Apple Mail, Yahoo and others translate them.

use std::{collections::HashMap, sync::LazyLock};

use super::line::{self, Line};

/// What a field of the block says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    From = 1,
    Date = 2,
    To = 4,
    Subject = 8,
    Cc = 16,
    ReplyTo = 32,
}

/// Names of fields, in lower case.
const FIELDS: &[(Field, &[&str])] = &[
    (
        Field::From,
        &[
            "from",
            "von",
            "de",
            "van",
            "da",
            "fra",
            "från",
            "lähettäjä",
            "od",
            "nadawca",
            "odesílatel",
            "odosielateľ",
            "от",
            "от кого",
            "від",
            "від кого",
            "ад",
            "од",
            "feladó",
            "από",
            "kimden",
            "gönderen",
            "expeditor",
            "de la",
            "no",
            "nuo",
            "saatja",
            "kellelt",
            "pošiljatelj",
            "šalje",
            "pošiljalac",
            "шаље",
            "frá",
            "nga",
            "من",
            "المرسل",
            "از",
            "فرستنده",
            "מאת",
            "प्रेषक",
            "द्वारा",
            "จาก",
            "từ",
            "dari",
            "daripada",
            "mula sa",
            "发件人",
            "寄件者",
            "寄件人",
            "发自",
            "差出人",
            "送信者",
            "from（差出人）",
            "보낸사람",
            "보낸 사람",
            "발신",
            "발신자",
            "remitente",
            "remetente",
            "mittente",
            "expéditeur",
            "absender",
            "afzender",
            "avsender",
            "avsändare",
            "afsender",
            "nork",
            "o",
            "oddaje",
            "пошиљалац",
            "подател",
            "изпратено от",
        ],
    ),
    (
        Field::Date,
        &[
            "sent",
            "date",
            "date sent",
            "gesendet",
            "gesendet am",
            "datum",
            "datum/uhrzeit",
            "verzonden",
            "verzonden op",
            "envoyé",
            "envoyé le",
            "date d’envoi",
            "enviado",
            "enviado el",
            "enviado em",
            "enviada",
            "enviada em",
            "enviat",
            "enviat el",
            "fecha",
            "data",
            "data wysłania",
            "inviato",
            "inviata",
            "sendt",
            "dato",
            "skickat",
            "skickades",
            "sänt",
            "lähetetty",
            "päivämäärä",
            "päiväys",
            "pvm",
            "wysłano",
            "wysłane",
            "odesláno",
            "posláno",
            "odoslané",
            "odoslaná",
            "dátum",
            "отправлено",
            "дата",
            "дата отправки",
            "надіслано",
            "відправлено",
            "изпратено",
            "пошлано",
            "послато",
            "poslano",
            "poslato",
            "послано",
            "elküldve",
            "küldve",
            "küldés ideje",
            "στάλθηκε",
            "αποστολή",
            "ημερομηνία",
            "gönderildi",
            "gönderme tarihi",
            "tarih",
            "trimis",
            "trimis la",
            "trimis în",
            "dată",
            "nosūtīts",
            "datums",
            "išsiųsta",
            "saadetud",
            "kuupäev",
            "sent at",
            "sent on",
            "تم الإرسال",
            "تاريخ الإرسال",
            "أرسلت",
            "التاريخ",
            "تاریخ",
            "ارسال شده",
            "נשלח",
            "נשלחה",
            "תאריך",
            "भेजा गया",
            "दिनांक",
            "ส่ง",
            "ส่งเมื่อ",
            "วันที่",
            "đã gửi",
            "ngày",
            "gửi",
            "dikirim",
            "tanggal",
            "dihantar",
            "tarikh",
            "ipinadala",
            "发送时间",
            "发送日期",
            "发件日期",
            "日期",
            "时间",
            "傳送時間",
            "寄件日期",
            "送信日時",
            "日時",
            "日付",
            "送信日",
            "보낸 날짜",
            "보낸날짜",
            "날짜",
            "보낸 시간",
            "보냄",
            "发送",
            "sent date",
            "bidalia",
            "sendt dato",
            "dags",
            "sent:",
            "dërguar",
        ],
    ),
    (
        Field::To,
        &[
            "to",
            "an",
            "empfänger",
            "aan",
            "à",
            "a",
            "para",
            "per a",
            "per",
            "destinatario",
            "destinataire",
            "til",
            "till",
            "vastaanottaja",
            "do",
            "adresat",
            "komu",
            "pro",
            "príjemca",
            "кому",
            "до",
            "за",
            "прима",
            "címzett",
            "προς",
            "kime",
            "alıcı",
            "către",
            "kam",
            "kellele",
            "saaja",
            "kellel",
            "za",
            "prima",
            "primatelj",
            "prejemnik",
            "إلى",
            "الى",
            "المستلم",
            "به",
            "گیرنده",
            "אל",
            "प्रति",
            "ถึง",
            "đến",
            "tới",
            "kepada",
            "untuk",
            "para sa",
            "收件人",
            "收件者",
            "宛先",
            "宛て",
            "받는사람",
            "받는 사람",
            "수신",
            "수신자",
            "nori",
            "për",
            "i",
            "gavėjas",
            "getadresseerden",
        ],
    ),
    (
        Field::Subject,
        &[
            "subject",
            "betreff",
            "betr.",
            "betr",
            "onderwerp",
            "objet",
            "sujet",
            "asunto",
            "assunto",
            "assumpte",
            "oggetto",
            "emne",
            "ämne",
            "aihe",
            "temat",
            "předmět",
            "věc",
            "predmet",
            "тема",
            "относно",
            "предмет",
            "naslov",
            "zadeva",
            "tárgy",
            "θέμα",
            "konu",
            "subiect",
            "temats",
            "tema",
            "teema",
            "efni",
            "lënda",
            "الموضوع",
            "موضوع",
            "נושא",
            "הנדון",
            "विषय",
            "เรื่อง",
            "หัวเรื่อง",
            "chủ đề",
            "tiêu đề",
            "subjek",
            "perihal",
            "paksa",
            "主题",
            "主旨",
            "件名",
            "題名",
            "제목",
            "gaia",
            "tema:",
            "títol",
        ],
    ),
    (
        Field::Cc,
        &[
            "cc",
            "copy",
            "bcc",
            "kopie",
            "kopi",
            "kopio",
            "copie",
            "copie à",
            "copia",
            "cópia",
            "kopia",
            "dw",
            "kopija",
            "копия",
            "копія",
            "másolatot kap",
            "másolat",
            "κοιν",
            "κοινοποίηση",
            "bilgi",
            "نسخة",
            "رونوشت",
            "עותק",
            "抄送",
            "副本",
            "参照",
            "참조",
            "สำเนา",
            "tembusan",
            "sk",
            "kópia",
            "importance",
            "wichtigkeit",
            "priorität",
            "priority",
            "organization",
            "attachments",
            "anlagen",
        ],
    ),
    (
        Field::ReplyTo,
        &[
            "reply-to",
            "reply to",
            "antwort an",
            "antwoord aan",
            "répondre à",
            "responder a",
            "responder para",
            "rispondi a",
            "risposta",
            "svar til",
            "svar till",
            "odpowiedz do",
            "odpovědět",
            "ответить",
            "回复",
            "返信先",
        ],
    ),
];

/// What stands between the rules above a block, in lower case. Other words count where a block follows.
const ORIGINAL: &[&str] = &[
    "original message",
    "original email",
    "originalmessage",
    "reply message",
    "ursprüngliche nachricht",
    "original-nachricht",
    "originalnachricht",
    "ursprüngliche mail",
    "originalmeddelelse",
    "oprindelig meddelelse",
    "original meddelelse",
    "opprinnelig melding",
    "ursprungligt meddelande",
    "originalmeddelande",
    "alkuperäinen viesti",
    "oorspronkelijk bericht",
    "origineel bericht",
    "message d'origine",
    "message d’origine",
    "message original",
    "mail original",
    "message initial",
    "mensaje original",
    "mensagem original",
    "missatge original",
    "messaggio originale",
    "mesaj original",
    "mesajul original",
    "wiadomość oryginalna",
    "oryginalna wiadomość",
    "původní zpráva",
    "původní e-mail",
    "pôvodná správa",
    "izvorna poruka",
    "originalna poruka",
    "izvirno sporočilo",
    "исходное сообщение",
    "оригинальное сообщение",
    "пересылаемое сообщение",
    "вихідне повідомлення",
    "оригінальне повідомлення",
    "оригинално съобщение",
    "eredeti üzenet",
    "αρχικό μήνυμα",
    "orijinal mesaj",
    "özgün ileti",
    "orijinal ileti",
    "sākotnējais ziņojums",
    "originalus laiškas",
    "pradinis laiškas",
    "algne sõnum",
    "الرسالة الأصلية",
    "رسالة أصلية",
    "پیام اصلی",
    "ההודעה המקורית",
    "הודעה מקורית",
    "मूल संदेश",
    "ข้อความต้นฉบับ",
    "thư gốc",
    "tin nhắn gốc",
    "pesan asli",
    "mesej asal",
    "原始邮件",
    "原始郵件",
    "原邮件",
    "原始信息",
    "原始訊息",
    "回复的原邮件",
    "元のメッセージ",
    "元のメール",
    "オリジナルメッセージ",
    "original message from",
    "원본 메시지",
    "원본 메일",
    "원본메일",
    "원본 이메일",
    "jatorrizko mezua",
    "sent from",
    "ursprünglichen nachricht",
];

static NAMES: LazyLock<HashMap<&'static str, Field>> = LazyLock::new(|| {
    FIELDS.iter().flat_map(|(field, names)| names.iter().map(move |name| (*name, *field))).collect()
});

/// The longest name of a field, in bytes.
const MAX_NAME: usize = 60;
/// The longest block, in lines.
const MAX_LINES: usize = 40;

/// The field that a line holds.
fn field(text: &str) -> Option<Field> {
    let front = text.get(..text.floor_char_boundary(MAX_NAME)).unwrap_or(text);
    let colon = front.find([':', '：'])?;
    let name = front.get(..colon)?;
    let name = name.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '*' | '_' | '>' | '\'' | '"' | '|' | '・' | '■')
            || line::is_invisible(c)
    });
    if name.is_empty() || name.len() > 40 {
        return None;
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase() || byte >= 0x80) {
        let folded: String = name
            .chars()
            .filter(|c| !line::is_invisible(*c))
            .map(|c| if c == '\u{a0}' { ' ' } else { c })
            .collect::<String>()
            .to_lowercase();
        return NAMES.get(folded.as_str()).copied();
    }
    NAMES.get(name).copied()
}

/// A line of dashes, underscores and the like.
pub(super) fn is_rule(text: &str) -> bool {
    text.chars().count() >= 5
        && text
            .chars()
            .all(|c| matches!(c, '-' | '_' | '=' | '*' | '~' | '—' | '–' | '─' | '━' | '―' | '﹣' | ' '))
        && !text.starts_with("* * ")
}

/// Whether a header block begins on line `at`; `is_announced`: a rule or "Original Message" stands above.
pub(super) fn begins_at(lines: &[Line<'_>], at: usize, is_announced: bool) -> bool {
    let depth = lines.get(at).map_or(0, |line| line.depth);
    if lines.get(at).is_none_or(|line| field(line.text).is_none()) {
        return false;
    }
    let mut seen = 0_u8;
    let mut distance = 0;
    for line in lines.iter().skip(at).take(MAX_LINES).take_while(|line| line.depth == depth) {
        if let Some(found) = field(line.text) {
            // A second author begins another block.
            if found == Field::From && seen & Field::From as u8 != 0 {
                break;
            }
            seen |= found as u8;
            distance = 0;
            continue;
        }
        // A value may go on, and blocks made from HTML have empty lines between their fields.
        distance += 1;
        if distance > 2 {
            break;
        }
    }
    let count = seen.count_ones();
    let has = |field: Field| seen & field as u8 != 0;
    let needed = if is_announced { 2 } else { 3 };
    count >= needed
        && (has(Field::From) || (has(Field::Date) && has(Field::Subject)))
        && (has(Field::Date) || has(Field::Subject) || has(Field::To))
}

/// Whether a line says that the original message follows. `next`: the line that follows it.
pub(super) fn is_original(text: &str, has_block: impl Fn() -> bool) -> bool {
    let is_edge = |c: char| {
        matches!(c, '-' | '_' | '=' | '*' | '—' | '–' | '─' | '━' | '>' | ' ' | '\u{a0}' | '~' | '﹣')
    };
    if text.len() > 120 || !text.starts_with(['-', '_', '=', '*', '—', '–', '─', '━', '~', '﹣']) {
        return false;
    }
    let inner = text.trim_matches(is_edge);
    let rules = text
        .chars()
        .filter(|c| matches!(c, '-' | '_' | '=' | '*' | '—' | '–' | '─' | '━' | '~' | '﹣'))
        .count();
    if inner.is_empty() || rules < 2 {
        return false;
    }
    let folded = inner.to_lowercase();
    ORIGINAL.iter().any(|phrase| folded.starts_with(phrase)) && (rules >= 4 || has_block())
        || rules >= 4 && text.ends_with(['-', '_', '=', '*', '—', '─', '━']) && has_block()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(text: &str) -> bool {
        begins_at(&line::split(text, &Vec::new()), 0, false)
    }

    #[test]
    fn blocks_of_many_languages_are_known() {
        for text in [
            "From: A <a@b.example>\nSent: Monday\nTo: C\nSubject: D",
            "*From:* A\n\n*Sent:* Monday\n\n*To:* C",
            "Von: A\nGesendet: Montag\nAn: B\nBetreff: C",
            "De : A\nEnvoyé : lundi\nÀ : B\nObjet : C",
            "Od: A\nOdesláno: pondělí\nKomu: B\nPředmět: C",
            "差出人: A\n送信日時: 2026年\n宛先: B\n件名: C",
            "发件人： A\n发送时间： 2026\n收件人： B\n主题： C",
            "من: أ\nتم الإرسال: الاثنين\nإلى: ب\nالموضوع: ج",
            "Feladó: A\nElküldve: hétfő\nCímzett: B\nTárgy: C",
            "Kimden: A\nGönderildi: Pazartesi\nKime: B\nKonu: C",
        ] {
            assert!(begins(text), "{text}");
        }
    }

    #[test]
    fn two_words_with_colons_are_no_block() {
        assert!(!begins("From: Bristol\nTo: Glasgow\nvia: Lisbon"));
        assert!(!begins("Von: Oma Rita\nAn: Paul\n\nAlles Gute"));
    }
}
