//! Alerts: once a change, at the events that were, and at nothing else; and their way to a receiver.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use chipcast::archive::Archive;
use chipcast::ingest::bundled;
use chipcast::job::alert::impact::{impacts, releases, usual};
use chipcast::job::deliver::{Means, deliver};
use chipcast::job::file::Job;
use chipcast::job::history::Delivery;
use chipcast::job::load::load;
use chrono::{Days, NaiveDate};
use serde_json::Value;

use crate::job::{run_job, told, with_job};
use crate::support::{archive, day, id, quarter, row, slow};

const JOB: &str = "schema_version = 1\nname = \"watch\"\n[[sources]]\nkind = \"bundled\"\n\
    [[forecasts]]\nseries = \"nvda.revenue\"\nhorizon = 2\n\
    [[sinks]]\nkind = \"file\"\npath = \"alerts.jsonl\"\n";

fn alerts(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("alerts.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The days of the news that a year of weekly runs would have told of a series, with their size.
fn told_days(
    archive: &Archive,
    series: &str,
    (from, n_weeks): (NaiveDate, u64),
) -> Vec<(NaiveDate, f64)> {
    let series = id(series);
    let at = |week: u64| archive.as_of(from + Days::new(7 * week)).expect("known");
    let mut days = Vec::new();
    for week in 0..n_weeks {
        let (then, now) = (at(week), at(week + 1));
        let mut moved = impacts(&then, &now, &series).expect("read");
        // The defaults of a job.
        moved.retain(|moved| moved.relative.abs() >= 0.05);
        if moved.is_empty() {
            continue;
        }
        let usual = usual(&then, &series).expect("read");
        let releases = releases(&now, &series).expect("read");
        let is_told = |day, relative: f64| {
            usual.of(day, &releases).is_some_and(|usual| relative.abs() >= 4.0 * usual)
        };
        moved.retain(|moved| is_told(moved.day, moved.relative));
        days.extend(moved.iter().map(|moved| (moved.day, moved.relative)));
    }
    days
}

#[test]
fn the_news_that_was_is_told_and_each_once() {
    let archive = bundled::archive().expect("bundled");
    for (from, event) in [("2022-02-28", "2022-08-08"), ("2023-01-02", "2023-05-24")] {
        let n_weeks = if slow() { 52 } else { 26 };
        let days = told_days(&archive, "nvda.revenue", (day(from), n_weeks));
        eprintln!("nvda.revenue, {n_weeks} weeks from {from}: {days:?}");
        let n = days.iter().filter(|(told, _)| *told == day(event)).count();
        assert_eq!((n, days.len()), (1, 1), "{event}: {days:?}");
    }
    // The same through weekly runs of a job, two of which see the event's week twice.
    let folder =
        with_job(&format!("{JOB}[[alerts]]\nkind = \"impact\"\nseries = [\"nvda.revenue\"]\n"));
    for (from, to) in [("2022-08-01", "2022-08-15"), ("2022-08-08", "2022-08-22")] {
        let run = run_job(folder.path(), &["--from", from, "--to", to, "--every", "week"]);
        assert_eq!(run.code, 0, "{}", run.err);
    }
    let told = alerts(folder.path());
    let at = |day: &str| told.iter().filter(|a| a["details"]["event_date"] == day).count();
    assert_eq!((told.len(), at("2022-08-08")), (1, 1), "{told:?}");
    assert_eq!(told[0]["kind"], "impact");
    assert!(told[0]["message"].as_str().is_some_and(|text| text.contains("usual in such a week")));
}

/// A series of 60 quarters whose logarithm is a random walk: nothing ever happens in it.
fn noise(seed: u64) -> Archive {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 33).expect("31 bits")) / f64::from(1_u32 << 31)
    };
    let mut level = 22.0_f64;
    let rows = (0..60).map(|idx| {
        // Twelve uniform numbers add up to nearly a normal one.
        level += 0.05 * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0);
        let period = quarter(idx);
        row("acme.revenue", period, level.exp().round(), period.end() + Days::new(30))
    });
    archive(rows.collect(), "2025-06-30")
}

