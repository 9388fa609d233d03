//! The OpenAPI 3.1 document, made from the table of routes and the columns of their rows.
//!
//! May use the files of `serve` and `rows`. States nothing that is not read off those.

use serde_json::{Map, Value, json};

use super::query::{self, Parameter};
use super::routes::{ROUTES, Route, SYSTEM};
use crate::rows;

/// The whole document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        paths.insert(route.path.to_owned(), json!({ "get": operation(route) }));
    }
    for (path, about) in SYSTEM {
        paths.insert(path.to_owned(), json!({ "get": system(path, about) }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Chipcast",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Who buys how many GPUs, how far that can be forecast, and what it buys",
            "description": "Read-only. Rows have the keys of the command line's `--format json`. \
                            Every answer that depends on data has an ETag."
        },
        "paths": paths,
        "components": { "schemas": { "Failure": failure() } }
    })
}

fn operation(route: &Route) -> Value {
    let in_path = route.path.split(['{', '}']).skip(1).step_by(2).map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let parameters: Vec<_> = in_path.chain(route.query.iter().map(parameter)).collect();
    let mut content = Map::new();
    if let Some(columns) = route.columns {
        content.insert("application/json".to_owned(), json!({ "schema": document_of(&columns()) }));
        if route.query.iter().any(|parameter| parameter.name == "format") {
            let text = json!({ "schema": { "type": "string" } });
            content.insert("text/csv".to_owned(), text);
            content.insert("application/vnd.apache.parquet".to_owned(), json!({}));
        }
    } else {
        content.insert("text/html".to_owned(), json!({ "schema": { "type": "string" } }));
    }
    let mut responses = Map::new();
    responses.insert("200".to_owned(), json!({ "description": "The answer", "content": content }));
    responses.insert("304".to_owned(), json!({ "description": "The client has it already" }));
    let failed = if route.columns.is_some() {
        json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Failure" } } })
    } else {
        json!({ "text/html": { "schema": { "type": "string" } } })
    };
    for (status, words) in [
        ("400", "Something of the question is wrong, and what"),
        ("404", "There is no such series, company or run"),
        ("422", "Too little is known for an answer"),
    ] {
        responses.insert(status.to_owned(), json!({ "description": words, "content": failed }));
    }
    json!({
        "operationId": operation_id(route.path),
        "summary": route.about,
        "parameters": parameters,
        "responses": responses
    })
}

fn system(path: &str, about: &str) -> Value {
    let content = match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => json!({ "text/css": { "schema": { "type": "string" } } }),
        Some("js") => json!({ "text/javascript": { "schema": { "type": "string" } } }),
        Some(_) => json!({ "application/json": { "schema": { "type": "object" } } }),
        None if path == "/healthz" => json!({ "application/json": { "schema": {
            "type": "object",
            "required": ["ok", "known_through", "version"],
            "additionalProperties": false,
            "properties": {
                "ok": { "type": "boolean" },
                "known_through": { "type": "string", "format": "date" },
                "version": { "type": "string" }
            }
        } } }),
        None => json!({ "text/plain": { "schema": { "type": "string" } } }),
    };
    json!({
        "operationId": operation_id(path),
        "summary": about,
        "parameters": [],
        "responses": { "200": { "description": "The answer", "content": content } }
    })
}

/// `/api/v1/series/{series}/forecast` as `api_v1_series_series_forecast`; `/` as `root`.
fn operation_id(path: &str) -> String {
    let parts: Vec<_> =
        path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "root".to_owned() } else { parts.join("_") }
}

fn parameter(parameter: &Parameter) -> Value {
    let schema = match parameter.kind {
        query::Kind::Date => json!({ "type": "string", "format": "date" }),
        query::Kind::Company => json!({ "type": "string", "pattern": "^[A-Za-z0-9_]{1,20}$" }),
        query::Kind::Count(low, high) => {
            json!({ "type": "integer", "minimum": low, "maximum": high })
        }
        query::Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        query::Kind::Number => json!({ "type": "number" }),
    };
    json!({
        "name": parameter.name,
        "in": "query",
        "required": false,
        "description": parameter.about,
        "schema": schema
    })
}

/// `{"schema_version": 1, "rows": [...]}`, each row with exactly these columns.
fn document_of(columns: &[&str]) -> Value {
    let properties: Map<_, _> =
        columns.iter().map(|column| ((*column).to_owned(), schema(column))).collect();
    json!({
        "type": "object",
        "required": ["schema_version", "rows"],
        "properties": {
            "schema_version": { "const": rows::SCHEMA_VERSION },
            "rows": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": columns,
                    "additionalProperties": false,
                    "properties": properties
                }
            }
        }
    })
}

fn schema(column: &str) -> Value {
    match rows::Kind::of(column) {
        rows::Kind::Text => json!({ "type": ["string", "null"] }),
        rows::Kind::Date => json!({ "type": ["string", "null"], "format": "date" }),
        rows::Kind::Number => json!({ "type": ["number", "null"] }),
        rows::Kind::Integer => json!({ "type": ["integer", "null"] }),
        rows::Kind::Boolean => json!({ "type": ["boolean", "null"] }),
        rows::Kind::Mixed => json!({ "type": ["number", "string", "null"] }),
    }
}

fn failure() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "additionalProperties": false,
        "properties": {
            "error": {
                "type": "object",
                "required": ["status", "message", "hint"],
                "additionalProperties": false,
                "properties": {
                    "status": { "type": "integer" },
                    "message": { "type": "string" },
                    "hint": { "type": ["string", "null"] }
                }
            }
        }
    })
}
