//! Provisional answers to our INVITE, each phone's apart, and our PRACKs (RFC 3261 section 12.1,
//! RFC 3262 section 4).

use bytes::Bytes;

use super::calling::push_body;
use super::progress::{lists, reliable_number};
use super::purpose::Purpose;
use super::{DigestClient, Endpoint, Event, LegId, ReliableProvisionals};
use crate::dialog::{Dialog, EarlyDialog, Exchange, Leg, Phase, Session};
use crate::{CSeq, HeaderName, Headers, Method, RAck, RSeq, Request, Response, Text};

/// More branches of a forked call than these are not told apart.
const MOST_EARLY_DIALOGS: usize = 32;

impl Endpoint {
    pub(super) fn call_progresses(&mut self, id: LegId, response: Response, to_tag: Text) {
        // 100 says only that somebody on the way has the INVITE.
        if response.status.code() <= 100 {
            return;
        }
        let number = match self.config.reliable_provisionals {
            ReliableProvisionals::Never => None,
            ReliableProvisionals::WhenAsked => reliable_number(&response),
        };
        let is_known = !to_tag.is_empty() && self.meet(id, &response, &to_tag);
        if let Some(number) = number {
            // Without a dialog nothing can be acknowledged; and what came before, or has overtaken
            // another one, is not looked at (RFC 3262 section 4).
            if !is_known || !self.is_next(id, &to_tag, number) {
                return;
            }
            self.take_reliable(id, &to_tag, number, &response);
        }
        let Response {
            status,
            headers,
            body,
            ..
        } = response;
        self.out.tell(Event::Progress {
            leg: id,
            status,
            headers,
            body,
        });
        self.offer_if_wished(id);
    }

    /// Finds or makes the early dialog of a provisional answer, and notes that it reported last.
    fn meet(&mut self, id: LegId, response: &Response, to_tag: &str) -> bool {
        let Some(Leg {
            phase: Phase::Calling(calling),
            ..
        }) = self.legs.get_mut(&id)
        else {
            return false;
        };
        let is_this = |early: &EarlyDialog| early.session.dialog.remote_tag() == to_tag;
        let mut early = match calling.early.iter().position(|early| is_this(early)) {
            Some(place) => calling.early.remove(place),
            None if calling.early.len() >= MOST_EARLY_DIALOGS => return false,
            None => {
                let (target, contact) = (&calling.invite.uri, calling.contact.clone());
                let Ok(dialog) = Dialog::from_response(response, target, contact) else {
                    return false;
                };
                let exchange = if calling.invite.body.is_empty() {
                    Exchange::Open
                } else {
                    Exchange::OurOffer
                };
                let mut session = Session::new(dialog, true, exchange);
                session.local = calling.invite.body.clone();
                Box::new(EarlyDialog::new(session))
            }
        };
        early.session.learn_methods(&response.headers);
        calling.early.push(early);
        true
    }

    /// Whether this reliable answer is the next one of its phone.
    fn is_next(&mut self, id: LegId, to_tag: &str, number: u32) -> bool {
        let early = self.legs.get_mut(&id).and_then(|leg| leg.early_mut(to_tag));
        let Some(early) = early else { return false };
        if early
            .last_reliable
            .is_some_and(|last| number != last.wrapping_add(1))
        {
            return false;
        }
        early.last_reliable = Some(number);
        true
    }

    fn take_reliable(&mut self, id: LegId, to_tag: &str, number: u32, response: &Response) {
        let Ok(Some(request)) = response.headers.typed::<CSeq>() else {
            return;
        };
        let key = self.keyer.of_body(&response.body);
        let Some(early) = self.legs.get_mut(&id).and_then(|leg| leg.early_mut(to_tag)) else {
            return;
        };
        let acknowledged = RAck {
            response: RSeq(number),
            request,
        };
        let session = &mut early.session;
        if key.is_some() && matches!(session.exchange, Exchange::Open | Exchange::OurOffer) {
            session.remote = response.body.clone();
            session.remote_key = key;
            if session.exchange == Exchange::Open {
                session.exchange = Exchange::TheirOffer;
                early.owed = Some(acknowledged);
                return;
            }
            session.exchange = Exchange::Settled;
        }
        self.send_prack(id, to_tag, acknowledged, Bytes::new());
    }

