//! Whether a request is one that the API's description allows.
//!
//! `ROUTES` is our reduced form of the provider's own description: the calls that a bridge makes. A call
//! that it does not know is refused, as one with a field too many.

use serde_json::{Map, Value, json};

use super::fault::Operation;

/// What a value has to be. Every field of a body may be `null` where it is not required.
pub(crate) enum Kind {
    Text(usize),
    Flag,
    Number(i64, i64),
    Id,
    /// A text of up to 25 characters, or a number.
    Nonce,
    /// An instant as text.
    Instant,
    One(&'static Shape),
    List(&'static Kind, usize),
    /// Not looked into.
    Any,
}

/// The fields of an object: name, whether it is required, what it has to be.
pub(crate) type Shape = [(&'static str, bool, Kind)];

/// A call.
pub(crate) struct Route {
    pub(crate) operation: Operation,
    method: &'static str,
    /// `{}` stands for an id, `*` for anything.
    path: &'static str,
    query: &'static Shape,
    body: Option<&'static Shape>,
}

const NONE: &Shape = &[];
const REFERENCE: &Shape = &[
    ("type", false, Kind::Number(0, 1)),
    ("message_id", true, Kind::Id),
    ("channel_id", false, Kind::Id),
    ("guild_id", false, Kind::Id),
    ("fail_if_not_exists", false, Kind::Flag),
];
const MENTIONS: &Shape = &[
    ("parse", false, Kind::List(&Kind::Text(8), 3)),
    ("users", false, Kind::List(&Kind::Id, 100)),
    ("roles", false, Kind::List(&Kind::Id, 100)),
    ("replied_user", false, Kind::Flag),
];
const ATTACHMENT: &Shape = &[
    ("id", true, Kind::Any),
    ("filename", false, Kind::Text(1024)),
    ("description", false, Kind::Text(1024)),
    ("duration_secs", false, Kind::Any),
    ("waveform", false, Kind::Text(400)),
    ("title", false, Kind::Text(1024)),
    ("is_spoiler", false, Kind::Flag),
];
/// The description says 4,000 characters, which is for those who pay.
const CONTENT: Kind = Kind::Text(2000);
const SEND: &Shape = &[
    ("content", false, CONTENT),
    ("nonce", false, Kind::Nonce),
    ("enforce_nonce", false, Kind::Flag),
    ("tts", false, Kind::Flag),
    ("embeds", false, Kind::List(&Kind::Any, 10)),
    ("allowed_mentions", false, Kind::One(MENTIONS)),
    ("message_reference", false, Kind::One(REFERENCE)),
    ("attachments", false, Kind::List(&Kind::One(ATTACHMENT), 10)),
    ("components", false, Kind::List(&Kind::Any, 5)),
    ("sticker_ids", false, Kind::List(&Kind::Id, 3)),
    ("flags", false, Kind::Number(0, i64::MAX)),
];
const EDIT: &Shape = &[
    ("content", false, CONTENT),
    ("embeds", false, Kind::List(&Kind::Any, 10)),
    ("flags", false, Kind::Number(0, i64::MAX)),
    ("allowed_mentions", false, Kind::One(MENTIONS)),
    ("components", false, Kind::List(&Kind::Any, 5)),
    ("attachments", false, Kind::List(&Kind::One(ATTACHMENT), 10)),
];
const DM: &Shape = &[("recipient_id", true, Kind::Id)];
const THREAD: &Shape = &[
    ("name", true, Kind::Text(100)),
    ("auto_archive_duration", false, Kind::Number(60, 10080)),
    ("rate_limit_per_user", false, Kind::Number(0, 21600)),
    ("type", false, Kind::Number(10, 12)),
    ("invitable", false, Kind::Flag),
    ("applied_tags", false, Kind::List(&Kind::Id, 5)),
    ("message", false, Kind::One(SEND)),
];
const CHANGES: &Shape = &[
    ("name", false, Kind::Text(100)),
    ("archived", false, Kind::Flag),
    ("locked", false, Kind::Flag),
    ("invitable", false, Kind::Flag),
    ("auto_archive_duration", false, Kind::Number(60, 10080)),
    ("rate_limit_per_user", false, Kind::Number(0, 21600)),
    ("flags", false, Kind::Number(0, i64::MAX)),
    ("applied_tags", false, Kind::List(&Kind::Id, 5)),
];
const HISTORY: &Shape = &[
    ("around", false, Kind::Id),
    ("before", false, Kind::Id),
    ("after", false, Kind::Id),
    ("limit", false, Kind::Number(1, 100)),
];
const PAGE: &Shape = &[("before", false, Kind::Instant), ("limit", false, Kind::Number(2, 100))];
const JOINED: &Shape = &[("before", false, Kind::Id), ("limit", false, Kind::Number(2, 100))];
const MEMBERS: &Shape = &[("limit", false, Kind::Number(1, 1000)), ("after", false, Kind::Id)];
const THREAD_MEMBERS: &Shape =
    &[("with_member", false, Kind::Any), ("limit", false, Kind::Number(1, 100)), ("after", false, Kind::Id)];
const GUILDS: &Shape = &[
    ("before", false, Kind::Id),
    ("after", false, Kind::Id),
    ("limit", false, Kind::Number(1, 200)),
    ("with_counts", false, Kind::Any),
];

const WITH_COUNTS: &Shape = &[("with_counts", false, Kind::Flag)];

const fn get(operation: Operation, path: &'static str, query: &'static Shape) -> Route {
    Route { operation, method: "GET", path, query, body: None }
}

const fn act(operation: Operation, method: &'static str, path: &'static str) -> Route {
    Route { operation, method, path, query: NONE, body: None }
}

const fn body(operation: Operation, method: &'static str, path: &'static str, body: &'static Shape) -> Route {
    Route { operation, method, path, query: NONE, body: Some(body) }
}

static ROUTES: &[Route] = &[
    get(Operation::Gateway, "gateway", NONE),
    get(Operation::GatewayBot, "gateway/bot", NONE),
    get(Operation::Me, "users/@me", NONE),
    get(Operation::Application, "applications/@me", NONE),
    get(Operation::Application, "oauth2/applications/@me", NONE),
    body(Operation::OpenDm, "POST", "users/@me/channels", DM),
    get(Operation::Guilds, "users/@me/guilds", GUILDS),
    get(Operation::User, "users/{}", NONE),
    get(Operation::Guild, "guilds/{}", WITH_COUNTS),
    get(Operation::Channels, "guilds/{}/channels", NONE),
    get(Operation::Members, "guilds/{}/members", MEMBERS),
    get(Operation::Member, "guilds/{}/members/{}", NONE),
    get(Operation::ActiveThreads, "guilds/{}/threads/active", NONE),
    get(Operation::Channel, "channels/{}", NONE),
    body(Operation::EditChannel, "PATCH", "channels/{}", CHANGES),
    act(Operation::Typing, "POST", "channels/{}/typing"),
    get(Operation::History, "channels/{}/messages", HISTORY),
    body(Operation::Send, "POST", "channels/{}/messages", SEND),
    get(Operation::Message, "channels/{}/messages/{}", NONE),
    body(Operation::Edit, "PATCH", "channels/{}/messages/{}", EDIT),
    act(Operation::Delete, "DELETE", "channels/{}/messages/{}"),
    act(Operation::React, "PUT", "channels/{}/messages/{}/reactions/*/@me"),
    act(Operation::Unreact, "DELETE", "channels/{}/messages/{}/reactions/*/@me"),
    body(Operation::StartThread, "POST", "channels/{}/threads", THREAD),
    body(Operation::StartThreadAt, "POST", "channels/{}/messages/{}/threads", THREAD),
    act(Operation::AddToThread, "PUT", "channels/{}/thread-members/{}"),
    get(Operation::ThreadMembers, "channels/{}/thread-members", THREAD_MEMBERS),
    get(Operation::ArchivedPublic, "channels/{}/threads/archived/public", PAGE),
    get(Operation::ArchivedPrivate, "channels/{}/threads/archived/private", PAGE),
    get(Operation::ArchivedJoined, "channels/{}/users/@me/threads/archived/private", JOINED),
];

/// Why a request is refused.
pub(crate) enum Wrong {
    /// No call has this path.
    Unknown,
    /// No call of this path has this method.
    Method,
    /// What is wrong, and where, in the API's form.
    Form { what: String, errors: Value },
}

/// The call that a request is.
pub(crate) fn find(method: &str, path: &[&str]) -> Result<&'static Route, Wrong> {
    let fits = |route: &&Route| {
        let parts: Vec<&str> = route.path.split('/').collect();
        parts.len() == path.len()
            && parts.iter().zip(path).all(|(pattern, part)| match *pattern {
                "{}" => is_id(part),
                "*" => !part.is_empty(),
                fixed => fixed == *part,
            })
    };
    let mut here = ROUTES.iter().filter(fits).peekable();
    if here.peek().is_none() {
        return Err(Wrong::Unknown);
    }
    here.find(|route| route.method == method).ok_or(Wrong::Method)
}

impl Route {
    /// Whether the query is one that the call knows.
    pub(crate) fn check_query(&self, query: &[(String, String)]) -> Result<(), Wrong> {
        let as_value =
            |text: &String| text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number));
        let fields: Map<String, Value> = query
            .iter()
            .map(|(key, text)| {
                let is_id = self.query.iter().any(|(name, _, kind)| name == key && matches!(kind, Kind::Id));
                (key.clone(), if is_id { json!(text) } else { as_value(text) })
            })
            .collect();
        check(self.query, &fields, &mut Vec::new())
    }

    /// Whether the body is one that the call knows.
    pub(crate) fn check_body(&self, body: &Value) -> Result<(), Wrong> {
        match (self.body, body) {
            (None, Value::Null) => Ok(()),
            (None, Value::Object(fields)) if fields.is_empty() => Ok(()),
            (Some(shape), Value::Object(fields)) => check(shape, fields, &mut Vec::new()),
            _ => Err(wrong::<&str>(&[], "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")),
        }
    }
}

fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.parse::<u64>().is_ok_and(|id| id > 0)
}

