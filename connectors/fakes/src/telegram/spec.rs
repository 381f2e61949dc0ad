//! Whether a request is one that the API's description allows.
//!
//! `spec.json` beside this file is our reduced form of it: methods and types with their fields; `!` marks what
//! must be there, `=` a fixed text. A request comes out with its values in their own types.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The description.
#[derive(Deserialize)]
pub(crate) struct Spec {
    /// The kinds of updates.
    updates: Vec<String>,
    methods: BTreeMap<String, Fields>,
    types: BTreeMap<String, Fields>,
}

type Fields = BTreeMap<String, String>;

/// A file that came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// A field as it came.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    Value(Value),
    File(Upload),
}

/// The fields of a request that is described.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pub(crate) fields: Map<String, Value>,
    pub(crate) files: HashMap<String, Upload>,
}

impl Params {
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.fields.get(name)?.as_i64()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.fields.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn list(&self, name: &str) -> Option<&Vec<Value>> {
        self.fields.get(name)?.as_array()
    }
}

/// Why a value does not fit.
struct Misfit {
    reason: String,
    /// Whether it says itself that it is of another type.
    other: bool,
}

impl Spec {
    pub(crate) fn load() -> Self {
        serde_json::from_str(include_str!("spec.json")).expect("our own file is read by a test")
    }

    /// The name of a method as it is described: the API does not mind the case.
    pub(crate) fn method(&self, name: &str) -> Option<&str> {
        self.methods.keys().find(|known| known.eq_ignore_ascii_case(name)).map(String::as_str)
    }

    /// The fields in their own types, or what is wrong with the request.
    pub(crate) fn check(&self, method: &str, given: Vec<(String, Given)>) -> Result<Params, String> {
        let described = self.methods.get(method).ok_or_else(|| format!("{method} is not described"))?;
        let mut object = Map::new();
        let mut params = Params::default();
        for (name, given) in given {
            let is_described = described_as(described, &name).is_some();
            match given {
                Given::Value(value) => {
                    object.insert(name, value);
                }
                Given::File(file) => {
                    if is_described {
                        object.insert(name.clone(), format!("attach://{name}").into());
                    }
                    params.files.insert(name, file);
                }
            }
        }
        params.fields = self.fit_fields(described, &object, method).map_err(|misfit| misfit.reason)?;
        let kinds = params.list("allowed_updates").into_iter().flatten().filter_map(Value::as_str);
        if let Some(kind) = kinds.into_iter().find(|kind| !self.updates.iter().any(|known| known == kind)) {
            return Err(format!("{method}: no update is of the kind {kind}"));
        }
        let whole = Value::Object(params.fields.clone()).to_string();
        if let Some(name) = params.files.keys().find(|name| !whole.contains(&format!("\"attach://{name}\"")))
        {
            return Err(format!("{method}: the file {name} is not attached anywhere"));
        }
        Ok(params)
    }

    fn fit_fields(
        &self,
        described: &Fields,
        object: &Map<String, Value>,
        at: &str,
    ) -> Result<Map<String, Value>, Misfit> {
        let misfit = |reason| Err(Misfit { reason, other: false });
        let mut fitting = Map::new();
        for (name, value) in object {
            let Some(types) = described_as(described, name) else {
                return misfit(format!("{at}: the field {name} is not described"));
            };
            if value.is_null() {
                continue;
            }
            fitting.insert(name.clone(), self.fit(types, value, &format!("{at}.{name}"))?);
        }
        let missing = described.keys().filter_map(|key| key.strip_suffix('!'));
        for name in missing {
            if !fitting.contains_key(name) {
                return misfit(format!("{at}: the field {name} is required"));
            }
        }
        Ok(fitting)
    }

    fn fit(&self, types: &str, value: &Value, at: &str) -> Result<Value, Misfit> {
        let mut wrong: Option<Misfit> = None;
        for kind in types.split('|') {
            match self.fit_one(kind, value, at) {
                Ok(fitting) => return Ok(fitting),
                Err(misfit) if wrong.as_ref().is_none_or(|wrong| wrong.other) => wrong = Some(misfit),
                Err(_) => {}
            }
        }
        Err(wrong.unwrap_or(Misfit { reason: format!("{at} has no type"), other: false }))
    }

