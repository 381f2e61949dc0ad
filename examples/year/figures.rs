//! What a retailer steers by, out of the books. Times are business hours unless said.

use std::{collections::HashMap, fmt::Write as _};

use crate::{
    books::{Books, Talk, Who},
    people::{CHANNELS, DAY, HOUR, MINUTE, Opening},
    shop::REPLY_WITHIN,
};

/// One run of a customer's messages that no person interrupted.
struct Turn {
    began: i64,
    answered: Option<i64>,
}

/// All figures, as text.
pub fn tell(books: &Books) -> String {
    let opening = Opening::default();
    let mut text = String::new();
    let talks: Vec<&Talk> = books.talks.values().collect();
    let messages: usize = talks.iter().map(|talk| talk.words.len()).sum();
    let _ = writeln!(
        text,
        "{} conversations, {messages} messages, {} records joined, {} back in the queue because nobody answered in time\n",
        talks.len(),
        books.merges,
        books.raised
    );
    let _ = writeln!(
        text,
        "1. First human response, business minutes (median of all, open ones counted as open; p90; n)"
    );
    for (name, of) in by_channel(&talks) {
        let times: Vec<_> = of.iter().filter_map(|talk| first_response(talk, books, &opening)).collect();
        let _ = writeln!(text, "   {name:<14} {}", line(&times));
    }
    let _ = writeln!(text, "2. Response to a turn, business minutes");
    let turns: Vec<_> = talks.iter().flat_map(|talk| turns(talk)).collect();
    let times: Vec<_> = turns.iter().map(|turn| waited(turn, books, &opening)).collect();
    let promised = i64::try_from(REPLY_WITHIN.as_millis()).unwrap_or(i64::MAX);
    let kept = times.iter().filter(|(time, answered)| *answered && *time <= promised).count();
    let _ = writeln!(
        text,
        "   {:<14} {}; within the promised {} h: {}",
        "all",
        line(&times),
        promised / HOUR,
        share(kept, times.len())
    );
    let (mut same, mut absent, mut bypassed) = (0, 0, 0);
    for talk in &talks {
        let (Some((known, there)), Some(writer)) = (talk.known, main_writer(talk)) else { continue };
        match (known == writer, there) {
            (true, _) => same += 1,
            (false, false) => absent += 1,
            (false, true) => bypassed += 1,
        }
    }
    let _ = writeln!(
        text,
        "3. Continuity: {} of conversations with a known associate; {absent} others while that one was away, {bypassed} bypassed",
        share(same, same + absent + bypassed)
    );
    let _ = writeln!(
        text,
        "4. Usual provider: {:.3} on average over customers with three conversations or more",
        usual(&talks)
    );
    let gaps: Vec<i64> = turns.iter().map(|turn| turn.answered.unwrap_or(books.end) - turn.began).collect();
    let abandoned = gaps.iter().filter(|gap| **gap > 2 * DAY).count();
    let _ = writeln!(
        text,
        "7. Silence while a reply was owed, hours of the clock: p90 {:.1}, longest {:.1}; without an answer after 48 h: {}",
        hours(quantile(&gaps, 90)),
        hours(gaps.iter().copied().max().unwrap_or(0)),
        share(abandoned, gaps.len())
    );
    let alone = |talk: &&&Talk| {
        let human = talk.words.iter().any(|word| matches!(word.who, Who::Associate(_)));
        !human && talk.words.iter().any(|word| word.who == Who::Bot) && talk.began < books.end - 3 * DAY
    };
    let _ = writeln!(
        text,
        "10. Answered by the bot alone: {}",
        share(talks.iter().filter(alone).count(), talks.len())
    );
    text
}

fn by_channel<'a>(talks: &[&'a Talk]) -> Vec<(&'static str, Vec<&'a Talk>)> {
    let channels = |talk: &Talk| {
        let mut seen: Vec<usize> =
            talk.words.iter().filter(|word| word.who == Who::Customer).map(|word| word.channel).collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    };
    let mut all: Vec<_> = CHANNELS
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, talks.iter().copied().filter(|talk| channels(talk) == [at]).collect()))
        .collect();
    all.push(("several", talks.iter().copied().filter(|talk| channels(talk).len() > 1).collect()));
    all.push(("all", talks.to_vec()));
    all
}