fn check(shape: &Shape, fields: &Map<String, Value>, at: &mut Vec<String>) -> Result<(), Wrong> {
    for key in fields.keys() {
        if !shape.iter().any(|(name, ..)| name == key) {
            at.push(key.clone());
            return Err(wrong(at, "UNKNOWN_FIELD", "The description does not know this field"));
        }
    }
    for (name, required, kind) in shape {
        at.push((*name).to_owned());
        match fields.get(*name) {
            None | Some(Value::Null) if *required => {
                return Err(wrong(at, "BASE_TYPE_REQUIRED", "This field is required"));
            }
            None | Some(Value::Null) => {}
            Some(value) => kind.check(value, at)?,
        }
        at.pop();
    }
    Ok(())
}

impl Kind {
    fn check(&self, value: &Value, at: &mut Vec<String>) -> Result<(), Wrong> {
        match (self, value) {
            (Self::Text(most), Value::String(text)) => {
                if text.chars().count() > *most {
                    let message = format!("Must be {most} or fewer in length.");
                    return Err(wrong(at, "BASE_TYPE_MAX_LENGTH", &message));
                }
                Ok(())
            }
            (Self::Flag, Value::Bool(_)) | (Self::Any, _) => Ok(()),
            (Self::Number(least, most), Value::Number(number)) => {
                if number.as_i64().is_some_and(|number| (*least..=*most).contains(&number)) {
                    return Ok(());
                }
                let message = format!("int value should be between {least} and {most}.");
                Err(wrong(at, "NUMBER_TYPE_RANGE", &message))
            }
            (Self::Id, Value::String(text)) if is_id(text) || text == "0" => Ok(()),
            (Self::Nonce, Value::Number(number)) if number.is_i64() => Ok(()),
            (Self::Nonce, Value::String(text)) if text.chars().count() <= 25 => Ok(()),
            (Self::Instant, Value::String(text)) if text.parse::<jiff::Timestamp>().is_ok() => Ok(()),
            (Self::One(shape), Value::Object(fields)) => check(shape, fields, at),
            (Self::List(kind, most), Value::Array(items)) if items.len() <= *most => {
                for (index, item) in items.iter().enumerate() {
                    at.push(index.to_string());
                    kind.check(item, at)?;
                    at.pop();
                }
                Ok(())
            }
            _ => Err(wrong(at, "BASE_TYPE_BAD_TYPE", &format!("The value {value} is not of this type"))),
        }
    }
}