    fn fit_one(&self, kind: &str, value: &Value, at: &str) -> Result<Value, Misfit> {
        let misfit = || Misfit { reason: format!("{at} is not of the type {kind}"), other: false };
        let text = value.as_str();
        // A form has texts alone: what is composed stands there as JSON.
        let composed = || match text {
            Some(text) => serde_json::from_str(text).map_err(|_| misfit()),
            None => Ok(value.clone()),
        };
        if let Some(constant) = kind.strip_prefix('=') {
            let other = Misfit { reason: format!("{at} is not {constant}"), other: true };
            return if text == Some(constant) { Ok(value.clone()) } else { Err(other) };
        }
        if let Some(kind) = kind.strip_prefix("Array of ") {
            let Value::Array(list) = composed()? else { return Err(misfit()) };
            let fitting =
                list.iter().enumerate().map(|(n, item)| self.fit(kind, item, &format!("{at}[{n}]")));
            return Ok(Value::Array(fitting.collect::<Result<_, _>>()?));
        }
        let fitting = match (kind, text) {
            ("Integer", Some(text)) => text.parse::<i64>().ok().map(Value::from),
            ("Integer", None) => value.as_i64().map(Value::from),
            ("Float", Some(text)) => text.parse::<f64>().ok().map(Value::from),
            ("Float", None) => value.as_f64().map(Value::from),
            ("Boolean", Some(text)) => text.parse::<bool>().ok().map(Value::from),
            ("Boolean", None) => value.as_bool().map(Value::from),
            ("String", text) => text.map(Value::from),
            ("InputFile", text) => text.filter(|text| text.starts_with("attach://")).map(Value::from),
            ("Object", _) => Some(composed()?).filter(Value::is_object),
            (kind, _) => {
                let described = self.types.get(kind).ok_or_else(misfit)?;
                let Value::Object(object) = composed()? else { return Err(misfit()) };
                return self.fit_type(described, &object, at);
            }
        };
        fitting.ok_or_else(misfit)
    }

    /// An object of a type. One that says itself that it is of another type is told apart.
    fn fit_type(&self, described: &Fields, object: &Map<String, Value>, at: &str) -> Result<Value, Misfit> {
        if let (Some(types), Some(value)) = (described.get("type!"), object.get("type")) {
            self.fit(types, value, &format!("{at}.type"))?;
        }
        Ok(Value::Object(self.fit_fields(described, object, at)?))
    }
}

fn described_as<'a>(described: &'a Fields, name: &str) -> Option<&'a str> {
    described.get(name).or_else(|| described.get(&format!("{name}!"))).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(method: &str, fields: Value) -> Result<Params, String> {
        let Value::Object(fields) = fields else { panic!("fields are an object") };
        let given = fields.into_iter().map(|(name, value)| (name, Given::Value(value)));
        Spec::load().check(method, given.collect())
    }

    #[test]
    fn what_the_description_does_not_know_is_refused_by_name() {
        let wrong = |fields| check("sendMessage", fields).unwrap_err();
        assert!(check("sendMessage", json!({"chat_id": 1, "text": "x"})).is_ok());
        assert!(check("sendMessage", json!({"chat_id": "@shop", "text": "x"})).is_ok());
        assert!(wrong(json!({"chat_id": 1})).contains("text is required"));
        assert!(wrong(json!({"chat_id": 1, "text": 5})).contains("sendMessage.text"));
        assert!(wrong(json!({"chat_id": 1, "text": "x", "body": "x"})).contains("body"));
        let entity = json!({"type": "bold", "offset": 0});
        let reason = wrong(json!({"chat_id": 1, "text": "x", "entities": [entity]}));
        assert_eq!(reason, "sendMessage.entities[0]: the field length is required");
    }

    #[test]
    fn a_form_has_its_numbers_and_objects_as_text() {
        let fields = json!({"chat_id": "-5", "text": "7", "reply_parameters": "{\"message_id\":3}"});
        let params = check("sendMessage", fields).unwrap();
        assert_eq!(params.integer("chat_id"), Some(-5));
        assert_eq!(params.text("text"), Some("7"));
        assert_eq!(params.fields["reply_parameters"], json!({"message_id": 3}));
    }

    #[test]
    fn of_several_types_the_one_that_the_value_names_is_reported_on() {
        let media = json!([{"type": "photo", "media": "a"}, {"type": "photo"}]);
        let wrong = check("sendMediaGroup", json!({"chat_id": 1, "media": media})).unwrap_err();
        assert_eq!(wrong, "sendMediaGroup.media[1]: the field media is required");
    }

    #[test]
    fn a_file_has_to_be_attached_somewhere() {
        let file = || Given::File(Upload { name: "a".into(), content_type: "b".into(), bytes: Bytes::new() });
        let chat = || ("chat_id".to_owned(), Given::Value(json!(1)));
        let spec = Spec::load();
        assert!(spec.check("sendPhoto", vec![chat(), ("photo".into(), file())]).is_ok());
        let named = ("photo".to_owned(), Given::Value(json!("attach://one")));
        assert!(spec.check("sendPhoto", vec![chat(), named.clone(), ("one".into(), file())]).is_ok());
        assert!(spec.check("sendPhoto", vec![chat(), named, ("two".into(), file())]).is_err());
    }
}
