//! What a subscription takes, and what a change costs that a thousand phones are told of: `cargo bench -p switch`.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{
    Challenge, Flow, Ha1, Message, Method, Response, Secret, StatusCode, Transport, TypedHeader,
};
use switch::{
    AccountId, Answer, Chosen, Config, Credential, DeviceId, Event, Input, Question, Switch, Told,
    Viewers, Watchable,
};

const DOMAIN: &str = "bench.test";
const WATCHERS: u32 = 1_000;
const CHANGES: u32 = 50;
const MANY: u32 = 20_000;

struct Bench {
    switch: Switch,
    now: Instant,
    told: Told,
    nonce_count: u32,
    challenge: Option<Challenge>,
}

impl Bench {
    fn new() -> Self {
        let mut config = Config::new(DOMAIN);
        config.max_subscriptions_of_account = 1_000_000;
        Bench {
            switch: Switch::new(config, [7; 32]),
            now: Instant::now(),
            told: Told {
                is_registered_elsewhere: true,
                ..Told::default()
            },
            nonce_count: 0,
            challenge: None,
        }
    }

    fn flow() -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: SocketAddr::from(([198, 51, 100, 7], 5060)),
            connection: 0,
        }
    }

    /// Hands something in and answers what is asked; gives what is sent.
    fn handle(&mut self, input: Input) -> Vec<Bytes> {
        self.switch.handle(self.now, input);
        let mut sent = Vec::new();
        loop {
            while let Some(event) = self.switch.poll_event() {
                if let Event::Ask { ask, question } = event {
                    let answer = self.answer(question);
                    let input = Input::Answer { ask, answer };
                    self.switch.handle(self.now, input);
                }
            }
            match self.switch.poll_transmit() {
                Some(transmit) => sent.push(transmit.payload),
                None => return sent,
            }
        }
    }

    fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Credential { login } => Answer::Credential(Some(Credential {
                account: AccountId(1),
                device: DeviceId(1),
                ha1: Ha1::new(&login, DOMAIN, "secret"),
                login,
                number: Some("1001".into()),
                other_numbers: Vec::new(),
                display_name: "Watcher".into(),
                is_guest: false,
                groups: Vec::new(),
            })),
            Question::Watched { .. } => Answer::Watched(Some(Box::new(Watchable {
                account: AccountId(2),
                told: self.told.clone(),
                may_see: true,
            }))),
            Question::Viewers { watchers, .. } => Answer::Viewers(Some(Box::new(Viewers {
                told: self.told.clone(),
                may_see: watchers.into_iter().collect::<HashSet<_>>(),
            }))),
            other => panic!("{other:?}"),
        }
    }

    fn receive(&mut self, payload: Bytes) -> Vec<Bytes> {
        let flow = Self::flow();
        self.handle(Input::Receive { flow, payload })
    }

    fn subscribe(&mut self, number: u32) {
        let uri = format!("sip:1002@{DOMAIN}");
        let mut authorization = String::new();
        if let Some(challenge) = &self.challenge {
            self.nonce_count += 1;
            let (secret, count) = (Secret::new("secret"), self.nonce_count);
            let method = Method::Subscribe;
            let proof = sip::respond(challenge, "d-1", &secret, &method, &uri, count, "c");
            let proof = sip::ProxyAuthorization(proof).to_text();
            authorization = format!("Proxy-Authorization: {proof}\r\n");
        }
        let request = format!(
            "SUBSCRIBE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK{number}x{}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:1001@{DOMAIN}>;tag=t{number}\r\nTo: <{uri}>\r\nCall-ID: call-{number}@198.51.100.7\r\n\
             CSeq: {} SUBSCRIBE\r\nContact: <sip:1001@198.51.100.7:5060>\r\nEvent: presence\r\nAccept: application/pidf+xml\r\n\
             Expires: 3600\r\n{authorization}Content-Length: 0\r\n\r\n",
            self.nonce_count,
            self.nonce_count + 1
        );
        let sent = self.receive(request.into());
        let first = Message::parse(sent[0].clone()).unwrap();
        let Message::Response(response) = first else {
            panic!("an answer comes first")
        };
        if response.status.code() == 407 {
            let challenges = Challenge::all_in(&response.headers);
            self.challenge = challenges.into_iter().next();
            return self.subscribe(number);
        }
        assert_eq!(response.status, StatusCode::OK, "{response:?}");
        self.confirm(sent.into_iter().skip(1));
    }

    /// The phones take their notifications.
    fn confirm(&mut self, sent: impl Iterator<Item = Bytes>) -> usize {
        let mut taken = 0;
        for payload in sent {
            let Message::Request(notify) = Message::parse(payload).unwrap() else {
                panic!("a NOTIFY")
            };
            let answer = Response::to(&notify, StatusCode::OK).to_bytes();
            self.receive(answer);
            taken += 1;
        }
        taken
    }

    /// Lets everything be forgotten that is only kept for repetitions.
    fn rest(&mut self) {
        self.now += Duration::from_secs(40);
        self.handle(Input::Timeout);
    }
}

/// What this thread has had of a processor, whatever else runs on the machine.
fn cpu() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = statistics.split(' ').next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}

/// Resident memory, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

fn main() {
    let mut bench = Bench::new();
    for number in 0..WATCHERS {
        bench.subscribe(number);
    }
    bench.rest();
    let (mut telling, mut told) = (Duration::ZERO, 0);
    let (mut confirming, mut unseen) = (Duration::ZERO, Duration::ZERO);
    for change in 0..CHANGES {
        bench.now += Duration::from_secs(2);
        bench.told.chosen = match change % 2 {
            0 => Chosen::Away,
            _ => Chosen::Busy,
        };
        let account = Some(AccountId(2));
        let begin = cpu();
        let sent = bench.handle(Input::PresenceChanged { account });
        telling += cpu() - begin;
        let begin = cpu();
        told += bench.confirm(sent.into_iter());
        confirming += cpu() - begin;
        bench.now += Duration::from_secs(2);
        // Something that is no change for those who watch.
        let begin = cpu();
        let sent = bench.handle(Input::PresenceChanged { account });
        unseen += cpu() - begin;
        assert!(sent.is_empty());
    }
    let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(CHANGES);
    println!("{WATCHERS} watchers, {} notifications a change", told / 50);
    println!("a change:                 {:.2} ms", each(telling));
    println!("their answers:            {:.2} ms", each(confirming));
    println!("what nobody sees changed: {:.3} ms", each(unseen));

    let mut bench = Bench::new();
    bench.subscribe(0);
    bench.rest();
    let before = resident();
    for number in 1..=MANY {
        bench.subscribe(number);
        if number % 500 == 0 {
            bench.rest();
        }
    }
    bench.rest();
    let counts = bench.switch.counts();
    let bytes = (resident() - before) / u64::from(MANY);
    println!("{} subscriptions: {bytes} bytes each", counts.subscriptions);
}
