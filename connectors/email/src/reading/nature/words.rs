//! The words of machines, in the languages of the world: for those that tell by nothing else.
//!
//! All in lower case. A person may use any of them, so none decides alone.

use std::sync::LazyLock;

use regex::RegexSet;

/// So much of the words that a writer wrote anew is looked at, in bytes: a machine says it at once.
const LOOKED_AT: usize = 3_000;

fn set(patterns: &[&str]) -> RegexSet {
    RegexSet::new(patterns).expect("the patterns are some")
}

/// Subjects that begin as a program begins them, before a colon or as the whole.
static AWAY_SUBJECT: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"^\W*(auto(matic)?[- ]?(reply|response|reponse|answer)|auto|out of (the )?office( (auto[- ]?)?reply)?|ooo|away from (the|my) office|vacation (reply|response)|i am (currently )?(out of (the )?office|away)|on (vacation|holiday|leave)( until.*)?|annual leave)\W*($|:|-|–|\()",
        r"^\W*(automatische (antwort|abwesenheits\w+)|abwesenheits(notiz|meldung|nachricht|benachrichtigung|assistent|mitteilung)|auto(matische)?[- ]?antwort|abwesend|abwesenheit|nicht im (büro|haus)|außer haus|urlaub(sabwesenheit|snotiz)?)\W*($|:|-|–|\()",
        r"^\W*(réponse automatique|message d.absence|absence du bureau|absent\(?e?\)? du bureau|absence)\s*($|:|-|–)",
        r"^\W*(respuesta automática|fuera de (la )?oficina|mensaje automático|ausencia|autorespuesta)\s*($|:|-|–)",
        r"^\W*(risposta automatica|fuori (sede|ufficio)|assenza( dall.ufficio)?|messaggio automatico|assente)\s*($|:|-|–)",
        r"^\W*(resposta automática|fora do escritório|ausência( temporária)?|ausente|mensagem automática)\s*($|:|-|–)",
        r"^\W*(automatisch antwoord|afwezig(heid\w*)?|niet aanwezig|automatische reactie|out-of-office)\s*($|:|-|–)",
        r"^\W*(automatyczna odpowiedź|autoodpowiedź|autoresponder|poza biurem|odpowiedź automatyczna|nieobecność)\s*($|:|-|–)",
        r"^\W*(automatisk[t]? svar|autosvar|fraværs\w*|frånvaro\w*|ikke til stede|ikke på kontoret|inte på kontoret|fravær)\s*($|:|-|–)",
        r"^\W*(automaattinen vastaus|poissaolo\w*|poissa toimistolta|automaattivastaus)\s*($|:|-|–)",
        r"^\W*(автоматический ответ|автоответ\w*|вне офиса|нет на месте|автоматична відповідь|автоматичен отговор)\s*($|:|-|–)",
        r"^\W*(otomatik (yanıt|cevap)|ofis dışında(yım)?|iş yeri dışında|ofiste değil)\s*($|:|-|–)",
        r"^\W*(αυτόματη απάντηση|εκτός γραφείου|απουσία)\s*($|:|-|–)",
        r"^\W*(automatická odpověď|mimo kancelář|automatická odpoveď|nepřítomnost|automatikus válasz|házon kívül|răspuns automat|automatski odgovor|samodejni odgovor|automaatvastus|automātiskā atbilde|automatinis atsakymas|trả lời tự động|balas otomatis|jawapan automatik)\s*($|:|-|–)",
        r"自動応答|自動返信|不在(通知|のお知らせ|のご連絡)|自动(答复|回复)|自動(回覆|回應|答覆)|外出通知|休假通知|자동 ?(회신|응답)|부재 ?중|ตอบกลับอัตโนมัติ",
        r"(رد|الرد) (تلقائي|آلي)|خارج المكتب|מענה אוטומטי|תשובה אוטומטית|מחוץ למשרד|पाسخ خودکار|پاسخ خودکار|स्वचालित (जवाब|उत्तर)",
        r"\b(is|am) out of (the )?office\b\W*$|ist (zur zeit |derzeit )?(außer haus|nicht im (büro|haus)|abwesend)\W*$|est absent(e)?( du bureau)?\W*$|is afwezig\W*$",
    ])
});

