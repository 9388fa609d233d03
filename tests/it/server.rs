//! A server on this machine that plays what it is told, faults and all; and gzip made by hand.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// What is done with one connection, once its question was read.
pub(crate) type Play = Box<dyn FnOnce(&mut TcpStream, &str) + Send>;

/// A server that gives each connection its next answer; returns its address and what it was asked.
pub(crate) fn serve(answers: Vec<Vec<u8>>) -> (String, Receiver<String>) {
    perform(answers.into_iter().map(say).collect())
}

/// A server that does its next play with each connection.
pub(crate) fn perform(plays: Vec<Play>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let (asked, questions) = channel();
    std::thread::spawn(move || {
        for play in plays {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let question = read_question(&mut stream);
            drop(asked.send(question.clone()));
            play(&mut stream, &question);
        }
    });
    (base, questions)
}

fn read_question(stream: &mut TcpStream) -> String {
    let mut question = Vec::new();
    let mut byte = [0];
    while !question.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        question.push(byte[0]);
    }
    String::from_utf8_lossy(&question).to_lowercase()
}

/// Says these bytes and hangs up.
pub(crate) fn say(bytes: impl Into<Vec<u8>>) -> Play {
    let bytes = bytes.into();
    Box::new(move |stream, _| drop(stream.write_all(&bytes)))
}

/// Says these bytes, then nothing until the other side hangs up.
pub(crate) fn fall_silent(bytes: impl Into<Vec<u8>>) -> Play {
    let bytes = bytes.into();
    Box::new(move |stream, _| {
        drop(stream.write_all(&bytes));
        let _ = stream.read(&mut [0]);
    })
}

/// Says these bytes, then one more of `drop` every few milliseconds until the other side hangs up.
pub(crate) fn dribble(bytes: impl Into<Vec<u8>>, drop_of: u8) -> Play {
    let bytes = bytes.into();
    Box::new(move |stream, _| {
        let _ = stream.write_all(&bytes);
        let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
        while stream.write_all(&[drop_of]).is_ok() {
            // A pause that ends when the other side hangs up.
            if stream.read(&mut [0]).is_ok() {
                return;
            }
        }
    })
}

/// Says `bytes` again and again until the other side hangs up; gives how many it said.
pub(crate) fn flood(head: &str, bytes: Vec<u8>, told: std::sync::mpsc::Sender<u64>) -> Play {
    let head = head.to_owned();
    Box::new(move |stream, _| {
        let mut n_said = 0;
        let mut is_heard = stream.write_all(head.as_bytes()).is_ok();
        while is_heard {
            is_heard = stream.write_all(&bytes).is_ok();
            n_said += bytes.len() as u64;
        }
        let _ = told.send(n_said);
    })
}

/// A server that resets its only connection in the middle of what it says.
pub(crate) fn reset(bytes: &'static [u8], then: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        // What is left unread when a connection is closed makes the system reset it.
        let _ = stream.read(&mut [0; 8]);
        drop(stream.write_all(bytes));
        drop(stream);
        for answer in then {
            let Ok((mut stream, _)) = listener.accept() else { return };
            read_question(&mut stream);
            drop(stream.write_all(&answer));
        }
    });
    base
}

pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    bytes_answer(status, headers, body.as_bytes())
}

pub(crate) fn bytes_answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A gzip member that holds these bytes as they are.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("one stored block");
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(bytes);
    packed.extend(crc32(bytes).to_le_bytes());
    packed.extend(u32::from(length).to_le_bytes());
    packed
}

/// The head of a gzip member of zeros that never ends, and the 13 bytes to go on with, each time for
/// 2064 zeros more: a zero, and then "the last byte 258 times" with fixed codes.
pub(crate) fn gzip_bomb() -> (Vec<u8>, Vec<u8>) {
    let head = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // The block's 3 bits and the literal's 8, then 13 bits a match, each from its lowest bit on.
    let start = [1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0];
    let matched = [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0];
    let mut bits: Vec<u8> = start.to_vec();
    while !bits.len().is_multiple_of(8) || bits.len() < 8 * 26 {
        bits.extend(matched);
    }
    let bytes: Vec<u8> = bits
        .chunks(8)
        .map(|chunk| chunk.iter().enumerate().map(|(i, bit)| bit << i).sum())
        .collect();
    let (first, cycle) = bytes.split_at(bytes.len() - 13);
    ([&head, first].concat(), cycle.to_vec())
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8)
            .fold(crc ^ u32::from(*byte), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg()))
    };
    !bytes.iter().fold(!0, step)
}

/// A server of documents by their path, in lower case; 404 for any other. Gives its address and the
/// paths that it was asked for, in order.
pub(crate) fn site(documents: Vec<(String, Vec<u8>)>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let (asked, questions) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let question = read_question(&mut stream);
            let path = question.split(' ').nth(1).unwrap_or_default().to_owned();
            let found = documents.iter().find(|(name, _)| *name == path);
            let said = match found {
                Some((_, body)) => bytes_answer("200 OK", "", body),
                None => answer("404 Not Found", "", ""),
            };
            drop(stream.write_all(&said));
            if asked.send(path).is_err() {
                return;
            }
        }
    });
    (base, questions)
}
