//! Whether the description of the API makes sense, read as its reader reads it: from the file that is
//! checked in, against the addresses and bodies that the other tests use.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::matrix::rows;

const PROBLEM: &str = "application/problem+json";

fn document() -> Value {
    serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap()
}

/// Every operation: its name as "method path", and what is said of it.
fn operations(document: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.insert(format!("{method} {path}"), operation.clone());
        }
    }
    all
}

/// The names in braces.
fn placeholders(path: &str) -> Vec<String> {
    path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect()
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

#[test]
fn every_placeholder_has_one_path_parameter_and_no_other_parameter_stands_in_the_path() {
    for (name, operation) in operations(&document()) {
        let mut expected = placeholders(&name);
        let mut described = Vec::new();
        for parameter in parameters(&operation) {
            let (called, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
            match place {
                "path" => {
                    assert_eq!(parameter["required"], true, "{name}: {called}");
                    described.push(called.to_owned());
                }
                "query" => assert_ne!(parameter["required"], true, "{name}: {called} may be left out"),
                "header" => assert_eq!(called, "Idempotency-Key", "{name}"),
                other => panic!("{name}: {called} stands in {other}"),
            }
        }
        expected.sort();
        described.sort();
        assert_eq!(described, expected, "{name}");
    }
}

#[test]
fn whatever_reads_a_body_says_which() {
    let operations = operations(&document());
    for (method, path, _, body) in rows() {
        let name = format!("{method} /api/v1{path}");
        let content = &operations[&name]["requestBody"]["content"];
        let described: Vec<&str> =
            content.as_object().into_iter().flat_map(|kinds| kinds.keys().map(String::as_str)).collect();
        let expected: &[&str] = match (path, body.is_null()) {
            ("/attachments", _) => &["multipart/form-data"],
            (_, true) => &[],
            (_, false) => &["application/json"],
        };
        assert_eq!(described, expected, "{name}");
        for kind in described {
            assert!(content[kind]["schema"].is_object(), "{name}: {kind} has no schema");
            assert_eq!(operations[&name]["requestBody"]["required"], true, "{name}");
        }
    }
}

#[test]
fn every_operation_says_how_it_refuses_and_every_refusal_is_a_problem() {
    for (name, operation) in operations(&document()) {
        let mut refusals = 0;
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {status}");
            if !status.starts_with('2') {
                refusals += 1;
                let kinds: Vec<&String> = response["content"].as_object().unwrap().keys().collect();
                assert_eq!(kinds, [PROBLEM], "{name} {status}");
                let schema = &response["content"][PROBLEM]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{name} {status}");
            }
        }
        assert!(refusals > 0, "{name} refuses nothing");
        let open = operation["security"][0].as_object().unwrap().is_empty();
        assert_eq!(operation["responses"]["401"].is_null(), open && !name.ends_with("/session"), "{name}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for (name, operation) in operations(&document()) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(id), "{name}: {} is the name of another one", operation["operationId"]);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