/// What such a note says of itself or of its owner's return.
static AWAY_TEXT: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\b(i am|i'm|i will be|we are) (currently |now |presently )?(out of (the )?office|away|on (annual |parental |maternity |sick )?(leave|vacation|holiday)|travel)",
        r"(will|shall) (reply|respond|answer|get back|return).{0,60}(return|back|possible|message|mail)|limited access to (my )?e-?mail|no longer (works?|employed|with)|in urgent cases|for urgent matters",
        r"(automatic|automated|auto-?generated|auto) (reply|response|message|answer)|(dies|das) ist eine automatische|automatisch (generierte|erstellte|erzeugte)|automatische (antwort|nachricht|abwesenheits)",
        r"(bin|sind) (ich|wir)?.{0,40}(nicht im büro|außer haus|abwesend|im urlaub|nicht erreichbar|wieder (da|erreichbar|im büro))|nach meiner rückkehr|lese meine (post|e-?mails)|nicht im büro sein|in dringenden fällen|wird nicht weitergeleitet",
        r"(message|réponse|courriel) automatique|(je|nous) (suis|sommes|serai|serons).{0,30}(absent|en congé|fermé)|dès (mon|notre) retour|à mon retour|en cas d.urgence",
        r"(mensaje|respuesta|correo) (generado )?automátic|(estoy|estaré|estamos|estaremos).{0,30}(fuera|ausente|vacaciones)|a (mi|la|nuestra) (vuelta|regreso)|en caso de urgencia",
        r"(messaggio|risposta) automatic|(sono|sarò|siamo|saremo).{0,30}(assente|fuori|ferie)|al mio rientro|al mio ritorno|per urgenze",
        r"(mensagem|resposta) automátic|(estou|estarei|estamos).{0,30}(ausente|fora|férias)|no meu regresso|assim que (eu )?(voltar|regressar)",
        r"automatisch (antwoord|bericht|gegenereerd)|(ben|zijn) (ik|wij)?.{0,30}(afwezig|met vakantie|niet aanwezig)|na mijn terugkomst|bij afwezigheid",
        r"automatyczn\w+ (odpowiedź|wiadomość)|wiadomość.{0,20}automatyczn|(jestem|będę|biuro jest).{0,30}(nieobecn|niedostępn|poza biurem|nieczynne|na urlopie)|po (moim )?powrocie",
        r"automatisk[t]? (svar|meddelande|besked|melding)|(jeg er|jag är).{0,30}(fravær|bortrest|ikke på kontoret|semester|ferie|borta)|når jeg er tilbage|när jag är tillbaka",
        r"automaattinen (vastaus|viesti)|olen (poissa|lomalla|vuosilomalla)|palaan (töihin|toimistolle)",
        r"автоматическ(ий|ое) (ответ|сообщение|уведомление)|(я|мы) (нахожусь|буду|в отпуске|отсутству)|после возвращения|в отпуске|автоматичн",
        r"otomatik (yanıt|olarak|mesaj|cevap)|(ofis|iş yeri)\w* dışında|izinde(yim)?|döndüğümde",
        r"αυτόματ\w+ (απάντηση|μήνυμα)|(απουσιάζω|θα απουσιάζω|εκτός γραφείου)|κατά την επιστροφή",
        r"automatick(á|ou) (odpověď|odpoveď|zpráva)|nejsem v kanceláři|mimo kancelář|automatikus válasz|szabadságon|răspuns automat|automatski odgovor|godišnjem odmoru",
        r"自動(返信|応答|送信)|不在に(して|し)|休暇を|自动(回复|答复|发送)|自動(回覆|回應)|不在办公室|休假|자동 ?(회신|응답|발송)|부재|휴가",
        r"رد (تلقائي|آلي)|خارج المكتب|في إجازة|عند عودتي|תשובה אוטומטית|מענה אוטומטי|מחוץ למשרד|בחופשה|پاسخ خودکار",
    ])
});