/// A refusal of one field, as the API words it.
pub(crate) fn wrong<S: AsRef<str>>(at: &[S], code: &str, message: &str) -> Wrong {
    let mut errors = json!({"_errors": [{"code": code, "message": message}]});
    for part in at.iter().rev() {
        errors = json!({(part.as_ref()): errors});
    }
    let place = at.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(".");
    Wrong::Form { what: format!("{place}: {message}"), errors }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(method: &str, path: &str, body: &Value) -> Option<String> {
        let path: Vec<&str> = path.split('/').collect();
        let route = match find(method, &path) {
            Ok(route) => route,
            Err(Wrong::Unknown) => return Some("unknown".to_owned()),
            Err(_) => return Some("method".to_owned()),
        };
        match route.check_body(body) {
            Err(Wrong::Form { what, .. }) => Some(what),
            _ => None,
        }
    }

    #[test]
    fn what_the_description_does_not_know_is_refused_by_name() {
        let send = |body: Value| problem("POST", "channels/7/messages", &body);
        assert_eq!(send(json!({"content": "x", "nonce": "1", "enforce_nonce": true})), None);
        assert_eq!(send(json!({"content": "x", "attachments": [{"id": 0, "description": null}]})), None);
        assert!(send(json!({"text": "x"})).unwrap().starts_with("text: "));
        assert!(send(json!({"content": "é".repeat(2001)})).unwrap().contains("2000"));
        assert_eq!(send(json!({"content": "😀".repeat(2000)})), None, "characters count, not bytes");
        assert!(send(json!({"nonce": "x".repeat(26)})).unwrap().starts_with("nonce"));
        let reply = json!({"content": "x", "message_reference": {"channel_id": "7"}});
        assert!(send(reply).unwrap().starts_with("message_reference.message_id"));
        let mentions = json!({"content": "x", "allowed_mentions": {"users": ["7", 8]}});
        assert!(send(mentions).unwrap().starts_with("allowed_mentions.users.1"));
        assert!(problem("POST", "users/@me/channels", &json!({})).unwrap().starts_with("recipient_id"));
        assert_eq!(problem("PUT", "channels/7/messages", &Value::Null).unwrap(), "method");
        assert_eq!(problem("GET", "channels/x/messages", &Value::Null).unwrap(), "unknown");
    }

    #[test]
    fn a_page_has_a_size_that_the_api_takes() {
        let route = find("GET", &["channels", "7", "messages"]).unwrap_or_else(|_| panic!("no route"));
        let ask = |key: &str, value: &str| route.check_query(&[(key.to_owned(), value.to_owned())]).is_ok();
        assert!(ask("limit", "100") && ask("after", "12345"));
        assert!(!ask("limit", "101") && !ask("since", "1") && !ask("after", "monday"));
    }
}
