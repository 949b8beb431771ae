//! Our INVITE until it is answered (RFC 3261 sections 13.2 and 9.1).

use bytes::Bytes;
use smallvec::SmallVec;

use super::authentication::credentials_of;
use super::purpose::{Purpose, Retry};
use super::requests::next_number;
use super::{ClientCredential, DigestClient, EndCause, Endpoint, Event, LegId};
use crate::dialog::{
    Calling, Dialog, EarlyDialog, Established, Exchange, Leg, OpenAnswer, Phase, Session,
};
use crate::transaction::{ClientMachine, TransactionId, TransactionKey};
use crate::{
    CSeq, Flow, FromHeader, HeaderError, HeaderName, Headers, Method, NameAddr, Request, Response,
    Text, ToHeader, Uri,
};

/// Each proxy on the way may want a longer session interval than the one before it.
const MOST_LENGTHENED: u8 = 4;

/// What [`Input::Invite`](super::Input::Invite) asks for.
pub(super) struct Wish {
    pub(super) flow: Flow,
    pub(super) uri: Uri,
    pub(super) from: NameAddr,
    pub(super) to: NameAddr,
    pub(super) headers: Headers,
    pub(super) body: Bytes,
    pub(super) credential: Option<ClientCredential>,
}

impl Endpoint {
    /// [`Input::Invite`](super::Input::Invite).
    pub(super) fn invite(&mut self, id: LegId, wish: Wish) {
        if self.legs.contains_key(&id) {
            return;
        }
        let local_tag = self.random.tag();
        let user = wish.from.uri.user.clone();
        let mut invite = Request::new(Method::Invite, wish.uri);
        let headers = &mut invite.headers;
        if !wish.headers.has(&HeaderName::MaxForwards) {
            headers.push(HeaderName::MaxForwards, Text::from_static("70"));
        }
        headers.push_typed(&FromHeader(wish.from.with_tag(&local_tag)));
        let mut to = wish.to;
        to.params.remove("tag");
        headers.push_typed(&ToHeader(to));
        let call_id = match wish.headers.get(&HeaderName::CallId) {
            Some(call_id) => call_id.clone(),
            None => {
                let call_id = self.random.call_id();
                headers.push(HeaderName::CallId, &call_id);
                call_id
            }
        };
        headers.push_typed(&CSeq {
            number: 1,
            method: Method::Invite,
        });
        let contact = match wish.headers.get(&HeaderName::Contact) {
            Some(contact) => contact.clone(),
            None => {
                let about = (&invite.uri, &wish.headers);
                let contact = self.contact_towards(wish.flow, user.as_deref(), about);
                headers.push(HeaderName::Contact, &contact);
                contact
            }
        };
        headers.append(wish.headers);
        self.push_abilities(&mut invite.headers);
        self.push_interval_wish(&mut invite.headers);
        self.preload_routes(wish.flow, &mut invite);
        push_body(&mut invite, wish.body);
        let transaction = self.launch(wish.flow, invite.clone(), Purpose::Invite(id));
        let key = self.dialog_key(&call_id, &local_tag);
        self.dialogs.insert(key, id);
        let calling = Calling {
            transaction,
            invite,
            contact,
            early: SmallVec::new(),
            lengthened: 0,
        };
        let leg = Leg {
            flow: wish.flow,
            lost_at: None,
            key,
            digest: wish.credential.map(DigestClient::new),
            wish: None,
            clock: None,
            phase: Phase::Calling(Box::new(calling)),
        };
        self.legs_by_flow.insert(wish.flow, id);
        self.legs.insert(id, leg);
    }

