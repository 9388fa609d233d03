//! The published schema of the reports: every report keeps it, and it lets nothing else pass.

use std::collections::BTreeSet;

use chipcast::report::json::SCHEMA;
use chipcast::report::{Json, Render};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::report_sample::sample;
use crate::support::chipcast;

/// The companies of a run, and the industry.
const SUBJECTS: [&str; 7] = ["msft", "googl", "amzn", "meta", "orcl", "nvda", "industry"];

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema");
    jsonschema::draft202012::new(&schema).expect("a schema that compiles")
}

/// Every place where a document breaks the schema.
fn flaws(validator: &Validator, document: &Value) -> Vec<String> {
    let flaws = validator.iter_errors(document);
    flaws.map(|flaw| format!("{}: {flaw}", flaw.instance_path())).collect()
}

fn sample_document() -> Value {
    serde_json::from_slice(&Json.render(&sample()).expect("clean")).expect("JSON")
}

#[test]
fn the_sample_with_every_block_keeps_the_schema() {
    let found = flaws(&validator(), &sample_document());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_reports_of_every_company_of_a_run_keep_the_schema() {
    let (validator, folder) = (&validator(), &tempfile::tempdir().expect("a folder"));
    std::thread::scope(|scope| {
        for subject in SUBJECTS {
            scope.spawn(move || {
                let arguments = ["--format", "json", "report", subject];
                let run = chipcast(folder.path(), &arguments);
                assert_eq!(run.code, 0, "{subject}: {}", run.err);
                let path = folder.path().join(format!("{subject}.json"));
                let bytes = std::fs::read(path).expect("a report");
                let document = serde_json::from_slice(&bytes).expect("JSON");
                let found = flaws(validator, &document);
                assert!(found.is_empty(), "{subject}: {found:#?}");
                assert_eq!(document["schema_version"], 1);
            });
        }
    });
}

/// Pointers to every value of a document, one for each shape: of the rows of a table, the first of
/// each kind of cell.
fn places(value: &Value, at: &str, shape: &str, seen: &mut BTreeSet<String>) -> Vec<String> {
    let kind = value["kind"].as_str().unwrap_or_default();
    let shape = format!("{shape}{kind}");
    let is_new = seen.insert(shape.clone());
    let mut found: Vec<String> = is_new.then(|| at.to_owned()).into_iter().collect();
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                found.extend(places(
                    inner,
                    &format!("{at}/{key}"),
                    &format!("{shape}/{key}"),
                    seen,
                ));
            }
        }
        Value::Array(list) => {
            for (idx, inner) in list.iter().enumerate() {
                found.extend(places(inner, &format!("{at}/{idx}"), &format!("{shape}/*"), seen));
            }
        }
        _ => {}
    }
    found
}

#[test]
fn the_schema_refuses_unknown_keys_missing_keys_and_wrong_types() {
    let (validator, document) = (validator(), sample_document());
    let places = places(&document, "", "", &mut BTreeSet::new());
    assert!(places.len() > 100, "{}", places.len());
    let passes = |change: &dyn Fn(&mut Value), at: &str| {
        let mut changed = document.clone();
        change(changed.pointer_mut(at).expect("a place of the document"));
        validator.is_valid(&changed)
    };
    let mut slipped = Vec::new();
    for at in &places {
        let value = document.pointer(at).expect("a place of the document");
        let wrong = if value.is_string() { json!(7) } else { json!("seven") };
        if passes(&|value| *value = wrong.clone(), at) {
            slipped.push(format!("wrong type at {at}"));
        }
        let Some(map) = value.as_object() else { continue };
        if passes(&|value| value["surprise"] = json!(1), at) {
            slipped.push(format!("unknown key at {at}"));
        }
        for key in map.keys() {
            let remove = |value: &mut Value| {
                value.as_object_mut().and_then(|map| map.remove(key));
            };
            let is_optional = value["kind"] == "text" && key == "sources";
            if !is_optional && passes(&remove, at) {
                slipped.push(format!("`{key}` is missing at {at}"));
            }
        }
    }
    assert!(slipped.is_empty(), "{slipped:#?}");
    let mut later = document.clone();
    later["schema_version"] = json!(2);
    assert!(!validator.is_valid(&later), "another version has another schema");
}
