//! Signatures: what the program or the firm adds below the writer's words.
//!
//! A greeting, a closing formula and the name below it are the writer's own and stay.

use std::sync::LazyLock;

use regex::RegexSet;

use super::{
    fold::Mark,
    header_block,
    line::{Hint, Line},
};

/// The longest signature behind a delimiter, in lines that are not blank.
const MAX_SIGNATURE: usize = 40;
/// The longest block of contact data, in lines that are not blank.
const MAX_CONTACT: usize = 14;
/// The longest line of a program, in bytes.
const MAX_PROGRAM: usize = 200;
/// The longest legal note that ends in a signature without a paragraph of its own, in bytes.
const MAX_NOTE: usize = 6_000;

/// What programs add, in lower case, after what marks the line.
static PROGRAM: LazyLock<RegexSet> = LazyLock::new(|| {
    let device = r"(?:i-?phone|i-?pad|i-?pod|apple|mac\b|android|galaxy|samsung|htc|nokia|lumia|blackberry|xperia|sony|pixel|nexus|huawei|honor|xiaomi|redmi|poco|oppo|vivo|realme|oneplus|motorola|moto\b|lg\b|alcatel|verizon|t-mobile|at&t|windows|surface|outlook|hotmail|gmail|mail\b|e-mail|email|yahoo|aol|mailbox|airmail|spark|newton|edison|thunderbird|k-9|fairemail|aqua ?mail|bluemail|typeapp|myMail|mymail|proton|tutanota|tuta\b|zoho|mobile|mobil|móvil|movil|celular|cellulare|cell\b|handy|phone|smart|telefon|telefoon|téléphone|teléfono|telephone|tablet|device|gerät|enhet|enhed|laite|puhelin|компьютер|телефон|смартфон|мобил|почт|ti-\d|pc\b|laptop|notebook|компутер|puhelime|ordi|boîte|gmx|web\.de|freenet|t-online|orange|sfr|free\b|laposte|libero|virgilio|tiscali|seznam|interia|wp\b|o2\b|onet|citromail|freemail|mail\.ru|rambler|yandex|яндекс|qq|foxmail|网易|163|naver|daum|hanmail|docomo|au\b|softbank|デバイス|スマート|手机|手機|휴대|아이폰)";
    RegexSet::new([
        // A few words and the device behind "sent from" in the languages that put it first.
        format!(r"^(?:sent|enviado|enviada|inviato|inviata|envoyé|envoyée|expédié|gesendet|verzonden|verstuurd|skickat|skickades|sendt|lähetetty|wysłano|wysłane|odesláno|odoslané|poslano|послано|отправлено|надіслано|відправлено|изпратено|trimis|στάλθηκε|απεστάλη|εστάλη|dikirim|được gửi|gửi|enviat|bidalia|sent|poslato|elküldve|saadetud|nosūtīts|išsiųsta|ipinadala|dihantar|terkirim|von|vom|composed|written|from|typed|desde|inviato|presla|przesłano|scritto|geschrieben|skrivet|escrito|diese (?:nachricht|e-mail|mail) wurde|this (?:message|email|e-mail) was sent|cet? (?:message|email|e-mail|courriel) a été envoyé|este (?:mensaje|correo) (?:fue|ha sido) enviado|esta mensagem foi enviada|questo messaggio è stato inviato|deze e-mail is verzonden)\b(?:[^\n,.!?;:\p{{L}}]+(?:[\p{{L}}'’.+&-]+))?{{0,1}}(?:[^\n,.!?;:\p{{L}}]+[\p{{L}}\d'’.+&-]+){{0,3}}?[^\n,.!?;:\p{{L}}]*?(?:\b|[^\p{{L}}]){device}"),
        r"^sent (?:from|via|with|by|using)\b[^,.;!?]{1,30}$".into(),
        // Languages that put it last.
        r"(?:gönderildi|gönderilmiştir|gönderilen|から送信|より送信|からの送信|から送信されました|で送信|を使用して送信|에서 보냄|에서 보낸|에서 전송|傳送|发送|寄出|küldve|küldött|küldtem|से भेजा गया|भेजा गया|lähetetty|से भेजी|ارسال شد|फ़ोन से|gesendet|verzonden|verstuurd|verschickt|sendt|skickat)[.。]?$".into(),
        r"^(?:发自|發自|從我的|从我的|来自|來自|나의|내 |נשלח מ|נשלח מה|ارسل من|أرسلت من|أُرسلت من|مرسل من|تم الإرسال من|أرسل من|ارسال از|ارسال‌شده از|फ़ोन|मेरे|ส่งจาก|ส่งมาจาก|được gửi từ|gửi từ|εστάλη από|στάλθηκε από|отправлено из|отправлено с|отправлено от|надіслано з|iphone|ipad)".into(),
        r"^(?:get|download|obtener|obtenga|obtén|obter|obtenha|ottieni|scarica|obtenir|télécharge[rz]?|holen sie|hole dir|laden sie|download|ophalen|skaff|hämta|hent|hanki|pobierz|získat|získajte|stáhněte|скачать|скачайте|завантажити|λήψη|αποκτήστε|edinin|indir|obține|obțineți|dapatkan|tải|preuzmite|prenesite|töltse le|letöltés|获取|下載|下载|取得|입수|다운로드|احصل على|הורד|קבל את)\b.{0,3}\b?\[?(?:the )?(?:outlook|yahoo|gmail|aqua|blue ?mail|spark|edison|my ?mail|k-9|proton|boxer|typeapp)".into(),
        r"(?:outlook (?:for|für|pour|para|per|voor|til|för|untuk|dla|pro|для|за)|(?:ios|android) (?:版|用) ?outlook|outlook for (?:ios|android)|outlook(?:'u| )?.{0,12}(?:i̇?ndir|edinin)|版 outlook|用 outlook|용 outlook)".into(),
        r"^(?:sent with|versendet mit|gesendet mit|verstuurd met|verzonden met|envoyé avec|envoyé via|enviado con|enviado com|inviato con|skickat med|sendt med|lähetetty|wysłano z|wysłane z|odesláno z|sent using|secured by|gesichert mit|sécurisé par|sikret med) .{1,60}$".into(),
        r"^envoyé (?:de|depuis|à partir) ".into(),
        r"^(?:garanti sans virus|virenfrei|virus-free|libre de virus|livre de vírus|virusvrij|senza virus|privo di virus|bez wirusów|без вирусов|virusfri|virukset|wolny od wirusów|this email has been (?:checked|scanned)|diese e-mail wurde (?:von|auf) |l'absence de virus|cet e-mail a été vérifié|este (?:correo|email|mensaje) (?:ha sido|foi) (?:comprobado|verificado|analizado)|questo messaggio e.{1,4} stato analizzato|questa e-?mail è stata (?:controllata|scansionata|verificata)|e-?mail controllata)".into(),
    ])
    .expect("valid patterns")
});

