//! What every request passes: host, method, length; and what every response carries.
//!
//! May use axum's types and the files of `serve`. A page that a browser was led to by a foreign
//! name (DNS rebinding) is refused before anything is read.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue,
    REFERRER_POLICY, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, Response, StatusCode};
use axum::middleware::Next;
use tokio::time::Instant;

use super::answer::{Failure, Form};
use super::site::Site;

/// Bytes of path and query.
const MAX_ADDRESS: usize = 2048;
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// The names under which the page may be asked for.
#[derive(Debug)]
pub(super) struct Hosts {
    bound: IpAddr,
    allowed: Vec<String>,
}

impl Hosts {
    pub(super) fn new(bound: SocketAddr, allowed: &[String]) -> Self {
        let allowed = allowed.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { bound: bound.ip(), allowed }
    }

    /// Whether a `Host` header, with or without a port, names this server.
    pub(super) fn knows(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else { return false };
        let name = name.to_ascii_lowercase();
        if let Ok(address) = name.parse::<IpAddr>() {
            return address.is_loopback()
                || (address == self.bound && !address.is_unspecified())
                || self.allowed.contains(&name);
        }
        name == "localhost" || self.allowed.contains(&name)
    }
}

/// The name in `NAME`, `NAME:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`.
fn name_of(host: &str) -> Option<&str> {
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let (name, rest) = rest.split_once(']')?;
        (name, rest.strip_prefix(':').or(rest.is_empty().then_some("0"))?)
    } else {
        host.split_once(':').unwrap_or((host, "0"))
    };
    port.parse::<u16>().ok().map(|_| name).filter(|name| !name.is_empty())
}

/// Checks a request, answers it, counts it and dresses the response.
pub(super) async fn guard(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let started = Instant::now();
    let path = request.extensions().get::<MatchedPath>();
    let route = path.map_or("other", MatchedPath::as_str).to_owned();
    let is_head = request.method() == Method::HEAD;
    let form = form_of(request.uri().path());
    let mut response = match refusal(&site.hosts, &request) {
        None => next.run(request).await,
        Some(failure) => {
            let mut response = failure.response(form);
            let headers = response.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
            if failure.status == StatusCode::METHOD_NOT_ALLOWED {
                headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            if is_head { response.map(|_| Body::empty()) } else { response }
        }
    };
    dress(&mut response);
    site.metrics.count(&route, response.status().as_u16(), started.elapsed());
    response
}

/// Whether an address is for programs.
pub(super) fn form_of(path: &str) -> Form {
    if path.starts_with("/api/") { Form::Json } else { Form::Html }
}

fn refusal(hosts: &Hosts, request: &Request) -> Option<Failure> {
    let headers = request.headers();
    let mut names = headers.get_all(HOST).iter();
    let host = match (names.next(), names.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => return Some(Failure::new(StatusCode::BAD_REQUEST, "one `Host` header is needed")),
    };
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    let is_known = |name: Option<&str>| name.is_some_and(|name| hosts.knows(name));
    if !is_known(host) || !(authority.is_none() || is_known(authority)) {
        return Some(Failure {
            status: StatusCode::MISDIRECTED_REQUEST,
            message: "this server does not answer to the name in the `Host` header".to_owned(),
            hint: Some("start it with `--allow-host NAME` to let a name in".to_owned()),
        });
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let message = "this server is read-only: GET and HEAD are answered";
        return Some(Failure::new(StatusCode::METHOD_NOT_ALLOWED, message));
    }
    let has_body = headers.contains_key(TRANSFER_ENCODING)
        || headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0");
    if has_body {
        return Some(Failure::new(StatusCode::BAD_REQUEST, "a request has no body here"));
    }
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    (address > MAX_ADDRESS).then(|| {
        let message = format!("the address has {address} bytes; at most {MAX_ADDRESS} are read");
        Failure::new(StatusCode::URI_TOO_LONG, message)
    })
}

fn dress(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "interest-cohort=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_the_bound_address_and_allowed_names_are_known() {
        let hosts = Hosts::new("192.168.7.3:80".parse().expect("an address"), &["Box.lan".into()]);
        for known in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "[::1]:9",
            "[::1]",
            "127.8.0.1",
            "192.168.7.3",
            "box.lan:80",
        ] {
            assert!(hosts.knows(known), "{known}");
        }
        for foreign in [
            "evil.example",
            "localhost.evil.example",
            "192.168.7.4",
            "",
            ":80",
            "localhost:80:80",
            "localhost:x",
            "[::1",
            "0.0.0.0",
            "127.0.0.1.nip.io",
            "[::2]",
        ] {
            assert!(!hosts.knows(foreign), "{foreign}");
        }
    }
}
