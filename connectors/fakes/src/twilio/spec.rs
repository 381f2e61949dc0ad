//! Whether a request is one that the API's description allows.
//!
//! `spec.json` beside this file is our reduced form of the provider's own description.

use serde::Deserialize;

/// The description.
#[derive(Deserialize)]
pub(crate) struct Spec {
    operations: Vec<Described>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    method: String,
    path: Vec<String>,
    query: Vec<String>,
    form: Vec<String>,
    required: Vec<String>,
}

/// Names with values, in their order.
pub(crate) type Fields = Vec<(String, String)>;

impl Spec {
    pub(crate) fn load() -> Self {
        serde_json::from_str(include_str!("spec.json")).expect("our own file is read by a test")
    }

    /// The name of the operation, or what is wrong with the request.
    pub(crate) fn check(
        &self,
        method: &str,
        path: &[&str],
        query: &Fields,
        form: &Fields,
    ) -> Result<&str, String> {
        let here = |described: &&Described| {
            described.path.len() == path.len()
                && described.path.iter().zip(path).all(|(pattern, part)| matches(pattern, part))
        };
        let mut described = self.operations.iter().filter(here).peekable();
        if described.peek().is_none() {
            return Err("no operation has this path".to_owned());
        }
        let operation = described
            .find(|described| described.method == method)
            .ok_or_else(|| format!("{method} is not described for this path"))?;
        let unknown = |(key, _): &&(String, String), known: &[String]| !known.contains(key);
        if let Some((key, _)) = query.iter().find(|field| unknown(field, &operation.query)) {
            return Err(format!("{}: the parameter {key} is not described", operation.name));
        }
        if let Some((key, _)) = form.iter().find(|field| unknown(field, &operation.form)) {
            return Err(format!("{}: the field {key} is not described", operation.name));
        }
        for key in &operation.required {
            if !form.iter().any(|(name, value)| name == key && !value.is_empty()) {
                return Err(format!("{}: the field {key} is required", operation.name));
            }
        }
        Ok(&operation.name)
    }
}

/// Whether a part of a path fits: `{Name}` stands for any id, with or without `.json` behind it.
fn matches(pattern: &str, part: &str) -> bool {
    match pattern.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        None => pattern == part,
        Some((_, suffix)) => part
            .strip_suffix(suffix)
            .is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn what_the_description_does_not_know_is_refused_by_name() {
        let spec = Spec::load();
        let path = ["AC1", "Messages.json"];
        let check = |method, query: &[_], form: &[_]| {
            spec.check(method, &path, &fields(query), &fields(form)).map(str::to_owned)
        };
        assert_eq!(check("POST", &[], &[("To", "+1"), ("Body", "x")]), Ok("create message".to_owned()));
        assert!(check("POST", &[], &[("Body", "x")]).unwrap_err().contains("To"));
        assert!(check("POST", &[], &[("To", "+1"), ("Text", "x")]).unwrap_err().contains("Text"));
        assert!(check("GET", &[("Since", "x")], &[]).unwrap_err().contains("Since"));
        assert!(check("PUT", &[], &[]).is_err());
        assert!(spec.check("GET", &["x"], &Fields::new(), &Fields::new()).is_err());
    }

    #[test]
    fn a_file_and_its_description_have_different_paths() {
        let spec = Spec::load();
        let none = Fields::new();
        let of = |last| spec.check("GET", &["AC1", "Messages", "MM1", "Media", last], &none, &none);
        assert_eq!(of("ME1.json"), Ok("read media"));
        assert_eq!(of("ME1"), Ok("fetch media"));
    }
}
