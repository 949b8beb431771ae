//! Numbers that change while people talk: nothing that goes on may notice, and the next call must.
//!
//! `CARILLON_NUMBER_CHANGES=500` makes so many changes under two fifths as many calls (`make soak`).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use end_to_end::{Callctl, CallsItself, Device, FleetPhone, Report, Server, ServerOptions};
use serde_json::Value;

/// A debug build under load, on a machine that compiles something beside it.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many people change numbers at once.
const WORKERS: usize = 4;

/// Phones come back after half of this, so that many registrations fall between the changes.
const REGISTRATION_SECONDS: u32 = 10;

/// What callers to a number hear that was given up.
const AFTER: [&str; 3] = ["forward", "moved", "gone"];

struct Person {
    name: String,
    number: String,
    itself: CallsItself,
    phone: FleetPhone,
}

/// Makes an account with a phone. Every second phone calls itself by its number, which will not be its number for long.
fn person(operator: &Callctl, sip: SocketAddr, index: usize) -> Result<Person> {
    let (name, number) = (format!("person{index}"), format!("{}", 1000 + index));
    operator.run(&["accounts", "add", &name, "--number", &number])?;
    let shown: Value = serde_json::from_str(&operator.run(&["--json", "devices", "add", &name])?)?;
    let text = |key: &str| {
        shown[key]
            .as_str()
            .map(str::to_owned)
            .context("no credential")
    };
    let device = Device {
        login: text("login")?,
        secret: text("secret")?,
        domain: text("domain")?,
        number: number.clone(),
    };
    let itself = match index % 2 {
        0 => CallsItself::Login,
        _ => CallsItself::Number,
    };
    let phone = FleetPhone::start(sip, &device, itself, REGISTRATION_SECONDS)?;
    Ok(Person {
        name,
        number,
        itself,
        phone,
    })
}

/// All people, made side by side.
fn people(server: &Server, count: usize) -> Vec<Person> {
    let (operator, sip) = (server.operator(), server.ready().sip);
    let operator = &operator;
    let makers: Vec<Vec<Person>> = thread::scope(|scope| {
        let makers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                scope.spawn(move || {
                    let mine = (worker..count).step_by(WORKERS);
                    mine.map(|index| person(operator, sip, index).unwrap())
                        .collect()
                })
            })
            .collect();
        makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect()
    });
    let mut makers: Vec<_> = makers.into_iter().map(Vec::into_iter).collect();
    (0..count)
        .filter_map(|index| makers[index % WORKERS].next())
        .collect()
}

/// Calls a number and gives the index of the call when it has been answered or has ended.
fn called(caller: &Person, number: &str) -> Result<usize> {
    let call = caller.phone.call(number)?;
    let what = format!("what comes of a call to {number}");
    caller.phone.wait_until(&what, PATIENCE, |report| {
        let call = &report.calls[call];
        (call.is_answered || call.end.is_some()).then_some(())
    })?;
    Ok(call)
}

/// A call that must arrive at this person; hangs up and returns what the phone was told of its way.
fn arrives(caller: &Person, number: &str, callee: &Person) -> Result<Option<String>> {
    let before = callee.phone.report().calls.len();
    let call = called(caller, number)?;
    let end = caller.phone.report().calls[call].end.clone();
    ensure!(end.is_none(), "{number} was not answered: {end:?}");
    let history = callee.phone.wait_until("the call", PATIENCE, |report| {
        let came = report.calls.get(before).filter(|call| call.is_answered)?;
        Some(came.history.clone())
    })?;
    caller.phone.hang_up(call)?;
    callee
        .phone
        .wait_until("the end of the call", PATIENCE, |report| {
            report.calls[before].end.as_ref().map(|_| ())
        })?;
    Ok(history)
}

/// Gives somebody a new number; then the new one must ring, and the old one do what was wished.
fn change(
    operator: &Callctl,
    caller: &Person,
    person: &mut Person,
    new: String,
    after: &str,
) -> Result<()> {
    operator.run(&["numbers", "change", &person.name, &new, "--on-call", after])?;
    let old = std::mem::replace(&mut person.number, new.clone());
    let history = arrives(caller, &new, person)?;
    ensure!(
        history.is_none(),
        "a direct call has a history: {history:?}"
    );
    match after {
        "forward" => {
            let history = arrives(caller, &old, person)?.unwrap_or_default();
            ensure!(
                history.contains(&format!("sip:{old}@")),
                "{old} is not in {history}"
            );
        }
        _ => {
            let call = called(caller, &old)?;
            let end = caller.phone.report().calls[call]
                .end
                .clone()
                .unwrap_or_default();
            let is_right = match after {
                "moved" => end.starts_with(&format!("301 <sip:{new}@")),
                _ => end == "410",
            };
            ensure!(is_right, "{old} should have been {after}, but: {end}");
        }
    }
    Ok(())
}

/// Exchanges the numbers of two people; then each rings at the other one.
fn swap(operator: &Callctl, caller: &Person, a: &mut Person, b: &mut Person) -> Result<()> {
    operator.run(&["numbers", "swap", &a.number, &b.number])?;
    std::mem::swap(&mut a.number, &mut b.number);
    for person in [a, b] {
        let history = arrives(caller, &person.number, person)?;
        ensure!(
            history.is_none(),
            "a direct call has a history: {history:?}"
        );
    }
    Ok(())
}

