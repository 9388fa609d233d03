//! Measures the client's pace: 40 requests to a server on this machine, by one thread and by four,
//! and how many of them it saw in its busiest second.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example measures time and prints"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use chipcast::ingest::Request;
use chipcast::ingest::http::{Client, Hosts};

const N_REQUESTS: usize = 40;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

fn main() -> anyhow::Result<()> {
    for n_threads in [1, 4] {
        let (base, arrivals) = serve()?;
        let client = Client::new(None, Hosts::known().with_base(&base)?)?;
        let request = Request::open(format!("{base}/a.json"));
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads)
                .map(|_| scope.spawn(|| ask(&client, &request, N_REQUESTS / n_threads)))
                .collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("no panic in a thread"))
        })?;
        let times: Vec<_> = arrivals.try_iter().collect();
        let (first, last) = times.first().zip(times.last()).context("nothing arrived")?;
        println!(
            "{n_threads} threads: {} requests in {:.2} s; {} in the busiest second",
            times.len(),
            (*last - *first).as_secs_f64(),
            busiest_second(&times)
        );
    }
    Ok(())
}

fn ask(client: &Client, request: &Request, n: usize) -> chipcast::Result<()> {
    (0..n).try_for_each(|_| client.get(request).map(drop))
}

/// The most requests in any second, a second being as long as from one request to just before another.
fn busiest_second(times: &[Instant]) -> usize {
    let second = Duration::from_secs(1);
    let within = |from: &Instant| {
        let second = *from..*from + second;
        times.iter().filter(|time| second.contains(*time)).count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

/// A server that notes when each request arrived.
fn serve() -> anyhow::Result<(String, Receiver<Instant>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    let (arrived, arrivals) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            if arrived.send(Instant::now()).is_err() {
                return;
            }
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(ANSWER);
        }
    });
    Ok((base, arrivals))
}
