//! An associate's own word: what a customer brings along from their link, their card or by heart, and so says
//! whom they want. Owns the words and whose they are; what becomes of one that comes in is `ingest/came_by.rs`'s.
//!
//! A word is printed and passed on. It is no secret and no evidence of who somebody is: it only chooses.

use rapport_model::id::AssociateId;

use super::{
    Actor, Store, associate,
    db::{Run as _, built},
    error::StoreError,
    rows,
    tx::Tx,
    value::values,
    writer::Write,
};

/// What stands behind the name: nothing that is taken for something else when it is read out or typed.
const LETTERS: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// How many of them: enough that no two people of one name meet.
const BEHIND: usize = 4;
/// How much of a name stands before them.
const NAME: std::ops::RangeInclusive<usize> = 2..=10;
/// For whom Latin letters give no name.
const NAMELESS: &str = "SHOP";
/// So far into a text a word is looked for, in characters, and so many that could be one are looked up.
const WITHIN: usize = 300;
const MOST: usize = 4;

impl Store {
    /// The word that brings customers to this associate; none until they made one, or after they ended it.
    pub async fn find_entry_word(&self, actor: &Actor) -> Result<Option<String>, StoreError> {
        let row = self
            .pool
            .clone()
            .first(
                "SELECT word FROM entry_words WHERE associate_id = $1 AND ended_at IS NULL",
                values![actor.id()],
            )
            .await?;
        row.map(|row| row.get("word")).transpose()
    }

    /// Makes the actor a word, or gives the one that stands.
    pub async fn insert_entry_word(&self, actor: &Actor) -> Result<String, StoreError> {
        self.writer.write(Make { actor: actor.clone() }).await
    }

    /// Ends the actor's word: who brings it from now on comes in as anybody. Whom it brought stays theirs.
    pub async fn end_entry_word(&self, actor: &Actor) -> Result<(), StoreError> {
        self.writer.write(End { actor: actor.clone() }).await
    }
}

struct Make {
    actor: Actor,
}

impl Write for Make {
    type Output = String;

    async fn apply(&mut self, tx: &mut Tx) -> Result<String, StoreError> {
        // Their row is the lock: two presses at once make one word.
        tx.execute("UPDATE associates SET id = id WHERE id = $1", values![self.actor.id()]).await?;
        let standing = "SELECT word FROM entry_words WHERE associate_id = $1 AND ended_at IS NULL";
        if let Some(row) = tx.first(standing, values![self.actor.id()]).await? {
            return row.get("word");
        }
        let now = tx.now;
        loop {
            let word = mint(self.actor.name());
            let made = tx
                .execute(
                    "INSERT INTO entry_words (word, associate_id, created_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (word) DO NOTHING",
                    values![&word, self.actor.id(), now],
                )
                .await?;
            if made == 1 {
                associate::tell(tx, "associate.entry_word", Some(&self.actor), self.actor.id());
                return Ok(word);
            }
        }
    }
}

struct End {
    actor: Actor,
}

impl Write for End {
    type Output = ();

    async fn apply(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let now = tx.now;
        let ended = tx
            .execute(
                "UPDATE entry_words SET ended_at = $2 WHERE associate_id = $1 AND ended_at IS NULL",
                values![self.actor.id(), now],
            )
            .await?;
        if ended > 0 {
            associate::tell(tx, "associate.entry_word_ended", Some(&self.actor), self.actor.id());
        }
        Ok(())
    }
}

/// Whom a word names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whom {
    pub associate: AssociateId,
    pub name: String,
    /// Whether they still work here, and the word stands.
    pub stands: bool,
}

/// Whom these words name, each beside its word.
pub(super) async fn list_whom(tx: &mut Tx, words: &[String]) -> Result<Vec<(String, Whom)>, StoreError> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let (source, args) = rows::keys(tx.engine(), words.iter().map(|word| values![word]).collect());
    let sql = [
        "SELECT w.word, w.associate_id, w.ended_at, a.name, a.disabled_at FROM entry_words w \
         JOIN associates a ON a.id = w.associate_id WHERE w.word IN ",
        &source,
    ]
    .concat();
    tx.rows_of(built(sql), args)
        .await?
        .iter()
        .map(|row| {
            let stands = row.time_opt("ended_at")?.is_none() && row.time_opt("disabled_at")?.is_none();
            Ok((
                row.get("word")?,
                Whom { associate: row.parse("associate_id")?, name: row.get("name")?, stands },
            ))
        })
        .collect()
}

/// What of a text could be somebody's word, as words are kept.
pub(super) fn words_in(text: &str) -> Vec<String> {
    let end = text.char_indices().nth(WITHIN).map_or(text.len(), |(at, _)| at);
    text[..end]
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .map(|word| word.trim_matches('-').to_ascii_uppercase())
        .filter(|word| is_word(word))
        .take(MOST)
        .collect()
}

fn is_word(text: &str) -> bool {
    text.split_once('-').is_some_and(|(name, behind)| {
        NAME.contains(&name.len())
            && name.bytes().all(|letter| letter.is_ascii_uppercase())
            && behind.len() == BEHIND
            && behind.bytes().all(|letter| LETTERS.contains(&letter))
    })
}

/// A word that its owner recognises and a customer can read out.
fn mint(name: &str) -> String {
    let first: String = name
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphabetic)
        .take(*NAME.end())
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    let name = if NAME.contains(&first.len()) { first.as_str() } else { NAMELESS };
    let behind = (0..BEHIND).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]));
    [name, "-"].concat().chars().chain(behind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_was_minted_is_found_however_it_is_typed() {
        for name in ["Noor Haddad", "Z", "李娜", "Ann-Marie Oakwell", "Wolfeschlegelstein", ""] {
            let word = mint(name);
            assert!(is_word(&word), "{word} for {name}");
            for text in [
                word.clone(),
                word.to_lowercase(),
                ["Hi, I was told to write ", &word, ". Thanks!"].concat(),
                ["«", &word.to_lowercase(), "»"].concat(),
                ["/start ", &word].concat(),
            ] {
                assert_eq!(words_in(&text), std::slice::from_ref(&word), "{text}");
            }
        }
    }

    #[test]
    fn ordinary_texts_hold_few_words_and_long_ones_are_not_searched_to_their_end() {
        for text in
            ["Where is order 4711-2233?", "+49 151 2345-6789", "e-mail me", "NOOR-4K7", "NOOR-4K70", "-"]
        {
            assert_eq!(words_in(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(words_in(&["é".repeat(WITHIN).as_str(), " NOOR-4K7Q"].concat()), Vec::<String>::new());
        assert_eq!(words_in(&"NOOR-4K7Q ".repeat(20)).len(), MOST);
    }
}
