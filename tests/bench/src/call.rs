//! Complete calls: challenged, answered at once, and hung up at once.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use end_to_end::Device;
use end_to_end::scripted::{Head, description, header, media_address};
use sip::{HeaderName, Method, Response};

use crate::Options;
use crate::answerer::Answerer;
use crate::load::{Exchange, Load, Next, Outcome};
use crate::measure::{self, Figure};
use crate::side::Side;

/// What a call does once it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Hangs up.
    HangUp,
    /// Goes on; the caller of the exchange ends it some other way.
    Stay,
}

/// One call.
pub(crate) struct Call<'a> {
    device: &'a Device,
    local: SocketAddr,
    call_id: String,
    uri: String,
    media: SocketAddr,
    then: Then,
    phase: Phase,
    told: Option<Rc<Cell<Option<SocketAddr>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Unchallenged,
    Answering,
    HangingUp,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        device: &'a Device,
        local: SocketAddr,
        call_id: String,
        callee: &Device,
        media: SocketAddr,
        then: Then,
    ) -> Call<'a> {
        Call {
            device,
            local,
            call_id,
            uri: callee.address(),
            media,
            then,
            phase: Phase::Unchallenged,
            told: None,
        }
    }

    /// Where to leave the address that the server's answer wants audio sent to.
    pub(crate) fn telling(mut self, cell: Rc<Cell<Option<SocketAddr>>>) -> Call<'a> {
        self.told = Some(cell);
        self
    }

    fn request(
        &self,
        method: Method,
        uri: &str,
        to: &str,
        cseq: u32,
        branch: &str,
        more: &str,
    ) -> Vec<u8> {
        let body = if method == Method::Invite {
            description(self.media)
        } else {
            String::new()
        };
        let branch = format!("{}{branch}", self.call_id);
        let head = Head {
            method,
            uri,
            to,
            call_id: &self.call_id,
            cseq,
            branch: &branch,
            local: self.local,
        };
        self.device.request(&head, more, &body)
    }

    fn invite(&self, cseq: u32, authorization: &str) -> Vec<u8> {
        let to = format!("<{}>", self.uri);
        self.request(
            Method::Invite,
            &self.uri,
            &to,
            cseq,
            &format!("i{cseq}"),
            authorization,
        )
    }

    fn challenged(&mut self, refusal: &Response) -> Result<Next> {
        let to = header(&refusal.headers, &HeaderName::To);
        // The ACK of a refusal has the branch of its INVITE (RFC 3261 section 17.1.1.3).
        let ack = self.request(Method::Ack, &self.uri, &to, 1, "i1", "");
        let authorization =
            self.device
                .authorization(&refusal.headers, &Method::Invite, &self.uri)?;
        self.phase = Phase::Answering;
        Ok(Next::TellAndAsk(ack, self.invite(2, &authorization)))
    }

    fn answered(&mut self, answer: &Response) -> Result<Next> {
        let to = header(&answer.headers, &HeaderName::To);
        let contact = header(&answer.headers, &HeaderName::Contact);
        let target = contact
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map_or(contact.as_str(), |(uri, _)| uri);
        if let Some(cell) = &self.told {
            cell.set(Some(media_address(&answer.body)?));
        }
        // What a proxy on the way has asked for, the last first (RFC 3261 section 12.1.2).
        let mut routes: Vec<&str> = answer
            .headers
            .all(&HeaderName::RecordRoute)
            .map(|route| route.as_str())
            .collect();
        routes.reverse();
        let routes: String = routes
            .iter()
            .map(|route| format!("Route: {route}\r\n"))
            .collect();
        let ack = self.request(Method::Ack, target, &to, 2, "a", &routes);
        self.phase = Phase::HangingUp;
        let bye = match self.then {
            Then::HangUp => self.request(Method::Bye, target, &to, 3, "b", &routes),
            // OPTIONS within the dialog ends the exchange without ending the call.
            Then::Stay => self.request(Method::Options, target, &to, 3, "o", &routes),
        };
        Ok(Next::TellAndAsk(ack, bye))
    }
}

impl Exchange for Call<'_> {
    fn call_id(&self) -> &str {
        &self.call_id
    }

    fn begin(&mut self) -> Vec<u8> {
        self.invite(1, "")
    }

    fn receive(&mut self, answer: &Response) -> Next {
        let about = answer
            .headers
            .get(&HeaderName::CSeq)
            .map_or("", |cseq| cseq.as_str());
        let next = match (self.phase, answer.status.code()) {
            (_, 100..200) => Ok(Next::Wait),
            (Phase::Unchallenged, 401 | 407) => self.challenged(answer),
            // Repetitions of answers that were dealt with before.
            (_, 401 | 407) if about.starts_with("1 ") => Ok(Next::Wait),
            (Phase::Answering, 200) => self.answered(answer),
            (Phase::HangingUp, 200) if about.starts_with("2 ") => Ok(Next::Wait),
            (Phase::HangingUp, 200) => Ok(Next::Done(Ok(()))),
            (phase, status) => Err(anyhow!("a call was answered with {status} while {phase:?}")),
        };
        next.unwrap_or_else(|error| Next::Done(Err(error)))
    }
}

/// Complete calls at each of the servers in turn.
pub(crate) fn measure(options: &Options, sides: &[Side]) -> Result<Vec<Figure>> {
    let mut stations = Vec::new();
    for side in sides {
        let answerer = Answerer::start(side.sip, &side.called)?;
        let load = Load::new(side.sip)?;
        let local = load.local()?;
        let figure = Figure::new(
            side.name,
            "complete call (INVITE, 407, ACK, INVITE, 200, ACK, BYE, 200; two legs)",
            f64::from(options.calls),
        );
        stations.push((side, answerer, load, local, figure));
    }
    for run in 0..=options.runs {
        for (side, answerer, load, local, figure) in &mut stations {
            let (time, rate) = (measure::run_time(options, run), options.calls);
            let before = side.time()?;
            let outcome = run_at(side, answerer, load, *local, &run.to_string(), rate, time)?;
            let spent = side.time()?.since(&before);
            figure.add(run, spent, outcome, outcome.completed);
            figure.memory = side.memory()?;
        }
    }
    if options.max {
        for (side, answerer, load, local, figure) in &mut stations {
            figure.highest = Some(measure::highest(options.calls, |rate| {
                let time = options.run_time();
                run_at(
                    side,
                    answerer,
                    load,
                    *local,
                    &format!("m{rate}"),
                    rate,
                    time,
                )
            })?);
        }
    }
    Ok(stations
        .into_iter()
        .map(|(_, _, load, _, mut figure)| {
            figure.why = load.first_failure;
            figure
        })
        .collect())
}

fn run_at<'a>(
    side: &'a Side,
    answerer: &Answerer,
    load: &mut Load<Call<'a>>,
    local: SocketAddr,
    name: &str,
    rate: u32,
    time: Duration,
) -> Result<Outcome> {
    // Nobody sends audio in these calls; any address does.
    let media = SocketAddr::new(local.ip(), 9);
    let make = |index: u64| {
        let index_of = |devices: &[Device]| index as usize % devices.len();
        let caller = &side.callers[index_of(&side.callers)];
        let callee = &side.called[index_of(&side.called)];
        let call_id = format!("c{name}-{index}");
        Call::new(caller, local, call_id, callee, media, Then::HangUp)
    };
    let repeated = answerer.repeated();
    let mut outcome = load.run(rate, time, make)?;
    outcome.retransmissions += answerer.repeated() - repeated;
    Ok(outcome)
}
