//! An answer: bytes with their type and tag, or a failure in words, as JSON or as a page.
//!
//! May use axum's types, `rows` and the files of `serve`. The one place that turns an [`Error`]
//! into a status.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
};
use axum::http::{Response, StatusCode};
use serde_json::json;

use super::pages;
use crate::error::{Error, Result};
use crate::rows::Rows;

pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JSON: &str = "application/json";

/// A whole answer that may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) content_type: &'static str,
    pub(super) bytes: Bytes,
    /// The name under which a browser keeps the file.
    pub(super) file_name: Option<String>,
}

/// Whether failures are told to people or to programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Html,
    Json,
}

/// A failure: a status and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Answer {
    pub(super) fn html(page: maud::Markup) -> Self {
        Self::of(HTML, page.into_string().into_bytes())
    }

    pub(super) fn of(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self { content_type, bytes: bytes.into(), file_name: None }
    }

    /// Rows in the format asked for: `json`, `csv` or `parquet`.
    pub(super) fn rows(rows: &Rows, format: Option<&str>, name: &str) -> Result<Self> {
        let (content_type, bytes) = match format {
            Some("csv") => {
                let text = rows.csv()?;
                ("text/csv; charset=utf-8", format!("{text}\n").into_bytes())
            }
            Some("parquet") => ("application/vnd.apache.parquet", rows.parquet()?),
            _ => return Ok(Self::of(JSON, format!("{}\n", rows.json()?))),
        };
        let ending = format.unwrap_or_default();
        Ok(Self { file_name: Some(format!("{name}.{ending}")), ..Self::of(content_type, bytes) })
    }

    /// The response, which a client may keep and must ask about again.
    pub(super) fn response(&self, tag: &HeaderValue) -> Response<Body> {
        let mut response = plain(StatusCode::OK, self.content_type, self.bytes.clone());
        let headers = response.headers_mut();
        keep(headers, tag);
        let disposition = self.file_name.as_ref().map(|n| format!("attachment; filename=\"{n}\""));
        if let Some(value) = disposition.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(CONTENT_DISPOSITION, value);
        }
        response
    }
}

/// A response with a body of a type.
pub(super) fn plain(
    status: StatusCode,
    content_type: &'static str,
    bytes: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The response to a client that has the bytes already.
pub(super) fn not_modified(tag: &HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    keep(response.headers_mut(), tag);
    response
}

fn keep(headers: &mut HeaderMap, tag: &HeaderValue) {
    headers.insert(ETAG, tag.clone());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

/// The tag of what a key stands for; the key holds the state of the data, the path and the query.
pub(super) fn tag(key: &str) -> HeaderValue {
    let hash = blake3::hash(key.as_bytes()).to_hex();
    HeaderValue::try_from(format!("\"{}\"", &hash[..32])).expect("hexadecimal digits in quotes")
}

/// Whether the client has what the tag stands for.
pub(super) fn is_held(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(','));
    tags.any(|held| held.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: None }
    }

    /// The failure in the form that its asker reads.
    pub(super) fn response(&self, form: Form) -> Response<Body> {
        let mut response = match form {
            Form::Html => {
                let page = pages::failure(self).into_string();
                plain(self.status, HTML, page.into_bytes())
            }
            Form::Json => {
                let error = json!({
                    "status": self.status.as_u16(), "message": self.message, "hint": self.hint
                });
                plain(self.status, JSON, format!("{}\n", json!({ "error": error })))
            }
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl From<Error> for Failure {
    /// What is wrong with the question is told; what is wrong here is told on stderr alone, since its
    /// words name files of this machine.
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Invalid(_) | Error::Parse(_) => StatusCode::BAD_REQUEST,
            Error::Insufficient(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Fetch(_) | Error::Store(_) => {
                super::site::say(&format!("failed: {error}"));
                let message = "this answer could not be made; the server's log says why";
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, message);
            }
        };
        let hint = error.advice().map(str::to_owned);
        Self { status, message: error.to_string(), hint }
    }
}

/// What a page is kept as.
pub(super) type Kept = Arc<Answer>;