/// Legal and technical notes, in lower case: a paragraph with one of these is no word of the writer.
const NOTES: &[&str] = &[
    "intended solely for",
    "intended only for",
    "intended recipient",
    "this email and any attachment",
    "this e-mail and any attachment",
    "this message and any attachment",
    "confidentiality notice",
    "confidential and may be",
    "confidential and intended",
    "privileged and confidential",
    "received this email in error",
    "received this e-mail in error",
    "received this message in error",
    "received this communication in error",
    "please consider the environment",
    "think before you print",
    "save a tree",
    "before printing this e",
    "scanned for viruses",
    "checked for viruses",
    "registered in england",
    "company registration",
    "company number",
    "vertrauliche informationen",
    "vertraulich und",
    "ausschließlich für den",
    "nicht der richtige adressat",
    "nicht der richtige empfänger",
    "irrtümlich erhalten",
    "rechtlich geschützte informationen",
    "denken sie an die umwelt",
    "bevor sie diese",
    "sitz der gesellschaft",
    "amtsgericht",
    "handelsregister",
    "geschäftsführer:",
    "ust-id",
    "ce message et toutes les pièces",
    "ce message est confidentiel",
    "informations confidentielles",
    "reçu ce message par erreur",
    "reçu ce courriel par erreur",
    "exclusivement à l'attention",
    "pensez à l'environnement",
    "pensez à l’environnement",
    "avant d'imprimer",
    "avant d’imprimer",
    "este mensaje y sus archivos",
    "este mensaje va dirigido",
    "este correo electrónico es confidencial",
    "información confidencial",
    "ha recibido este mensaje por error",
    "ha recibido este correo por error",
    "antes de imprimir",
    "protección de datos",
    "esta mensagem e seus anexos",
    "esta mensagem pode conter",
    "informações confidenciais",
    "recebeu esta mensagem por engano",
    "confidencial e destina-se",
    "pense no meio ambiente",
    "pense no ambiente",
    "questo messaggio è confidenziale",
    "questo messaggio e i suoi allegati",
    "informazioni riservate",
    "informazioni confidenziali",
    "ricevuto questo messaggio per errore",
    "ai sensi del d.lgs",
    "gdpr 2016/679",
    "prima di stampare",
    "rispetta l'ambiente",
    "privo di virus",
    "controllata da antivirus",
    "controllato da antivirus",
    "antivirus avast",
    "www.avast.com",
    "www.avg.com",
    "avast antivirus",
    "dit bericht is uitsluitend bestemd",
    "dit bericht kan vertrouwelijke",
    "deze e-mail en eventuele bijlagen",
    "vertrouwelijke informatie",
    "ten onrechte ontvangen",
    "denk aan het milieu",
    "denne e-mail kan indeholde",
    "fortrolige oplysninger",
    "fortrolig informasjon",
    "denna e-post kan innehålla",
    "konfidentiell information",
    "avsedd endast för",
    "tänk på miljön",
    "tämä viesti on tarkoitettu",
    "luottamuksellis",
    "tænk på miljøet",
    "wiadomość zawiera informacje poufne",
    "informacje poufne",
    "niniejsza wiadomość",
    "przeznaczona wyłącznie dla",
    "otrzymali państwo tę wiadomość przez pomyłkę",
    "krs ",
    "tato zpráva a všechny",
    "důvěrné informace",
    "táto správa a všetky",
    "dôverné informácie",
    "ez az üzenet bizalmas",
    "bizalmas információ",
    "acest mesaj este confidențial",
    "informații confidențiale",
    "конфиденциальн",
    "предназначено исключительно",
    "конфіденційн",
    "поверителна информация",
    "εμπιστευτικές πληροφορίες",
    "αποκλειστικά για τον παραλήπτη",
    "gizli bilgi",
    "bu e-posta ve ekleri",
    "bu mesaj ve ekleri",
    "yalnızca gönderildiği kişi",
    "本邮件及其附件",
    "保密信息",
    "机密信息",
    "本郵件",
    "機密資訊",
    "本メールには機密",
    "本電子メール",
    "誤って受信",
    "본 메일은",
    "본 이메일",
    "기밀 정보",
    "سرية",
    "المعلومات الواردة في هذه الرسالة",
    "מידע חסוי",
    "הודעה זו מיועדת",
];