#[test]
fn numbers_change_under_live_calls_and_nothing_is_lost() {
    let wanted = std::env::var("CARILLON_NUMBER_CHANGES");
    let changes: usize = wanted.map_or(40, |count| count.parse().unwrap());
    let calls = changes * 2 / 5;
    let server = Server::start_with(ServerOptions {
        settings: "[registration]\nmin_expires_seconds = 5\n".to_owned(),
        ..ServerOptions::default()
    })
    .unwrap();
    // One caller and one called person of each call, and those who try the numbers.
    let mut people = people(&server, 2 * calls + WORKERS);
    let registered = |person: &Person| {
        let is_there = |report: &Report| (report.registered > 0).then_some(());
        person
            .phone
            .wait_until("its registration", PATIENCE, is_there)
    };
    people.iter().for_each(|person| registered(person).unwrap());
    let triers = people.split_off(2 * calls);
    for pair in people.chunks(2) {
        let call = called(&pair[0], &pair[1].number).unwrap();
        assert_eq!((call, &pair[0].phone.report().calls[call].end), (0, &None));
    }
    assert_eq!(live_calls(&server), calls);

    let operator = server.operator();
    let begin = Instant::now();
    let next = AtomicUsize::new(0);
    let mut shares: Vec<Vec<&mut Person>> = (0..WORKERS).map(|_| Vec::new()).collect();
    for (index, person) in people.iter_mut().enumerate() {
        shares[index % WORKERS].push(person);
    }
    thread::scope(|scope| {
        for (trier, share) in triers.iter().zip(&mut shares) {
            let (next, operator) = (&next, &operator);
            scope.spawn(move || {
                for turn in 0.. {
                    let done = next.fetch_add(1, Ordering::Relaxed);
                    if done >= changes {
                        return;
                    }
                    let (mine, last) = (turn % share.len(), share.len() - 1);
                    // Phones that call themselves by a number must not do so by somebody else's.
                    let is_login = share[mine].itself == CallsItself::Login;
                    if turn % 5 == 4 && is_login && mine != last {
                        let (left, right) = share.split_at_mut(last);
                        swap(operator, trier, left[mine], right[0]).unwrap();
                    } else {
                        let new = format!("{}", 3000 + done);
                        change(operator, trier, share[mine], new, AFTER[done % 3]).unwrap();
                    }
                }
            });
        }
    });
    let (took, end) = (begin.elapsed(), Instant::now());

    // The calls from before are still there, and so is their audio.
    assert_eq!(live_calls(&server), calls);
    for person in &people {
        let is_heard = |report: &Report| {
            let heard = report.calls[0].last_heard?;
            (heard > end).then_some(())
        };
        person
            .phone
            .wait_until("audio", PATIENCE, is_heard)
            .unwrap();
        assert_eq!(person.phone.report().calls[0].end, None);
    }
    // All phones register again, whatever they call themselves.
    let counts = |person: &Person| person.phone.report().registered;
    let all = || people.iter().chain(&triers);
    let before: Vec<u32> = all().map(counts).collect();
    let mut registrations = 0;
    for (person, before) in all().zip(before) {
        let again = |report: &Report| (report.registered > before).then_some(());
        let phone = &person.phone;
        phone
            .wait_until("its next registration", PATIENCE, again)
            .unwrap();
        let report = phone.report();
        assert!(
            report.not_registered.is_empty(),
            "{:?}",
            report.not_registered
        );
        registrations += report.registered;
    }
    let status: Value =
        serde_json::from_str(&server.callctl(&["--json", "status"]).unwrap()).unwrap();
    assert_eq!(status["registrations"], all().count());
    // The calls end when their people want it, and not before.
    for pair in people.chunks(2) {
        pair[0].phone.hang_up(0).unwrap();
        for (person, word) in pair.iter().zip(["we hung up", "they hung up"]) {
            let ended = |report: &Report| report.calls[0].end.clone();
            let end = person.phone.wait_until("the end", PATIENCE, ended).unwrap();
            assert_eq!(end, word);
        }
    }
    remembers(&server, &people[0], ("1000", "1001"));
    // Whom they call next sees the new number.
    let (caller, callee) = (&people[1], &triers[0]);
    let before = callee.phone.report().calls.len();
    arrives(caller, &callee.number, callee).unwrap();
    let from = callee.phone.report().calls[before].from.clone().unwrap();
    assert!(from.contains(&format!("sip:{}@", caller.number)), "{from}");
    eprintln!(
        "{changes} number changes under {calls} calls in {:.1} s: no call dropped, {registrations} registrations taken and none refused, every next call arrived",
        took.as_secs_f64()
    );
}

/// The history of a person tells of a call between these two numbers, which they had then.
fn remembers(server: &Server, person: &Person, (caller, callee): (&str, &str)) {
    assert_ne!(person.number, caller);
    let end = Instant::now() + PATIENCE;
    loop {
        let asked = [
            "--json",
            "calls",
            "list",
            "--past",
            "--account",
            &person.name,
        ];
        let list: Value = serde_json::from_str(&server.callctl(&asked).unwrap()).unwrap();
        let is_it =
            |call: &Value| call["caller_number"] == caller && call["callee_number"] == callee;
        match list.as_array().unwrap().iter().find(|call| is_it(call)) {
            Some(call) => return assert_eq!(call["cause"], "hung-up"),
            // It is written a moment after the call.
            None => assert!(Instant::now() < end, "{list}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn live_calls(server: &Server) -> usize {
    let list: Value =
        serde_json::from_str(&server.callctl(&["--json", "calls", "list"]).unwrap()).unwrap();
    list.as_array().unwrap().len()
}
