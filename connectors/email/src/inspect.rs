//! What a reading says, as one JSON object: for the command line, for scripts that score the reading, and
//! for a person who asks why a mail was taken for what it was.

use serde_json::{Value, json};

use crate::reading::{Machine, Mailbox, Ourselves, Reading, read};

/// Reads a mail and tells all of it but the bytes of its files.
pub fn inspect(raw: &[u8], us: &Ourselves) -> Value {
    describe(&read(raw, us))
}

fn describe(reading: &Reading) -> Value {
    let nature = &reading.nature;
    let bounce = nature.bounce.as_ref();
    let addresses = |list: &[Mailbox]| list.iter().map(|one| one.address.clone()).collect::<Vec<_>>();
    let files: Vec<&str> = reading.files.iter().map(|file| file.name.as_str()).collect();
    let details: Vec<Value> = reading
        .files
        .iter()
        .map(|file| {
            json!({
                "name": file.name,
                "content_type": file.content_type,
                "content_id": file.content_id,
                "inline": file.inline,
                "size": file.bytes.len(),
            })
        })
        .collect();
    json!({
        "subject": reading.subject,
        "from": reading.from.first().map(|from| &from.address),
        "from_name": reading.from.first().map(|from| &from.name),
        "authors": addresses(&reading.from),
        "sender": reading.sender.as_ref().map(|sender| &sender.address),
        "reply_to": reading.reply_to.first().map(|reply_to| &reply_to.address),
        "to": addresses(&reading.to),
        "cc": addresses(&reading.cc),
        "date": reading.date.map(|date| date.to_string()),
        "message_id": reading.message_id,
        "in_reply_to": reading.in_reply_to.first(),
        "references": reading.references,
        "text": reading.text,
        "text_reply": reading.text_reply,
        "text_noquote": reading.text_noquote,
        "html": reading.html.is_some(),
        "attachments": reading.files.len(),
        "files": files,
        "file_details": details,
        "auto": nature.machine.is_some(),
        "bounce": matches!(nature.machine, Some(Machine::Failed | Machine::Delayed)),
        "hard": bounce.is_some_and(|bounce| bounce.hard),
        "kind": nature.machine.map(kind),
        "recipient": bounce.and_then(|bounce| bounce.recipient.as_ref()),
        "status": bounce.and_then(|bounce| bounce.status.as_ref()),
        "original": bounce.and_then(|bounce| bounce.original.as_ref()),
        "reason": bounce.map(|bounce| &bounce.reason),
        "evidence": nature.evidence,
        "problems": reading.problems,
    })
}

fn kind(machine: Machine) -> &'static str {
    match machine {
        Machine::OutOfOffice => "out_of_office",
        Machine::Failed => "failed",
        Machine::Delayed => "delayed",
        Machine::Delivered => "delivered",
        Machine::Complaint => "complaint",
        Machine::List => "list",
        Machine::Newsletter => "newsletter",
        Machine::ReadReceipt => "read_receipt",
        Machine::Challenge => "challenge",
        Machine::Ticket => "ticket",
        Machine::Echo => "echo",
        Machine::Other => "other",
    }
}