#[test]
fn a_year_of_noise_tells_nothing() {
    let n_years = if slow() { 40 } else { 4 };
    let years: Vec<_> = (0..n_years)
        .map(|seed| told_days(&noise(seed), "acme.revenue", (day("2024-01-01"), 52)))
        .collect();
    let n_told: usize = years.iter().map(Vec::len).sum();
    eprintln!("{n_years} years of noise: {n_told} alerts");
    if slow() {
        // Four standard deviations of a scale that 20 values tell: one false alarm in ten years at most.
        assert!(n_told <= n_years.try_into().map_or(0, |n: usize| n / 10), "{years:?}");
    } else {
        assert_eq!(n_told, 0, "{years:?}");
    }
    let usual = usual(&noise(1).as_of(day("2025-01-01")).expect("known"), &id("acme.revenue"));
    let usual = usual.expect("read").release.expect("measured");
    assert!((0.02..0.12).contains(&usual), "near the 5% that it was made with: {usual}");
}

#[test]
fn a_forecast_that_crosses_a_value_is_told_when_it_crosses() {
    let folder = with_job(&format!(
        "{JOB}[[alerts]]\nkind = \"threshold\"\nseries = \"nvda.revenue\"\nvalue = 50e9\n\
         [[alerts]]\nkind = \"refusal\"\n[[alerts]]\nkind = \"calibration\"\n"
    ));
    let span = ["--from", "2024-03-01", "--to", "2026-09-01", "--every", "quarter"];
    let run = run_job(folder.path(), &span);
    assert_eq!(run.code, 0, "{}", run.err);
    let told = alerts(folder.path());
    let crossed: Vec<_> = told.iter().filter(|alert| alert["kind"] == "threshold").collect();
    assert_eq!(crossed.len(), 1, "{told:?}");
    assert_eq!(
        (&crossed[0]["state"], &crossed[0]["previous_state"]),
        (&"above".into(), &"below".into())
    );
    let mut ids: Vec<_> = told.iter().map(|alert| alert["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), told.len());
}

#[test]
fn an_alert_without_a_way_waits_and_goes_out_once() {
    let (url, questions) = receiver(vec!["503 Service Unavailable", "200 OK", "200 OK"]);
    let folder = with_job(&format!(
        "{JOB}[[alerts]]\nkind = \"stale\"\n[[sinks]]\nkind = \"webhook\"\nurl = \"{url}\"\n\
         secret_env = \"HOOK_SECRET\"\n[[freshness]]\nseries = \"nvda.revenue\"\n\
         warn_after = \"1 day\"\nagainst = \"as_of\"\n"
    ));
    let run = run_job(folder.path(), &[]);
    assert_eq!(run.code, 1, "what is not delivered is no success: {}", run.err);
    assert!(run.err.contains("variable `HOOK_SECRET` is not set"), "{}", run.err);
    assert_eq!(told(&run)["status"], "degraded");
    let with_secret = || {
        std::process::Command::new(env!("CARGO_BIN_EXE_chipcast"))
            .current_dir(folder.path())
            .env("HOOK_SECRET", "a very secret word")
            .args(["job", "run", "job.toml", "--log", "json", "--verbose"])
            .output()
            .expect("run")
    };
    for _ in 0..2 {
        let run = with_secret();
        let all = [run.stdout, run.stderr].concat();
        let all = String::from_utf8_lossy(&all);
        assert_eq!(run.status.code(), Some(0), "{all}");
        assert!(!all.contains("very secret"), "{all}");
    }
    let asked: Vec<_> = questions.try_iter().collect();
    assert_eq!(asked.len(), 2, "refused once, taken once: {asked:?}");
    assert_eq!(asked[0].1, asked[1].1, "the same alert");
    assert_eq!(alerts(folder.path()).len(), 1, "the file had it at once, and once");
    let kept = std::fs::read(folder.path().join("data/runs.sqlite")).expect("a ledger");
    assert!(!String::from_utf8_lossy(&kept).contains("very secret"));
}

/// A receiver of POSTs: gives each the next answer; tells its address, and each head and body.
fn receiver(answers: Vec<&'static str>) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
    let (tell, questions) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((stream, _)) = listener.accept() else { return };
            let mut reader = BufReader::new(stream);
            let (mut head, mut line) = (String::new(), String::new());
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                head.push_str(&line.to_lowercase());
                line.clear();
            }
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: "));
            let length = length.and_then(|n| n.trim().parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let _ = tell.send((head, String::from_utf8_lossy(&body).into_owned()));
            let said =
                format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = reader.into_inner().write_all(said.as_bytes());
        }
    });
    (url, questions)
}

fn job(sink: &str) -> Job {
    let text = format!("schema_version = 1\nname = \"watch\"\n[[sinks]]\n{sink}");
    load("job.toml", &text, []).expect("a job")
}

