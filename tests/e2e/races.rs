//! Many want one number at the same moment, through two servers on one PostgreSQL database.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, mpsc};

use anyhow::{Context, Result, bail, ensure};
use end_to_end::{HttpClient, NumberBook, Server, ServerOptions};
use serde_json::{Value, json};
use test_postgres::{Cluster, Database, Disk};

/// The first number that they race for; theirs are below.
const FIRST: usize = 2000;

/// So many races: `CARILLON_RACES`, else a few.
fn races() -> usize {
    let wanted = std::env::var("CARILLON_RACES").ok();
    wanted.map_or(5, |text| text.parse().unwrap())
}

/// So many race: `CARILLON_RACERS`, else as many as a machine can serve in time that has much else to do.
fn racers() -> usize {
    let wanted = std::env::var("CARILLON_RACERS").ok();
    wanted.map_or(60, |text| text.parse().unwrap())
}

fn server_on(database: &Database) -> Server {
    // Everything that could betray a password, unless there would be too much of it.
    let level = if races() > 10 { "info" } else { "debug" };
    let settings = format!(
        "database = \"{}\"\n[http_limits]\nrequests_per_session_per_minute = 1000000\n[numbers]\nquarantine_days = 0\n[log]\nlevel = \"{level}\"\n",
        database.url()
    );
    Server::start_with(ServerOptions {
        settings,
        ..ServerOptions::default()
    })
    .unwrap()
}

/// What became of one client's request.
struct Told {
    client: usize,
    status: u16,
    answer: Value,
}

/// One access token for each account. Logging in is tested elsewhere, and would take most of the time here.
fn log_everybody_in(database: &Database) {
    let hash = |purpose: &str| format!("sha256(convert_to('{purpose}-' || username, 'UTF8'))");
    database
        .query(&format!(
            "INSERT INTO sessions (account_id, label, access_sha256, access_ends_at, refresh_sha256, refresh_ends_at,
                 created_at, refreshed_at)
             SELECT account_id, 'race', {}, 4000000000000, {}, 4000000000000, 0, 0 FROM accounts",
            hash("access"),
            hash("refresh"),
        ))
        .unwrap();
}

#[test]
fn of_many_who_want_one_number_through_two_servers_one_gets_it_and_the_others_hear_what_is_free() {
    let database = Cluster::start(Disk::Lax).unwrap().database().unwrap();
    let book = NumberBook::Postgres(database.clone());
    let mut servers = [server_on(&database), server_on(&database)];
    let list = tempfile::NamedTempFile::new().unwrap();
    let clients = racers();
    let lines: String = (0..clients)
        .map(|client| format!("racer{client}\n"))
        .collect();
    std::fs::write(list.path(), lines).unwrap();
    let list = list.path().to_str().unwrap();
    servers[0].callctl(&["accounts", "import", list]).unwrap();
    log_everybody_in(&database);

    let races = races();
    let (start, is_over) = (Barrier::new(clients + 1), AtomicBool::new(false));
    let (tell, told) = mpsc::channel::<Told>();
    let outcome = std::thread::scope(|scope| {
        for client in 0..clients {
            let address = servers[client % 2].ready().http;
            let (start, is_over, tell) = (&start, &is_over, tell.clone());
            scope.spawn(move || {
                let token = format!("access-racer{client}");
                let mut http = HttpClient::new(address).with_token(token);
                for race in 0.. {
                    let number = (FIRST + race).to_string();
                    let wanted = json!({ "number": number, "on_call": "forward" });
                    start.wait();
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    // Nobody loses the race by having to connect first, or by a connection that the server closed
                    // while the others still ran.
                    http.disconnect();
                    let connected = http.connect();
                    start.wait();
                    let answer = connected
                        .and_then(|()| http.send("PUT", "/api/v1/me/number", Some(&wanted)));
                    let (status, answer) =
                        answer.unwrap_or_else(|error| (0, json!(error.to_string())));
                    let told = Told {
                        client,
                        status,
                        answer,
                    };
                    tell.send(told).unwrap();
                }
            });
        }
        let mut lines = count(&book, "number_history");
        let mut through_first = 0;
        let outcome = (0..races).try_for_each(|race| {
            start.wait();
            start.wait();
            let told: Vec<Told> = told.iter().take(clients).collect();
            let winner = examine(&book, &(FIRST + race).to_string(), &told)
                .with_context(|| format!("race {race}"))?;
            // One line for the new number, one for the old.
            lines += 2;
            ensure!(
                count(&book, "number_history") == lines,
                "race {race}: lines of history"
            );
            through_first += usize::from(winner % 2 == 0);
            if race % 100 == 99 {
                println!("{} races", race + 1);
            }
            Ok(())
        });
        // Whatever came of it: the clients wait for their next start.
        is_over.store(true, Ordering::Relaxed);
        start.wait();
        outcome.map(|()| through_first)
    });
    let through_first = outcome.unwrap();
    println!("{races} races of {clients}: {through_first} were won through the first server");
    for server in &mut servers {
        let log = server.process().errors();
        assert!(!log.contains("b0ttles"), "the log holds the password");
        server.stop().unwrap();
    }
}

/// Whether a race ended as it must: one owner, as it was told; the others heard what is free; the tables are sound.
fn examine(book: &NumberBook, number: &str, told: &[Told]) -> Result<usize> {
    let (winners, losers): (Vec<&Told>, Vec<&Told>) =
        told.iter().partition(|told| told.status == 200);
    if let Some(odd) = losers.iter().find(|told| told.status != 409) {
        bail!("{} {}", odd.status, odd.answer);
    }
    let [winner] = winners[..] else {
        bail!(
            "{} clients were told that {number} is theirs",
            winners.len()
        );
    };
    let owners = book.query(&format!(
        "SELECT a.username, n.is_primary, n.state FROM numbers n JOIN accounts a ON a.account_id = n.account_id
         WHERE n.number = '{number}'"
    ))?;
    let expected = format!("racer{}|1|assigned", winner.client);
    ensure!(owners == expected, "{owners} instead of {expected}");
    let mut offered = HashSet::new();
    for loser in losers {
        let alternatives = loser.answer["alternatives"].as_array();
        let alternatives = alternatives.filter(|list| !list.is_empty());
        let alternatives = alternatives.with_context(|| loser.answer.to_string())?;
        offered.extend(
            alternatives
                .iter()
                .map(|number| number.to_string().replace('"', "'")),
        );
    }
    let offered: Vec<String> = offered.into_iter().collect();
    let taken = book.query(&format!(
        "SELECT number FROM numbers WHERE state <> 'free' AND number IN ({})",
        offered.join(", ")
    ))?;
    ensure!(taken.is_empty(), "{taken} was offered and is not free");
    book.check()?;
    Ok(winner.client)
}

fn count(book: &NumberBook, table: &str) -> usize {
    let count = book.query(&format!("SELECT count(*) FROM {table}"));
    count.unwrap().parse().unwrap()
}