/// A machine that says of itself that nobody reads what it is answered.
static NO_ANSWER: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"(do not|don't|please do not|cannot) (reply|respond) to this|this (mailbox|address|inbox) is not (monitored|read)|(this is an?|this) (automated|automatic|system[- ]generated|auto-generated) (message|mail|e-?mail|notification|response|reply)|automatically generated|sent automatically",
        r"(bitte )?(antworten sie )?nicht (auf diese|direkt)|automatisch (erstellt|generiert|erzeugt|versendet|verschickt)|automatische (nachricht|e-?mail|benachrichtigung)",
        r"ne (pas|répondez pas).{0,20}répondre|(message|courriel|e-?mail) (envoyé |généré )?automatique",
        r"no (responda|conteste)s? a este|(mensaje|correo) (generado |enviado )?automátic",
        r"non rispond(ere|a|ete)|(messaggio|e-?mail) (generat[ao] )?automatic",
        r"não responda|(mensagem|resposta|e-?mail) (gerad[ao] |enviad[ao] )?automátic",
        r"(niet beantwoorden|beantwoord dit bericht niet)|automatisch (gegenereerd|verzonden|bericht)",
        r"prosimy (na nią )?nie odpowiadać|nie odpowiadaj|wygenerowan\w+ automatycznie|wiadomość automatyczna",
        r"отвечать на (него|это|данное)|не отвечайте|автоматическ(ое|ое) (сообщение|уведомление|письмо)|сформировано автоматически",
        r"bu (mesaj|e-?posta).{0,30}(otomatik|yanıtlamayın)|svar(a)? (ikke|inte|ej) på|automatisk (generert|genereret|genererat)|älä vastaa|neodpovíd|ne válaszol",
        r"(请勿|請勿|请不要)(直接)?回复|系统自动|系統自動|送信専用|返信(しないで|いただいても)|自動(送信|配信)|발신 ?전용|회신하지|자동 ?발송",
        r"لا ترد|رسالة (تلقائية|آلية)|אין להשיב|הודעה אוטומטית|μην απαντ",
    ])
});

/// A help desk confirms what it got.
static TICKET: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"(request|ticket|case|enquiry|inquiry|message|e-?mail) (\S+ )?(has been |was |is )?(received|created|opened|registered|logged)|received your (request|message|e-?mail|enquiry|inquiry|ticket)|got your (request|message)|\[request received\]|thank you for (contacting|reaching)|autoreply|case (number|id)|ticket[- ]?(number|id|#)",
        r"(anfrage|ticket|nachricht|vorgang|anliegen|e-?mail).{0,40}(eingegangen|erhalten|erstellt|angelegt|aufgenommen|registriert)|eingangsbestätigung|ticketnummer|vorgangsnummer",
        r"(demande|ticket|message|requête).{0,40}(bien reçu|reçue?|enregistrée?|créée?|prise? en compte)|accusé de réception|nous avons bien reçu",
        r"(solicitud|ticket|mensaje|consulta|caso).{0,40}(recibid|registrad|cread)|hemos recibido (su|tu)|acuse de recibo",
        r"(richiesta|ticket|messaggio|segnalazione).{0,40}(ricevut|registrat|apert|pres[ao] in carico)|abbiamo ricevuto",
        r"(pedido|ticket|mensagem|solicitação|chamado).{0,40}(recebid|registad|registrad|abert|criad)|recebemos (a |o )?(sua|seu)",
        r"(aanvraag|ticket|bericht|verzoek|melding).{0,40}(ontvangen|aangemaakt|geregistreerd)|ontvangstbevestiging",
        r"(zgłoszenie|wiadomość|sprawa|ticket).{0,40}(przyjęt|otrzyma|zarejestrowan|utworzon)|otrzymaliśmy",
        r"(обращение|заявка|запрос|тикет|письмо).{0,40}(зарегистрирован|принят|создан|получен)|получили ваше",
        r"(工单|工單|您的(请求|請求|来信|邮件|咨询)).{0,20}(已|收到|受理)|お問い合わせ(を受け付け|ありがとう|いただき)|受付(番号|完了|いたしました)|(문의|요청|접수).{0,20}(접수|되었습니다|완료)",
        r"talebiniz|(henvendelse|ärende|sag|förfrågan|saken).{0,30}(modtaget|mottagit|mottatt|oprettet|skapat|registrer)|pyyntösi|tukipyyntö|(požadavek|tiket|požiadavk).{0,30}(přijat|vytvořen|zaevidov|prijat)|(αίτημ|μήνυμ).{0,30}(λάβαμε|ελήφθη|καταχωρ)|تم استلام|קיבלנו את",
    ])
});

/// "Prove that you are a person."
static CHALLENGE: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"verify (that )?you|(confirm|verify|prove).{0,40}(sender|you are (a )?(human|person|not)|your (message|e-?mail|identity|mail))|protect(s|ing)? my (inbox|mailbox)|spam ?arrest|boxtrapper|sender verification|(click|reply).{0,60}(deliver|reach me|release|approve)|(your|this) (message|e-?mail|mail) (is|has been) (being )?held|awaiting (approval|confirmation)",
        r"(bestätigen|beweisen) sie.{0,60}(nachricht|absender|mensch|werbe|e-?mail|mail)|absenderprüfung|noch nicht zugestellt",
        r"(confirm|prouv|valid).{0,40}(expéditeur|votre (message|adresse|envoi))|(confirme|verifique).{0,40}(envio|mensagem|remetente|remitente|envío|mensaje)|endereço protegido|antispam|(conferm|verific).{0,40}(mittente|messaggio)",
        r"(potwierdź|potwierdzenie).{0,40}(nadawc|wiadomoś)|подтвердите.{0,40}(отправ|письмо|что вы)|(bevestig).{0,40}(afzender|bericht)|送信者(の)?確認|验证(您的)?(身份|邮件)|발신자 ?확인",
    ])
});