    fn send_prack(&mut self, id: LegId, to_tag: &str, acknowledged: RAck, body: Bytes) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let flow = leg.flow;
        let Some(early) = leg.early_mut(to_tag) else {
            return;
        };
        early.open_pracks += 1;
        let mut prack = early.session.dialog.request(Method::Prack);
        prack.headers.push_typed(&acknowledged);
        push_body(&mut prack, body);
        let purpose = Purpose::Prack {
            leg: id,
            to_tag: Text::from(to_tag),
            message: Box::new(prack.clone()),
        };
        self.launch(flow, prack, purpose);
    }

    /// [`Input::Acknowledge`](super::Input::Acknowledge) before the call is answered.
    pub(super) fn acknowledge_progress(&mut self, id: LegId, body: Bytes) {
        let Some(Leg {
            phase: Phase::Calling(calling),
            ..
        }) = self.legs.get_mut(&id)
        else {
            return;
        };
        // Who reports moves to the end; who owes the longest has not reported since.
        let Some(early) = calling.early.iter_mut().find(|early| early.owed.is_some()) else {
            return;
        };
        let Some(acknowledged) = early.owed.take() else {
            return;
        };
        early.session.exchange = Exchange::Settled;
        early.session.local = body.clone();
        let to_tag = Text::from(early.session.dialog.remote_tag());
        self.send_prack(id, &to_tag, acknowledged, body);
    }

    /// The PRACK got its final answer: `None` when nobody gave one.
    pub(super) fn prack_answered(
        &mut self,
        id: LegId,
        to_tag: &Text,
        mut message: Box<Request>,
        response: Option<&Response>,
    ) {
        if let Some(response) = response
            && self.authorize_in_dialog(id, to_tag, &mut message, response)
            && let Some(leg) = self.legs.get(&id)
        {
            let (flow, prack) = (leg.flow, Request::clone(&message));
            let to_tag = to_tag.clone();
            let purpose = Purpose::Prack {
                leg: id,
                to_tag,
                message,
            };
            self.launch(flow, prack, purpose);
            return;
        }
        // What else became of it shows in what the phone does next: it repeats its answer, or gives
        // the call up.
        if let Some(early) = self.legs.get_mut(&id).and_then(|leg| leg.early_mut(to_tag)) {
            early.open_pracks = early.open_pracks.saturating_sub(1);
        }
        self.offer_if_wished(id);
    }

    /// Puts credentials and the next number into a request in a dialog that was challenged. False if
    /// it was not, or if sending it again is of no use.
    pub(super) fn authorize_in_dialog(
        &mut self,
        id: LegId,
        to_tag: &str,
        message: &mut Request,
        response: &Response,
    ) -> bool {
        let Some(leg) = self.legs.get_mut(&id) else {
            return false;
        };
        let Some(mut digest) = leg.digest.take() else {
            return false;
        };
        let mut is_useful = false;
        if !DigestClient::is_challenge(response.status) {
            digest.accepted(response);
        } else if digest.learn(response)
            && let Some(session) = leg.session_mut(to_tag)
        {
            let number = session.dialog.next_sequence();
            let method = message.method.clone();
            message.headers.set_typed(&CSeq { number, method });
            digest.authorize(message, &mut self.random);
            is_useful = true;
        }
        leg.digest = Some(digest);
        is_useful
    }
}

impl Session {
    /// Notes what the peer's Allow says; without one nothing changes.
    pub(super) fn learn_methods(&mut self, headers: &Headers) {
        if headers.has(&HeaderName::Allow) {
            self.may_update = lists(headers, &HeaderName::Allow, Method::Update.as_str());
        }
    }
}