/// The foot of a mailing list, in lower case.
const LISTS: &[&str] = &[
    "mailing list",
    "unsubscribe",
    "listinfo",
    "mailman",
    "to stop receiving",
    "groups.google.com",
    "you received this message because",
];

/// Closing formulas, in lower case, as they begin.
const CLOSINGS: &[&str] = &[
    "regards",
    "best regards",
    "kind regards",
    "kindest regards",
    "warm regards",
    "best wishes",
    "best",
    "cheers",
    "thanks",
    "thank you",
    "many thanks",
    "sincerely",
    "yours",
    "with regards",
    "all the best",
    "respectfully",
    "cordially",
    "br",
    "rgds",
    "greetings",
    "mit freundlichen grüßen",
    "mit freundlichem gruß",
    "mit freundlichen grüssen",
    "freundliche grüße",
    "freundliche grüsse",
    "viele grüße",
    "viele grüsse",
    "beste grüße",
    "liebe grüße",
    "schöne grüße",
    "herzliche grüße",
    "gruß",
    "grüße",
    "mfg",
    "lg",
    "vg",
    "danke",
    "besten dank",
    "vielen dank",
    "hochachtungsvoll",
    "cordialement",
    "bien cordialement",
    "bien à vous",
    "salutations",
    "sincères salutations",
    "meilleures salutations",
    "merci",
    "cdlt",
    "bonne journée",
    "amicalement",
    "respectueusement",
    "un saludo",
    "saludos",
    "atentamente",
    "cordialmente",
    "gracias",
    "muchas gracias",
    "un cordial saludo",
    "atte",
    "salutacions",
    "atenciosamente",
    "cumprimentos",
    "com os melhores cumprimentos",
    "melhores cumprimentos",
    "abraço",
    "abraços",
    "obrigado",
    "obrigada",
    "att",
    "cordiali saluti",
    "distinti saluti",
    "saluti",
    "un saluto",
    "grazie",
    "buona giornata",
    "grazie mille",
    "met vriendelijke groet",
    "met vriendelijke groeten",
    "vriendelijke groet",
    "groeten",
    "groetjes",
    "mvg",
    "bedankt",
    "hartelijke groet",
    "hoogachtend",
    "med venlig hilsen",
    "venlig hilsen",
    "de bedste hilsner",
    "mvh",
    "vh",
    "hilsen",
    "med vennlig hilsen",
    "vennlig hilsen",
    "med vänlig hälsning",
    "med vänliga hälsningar",
    "vänliga hälsningar",
    "hälsningar",
    "vänligen",
    "tack",
    "tak",
    "takk",
    "ystävällisin terveisin",
    "terveisin",
    "yst. terv",
    "kiitos",
    "parhain terveisin",
    "pozdrawiam",
    "z poważaniem",
    "dziękuję",
    "z wyrazami szacunku",
    "pozdrowienia",
    "s pozdravem",
    "s přátelským pozdravem",
    "děkuji",
    "s pozdravom",
    "ďakujem",
    "lep pozdrav",
    "lijep pozdrav",
    "srdačan pozdrav",
    "pozdrav",
    "hvala",
    "s poštovanjem",
    "s spoštovanjem",
    "с уважением",
    "спасибо",
    "с наилучшими",
    "всего доброго",
    "з повагою",
    "дякую",
    "с уважение",
    "поздрави",
    "срдачан поздрав",
    "со почит",
    "üdvözlettel",
    "köszönettel",
    "tisztelettel",
    "köszönöm",
    "με εκτίμηση",
    "ευχαριστώ",
    "χαιρετισμούς",
    "φιλικά",
    "saygılarımla",
    "saygılar",
    "teşekkürler",
    "iyi çalışmalar",
    "teşekkür ederim",
    "cu stimă",
    "cu respect",
    "mulțumesc",
    "toate cele bune",
    "ar cieņu",
    "pagarbiai",
    "lugupidamisega",
    "tervitades",
    "مع خالص التحية",
    "مع التحية",
    "تحياتي",
    "شكرا",
    "وتفضلوا",
    "با احترام",
    "با تشکر",
    "בברכה",
    "תודה",
    "בכבוד רב",
    "सादर",
    "धन्यवाद",
    "ขอแสดงความนับถือ",
    "ขอบคุณ",
    "trân trọng",
    "cảm ơn",
    "salam",
    "hormat kami",
    "terima kasih",
    "lubos na gumagalang",
    "此致",
    "祝好",
    "谢谢",
    "謝謝",
    "顺祝",
    "敬具",
    "よろしくお願い",
    "宜しくお願い",
    "以上",
    "감사합니다",
    "드림",
];