    pub(super) fn call_answered(
        &mut self,
        id: LegId,
        known: TransactionId,
        response: Response,
        to_tag: &str,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Phase::Calling(calling) = &mut leg.phase else {
            return;
        };
        let contact = calling.contact.clone();
        let invite = &calling.invite;
        let number = next_number(invite).map_or(1, |next| next - 1);
        let has_offer = !invite.body.is_empty();
        let credentials = credentials_of(&invite.headers);
        let highest = calling.highest_number();
        let session = calling.confirm(&response, to_tag);
        if let Some(digest) = &mut leg.digest {
            digest.accepted(&response);
        }
        // Whoever else answers is thanked and hung up on.
        if let Some(transaction) = self.clients.get_mut(known) {
            let number = highest;
            transaction.user = Purpose::Abandoned { contact, number };
        }
        let Ok(mut session) = session else {
            let cause = EndCause::Protocol("the answer has a malformed Contact or Record-Route");
            return self.end(id, cause);
        };
        session.learn_methods(&response.headers);
        // Offer and answer were exchanged reliably before: what the 2xx says is to be ignored
        // (section 13.2.1).
        let is_settled = session.exchange == Exchange::Settled;
        let Response { headers, body, .. } = response;
        let body = if is_settled {
            session.remote.clone()
        } else {
            session.remote_key = self.keyer.of_body(&body);
            body
        };
        let mut established = Established::new(session);
        if has_offer || is_settled {
            let dialog = &established.session.dialog;
            let ack = dialog.ack(number, credentials.as_ref(), Bytes::new());
            self.send_ack(known, to_tag, ack);
        } else {
            let transaction = known;
            established.open_answer = Some(OpenAnswer {
                transaction,
                number,
                credentials,
            });
        }
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.phase = Phase::Established(Box::new(established));
        }
        self.learn_interval(id, &headers);
        self.out.tell(Event::Answered {
            leg: id,
            headers,
            body,
        });
        self.offer_if_wished(id);
    }

    pub(super) fn call_refused(&mut self, id: LegId, response: Response) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if let Phase::Calling(calling) = &mut leg.phase
            && let Some(number) = next_number(&calling.invite)
        {
            let is_authorized = DigestClient::is_challenge(response.status)
                && leg
                    .digest
                    .as_mut()
                    .is_some_and(|digest| digest.learn(&response));
            let is_longer = calling.lengthened < MOST_LENGTHENED
                && Self::lengthen_interval(&mut calling.invite, &response);
            if is_authorized || is_longer {
                calling.lengthened += u8::from(is_longer);
                let method = Method::Invite;
                calling.invite.headers.set_typed(&CSeq { number, method });
                if let Some(digest) = &mut leg.digest {
                    digest.authorize(&mut calling.invite, &mut self.random);
                }
                let (flow, invite) = (leg.flow, calling.invite.clone());
                // Another server may fork the new INVITE to other phones.
                calling.early.clear();
                let transaction = self.launch(flow, invite, Purpose::Invite(id));
                if let Some(Leg {
                    phase: Phase::Calling(calling),
                    ..
                }) = self.legs.get_mut(&id)
                {
                    calling.transaction = transaction;
                }
                return;
            }
        }
        let Response {
            status, headers, ..
        } = response;
        self.end(id, EndCause::Refused { status, headers });
    }

    /// Gives up an INVITE that has no final answer; its leg ends at once, whatever comes later.
    pub(super) fn abandon_leg(&mut self, id: LegId, reason: Option<Text>) {
        let Some(Leg {
            phase: Phase::Calling(calling),
            ..
        }) = self.legs.get(&id)
        else {
            return;
        };
        let known = calling.transaction;
        let Some(transaction) = self.clients.get_mut(known) else {
            return;
        };
        transaction.user = Purpose::Abandoned {
            contact: calling.contact.clone(),
            number: calling.highest_number(),
        };
        self.cancel(known, reason);
    }

    /// Sends the CANCEL of an INVITE, now or as soon as it may be sent.
    pub(super) fn cancel(&mut self, known: TransactionId, reason: Option<Text>) {
        let Some(transaction) = self.clients.get_mut(known) else {
            return;
        };
        let flow = transaction.flow;
        if let ClientMachine::Invite(machine) = &mut transaction.machine
            && let Some(cancel) = machine.cancel(known, reason, &self.config.timers, &mut self.out)
        {
            self.launch_cancel(flow, &cancel);
        }
    }

    /// A phone has answered a call that we have given up, or that another phone has answered before:
    /// ACK and BYE (section 13.2.2.4).
    pub(super) fn thank_and_hang_up(
        &mut self,
        known: TransactionId,
        response: &Response,
        to_tag: &str,
        contact: Text,
        highest: u32,
    ) {
        let Some(transaction) = self.clients.get_mut(known) else {
            return;
        };
        let ClientMachine::Invite(machine) = &transaction.machine else {
            return;
        };
        let flow = transaction.flow;
        let credentials = credentials_of(&machine.invite().headers);
        let target = machine.invite().uri.clone();
        let number = next_number(machine.invite()).map_or(1, |next| next - 1);
        // A dialog that cannot be understood cannot be ended either; its 2xx is repeated in vain.
        let Ok(mut dialog) = Dialog::from_response(response, &target, contact) else {
            return;
        };
        let ack = dialog.ack(number, credentials.as_ref(), Bytes::new());
        self.send_ack(known, to_tag, ack);
        // A PRACK or UPDATE may have gone to this phone before.
        dialog.skip_to(highest);
        let bye = dialog.request(Method::Bye);
        // The key of a call that never was: nothing is found by it.
        let dialog = self.dialog_key("", to_tag);
        self.launch(
            flow,
            bye,
            Purpose::Bye {
                dialog,
                retry: None,
            },
        );
    }

    /// Sends the ACK of a 2xx and leaves it with the transaction, which repeats it.
    pub(super) fn send_ack(&mut self, known: TransactionId, to_tag: &str, ack: Request) {
        let Some(flow) = self
            .clients
            .get_mut(known)
            .map(|transaction| transaction.flow)
        else {
            return;
        };
        let payload = self.print_alone(flow, ack);
        if let Some(transaction) = self.clients.get_mut(known)
            && let ClientMachine::Invite(machine) = &mut transaction.machine
        {
            machine.acknowledge(to_tag, payload, flow, &mut self.out);
        }
    }

    /// Sends the BYE of the call with this key.
    pub(super) fn launch_bye(
        &mut self,
        flow: Flow,
        dialog: TransactionKey,
        bye: Request,
        digest: Option<DigestClient>,
    ) {
        let retry = digest.map(|digest| {
            let message = bye.clone();
            Box::new(Retry { message, digest })
        });
        self.mortal.insert(dialog, ());
        self.launch(flow, bye, Purpose::Bye { dialog, retry });
    }

    pub(super) fn bye_answered(
        &mut self,
        flow: Flow,
        dialog: TransactionKey,
        retry: Option<Box<Retry>>,
        response: &Response,
    ) {
        if DigestClient::is_challenge(response.status)
            && let Some(mut retry) = retry
            && let Some(message) = self.prepare_retry(&mut retry, response)
        {
            let retry = Some(retry);
            self.launch(flow, message, Purpose::Bye { dialog, retry });
            return;
        }
        self.mortal.remove(&dialog);
    }
}

