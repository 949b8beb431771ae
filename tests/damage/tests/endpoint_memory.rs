//! What an endpoint keeps in memory of calls, while they live and for the 32 seconds behind them.

#![expect(clippy::expect_used, reason = "a test may panic, its helpers too")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use damage::heap;
use sip::{
    Config, Endpoint, Event, Flow, HeaderName, Headers, Input, LegId, Message, NameAddr, Request,
    Response, StatusCode, ToHeader, Transport,
};

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

const OFFER: &str = "v=0\r\no=- 3724394400 3724394400 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 40000 RTP/AVP 107 9 0 8 101\r\na=rtpmap:107 opus/48000/2\r\na=fmtp:107 useinbandfec=1\r\na=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n";

fn flow(host: u8) -> Flow {
    let address = |host| SocketAddr::from(([192, 0, 2, host], 5060));
    Flow {
        transport: Transport::Udp,
        local: address(1),
        remote: address(host),
        connection: 0,
    }
}

/// A request of the phone at 192.0.2.2.
fn request(method: &str, call: usize, number: u32, to_tag: &str, lines: &str, body: &str) -> Bytes {
    let to_tag = match to_tag {
        "" => String::new(),
        tag => format!(";tag={tag}"),
    };
    let branch = format!("{call}-{number}-{method}");
    Bytes::from(format!(
        "{method} sip:1002@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{branch};rport\r\n\
         Max-Forwards: 70\r\nFrom: \"Alice\" <sip:1001@example.com>;tag=caller{call}\r\n\
         To: <sip:1002@example.com>{to_tag}\r\nCall-ID: 843817637684230-{call}@192.0.2.2\r\nCSeq: {number} {method}\r\n\
         Contact: <sip:1001@192.0.2.2:5060>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE\r\n\
         User-Agent: Some Phone 1.2.3\r\nSupported: replaces, timer\r\n{lines}Content-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// A server in the middle of calls, and both phones of each.
struct World {
    endpoint: Endpoint,
    now: Instant,
}

impl World {
    fn new() -> Self {
        let config = Config {
            user_agent: "Carillon".into(),
            ..Config::default()
        };
        Self {
            endpoint: Endpoint::new(config, [1; 32]),
            now: Instant::now(),
        }
    }

    fn does(&mut self, input: Input) {
        self.endpoint.handle(self.now, input);
    }

    fn hears(&mut self, host: u8, payload: Bytes) {
        let flow = flow(host);
        self.does(Input::Receive { flow, payload });
    }

    fn waits(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.endpoint.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.does(Input::Timeout);
        }
        self.now = end;
        self.sent();
    }

    fn sent(&mut self) -> Vec<Message> {
        while self.endpoint.poll_event().is_some() {}
        std::iter::from_fn(|| self.endpoint.poll_transmit())
            .map(|one| Message::parse(one.payload).expect("what we print can be read"))
            .collect()
    }

    fn incoming(&mut self) -> LegId {
        loop {
            if let Event::Incoming { leg, .. } = self.endpoint.poll_event().expect("a call") {
                return leg;
            }
        }
    }

    /// Our tag in what was answered last.
    fn tag(&mut self) -> String {
        let answers = self.sent().into_iter().filter_map(|message| match message {
            Message::Response(response) => Some(response),
            Message::Request(_) => None,
        });
        let last = answers.last().expect("an answer");
        let ToHeader(to) = last.headers.required().expect("a To");
        to.tag().expect("a tag").to_owned()
    }

    fn asked(&mut self) -> Request {
        let mut requests = self.sent().into_iter().filter_map(|message| match message {
            Message::Request(request) => Some(request),
            Message::Response(_) => None,
        });
        requests.next().expect("a request")
    }

    /// A message outside calls, answered.
    fn message(&mut self, call: usize) {
        self.hears(2, request("MESSAGE", call, 1, "", "", "hello"));
        let Some(Event::Request { request, .. }) = self.endpoint.poll_event() else {
            panic!("a message");
        };
        let (status, headers, body) = (StatusCode::OK, Headers::new(), Bytes::new());
        self.does(Input::Respond {
            request,
            status,
            headers,
            body,
        });
        self.sent();
    }

    /// A call that is challenged.
    fn challenged(&mut self, call: usize) {
        self.hears(2, request("INVITE", call, 1, "", "", OFFER));
        let leg = self.incoming();
        let mut headers = Headers::new();
        let challenge = "Digest realm=\"example.com\", nonce=\"c60f3082ee1212b402a21831ae\", algorithm=SHA-256, qop=\"auth\"";
        headers.push(HeaderName::ProxyAuthenticate, challenge);
        let status = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
        self.does(Input::Reject {
            leg,
            status,
            headers,
        });
        let tag = self.tag();
        self.hears(2, request("ACK", call, 1, &tag, "", ""));
        self.sent();
    }

    /// A call of a phone that is answered; gives it and our tag.
    fn answered(&mut self, call: usize) -> (LegId, String) {
        let credentials = "Proxy-Authorization: Digest username=\"1001\", realm=\"example.com\", nonce=\"c60f3082ee1212b402a21831ae\", uri=\"sip:1002@example.com\", response=\"6629fae49393a05397450978507c4ef1\"\r\n";
        self.hears(2, request("INVITE", call, 2, "", credentials, OFFER));
        let leg = self.incoming();
        let (headers, body) = (Headers::new(), Bytes::copy_from_slice(OFFER.as_bytes()));
        self.does(Input::Progress {
            leg,
            status: StatusCode::RINGING,
            body: Bytes::new(),
        });
        self.does(Input::Accept { leg, headers, body });
        let tag = self.tag();
        self.hears(2, request("ACK", call, 2, &tag, credentials, ""));
        self.sent();
        (leg, tag)
    }

    /// A call to a phone that answers it.
    fn calls(&mut self) -> LegId {
        let leg = self.endpoint.next_leg();
        let address = |uri: &str| NameAddr::new(uri.parse().expect("an address"));
        self.does(Input::Invite {
            leg,
            flow: flow(3),
            uri: "sip:1002@192.0.2.3".parse().expect("an address"),
            from: address("sip:1001@example.com"),
            to: address("sip:1002@example.com"),
            headers: Headers::new(),
            body: Bytes::copy_from_slice(OFFER.as_bytes()),
            credential: None,
        });
        let invite = self.asked();
        for status in [StatusCode::TRYING, StatusCode::RINGING, StatusCode::OK] {
            self.answers(&invite, status);
        }
        leg
    }

    /// The phone at 192.0.2.3 answers.
    fn answers(&mut self, request: &Request, status: StatusCode) {
        let mut response = Response::to(request, status);
        let to = request.headers.get(&HeaderName::To).expect("a To");
        if !to.contains("tag=") {
            response
                .headers
                .set(HeaderName::To, format!("{to};tag=callee"));
        }
        response
            .headers
            .push(HeaderName::Contact, "<sip:1002@192.0.2.3:5060>");
        response
            .headers
            .push(HeaderName::Allow, "INVITE, ACK, CANCEL, BYE, OPTIONS");
        if status == StatusCode::OK {
            response.body = Bytes::copy_from_slice(OFFER.as_bytes());
        }
        self.hears(3, response.to_bytes());
        self.sent();
    }

    fn hangs_up(&mut self, leg: LegId) {
        self.does(Input::Hangup { leg, reason: None });
        let bye = self.asked();
        self.answers(&bye, StatusCode::OK);
    }
}

const COUNT: usize = 2000;

/// Bytes for each of many repetitions.
fn each(world: &mut World, mut act: impl FnMut(&mut World, usize)) -> usize {
    // The first ones make room that stays.
    for call in 0..8 {
        act(world, COUNT + call);
    }
    let before = heap::now();
    for call in 0..COUNT {
        act(world, call);
    }
    heap::now().saturating_sub(before) / COUNT
}

/// One test, for the heap is one for all threads.
#[test]
fn calls_and_what_remains_of_them_are_small() {
    let message = each(&mut World::new(), World::message);
    println!("a finished request that is no INVITE: {message} bytes");

    let challenged = each(&mut World::new(), World::challenged);
    println!("a refused INVITE: {challenged} bytes");

    let callee = each(&mut World::new(), |world, call| {
        world.answered(call);
    });
    println!("a call of theirs with its fresh transaction: {callee} bytes");

    let mut world = World::new();
    let before = heap::now();
    let legs: Vec<_> = (0..COUNT).map(|call| world.answered(call)).collect();
    world.waits(Duration::from_secs(70));
    let idle_callee = heap::now().saturating_sub(before) / COUNT;
    println!("an idle call of theirs: {idle_callee} bytes");
    for (call, (_, tag)) in legs.iter().enumerate() {
        world.hears(2, request("BYE", call, 3, tag, "", ""));
        world.sent();
    }
    world.waits(Duration::from_secs(1));
    let ended = heap::now().saturating_sub(before) / COUNT;
    println!("a call of theirs that ended a moment ago: {ended} bytes");
    drop(legs);

    let caller = each(&mut World::new(), |world, _| {
        world.calls();
    });
    println!("a call of ours with its fresh transaction: {caller} bytes");
    let mut world = World::new();
    let before = heap::now();
    let legs: Vec<_> = (0..COUNT).map(|_| world.calls()).collect();
    world.waits(Duration::from_secs(70));
    let idle_caller = heap::now().saturating_sub(before) / COUNT;
    println!("an idle call of ours: {idle_caller} bytes");
    drop((legs, world));

    // A hundred calls a second for nearly a minute, each between two phones and of ten seconds.
    let mut world = World::new();
    let before = heap::now();
    let mut most = 0;
    let mut talking = std::collections::VecDeque::new();
    for call in 0..5000 {
        world.challenged(call);
        let (_, tag) = world.answered(call);
        let leg = world.calls();
        talking.push_back((call, tag, leg));
        if talking.len() > 1000
            && let Some((call, tag, leg)) = talking.pop_front()
        {
            world.hears(2, request("BYE", call, 3, &tag, "", ""));
            world.sent();
            world.hangs_up(leg);
        }
        world.waits(Duration::from_millis(10));
        most = most.max(heap::now().saturating_sub(before));
    }
    println!(
        "a hundred calls a second between two phones: {} KB; of a thousand: about {} MB",
        most / 1000,
        most / 100_000
    );

    assert!(message < 1500, "{message}");
    assert!(challenged < 1500, "{challenged}");
    assert!(idle_callee < 6000, "{idle_callee}");
    assert!(idle_caller < 6000, "{idle_caller}");
    assert!(
        most < 20_000_000,
        "a thousand calls a second take {} MB",
        most / 100_000
    );
}
