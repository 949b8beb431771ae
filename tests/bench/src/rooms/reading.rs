//! A long conversation: how long the server takes to open it and to search it.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use end_to_end::inside::ProcessorTime;
use serde_json::json;

use super::millis;
use super::people::{Engine, Guest, House};

/// So often each question is asked.
const ASKED: u32 = 40;

/// What was found: question and figure.
pub(super) struct Reading {
    pub(super) rows: Vec<(String, String)>,
}

/// Words of the texts: the nth comes about as often as 1/n, as words of people do. One comes once.
const TEXT: &str = "'{\"type\":\"text\",\"text\":\"the ' || CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END || ' w' || \
     (n * 7919 % 20) || ' x' || (n * 104729 % 500) || ' y' || (n * 1299709 % 20000) || ' z' || n || ' said number ' || n || \
     '\"}'";

/// The rows that so many messages would have left: sending them would take longer than anybody waits.
fn fill(engine: Engine, room: &str, account: i64, count: u64) -> String {
    let numbers = match engine {
        Engine::Sqlite => format!(
            "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c)"
        ),
        Engine::Postgres => format!("(SELECT generate_series(1::bigint, {count}) AS n)"),
    };
    let text = TEXT;
    format!(
        "INSERT INTO messages (room_key, seq, stamp, message_id, kind, sender, sender_name, sent_at, is_to_read, reads, body)
         SELECT r.room_key, r.last_seq + n, c.stamp + n, 'filled-' || n, 'user', {account}, 'Guest', r.opened_at + n, 1,
             r.reads + n, {text} FROM {numbers} AS numbers, rooms r, room_clock c WHERE r.room_id = '{room}';
         UPDATE room_clock SET stamp = stamp + {count};
         UPDATE rooms SET last_seq = last_seq + {count}, reads = reads + {count},
             last_stamp = (SELECT stamp FROM room_clock) WHERE room_id = '{room}';"
    )
}

pub(super) fn measure(engine: Engine, core: usize, count: u64) -> Result<Reading> {
    eprintln!("bench: a conversation of {count} messages is made");
    let house = House::open(engine, core)?;
    let guests = house.guests(3)?;
    let settings = json!({ "keep_messages": count + 1_000 });
    let room = house.room(&guests, settings)?;
    let owner = guests.first().context("nobody is there")?;
    let sql = fill(engine, &room, owner.account, count);
    match &house.database {
        Some(database) => {
            database.query(&sql)?;
            database.query("ANALYZE")?;
        }
        None => {
            // Beside the server, as an operator might.
            let mut sqlite = Command::new("sqlite3");
            sqlite.arg(house.server.data().join("carillon.sqlite"));
            sqlite.stdin(Stdio::from(written(&sql)?));
            let status = sqlite
                .status()
                .context("sqlite3 (package sqlite3) is needed")?;
            ensure!(status.success(), "the messages could not be made");
        }
    }
    let mut house = house.start_again()?;
    wait_for_words(&mut house)?;
    let mut rows = Vec::new();
    let history = format!("/api/v1/rooms/{room}/messages?limit=50");
    let middle = count / 2;
    let search = |text: &str| format!("/api/v1/rooms/{room}/search?words={text}");
    for (what, path, most) in [
        ("its end", history.clone(), 50),
        ("its middle", format!("{history}&before={middle}"), 50),
        ("its beginning", format!("{history}&after=0"), 50),
        ("the room itself", format!("/api/v1/rooms/{room}"), 0),
        ("search: a word of every message", search("the"), 50),
        ("search: the beginning of many words", search("x"), 50),
        ("search: a word of one message", search("z777"), 50),
        ("search: a word that does not occur", search("nowhere"), 0),
        (
            "search: two frequent words that never meet",
            search("even%20odd"),
            0,
        ),
        (
            "search: a rare word, then a frequent one",
            search("z4242%20the"),
            1,
        ),
        (
            "search: a frequent word, then one of none",
            search("the%20nowhere"),
            0,
        ),
    ] {
        let figure = ask(&mut house, owner, &path, most)?;
        rows.push((format!("{count} messages, {what}"), figure));
    }
    Ok(Reading { rows })
}

fn written(sql: &str) -> Result<fs::File> {
    let mut file = tempfile::tempfile()?;
    std::io::Write::write_all(&mut file, sql.as_bytes())?;
    std::io::Seek::rewind(&mut file)?;
    Ok(file)
}

/// Until the server has nothing to do any more.
fn wait_for_words(house: &mut House) -> Result<()> {
    let process = house.process();
    let begin = Instant::now();
    loop {
        let before = ProcessorTime::of(process)?;
        std::thread::sleep(Duration::from_secs(3));
        if ProcessorTime::of(process)?.since(&before) < Duration::from_millis(30) {
            eprintln!(
                "bench: after {} s the server is idle",
                begin.elapsed().as_secs()
            );
            return Ok(());
        }
    }
}

/// Asks again and again; `most` are found.
fn ask(house: &mut House, guest: &Guest, path: &str, most: usize) -> Result<String> {
    let mut http = house.client(guest);
    let process = house.process();
    let mut times = Vec::new();
    let (status, answer) = http.send("GET", path, None)?;
    ensure!(status == 200, "{path} was answered with {status} {answer}");
    let found = answer["messages"].as_array().map_or(0, Vec::len);
    ensure!(most == 0 || found >= 1, "{path} found nothing");
    ensure!(found <= most, "{path} found {found}");
    let before = ProcessorTime::of(process)?;
    for _ in 0..ASKED {
        let begin = Instant::now();
        http.send("GET", path, None)?;
        times.push(begin.elapsed());
    }
    let spent = ProcessorTime::of(process)?.since(&before) / ASKED;
    times.sort_unstable();
    let at = |place: usize| times.get(place).copied().unwrap_or_default();
    Ok(format!(
        "{} (at most {}); {} of processor time; {found} found",
        millis(at(times.len() / 2)),
        millis(at(times.len() - 1)),
        millis(spent)
    ))
}