fn turns(talk: &Talk) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for word in &talk.words {
        match word.who {
            Who::Customer if turns.last().is_none_or(|turn| turn.answered.is_some()) => {
                turns.push(Turn { began: word.at, answered: None });
            }
            Who::Associate(_) => {
                if let Some(turn) = turns.last_mut().filter(|turn| turn.answered.is_none()) {
                    turn.answered = Some(word.at);
                }
            }
            Who::Customer | Who::Bot => {}
        }
    }
    turns
}

/// How long, and whether it ended.
fn waited(turn: &Turn, books: &Books, opening: &Opening) -> (i64, bool) {
    (opening.between(turn.began, turn.answered.unwrap_or(books.end)), turn.answered.is_some())
}

fn first_response(talk: &Talk, books: &Books, opening: &Opening) -> Option<(i64, bool)> {
    turns(talk).first().map(|turn| waited(turn, books, opening))
}

/// The median as Kaplan and Meier estimate it: what is still open has waited at least so long.
fn median(times: &[(i64, bool)]) -> Option<i64> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable_by_key(|(time, ended)| (*time, !ended));
    let mut stands = 1.0_f64;
    for (at, (time, ended)) in sorted.iter().enumerate() {
        if *ended {
            let left = u32::try_from(sorted.len() - at).unwrap_or(u32::MAX);
            stands *= 1.0 - 1.0 / f64::from(left);
            if stands <= 0.5 {
                return Some(*time);
            }
        }
    }
    None
}

fn quantile(values: &[i64], percent: usize) -> i64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
}

fn line(times: &[(i64, bool)]) -> String {
    let ended: Vec<i64> = times.iter().filter(|(_, ended)| *ended).map(|(time, _)| *time).collect();
    let median = median(times).map_or_else(|| "none".to_owned(), |time| (time / MINUTE).to_string());
    format!("median {median:>4}, p90 {:>5}, n {}", quantile(&ended, 90) / MINUTE, times.len())
}

/// Who of ours wrote most in it; of several with as many, who wrote last.
fn main_writer(talk: &Talk) -> Option<usize> {
    let mut written: HashMap<usize, (usize, i64)> = HashMap::new();
    for word in &talk.words {
        if let Who::Associate(one) = word.who {
            let (many, last) = written.entry(one).or_default();
            *many += 1;
            *last = (*last).max(word.at);
        }
    }
    written.into_iter().max_by_key(|(_, counted)| *counted).map(|(one, _)| one)
}

fn usual(talks: &[&Talk]) -> f64 {
    let mut of: HashMap<usize, (u32, HashMap<usize, u32>)> = HashMap::new();
    for talk in talks {
        let (many, writers) = of.entry(talk.customer).or_default();
        *many += 1;
        for word in &talk.words {
            if let Who::Associate(one) = word.who {
                *writers.entry(one).or_default() += 1;
            }
        }
    }
    let indices: Vec<f64> = of
        .values()
        .filter(|(many, writers)| *many >= 3 && !writers.is_empty())
        .map(|(_, writers)| {
            f64::from(writers.values().copied().max().unwrap_or(0)) / f64::from(writers.values().sum::<u32>())
        })
        .collect();
    let many = u32::try_from(indices.len()).unwrap_or(u32::MAX).max(1);
    indices.iter().sum::<f64>() / f64::from(many)
}

fn share(part: usize, of: usize) -> String {
    let percent = if of == 0 { 0.0 } else { ratio(part, of) * 100.0 };
    format!("{percent:.1} % ({part} of {of})")
}

fn ratio(part: usize, of: usize) -> f64 {
    let small = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    small(part) / small(of)
}

fn hours(millis: i64) -> f64 {
    f64::from(i32::try_from(millis / MINUTE).unwrap_or(i32::MAX)) / 60.0
}
