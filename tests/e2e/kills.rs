//! A server that is killed in the middle of changes: what was acknowledged is there, and nothing is half done.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use end_to_end::{HttpClient, NumberBook, Server, ServerOptions};
use serde_json::json;
use test_postgres::{Cluster, Disk, End};

/// How long some changes may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many change their numbers at once.
const PEOPLE: usize = 4;
/// Each goes round among so many numbers.
const NUMBERS: usize = 3;

/// So many kills: `CARILLON_KILLS`, else a few.
fn kills() -> usize {
    let wanted = std::env::var("CARILLON_KILLS").ok();
    wanted.map_or(4, |text| text.parse().unwrap())
}

/// Somebody who changes numbers as fast as the server lets them.
struct Person {
    name: String,
    http: HttpClient,
    /// The numbers that they go round among.
    numbers: Vec<String>,
    /// Which of them they have; what the server said last.
    at: usize,
    /// How many changes were acknowledged.
    acknowledged: usize,
}

impl Person {
    fn new(server: &Server, index: usize) -> Result<Self> {
        let numbers: Vec<String> = (0..NUMBERS)
            .map(|number| (1000 + index * NUMBERS + number).to_string())
            .collect();
        let name = format!("person{index}");
        let account = server.add_account(&name, &numbers[0])?;
        let mut http = HttpClient::new(server.ready().http);
        let login = json!({
            "name": account.name, "password": account.password, "device_label": "test",
        });
        let (status, answer) = http.send("POST", "/api/v1/login", Some(&login))?;
        let token = answer["tokens"]["access_token"].as_str();
        let token = token.with_context(|| format!("{status} {answer}"))?;
        Ok(Self {
            name,
            http: http.with_token(token),
            numbers,
            at: 0,
            acknowledged: 0,
        })
    }

    fn next(&self) -> usize {
        (self.at + 1) % NUMBERS
    }

    /// Changes numbers until the server is gone.
    fn change_until_the_end(&mut self, done: &AtomicUsize) -> Result<()> {
        loop {
            let wanted = json!({ "number": self.numbers[self.next()], "on_call": "forward" });
            match self.http.send("PUT", "/api/v1/me/number", Some(&wanted)) {
                Ok((200, _)) => {
                    self.at = self.next();
                    self.acknowledged += 1;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok((status, answer)) => bail!("{}: {status} {answer}", self.name),
                Err(_) => return Ok(()),
            }
        }
    }

    /// What is there now is what was acknowledged last, or what was asked for and not answered any more.
    fn look_again(&mut self, book: &NumberBook) -> Result<()> {
        let primary = book.query(&format!(
            "SELECT n.number FROM numbers n JOIN accounts a ON a.account_id = n.account_id
             WHERE a.username = '{}' AND n.is_primary = 1",
            self.name
        ))?;
        if primary == self.numbers[self.next()] {
            self.at = self.next();
        }
        ensure!(
            primary == self.numbers[self.at],
            "{} has {primary}, but was told {}",
            self.name,
            self.numbers[self.at]
        );
        Ok(())
    }
}

fn killed_during_changes(
    settings: String,
    book: impl FnOnce(&Server) -> NumberBook,
    mut before_restart: impl FnMut(usize),
) -> Result<()> {
    let mut server = Server::start_with(ServerOptions {
        settings,
        ..ServerOptions::default()
    })?;
    let book = book(&server);
    let mut people = (0..PEOPLE)
        .map(|index| Person::new(&server, index))
        .collect::<Result<Vec<_>>>()?;
    let (kills, mut acknowledged) = (kills(), 0);
    for kill in 0..kills {
        let done = AtomicUsize::new(0);
        std::thread::scope(|scope| -> Result<()> {
            let done = &done;
            let working: Vec<_> = people
                .iter_mut()
                .map(|person| scope.spawn(move || person.change_until_the_end(done)))
                .collect();
            // Each time in the middle of something else.
            let begin = Instant::now();
            while done.load(Ordering::Relaxed) < 4 + kill % 9 && begin.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros((kill * 3_701 % 30_011) as u64));
            server.kill();
            for work in working {
                let ended = work.join().ok().context("a client panicked")?;
                ended?;
            }
            Ok(())
        })?;
        before_restart(kill);
        server = server.crash_and_restart()?;
        book.check().with_context(|| format!("kill {kill}"))?;
        for person in &mut people {
            person
                .look_again(&book)
                .with_context(|| format!("kill {kill}"))?;
            person.http.move_to(server.ready().http);
        }
        let lines: usize = book
            .query("SELECT count(*) FROM number_history WHERE reason LIKE 'changed from %'")?
            .parse()?;
        acknowledged = people.iter().map(|person| person.acknowledged).sum();
        // What was not answered any more may be there: one for each of them at each kill.
        let most = acknowledged + PEOPLE * (kill + 1);
        ensure!(
            (acknowledged..=most).contains(&lines),
            "kill {kill}: {lines} changes are there, {acknowledged} were acknowledged"
        );
    }
    ensure!(
        acknowledged > 0,
        "nothing was changed before any of the kills"
    );
    println!("{kills} kills during {acknowledged} changes");
    server.stop()
}

#[test]
fn a_killed_server_on_a_database_file_leaves_nothing_half_done() {
    let file = |server: &Server| -> PathBuf { server.data().join("carillon.sqlite") };
    killed_during_changes(
        String::new(),
        |server| NumberBook::File(file(server)),
        |_| {},
    )
    .unwrap();
}

#[test]
fn a_killed_server_on_postgresql_leaves_nothing_half_done_also_when_both_die() {
    let cluster = Cluster::start(Disk::Strict).unwrap();
    let database = cluster.database().unwrap();
    killed_during_changes(
        format!("database = \"{}\"\n", database.url()),
        |_| NumberBook::Postgres(database.clone()),
        |kill| {
            if kill % 4 == 3 {
                cluster.stop(End::Crash).unwrap();
                cluster.start_again().unwrap();
            }
        },
    )
    .unwrap();
}
