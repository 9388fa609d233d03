//! Delivers alerts: to a file, to stdout, to an address by a signed POST, by mail.
//!
//! May use `error`, `store` and `job`. With `ingest/http` the only code that opens connections. Secrets
//! come from the environment and are never shown, written or logged.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Message, SmtpTransport, Transport};
use serde_json::Value;
use sha2::Sha256;

use super::file::{Encryption, Job, Sink};
use super::history::Delivery;
use crate::error::{Error, Result};
use crate::store::runs;

/// How long a receiver may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The wait before the second try; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// What a delivery needs of the outside.
pub struct Means<'a> {
    /// The time.
    pub now: DateTime<Utc>,
    /// A variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Waits.
    pub pause: &'a dyn Fn(Duration),
    /// Writes a line on stdout.
    pub print: &'a dyn Fn(&str) -> Result<()>,
}

/// The name of a sink: its place in the job file and its kind.
pub fn sink_name(job: &Job, idx: usize) -> String {
    let kind = match &job.sinks[idx] {
        Sink::File { .. } => "file",
        Sink::Stdout {} => "stdout",
        Sink::Webhook { .. } => "webhook",
        Sink::Email { .. } => "email",
    };
    format!("{idx} {kind}")
}

/// Delivers one alert to the sink that it is for.
///
/// # Errors
/// [`Error::Fetch`] if the receiver cannot be reached or refuses; [`Error::Invalid`] if a secret is
/// missing; [`Error::Store`] if a file cannot be written.
pub fn deliver(job: &Job, delivery: &Delivery, means: &Means<'_>) -> Result<()> {
    let sink = (0..job.sinks.len()).find(|idx| sink_name(job, *idx) == delivery.sink);
    let Some(sink) = sink.map(|idx| &job.sinks[idx]) else {
        return Err(Error::not_found(format!(
            "alert `{}` is for sink `{}`, which the job has no more",
            delivery.alert_id, delivery.sink
        )));
    };
    match sink {
        Sink::File { path } => runs::append_line(Path::new(path), &delivery.body),
        Sink::Stdout {} => (means.print)(&delivery.body),
        Sink::Webhook { url, secret_env, attempts } => {
            let secret = secret(means, secret_env)?;
            post(url, &secret, *attempts, &delivery.body, means)
        }
        Sink::Email { .. } => mail(sink, delivery, means),
    }
    .map_err(|error| error.within(format!("sink `{}`", delivery.sink)))
}

fn secret(means: &Means<'_>, name: &str) -> Result<String> {
    (means.variable)(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        Error::invalid(format!("variable `{name}` is not set"))
            .hint("secrets come from the environment alone; a job file holds the variable's name")
    })
}

/// `v1=` and the HMAC-SHA256 of `SECONDS.BODY` in hexadecimal digits.
///
/// # Source
/// RFC 2104; the form is the one of Stripe's webhooks.
pub fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("a key of any length will do for HMAC");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let mut text = "v1=".to_owned();
    for byte in mac.finalize().into_bytes() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "a webhook is asked here, and a source never is")]
fn client() -> Result<reqwest::blocking::Client> {
    reqwest::blocking::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|e| Error::fetch("the machine's certificates cannot be read").caused_by(e))
}

fn post(url: &str, secret: &str, attempts: u32, body: &str, means: &Means<'_>) -> Result<()> {
    let client = client()?;
    let seconds = means.now.timestamp();
    let mut wait = FIRST_WAIT;
    for attempt in 1.. {
        let answer = client
            .post(url)
            .header("content-type", "application/json")
            .header("chipcast-timestamp", seconds.to_string())
            .header("chipcast-signature", signature(secret, seconds, body))
            .body(body.to_owned())
            .send();
        let (what, can_pass) = match answer {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let can_pass = status.is_server_error() || status.as_u16() == 429;
                (format!("the receiver answered {status}"), can_pass)
            }
            // The address may hold a token, so that it is not shown.
            Err(error) => (format!("no answer: {}", error.without_url()), true),
        };
        if !can_pass || attempt >= attempts.max(1) {
            return Err(Error::fetch(format!("{what} (try {attempt})"))
                .hint("the alert is kept, and sent again with the next run"));
        }
        (means.pause)(wait);
        wait *= 2;
    }
    Ok(())
}

fn mail(sink: &Sink, delivery: &Delivery, means: &Means<'_>) -> Result<()> {
    let Sink::Email { host, port, encryption, from, to, user_env, password_env } = sink else {
        return Ok(());
    };
    let letter = letter(from, to, delivery)?;
    let unreachable = |e: lettre::transport::smtp::Error| {
        Error::fetch(format!("`{host}` did not take the letter: {e}"))
    };
    let transport = match encryption {
        Encryption::Tls => SmtpTransport::relay(host).map_err(unreachable)?,
        Encryption::Starttls => SmtpTransport::starttls_relay(host).map_err(unreachable)?,
        Encryption::None => SmtpTransport::builder_dangerous(host.as_str()),
    };
    let transport = match port {
        Some(port) => transport.port(*port),
        None => transport,
    };
    let transport = match (user_env, password_env) {
        (Some(user), Some(password)) => {
            let credentials = Credentials::new(secret(means, user)?, secret(means, password)?);
            transport.credentials(credentials)
        }
        _ => transport,
    };
    let sent = transport.timeout(Some(TIMEOUT)).build().send(&letter).map_err(unreachable)?;
    if sent.is_positive() {
        return Ok(());
    }
    Err(Error::fetch(format!("`{host}` answered {}", sent.code())))
}

fn letter(from: &str, to: &[String], delivery: &Delivery) -> Result<Message> {
    let mailbox = |text: &str| {
        text.parse::<Mailbox>().map_err(|_| {
            Error::invalid(format!("`{text}` is no address"))
                .hint("needed is `name@example.org` or `Name <name@example.org>`")
        })
    };
    let told: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    let word = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
    let subject = format!("[chipcast {}] {}: {}", word("job"), word("kind"), word("state"));
    let mut message = Message::builder()
        .from(mailbox(from)?)
        .subject(subject)
        // The same alert sent twice is one letter to whoever looks at ids.
        .message_id(Some(format!("<{}@chipcast.invalid>", delivery.alert_id)));
    for receiver in to {
        message = message.to(mailbox(receiver)?);
    }
    let pretty = serde_json::to_string_pretty(&told).unwrap_or_default();
    message
        .header(ContentType::TEXT_PLAIN)
        .body(format!(
            "{}\n\nrun {} as of {}\n\n{pretty}\n",
            word("message"),
            word("run_id"),
            word("as_of")
        ))
        .map_err(|e| Error::invalid("the letter cannot be written").caused_by(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_hmac_of_time_and_body() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        assert_eq!(
            signature("secret", 1_700_000_000, "{\"a\":1}"),
            "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
        );
    }
}
