//! Answers that do not depend on data: health, metrics, the OpenAPI document, style and script.
//!
//! May use the files of `serve`, and the style of `report`.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use serde_json::json;

use super::answer::{Answer, Failure, JSON, is_held, not_modified, plain, tag};
use super::guard::form_of;
use super::openapi;
use super::query::Query;
use super::site::Site;
use crate::report::html;

const SITE_STYLE: &str = include_str!("site.css");
const SCRIPT: &str = include_str!("site.js");

pub(super) fn health(site: &Site, uri: &Uri) -> Response<Body> {
    let known_through = site.shown().edition.known().as_of();
    let version = env!("CARGO_PKG_VERSION");
    let health = json!({ "ok": true, "known_through": known_through, "version": version });
    fresh(uri, JSON, format!("{health}\n"))
}

pub(super) fn metrics(site: &Site, uri: &Uri) -> Response<Body> {
    let text = site.metrics.text(&site.now());
    fresh(uri, "text/plain; version=0.0.4; charset=utf-8", text)
}

pub(super) fn openapi(uri: &Uri, headers: &HeaderMap) -> Response<Body> {
    fixed(uri, headers, JSON, format!("{:#}\n", openapi::document()))
}

pub(super) fn style(uri: &Uri, headers: &HeaderMap) -> Response<Body> {
    fixed(uri, headers, "text/css; charset=utf-8", html::STYLE.to_owned())
}

pub(super) fn site_style(uri: &Uri, headers: &HeaderMap) -> Response<Body> {
    fixed(uri, headers, "text/css; charset=utf-8", SITE_STYLE.to_owned())
}

pub(super) fn script(uri: &Uri, headers: &HeaderMap) -> Response<Body> {
    fixed(uri, headers, "text/javascript; charset=utf-8", SCRIPT.to_owned())
}

/// An answer of this moment, which nobody keeps.
fn fresh(uri: &Uri, content_type: &'static str, text: String) -> Response<Body> {
    if let Err(error) = Query::read([], uri.query(), &[]) {
        return Failure::from(error).response(form_of(uri.path()));
    }
    let mut response = plain(StatusCode::OK, content_type, text);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer that changes with the program alone.
fn fixed(
    uri: &Uri,
    headers: &HeaderMap,
    content_type: &'static str,
    text: String,
) -> Response<Body> {
    if let Err(error) = Query::read([], uri.query(), &[]) {
        return Failure::from(error).response(form_of(uri.path()));
    }
    let tag = tag(&text);
    if is_held(headers, &tag) {
        return not_modified(&tag);
    }
    Answer::of(content_type, text).response(&tag)
}