static CONTACT: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"(?i)\b(?:tel|phone|ph|fon|fax|mob|mobile|mobil|cell|telefon|telefoon|telefono|téléphone|tél|teléfono|telefone|tlf|puh|komórka|kom|тел|моб|факс|τηλ|gsm|hp|direct|office|電話|电话|電話番号|手机|전화|هاتف|טלפון|t|m|p|f|d)\b\.?\s*[:.]?\s*\+?[\d(][\d\s()./-]{5,}",
        r"\+\d{1,3}[\s(.-]*\d[\d\s()./-]{5,}",
        r"(?i)\bwww\.[\w-]+\.|https?://",
        r"[\w.+-]+@[\w-]+\.[\w.]+",
        r"(?:TEL|FAX|Tel|Fax|電話|电话|전화)\s*[:：]?\s*\d",
        r"〒\d{3}",
    ])
    .expect("valid patterns")
});

/// Marks the signature of the writer's own lines, which stand together. `has_more`: there are more of them
/// above.
pub(super) fn mark(lines: &[Line<'_>], marks: &mut [Mark], has_more: bool) {
    for (line, mark) in lines.iter().zip(marks.iter_mut()) {
        if line.hint == Hint::Signature && *mark == Mark::Keep {
            *mark = if is_program(line.text) { Mark::Program } else { Mark::Signature };
        }
    }
    behind_delimiter(lines, marks);
    while from_below(lines, marks, has_more) {}
}

fn behind_delimiter(lines: &[Line<'_>], marks: &mut [Mark]) {
    let is_delimiter = |line: &Line<'_>| matches!(line.text, "--" | "—" | "- -" | "-- ") && !line.is_quoted();
    let mut behind = 0;
    let mut found = None;
    for (at, line) in lines.iter().enumerate().rev() {
        if is_delimiter(line) {
            found = Some(at);
        }
        behind += usize::from(!line.is_blank());
        if behind > MAX_SIGNATURE {
            break;
        }
    }
    let Some(found) = found else { return };
    for (at, mark) in marks.iter_mut().enumerate().skip(found) {
        if *mark == Mark::Keep {
            let is_program = lines.get(at).is_some_and(|line| is_program(line.text) || is_delimiter(line));
            *mark = if is_program { Mark::Program } else { Mark::Signature };
        }
    }
}

/// Takes one piece of a signature off the end; `false`: there is none.
fn from_below(lines: &[Line<'_>], marks: &mut [Mark], has_more: bool) -> bool {
    let is_own = |at: usize, marks: &[Mark]| {
        marks.get(at) == Some(&Mark::Keep) && lines.get(at).is_some_and(|line| !line.is_blank())
    };
    let Some(last) = (0..lines.len()).rev().find(|&at| is_own(at, marks)) else { return false };
    let text = lines.get(last).map_or("", |line| line.text);
    let set = |marks: &mut [Mark], from: usize, new: Mark| {
        for mark in
            marks.get_mut(from..=last).unwrap_or_default().iter_mut().filter(|mark| **mark == Mark::Keep)
        {
            *mark = new;
        }
    };
    if is_program(text) {
        set(marks, last, Mark::Program);
        return true;
    }
    if is_debris(text) {
        set(marks, last, Mark::Signature);
        return true;
    }
    let first = paragraph(lines, last);
    let has_more = has_more || (0..first).any(|at| is_own(at, marks));
    if has_more && let Some(from) = note(lines, first, last) {
        set(marks, from, Mark::Signature);
        return true;
    }
    if has_more && let Some(from) = behind_rule(lines, last).or_else(|| contact(lines, marks, last)) {
        set(marks, from, Mark::Signature);
        return true;
    }
    if let Some(name) = text.strip_prefix('-')
        && has_more
        && is_full_name(name)
        && first == last
    {
        set(marks, last, Mark::Signature);
        return true;
    }
    false
}

/// The first line of the paragraph that ends on line `last`.
fn paragraph(lines: &[Line<'_>], last: usize) -> usize {
    (0..last)
        .rev()
        .take_while(|&at| lines.get(at).is_some_and(|line| !line.is_blank()))
        .take(60)
        .last()
        .unwrap_or(last)
}

/// A line of marks alone at the end: a rule, or what a tracker left.
fn is_debris(text: &str) -> bool {
    let is_mark = |c: char| {
        matches!(
            c,
            '-' | '_'
                | '='
                | '*'
                | '#'
                | '~'
                | '+'
                | '—'
                | '–'
                | '─'
                | '━'
                | '―'
                | 'ᐧ'
                | '.'
                | ' '
                | '\u{a0}'
        )
    };
    text == "ᐧ"
        || text.len() >= 2 && text.chars().all(is_mark) && !text.starts_with(['.', '+'])
        || text.len() >= 4 && text.bytes().all(|byte| byte == b'+')
}

/// Whether a line is a program's own: "Sent from my iPhone".
fn is_program(text: &str) -> bool {
    if text.len() > MAX_PROGRAM || text.len() < 5 {
        return false;
    }
    let text = text.trim_matches(|c: char| {
        matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | '*' | '_' | '-' | '"' | '|' | '~')
            || c.is_whitespace()
    });
    let folded = text.to_lowercase();
    let words = folded.split_whitespace().count();
    if words > 16 {
        return false;
    }
    let matched = PROGRAM.matches(&folded);
    if matched.matched(0) || matched.matched(5) && words <= 8 || matched.matched(4) && words <= 10 {
        return true;
    }
    (matched.matched(3) || matched.matched(2) && names_device(&folded)) && folded.chars().count() <= 60
        || matched.matched(6) && names_device(&folded)
        || matched.matched(7) && names_device(&folded)
        || matched.matched(8)
        || matched.matched(1) && words <= 7 && names_device(&folded)
        || words <= 5 && (folded.ends_with(" from mobile") || folded.starts_with("sent via "))
}

/// Words for what mail is sent from.
fn names_device(folded: &str) -> bool {
    const DEVICES: &[&str] = &[
        "phone",
        "ipad",
        "ipod",
        "mac",
        "android",
        "galaxy",
        "samsung",
        "mail",
        "mobil",
        "handy",
        "outlook",
        "windows",
        "blackberry",
        "tablet",
        "device",
        "gerät",
        "cihaz",
        "telefon",
        "téléphone",
        "teléfono",
        "móvil",
        "celular",
        "cellulare",
        "cell",
        "スマ",
        "手机",
        "手機",
        "휴대",
        "갤럭시",
        "아이폰",
        "デバイス",
        "xiaomi",
        "huawei",
        "pixel",
        "proton",
        "spark",
        "yahoo",
        "gmail",
        "sparrow",
        "ti-85",
        "laite",
        "puhelim",
        "telefoon",
        "телефон",
        "почт",
        "מכשיר",
        "هاتف",
        "جهاز",
        "pc",
    ];
    DEVICES.iter().any(|device| folded.contains(device))
}

/// The first line of a legal note whose paragraph ends the text.
fn note(lines: &[Line<'_>], first: usize, last: usize) -> Option<usize> {
    let paragraph = lines.get(first..=last)?;
    let mut size = 0;
    let mut found = None;
    for (index, line) in paragraph.iter().enumerate() {
        size += line.text.len();
        if size > MAX_NOTE {
            break;
        }
        let folded = line.text.to_lowercase();
        if found.is_none()
            && (NOTES.iter().any(|note| folded.contains(note)) || is_list_foot(&folded, paragraph))
        {
            found = Some(index);
        }
    }
    let found = found?;
    // A note follows the writer's words on the next line, or it is a paragraph of its own.
    let begins = |index: usize| {
        paragraph.get(index).is_some_and(|line| {
            line.text.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic()) && line.text.len() > 40
        })
    };
    let from = if found > 0
        && (paragraph.len() <= 12 && begins(0) || header_block::is_rule(paragraph.first()?.text))
    {
        0
    } else {
        found
    };
    Some(first + from)
}

fn is_list_foot(folded: &str, paragraph: &[Line<'_>]) -> bool {
    paragraph.first().is_some_and(|line| header_block::is_rule(line.text))
        && LISTS.iter().any(|word| folded.contains(word))
}

/// A block of contact data below a rule.
fn behind_rule(lines: &[Line<'_>], last: usize) -> Option<usize> {
    let mut count = 0;
    for at in (0..last).rev() {
        let line = lines.get(at)?;
        count += usize::from(!line.is_blank());
        if count > MAX_CONTACT {
            return None;
        }
        if header_block::is_rule(line.text) && !line.text.contains(' ') {
            let block = lines.get(at..=last)?;
            // Underscores alone part a signature, too, where nothing else is ruled.
            let is_short =
                line.text.starts_with('_') && count <= 8 && block.iter().all(|line| line.text.len() <= 80);
            let is_foot = is_short || block.iter().any(|line| CONTACT.is_match(line.text));
            return is_foot.then_some(at);
        }
    }
    None
}

/// A block of contact data below a closing formula and a name.
fn contact(lines: &[Line<'_>], marks: &[Mark], last: usize) -> Option<usize> {
    let mut count = 0;
    let mut has_contact = false;
    for at in (0..=last).rev() {
        let line = lines.get(at)?;
        if line.is_blank() || marks.get(at) != Some(&Mark::Keep) {
            continue;
        }
        if is_closing(line.text) {
            let name = (at + 1..=last).find(|&at| lines.get(at).is_some_and(|line| !line.is_blank()))?;
            // The name, unless the block begins on its line.
            let from = if CONTACT.is_match(lines.get(name)?.text) { name } else { name + 1 };
            return (has_contact && from <= last).then_some(from);
        }
        if line.text.len() > 160 {
            return None;
        }
        has_contact |= CONTACT.is_match(line.text);
        count += 1;
        if count > MAX_CONTACT {
            return None;
        }
    }
    None
}

fn is_closing(text: &str) -> bool {
    if text.len() > 80 {
        return false;
    }
    let folded = text.to_lowercase();
    CLOSINGS.iter().any(|closing| {
        folded.strip_prefix(closing).is_some_and(|rest| {
            rest.chars().next().is_none_or(|c| !c.is_alphanumeric()) && rest.split_whitespace().count() <= 4
        })
    })
}

/// "Ann Lee": two or three words that begin with capitals.
fn is_full_name(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    (2..=3).contains(&words.len())
        && words.iter().all(|word| {
            word.starts_with(char::is_uppercase) && word.chars().skip(1).all(|c| c.is_lowercase() || c == '.')
        })
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