impl Calling {
    /// The highest number of a request to any of the phones that ring.
    fn highest_number(&self) -> u32 {
        let early = self.early.iter();
        let numbers = early.map(|early| early.session.dialog.local_sequence());
        numbers.max().unwrap_or_default()
    }

    /// The dialog of the phone that has answered: the one in which it rang, if it has.
    fn confirm(&mut self, response: &Response, to_tag: &str) -> Result<Session, HeaderError> {
        let is_this = |early: &EarlyDialog| early.session.dialog.remote_tag() == to_tag;
        if let Some(place) = self.early.iter().position(|early| is_this(early)) {
            let mut session = self.early.remove(place).session;
            session.dialog.confirm(response)?;
            return Ok(session);
        }
        let contact = self.contact.clone();
        let dialog = Dialog::from_response(response, &self.invite.uri, contact)?;
        let exchange = if self.invite.body.is_empty() {
            Exchange::Open
        } else {
            Exchange::OurOffer
        };
        let mut session = Session::new(dialog, true, exchange);
        session.local = self.invite.body.clone();
        Ok(session)
    }
}

/// Puts a body into a request or answer; SDP unless its Content-Type says something else.
pub(super) fn push_body(request: &mut Request, body: Bytes) {
    push_content_type(&mut request.headers, &body);
    request.body = body;
}

pub(super) fn push_content_type(headers: &mut Headers, body: &Bytes) {
    if !body.is_empty() && !headers.has(&HeaderName::ContentType) {
        headers.push(
            HeaderName::ContentType,
            Text::from_static("application/sdp"),
        );
    }
}
