//! What a text that leaves without a person must not say.
//!
//! A machine that names a price, a refund or a time makes a promise that no person made. The list
//! is in the eight languages of the embedded texts; a `*` stands for any ending. It is a net for
//! slips, not a judge of meaning: the retailer approves the text.

/// A word that was found, and why it is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) word: String,
    pub(super) reason: &'static str,
}

const TIME: &str = "it promises a time, and only a person can promise one";
const MONEY: &str = "it speaks of money, and only a person may";
const POLICY: &str = "it answers what a person has to answer";
const FAULT: &str = "it admits a fault or apologises in a person's place";

#[rustfmt::skip]
const WORDS: [(&str, &[&str]); 4] = [
    (TIME, &[
        "shortly", "soon", "asap", "immediately", "instantly", "promptly", "today", "tomorrow", "tonight", "minute*", "hour*", "day", "days",
        "bald", "demnächst", "gleich", "sofort", "umgehend", "schnellstmöglich", "heute", "morgen", "minuten", "stunde*", "tag", "tage*", "werktag*", "zeitnah", "kürze",
        "bientôt", "immédiatement", "rapidement", "aujourd", "demain", "heure*", "jour", "jours", "délais",
        "pronto", "enseguida", "inmediatamente", "brevedad", "hoy", "mañana", "hora", "horas", "día", "días", "minuto*",
        "presto", "subito", "immediatamente", "breve", "oggi", "domani", "ora", "ore", "giorno", "giorni", "minuti",
        "brevemente", "imediatamente", "logo", "hoje", "amanhã", "dia", "dias",
        "spoedig", "binnenkort", "direct", "meteen", "onmiddellijk", "vandaag", "uur", "uren", "dag", "dagen", "minuten",
        "wkrótce", "niebawem", "natychmiast", "dziś", "dzisiaj", "jutro", "godzin*", "dni", "dzień", "minut*",
    ]),
    (MONEY, &[
        "price*", "refund*", "discount*", "voucher*", "reimburse*", "compensat*", "free", "cost*", "€", "$", "£", "zł", "eur", "usd", "gbp", "pln",
        "preis*", "erstatt*", "rückerstatt*", "rabatt*", "gutschein*", "entschädig*", "kostenlos", "gratis",
        "prix", "rembours*", "remise*", "gratuit*", "dédommag*",
        "precio*", "reembols*", "descuento*", "devolución",
        "prezz*", "rimbors*", "sconto*", "sconti",
        "preço*", "desconto*",
        "prijs*", "prijzen", "terugbetal*", "korting*",
        "cena", "ceny", "cenę", "zwrot*", "rabat*", "zniżk*",
    ]),
    (POLICY, &[
        "stock", "available", "delivery", "deliver*", "guarantee*", "warranty", "return", "returns",
        "lieferbar", "lieferung*", "garantie*", "lager", "verfügbar*", "rückgabe*",
        "livraison*", "disponible*", "garanti*",
        "entrega*", "garantía*", "existencias",
        "consegna*", "garanzia*", "disponibil*",
        "garantia*", "disponível", "levering*", "voorraad",
        "dostaw*", "gwarancj*", "dostępn*",
    ]),
    (FAULT, &[
        "sorry", "apolog*", "our fault", "entschuldig*", "tut uns leid", "désolé*", "excus*", "pardon",
        "lo sentimos", "disculp*", "lamentamos", "scus*", "spiacent*", "desculp*", "excuses", "spijt", "przepraszam*", "przykro",
    ]),
];

/// The first thing in the text that must not stand there.
pub(super) fn find(text: &str) -> Option<Found> {
    let text = text.to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    for (reason, forbidden) in WORDS {
        for entry in forbidden {
            let word = if let Some(stem) = entry.strip_suffix('*') {
                words.iter().find(|word| word.starts_with(stem)).copied()
            } else if entry.contains(' ') || !entry.contains(char::is_alphanumeric) {
                text.contains(entry).then_some(*entry)
            } else {
                words.iter().find(|word| *word == entry).copied()
            };
            if let Some(word) = word {
                let word = word.to_owned();
                return Some(Found { word, reason });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_of_a_time_or_of_money_is_found_whatever_its_case_or_ending() {
        for text in [
            "We will answer SHORTLY.",
            "Wir antworten innerhalb von 2 Stunden.",
            "Your refunds are on the way",
            "C'est 5 €",
            "We are sorry.",
        ] {
            assert!(find(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_word_that_only_begins_like_a_forbidden_one_is_let_through() {
        assert_eq!(find("Daylight Outdoor has received your message."), None);
    }
}
