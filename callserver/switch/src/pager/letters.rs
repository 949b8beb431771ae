//! What was said in a conversation goes to one phone, which was not there to hear it otherwise.

use std::time::Instant;

use sip::{FromHeader, HeaderName, MaxForwards, Method, Request, RequestId, StatusCode, ToHeader};

use super::{Pager, Sent, send};
use crate::desk::Desk;
use crate::registrar::{Registrar, Target};
use crate::{DeviceId, Event, LetterEnd, Outgoing, Party};

impl Pager {
    /// Sends it, over the newest way that the phone has come by.
    pub(crate) fn send_letter(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        (ticket, device): (u64, DeviceId),
        (from, to): (&Party, &Party),
        letter: &Outgoing,
    ) {
        let Some(phone) = registrar.ways_for_letters(to.account, device) else {
            return end(desk, ticket, LetterEnd::NotHere);
        };
        let domain = &desk.config.domain;
        let (from, to) = (from.address(domain), to.address(domain));
        let mut message = Request::new(Method::Message, phone.first.contact.clone());
        let (kind, body) = {
            let named = |address: &sip::NameAddr| format!("<{}>", address.uri);
            letter.content.print(&named(&from), &named(&to))
        };
        let headers = &mut message.headers;
        headers.push_typed(&FromHeader(from));
        headers.push_typed(&ToHeader(to));
        headers.push_typed(&MaxForwards::INITIAL);
        if let Some(date) = &letter.date {
            headers.push(HeaderName::Date, date.clone());
        }
        headers.push(HeaderName::ContentType, kind);
        message.body = body;
        let sent = Sent {
            ticket,
            message,
            others: phone.others,
        };
        self.send_over(now, desk, &phone.first, sent);
    }

    fn send_over(&mut self, now: Instant, desk: &mut Desk, target: &Target, sent: Sent) {
        let mut message = sent.message.clone();
        message.uri = target.contact.clone();
        target.push_route(&mut message.headers);
        let request = desk.endpoint.next_request();
        self.letters.insert(request, sent);
        send(now, desk, request, target, message);
    }

    /// The phone has answered, finally.
    pub(super) fn letter_answered(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        request: RequestId,
        status: StatusCode,
    ) {
        if matches!(
            status,
            StatusCode::FLOW_FAILED | StatusCode::REQUEST_TIMEOUT
        ) {
            return self.letter_lost(now, desk, request);
        }
        if let Some(sent) = self.letters.remove(&request) {
            end(desk, sent.ticket, LetterEnd::Answered(status.code()));
        }
    }

    /// The phone has not answered over this way.
    pub(super) fn letter_lost(&mut self, now: Instant, desk: &mut Desk, request: RequestId) {
        let Some(mut sent) = self.letters.remove(&request) else {
            return;
        };
        if sent.others.is_empty() {
            return end(desk, sent.ticket, LetterEnd::NoAnswer);
        }
        let next = sent.others.remove(0);
        self.send_over(now, desk, &next, sent);
    }
}

fn end(desk: &mut Desk, ticket: u64, end: LetterEnd) {
    desk.emit(Event::LetterEnded { ticket, end });
}
