//! Complete calls: challenged, answered at once, and hung up at once.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::{Result, anyhow};
use end_to_end::Device;
use end_to_end::inside::ProcessorTime;
use end_to_end::scripted::{Head, description, header, media_address};
use sip::{HeaderName, Method, Response};

use crate::Options;
use crate::answerer::Answerer;
use crate::load::{Exchange, Load, Next};
use crate::measure::{self, Figure};

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
        let ack = self.request(Method::Ack, target, &to, 2, "a", "");
        self.phase = Phase::HangingUp;
        let bye = match self.then {
            Then::HangUp => self.request(Method::Bye, target, &to, 3, "b", ""),
            // OPTIONS within the dialog ends the exchange without ending the call.
            Then::Stay => self.request(Method::Options, target, &to, 3, "o", ""),
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

pub(crate) fn measure(
    options: &Options,
    process: u32,
    sip: SocketAddr,
    callers: &[Device],
    called: &[Device],
) -> Result<Figure> {
    let answerer = Answerer::start(sip, called)?;
    let mut load = Load::new(sip)?;
    let local = load.local()?;
    // Nobody sends audio in these calls; any address does.
    let media = SocketAddr::new(local.ip(), 9);
    let mut figure = Figure::new(
        "complete call (INVITE, 407, ACK, INVITE, 200, ACK, BYE, 200; two legs)",
        f64::from(options.calls),
    );
    for run in 0..=options.runs {
        let time = measure::run_time(options, run);
        let make = |index: u64| {
            let index_of = |devices: &[Device]| index as usize % devices.len();
            let (caller, callee) = (&callers[index_of(callers)], &called[index_of(called)]);
            Call::new(
                caller,
                local,
                format!("c{run}-{index}"),
                callee,
                media,
                Then::HangUp,
            )
        };
        let repeated = answerer.repeated();
        let before = ProcessorTime::of(process)?;
        let mut outcome = load.run(options.calls, time, make)?;
        let spent = ProcessorTime::of(process)?.since(&before);
        outcome.retransmissions += answerer.repeated() - repeated;
        figure.add(run, spent, outcome, outcome.completed);
    }
    figure.why = load.first_failure;
    Ok(figure)
}