fn alert(sink: &str) -> Delivery {
    let body = "{\"id\":\"0123\",\"job\":\"watch\",\"kind\":\"stale\",\"state\":\"late\",\
                \"message\":\"a.b: late\",\"run_id\":\"r\",\"as_of\":\"2026-09-01\"}";
    Delivery { alert_id: "0123".to_owned(), sink: sink.to_owned(), body: body.to_owned() }
}

fn send(job: &Job, delivery: &Delivery) -> chipcast::Result<()> {
    deliver(
        job,
        delivery,
        &Means {
            now: "2026-09-01T07:00:00Z".parse().expect("a moment"),
            variable: &|name| (name == "WORD").then(|| "secret".to_owned()),
            pause: &|_| (),
            print: &|_| Ok(()),
        },
    )
}

#[test]
fn a_webhook_is_signed_and_a_refusal_is_not_repeated() {
    let (url, questions) = receiver(vec!["200 OK", "403 Forbidden"]);
    let job = job(&format!("kind = \"webhook\"\nurl = \"{url}\"\nsecret_env = \"WORD\"\n"));
    send(&job, &alert("0 webhook")).expect("delivered");
    let (head, body) = questions.recv().expect("asked");
    assert_eq!(body, alert("0 webhook").body);
    // The signature by OpenSSL, where it is at hand.
    let seconds = head.lines().find_map(|line| line.strip_prefix("chipcast-timestamp: "));
    let seconds = seconds.expect("a timestamp").trim();
    assert_eq!(seconds, "1788246000");
    let signed = head.lines().find_map(|line| line.strip_prefix("chipcast-signature: v1="));
    let openssl = std::process::Command::new("sh")
        .args(["-c", "printf '%s' \"$0\" | openssl dgst -sha256 -hmac secret"])
        .arg(format!("{seconds}.{body}"))
        .output();
    match openssl {
        Ok(out) if out.status.success() => {
            let digest =
                String::from_utf8_lossy(&out.stdout).trim().rsplit(' ').next().map(str::to_owned);
            assert_eq!(signed.map(str::trim), digest.as_deref());
        }
        _ => eprintln!("left out: OpenSSL is not here"),
    }
    let error = send(&job, &alert("0 webhook")).expect_err("refused").to_string();
    assert!(error.contains("403") && error.contains("(try 1)"), "{error}");
    assert!(!error.contains("/hook"), "the address may hold a token: {error}");
}

#[test]
fn a_letter_goes_out_by_smtp() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let server = std::thread::spawn(move || -> (Vec<String>, String) {
        let (stream, _) = listener.accept().expect("a client");
        let mut reader = BufReader::new(stream);
        let say = |reader: &mut BufReader<std::net::TcpStream>, text: &str| {
            reader.get_mut().write_all(format!("{text}\r\n").as_bytes()).expect("heard");
        };
        say(&mut reader, "220 stub");
        let (mut commands, mut letter) = (Vec::new(), String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return (commands, letter);
            }
            let command = line.trim_end().to_owned();
            let word = command.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            commands.push(command);
            match word.as_str() {
                "DATA" => {
                    say(&mut reader, "354 go on");
                    while !letter.ends_with("\r\n.\r\n") {
                        reader.read_line(&mut letter).expect("a line");
                    }
                    say(&mut reader, "250 taken");
                }
                "QUIT" => {
                    say(&mut reader, "221 bye");
                    return (commands, letter);
                }
                _ => say(&mut reader, "250 stub"),
            }
        }
    });
    let sink = format!(
        "kind = \"email\"\nhost = \"127.0.0.1\"\nport = {port}\nencryption = \"none\"\n\
         from = \"Chipcast <chipcast@example.org>\"\nto = [\"ada@example.org\"]\n"
    );
    send(&job(&sink), &alert("0 email")).expect("delivered");
    let (commands, letter) = server.join().expect("served");
    assert!(
        commands.iter().any(|c| c.starts_with("MAIL FROM:<chipcast@example.org>")),
        "{commands:?}"
    );
    assert!(commands.iter().any(|c| c.starts_with("RCPT TO:<ada@example.org>")), "{commands:?}");
    assert!(letter.contains("Subject: [chipcast watch] stale: late"), "{letter}");
    assert!(letter.contains("a.b: late") && letter.contains("<0123@chipcast.invalid>"), "{letter}");
    let error = send(&job(&sink), &alert("0 email")).expect_err("nobody is there").to_string();
    assert!(error.contains("127.0.0.1"), "{error}");
    let gone = send(&job(&sink), &alert("7 email")).expect_err("no such sink").to_string();
    assert!(gone.contains("7 email"), "{gone}");
}
