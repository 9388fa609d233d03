//! OpenLineage events of a run, one JSON object a line: START, then COMPLETE or FAIL.
//!
//! May use `job::manifest`. Follows the run event of the specification 2-0-2
//! (<https://openlineage.io/spec/2-0-2/OpenLineage.json>). Sends nothing: the lines lie beside the run.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::manifest::{Input, Manifest, Status};

const SCHEMA_URL: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const PRODUCER: &str = concat!("https://crates.io/crates/chipcast/", env!("CARGO_PKG_VERSION"));
const NAMESPACE: &str = "chipcast";
const ERROR_FACET: &str = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet";
const VERSION_FACET: &str = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json\
                             #/$defs/DatasetVersionDatasetFacet";

/// The lines of a run's lineage.
pub fn lines(manifest: &Manifest, started: DateTime<Utc>, ended: DateTime<Utc>) -> Vec<u8> {
    let last = match manifest.status {
        Status::Failed | Status::Stale => "FAIL",
        _ => "COMPLETE",
    };
    let mut text = String::new();
    // Each attempt is a run of its own there.
    let run = uuid(&format!("{} {started}", manifest.run_key_hash));
    for event in [event(manifest, &run, "START", started), event(manifest, &run, last, ended)] {
        text.push_str(&event.to_string());
        text.push('\n');
    }
    text.into_bytes()
}

fn event(manifest: &Manifest, run: &str, kind: &str, at: DateTime<Utc>) -> Value {
    let is_over = kind != "START";
    let inputs = manifest.inputs.iter().filter_map(|input| match input {
        Input::Series { name, blake3, .. } => Some(dataset("archive", name, blake3)),
        Input::Source { .. } => None,
    });
    let outputs = manifest.outputs.iter().filter(|_| is_over).map(|file| {
        dataset("runs", &format!("{}/{}", manifest.record.run_id, file.name), &file.blake3)
    });
    let mut facets = json!({});
    if kind == "FAIL" {
        facets["errorMessage"] = json!({
            "_producer": PRODUCER,
            "_schemaURL": ERROR_FACET,
            "message": manifest.notes.join("; "),
            "programmingLanguage": "Rust",
        });
    }
    json!({
        "eventType": kind,
        "eventTime": at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "run": { "runId": run, "facets": facets },
        "job": { "namespace": NAMESPACE, "name": manifest.run_key.job, "facets": {} },
        "inputs": inputs.collect::<Vec<_>>(),
        "outputs": outputs.collect::<Vec<_>>(),
        "producer": PRODUCER,
        "schemaURL": SCHEMA_URL,
    })
}

fn dataset(space: &str, name: &str, version: &str) -> Value {
    json!({
        "namespace": format!("{NAMESPACE}.{space}"),
        "name": name,
        "facets": { "version": {
            "_producer": PRODUCER,
            "_schemaURL": VERSION_FACET,
            "datasetVersion": version,
        } },
    })
}

/// A name of the form that the specification asks for, made of a text: version 8, the one for
/// names of one's own making.
fn uuid(text: &str) -> String {
    let mut bytes = *blake3::hash(text.as_bytes()).as_bytes();
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let hex = blake3::Hash::from_bytes(bytes).to_hex();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}