/// How to be taken off a list of readers.
static UNSUBSCRIBE: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"unsubscribe|opt[- ]?out of|manage (your )?(e-?mail )?preferences|view (this|it) (e-?mail )?in (your )?browser|you (are receiving|receive|received) this (e-?mail|newsletter|message) because|update (your )?(subscription|preferences)",
        r"abmelden|abbestellen|austragen|newsletter abmeld|im browser (ansehen|öffnen|anzeigen)|(se )?désabonner|désinscri(re|ption)|darse de baja|dar(se|te)? de baja|cancelar (la )?suscripción|disiscri|annulla (l.)?iscrizione|cancella(rsi|ti)|cancelar (a )?(inscrição|subscrição|assinatura)|descadastr",
        r"(uit te )?schrijven|uitschrijven|afmelden|wypisz|zrezygnuj|rezygnacj\w+ z|отписаться|отказаться от (рассылки|подписки)|avregistrera|avsluta prenumeration|afmeld|meld (deg|dig) (av|af)|peruuta (uutiskirj|tilaus)|aboneliğ?i(nizi)? (iptal|sonlandır)|abonelikten|odhlásit|leiratkoz|dezabon|διαγραφή|κατάργηση εγγραφής",
        r"配信停止|購読(解除|停止)|退订|退訂|取消订阅|수신 ?거부|구독 ?(취소|해지)|إلغاء الاشتراك|הסר(ה)? (מ|מרשימ)|ביטול (הרשמה|מנוי)",
    ])
});

/// What calls itself a newsletter.
static NEWSLETTER: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"news ?letter|rundbrief|infobrief|lettre d.info|infolettre|bolet[ií]n|bollettino|boletim|nieuwsbrief|nyhets?brev|uutiskirje|biuletyn|рассылк|дайджест|bülten|zpravodaj|hírlevél|ενημερωτικ|メルマガ|メールマガジン|ニュースレター|通信|简报|周刊|电子报|뉴스레터|소식지|نشرة|ניוזלטר|digest|weekly|monthly",
    ])
});

/// A device says that a mail was opened.
static OPENED: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"this is a (return |read )?receipt for|receipt verifies that|(was|has been) (read|displayed|opened) (on|at)|your message\s.{0,200}(was read|has been read)|lesebestätigung|wurde (am|gelesen)|accusé de (lecture|réception)|a été (lu|affiché)|confirmación de lectura|conferma di lettura|confirmação de leitura|leesbevestiging|potwierdzenie (przeczytania|odczytania)|уведомление о прочтении|開封確認|已读回执|已讀|읽음 확인",
    ])
});

/// What was found in a text.
pub(super) struct Words {
    text: String,
}

impl Words {
    /// Looks at the beginning of a text.
    pub(super) fn of(text: &str) -> Self {
        let mut end = text.len().min(LOOKED_AT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self { text: text[..end].to_lowercase() }
    }

    pub(super) fn away_as_subject(&self) -> bool {
        AWAY_SUBJECT.is_match(&self.text)
    }

    pub(super) fn away(&self) -> bool {
        AWAY_TEXT.is_match(&self.text)
    }

    pub(super) fn wants_no_answer(&self) -> bool {
        NO_ANSWER.is_match(&self.text)
    }

    pub(super) fn ticket(&self) -> bool {
        TICKET.is_match(&self.text)
    }

    pub(super) fn challenge(&self) -> bool {
        CHALLENGE.is_match(&self.text)
    }

    pub(super) fn unsubscribe(&self) -> bool {
        UNSUBSCRIBE.is_match(&self.text)
    }

    pub(super) fn newsletter(&self) -> bool {
        NEWSLETTER.is_match(&self.text)
    }

    pub(super) fn opened(&self) -> bool {
        OPENED.is_match(&self.text)
    }

    /// How long the text is that was looked at, in characters.
    pub(super) fn length(&self) -> usize {
        self.text.chars().count()
    }
}
