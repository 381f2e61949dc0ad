//! C8 to C10 and C13: what goes out, and what must not.

use std::sync::Arc;

use rapport_model::outbound::{OutboundMessage, SendError};

use super::{Failure, Harness, Outcome, stage::ensure};

pub(super) async fn errors_are_of_the_right_kinds(harness: Arc<dyn Harness>) -> Outcome {
    let connector = harness.connector();
    for failure in [Failure::Overloaded, Failure::Refused, Failure::WrongCredentials, Failure::LostAnswer] {
        harness.fail_next_send(failure);
        let result = connector.send(&harness.outgoing("doomed")).await;
        let fits = matches!(
            (failure, &result),
            (Failure::Overloaded, Err(SendError::Transient { .. }))
                | (Failure::Refused, Err(SendError::Rejected { .. }))
                | (Failure::WrongCredentials, Err(SendError::Unauthorized))
                | (Failure::LostAnswer, Err(SendError::Unknown))
        );
        ensure(fits, &format!("{failure:?} became {result:?}"))?;
    }
    Ok(())
}

pub(super) async fn a_key_is_one_message(harness: Arc<dyn Harness>) -> Outcome {
    let connector = harness.connector();
    if connector.capabilities().idempotent_send.is_none() {
        return Ok(());
    }
    let outgoing = harness.outgoing("only once");
    let first = connector.send(&outgoing).await;
    let second = connector.send(&outgoing).await;
    ensure(first.is_ok() && first == second, "the second answer differs from the first")?;
    let there = harness.sent().into_iter().filter(|(_, text)| text == "only once").count();
    ensure(there == 1, "the provider has it more than once")
}

pub(super) async fn parts_go_in_order(harness: Arc<dyn Harness>) -> Outcome {
    let connector = harness.connector();
    let longest = connector.capabilities().longest_text as usize;
    let mut text = String::new();
    for number in 0.. {
        let word = format!("w{number} ");
        if text.len() + word.len() > longest {
            break;
        }
        text.push_str(&word);
    }
    let message = OutboundMessage { text: text.clone(), ..OutboundMessage::default() };
    let parts = connector.plan(&message).map_err(|error| format!("plan refuses: {error}"))?;
    ensure(connector.plan(&message).as_ref() == Ok(&parts), "plan is not pure")?;
    let planned: Vec<&str> = parts.iter().flat_map(|part| part.text.split_whitespace()).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    ensure(planned == words, "the parts do not hold the text in its order")?;
    let before = harness.sent().len();
    let mut ids = Vec::new();
    for part in parts {
        let mut outgoing = harness.outgoing("");
        outgoing.part = part;
        let receipt = connector.send(&outgoing).await.map_err(|error| format!("a part: {error}"))?;
        ids.push(receipt.id.to_string());
    }
    let there: Vec<String> = harness.sent().into_iter().skip(before).map(|(id, _)| id).collect();
    ensure(there == ids, "the ids that were returned are not those of the provider, in order")
}

pub(super) async fn check_has_no_effect(harness: Arc<dyn Harness>) -> Outcome {
    let connector = harness.connector();
    let before = harness.footprint();
    let result = connector.check().await;
    ensure(result.is_ok(), &format!("check fails on an account that works: {result:?}"))?;
    ensure(harness.footprint() == before, "check left something behind")
}
