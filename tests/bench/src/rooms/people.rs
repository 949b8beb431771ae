//! Our server with people in it: guests, who come without a password to check.

use end_to_end::{HttpClient, Server, ServerOptions};

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use test_postgres::{Cluster, Database, Disk};

use super::load::Crowd;
use super::wire::Wire;

/// Numbers of the guests.
const POOL: &str = "200000-299999";

/// As an operator would write it who lets many guests in; what rooms take from each of them stays as it is.
const SETTINGS: &str = "[guests]\nenabled = true\nper_address_per_hour = 1000000\n\n\
                        [http_limits]\nrequests_per_session_per_minute = 100000\n";

/// Where the server keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    /// A file.
    Sqlite,
    /// A PostgreSQL server of its own, which syncs what it commits.
    Postgres,
}

impl Engine {
    pub(super) fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        }
    }
}

/// Somebody.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    pub(super) account: i64,
    pub(super) number: String,
    pub(super) token: String,
}

/// A database of a PostgreSQL that has run for a while: it has the files of its write-ahead log and writes over them. A new
/// one makes and fills each anew, 16 MB at a time, and everybody waits for that.
fn postgres() -> Result<Database> {
    let database = Cluster::start(Disk::Strict)?.database()?;
    for sql in [
        "ALTER SYSTEM SET min_wal_size = '1GB'",
        "SELECT pg_reload_conf()",
        "SELECT count(pg_logical_emit_message(false, 'bench', repeat('x', 16000000))) FROM generate_series(1, 60)",
        "CHECKPOINT",
    ] {
        database.query(sql)?;
    }
    Ok(database)
}

/// A running server of ours.
pub(super) struct House {
    pub(super) server: Server,
    pub(super) database: Option<Database>,
}

impl House {
    pub(super) fn open(engine: Engine, core: usize) -> Result<House> {
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(postgres()?),
        };
        let mut arguments = Vec::new();
        if let Some(database) = &database {
            arguments.extend(["--database".into(), database.url().into()]);
        }
        let server = Server::start_with(ServerOptions {
            under: vec!["taskset".into(), "-c".into(), core.to_string()],
            settings: SETTINGS.into(),
            arguments,
            ..ServerOptions::default()
        })?;
        server.callctl(&["numbers", "pool", "add", POOL, "--guest"])?;
        Ok(House { server, database })
    }

    pub(super) fn process(&mut self) -> u32 {
        self.server.process().id()
    }

    /// Starts the server anew with the same data: it looks then at what it finds.
    pub(super) fn start_again(self) -> Result<House> {
        Ok(House {
            server: self.server.crash_and_restart()?,
            ..self
        })
    }

    /// A client that has a guest's token.
    pub(super) fn client(&self, guest: &Guest) -> HttpClient {
        HttpClient::new(self.server.ready().http).with_token(&guest.token)
    }

    /// Lets guests in.
    pub(super) fn guests(&self, count: usize) -> Result<Vec<Guest>> {
        let mut http = HttpClient::new(self.server.ready().http);
        let mut guests = Vec::with_capacity(count);
        for index in 0..count {
            let wish = json!({ "device_label": "bench" });
            let (status, answer) = http.send("POST", "/api/v1/guests", Some(&wish))?;
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let guest = (|| {
                Some(Guest {
                    account: answer["account"]["id"].as_i64()?,
                    number: text(&answer["account"]["number"])?,
                    token: text(&answer["tokens"]["access_token"])?,
                })
            })();
            guests.push(guest.with_context(|| format!("no guest: {status} {answer}"))?);
            if index % 2000 == 1999 {
                eprintln!("bench: {} guests are there", index + 1);
            }
        }
        Ok(guests)
    }

    /// Connects each of them, and waits until there is nothing more to tell them.
    pub(super) fn connect(&self, guests: &[Guest]) -> Result<Crowd> {
        let mut crowd = Crowd::new()?;
        for (index, guest) in guests.iter().enumerate() {
            let session = format!("device-{index}");
            let http = self.server.ready().http;
            crowd.add(Wire::web_socket(http, &guest.token, &session)?)?;
        }
        settle(&mut crowd)?;
        Ok(crowd)
    }

    /// Opens a room of all of them, with the first as its owner; gives its id.
    pub(super) fn room(&self, guests: &[Guest], settings: Value) -> Result<String> {
        let (owner, others) = guests.split_first().context("nobody is there")?;
        let mut http = self.client(owner);
        let wish = json!({ "name": "Everybody", "settings": settings });
        let (status, answer) = http.send("POST", "/api/v1/rooms", Some(&wish))?;
        let room = answer["id"].as_str();
        let room = room
            .with_context(|| format!("no room: {status} {answer}"))?
            .to_owned();
        for part in others.chunks(100) {
            let people: Vec<Value> = part
                .iter()
                .map(|guest| json!({ "number": guest.number }))
                .collect();
            let path = format!("/api/v1/rooms/{room}/participants");
            let wish = json!({ "participants": people });
            let (status, answer) = http.send("POST", &path, Some(&wish))?;
            ensure!(
                (200..300).contains(&status),
                "nobody added: {status} {answer}"
            );
        }
        Ok(room)
    }

    /// Sends something from somebody to somebody, which makes their conversation; gives its id.
    pub(super) fn conversation(&self, from: &Guest, to: &Guest) -> Result<String> {
        let body = json!({ "type": "text", "text": "Hello" });
        let id = format!("hello-{}", from.number);
        let wish = json!({ "to": { "number": to.number }, "id": id, "body": body });
        let (status, answer) = self
            .client(from)
            .send("POST", "/api/v1/messages", Some(&wish))?;
        let room = answer["room"].as_str().map(str::to_owned);
        room.with_context(|| format!("no conversation: {status} {answer}"))
    }
}

/// Reads what was sent before, until nothing has come for a while.
pub(super) fn settle(crowd: &mut Crowd) -> Result<()> {
    loop {
        let mut heard = 0;
        crowd.hear(Duration::from_millis(500), |_, _| heard += 1)?;
        if heard == 0 {
            return Ok(());
        }
    }
}
