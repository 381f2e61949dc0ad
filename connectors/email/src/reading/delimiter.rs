//! The line with which ticket systems ask to answer above it.

use std::sync::LazyLock;

use regex::Regex;

use super::words;

/// Parts of that line, in lower case. A line counts where it begins with marks, or holds nothing else.
const PHRASES: &str = "
reply above this line | reply above the line | type your reply above | write your reply above
respond above this line | please do not write below this line | write above this line
answer above this line | reply above this text | enter your reply above | add your response above
your reply above this line | oberhalb dieser zeile | über dieser zeile | antworten sie über dieser
antwort über dieser linie | antwort bitte über | oberhalb dieser linie | au-dessus de cette ligne
au dessus de cette ligne | por encima de esta línea | encima de esta línea | sobre esta línea
acima desta linha | por cima desta linha | al di sopra di questa riga | sopra questa riga
sopra questa linea | boven deze lijn | boven deze regel | ovenfor denne linje | over denne linje
over denne linjen | ovanför den här raden | ovanför denna rad | tämän rivin yläpuolelle
powyżej tej linii | nad tą linią | nad tímto řádkem | nad tento řádek | nad týmto riadkom
выше этой строки | выше этой линии | над этой строкой | вище цього рядка | a vonal fölé | e sor fölé
e fölé a sor fölé | bu satırın üzerine | bu çizginin üstüne | bu satırın üstüne
deasupra acestei linii | πάνω από αυτή τη γραμμή | iznad ove linije | nad to vrstico | この行より上
この線より上 | この行の上 | 请在此行上方 | 请在此行之上 | 在此行上方 | 此線以上 | 請在此行上方 | 이 줄 위에 | 이 선 위에 | فوق هذا السطر
מעל שורה זו | מעל לשורה זו | di atas baris ini | trên dòng này | เหนือบรรทัดนี้
";

static PHRASE: LazyLock<Regex> = LazyLock::new(|| words::pattern("", PHRASES));

/// Whether a line asks for that.
pub(super) fn is_one(text: &str) -> bool {
    if text.len() > 300 || text.len() < 12 {
        return false;
    }
    let begins_with_marks =
        text.starts_with(['#', '-', '=', '*', '_', '~', '—', '–', '>', '[', '(', '↑', '^', '<']);
    // A sentence of a writer does not have these words as its whole.
    if !begins_with_marks && text.chars().count() > 90 {
        return false;
    }
    let folded = text.to_lowercase();
    PHRASE.is_match(&folded) && (begins_with_marks || !folded.ends_with('?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_known_and_sentences_are_not() {
        assert!(is_one("##- Please type your reply above this line -##"));
        assert!(is_one("--- Bitte antworten Sie oberhalb dieser Zeile ---"));
        assert!(!is_one("Hello"));
    }
}
