//! A call between two known people begins.

use std::time::Instant;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{Contact, HeaderName, Headers, MaxForwards, StatusCode};

use super::Bridge;
use super::audio::Audio;
use super::call::{AwaitingPorts, Call, Phone, Stage, Standing};
use super::description::{Told, is_behind_nat, read_first_offer};
use super::early::acknowledges_progress;
use super::end::Ending;
use super::search::Search;
use crate::cluster::Sender;
use crate::desk::Desk;
use crate::reached::{Callee, refused_in_words};
use crate::reception::{Admitted, hides_who_calls};
use crate::registrar::Registrar;
use crate::{CallEnd, CallId, Event, House, Party, Side};

impl Bridge {
    /// A call between two people begins: what happens is the callee's decision.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        admitted: Admitted,
    ) {
        self.begin_with(now, desk, registrar, admitted, None);
    }

    /// The same with a phone that is in a call already, if there is one: nobody rings.
    pub(super) fn begin_with(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        admitted: Admitted,
        waiting: Option<Box<Phone>>,
    ) {
        let Admitted {
            leg,
            flow,
            invite,
            caller,
            callee,
            dialled,
            back,
            history,
            is_emergency,
            house,
        } = admitted;
        let Sender {
            party: caller,
            device: caller_device,
        } = caller;
        let load = self.load.get(&caller.account).copied().unwrap_or_default();
        if load >= desk.config.max_calls_of_account && !is_emergency {
            // The callee may be free: 486 would say otherwise.
            let words = refused_in_words("You have too many calls at once", &desk.config.domain);
            return desk.reject(now, leg, StatusCode::FORBIDDEN, words);
        }
        self.last_call += 1;
        let id = CallId(self.last_call);
        let (caller_party, callee_party) = (caller, callee.party.clone());
        let is_anonymous = !is_emergency && hides_who_calls(&invite);
        if is_emergency {
            let caller = caller_party.clone();
            let dialled = dialled.clone();
            desk.emit(Event::EmergencyCall {
                call: id,
                caller,
                dialled,
            });
        }
        desk.emit(Event::CallStarted {
            call: id,
            caller: caller_party.clone(),
            callee: callee_party.clone(),
            dialled,
            is_visit: back.is_some(),
            is_anonymous,
            call_id: invite
                .headers
                .get(&HeaderName::CallId)
                .cloned()
                .unwrap_or_default(),
        });
        let offer = match &invite.body {
            empty if empty.is_empty() => Ok(None),
            body => read_first_offer(body).map(Some).map_err(|unusable| {
                Ending::by_side(CallEnd::NoMedia, Side::Caller, None).with_status(unusable.status())
            }),
        };
        let offer = match offer {
            Ok(offer) => offer,
            Err(ending) => {
                desk.reject(now, leg, ending.status, ending.headers());
                return desk.emit(Event::CallEnded {
                    call: id,
                    cause: ending.cause,
                    hung_up_by: ending.by,
                });
            }
        };
        let hops = invite.headers.typed::<MaxForwards>().ok().flatten();
        let mut headers = Headers::new();
        // The core has refused what may go no further.
        let hops = hops.unwrap_or(MaxForwards::INITIAL).0.saturating_sub(1);
        headers.push_typed(&MaxForwards(hops));
        let contact = invite.headers.typed::<Contact>().ok().flatten();
        let contact = contact.as_ref().and_then(Contact::address);
        let contact = contact.map(|address| address.uri.clone());
        let entry = Entry {
            call: id,
            caller: caller_party,
            callee,
            phone: Phone {
                leg,
                device: caller_device,
                flow,
                server: back,
                receives_at: None,
                is_behind_nat: is_behind_nat(contact.as_ref(), flow),
                told: Told::new(self.first_session + 2 * id.0),
                audio: Box::new(Audio::new()),
            },
            headers,
            history,
            offer,
            takes_early_offer: acknowledges_progress(&invite.headers),
            is_anonymous,
            standing: None,
            house,
            waiting,
        };
        self.enter(now, desk, registrar, entry);
    }

    /// A call that has started is among the others; it is found out who shall ring.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        entry: Entry,
    ) {
        let Entry {
            call: id,
            caller,
            callee,
            phone,
            headers,
            history,
            offer,
            takes_early_offer,
            is_anonymous,
            standing,
            house,
            waiting,
        } = entry;
        let leg = phone.leg;
        let is_sent_on = callee.forwarded_from.is_some();
        *self.load.entry(caller.account).or_default() += 1;
        let awaiting = AwaitingPorts {
            ask: None,
            offer,
            takes_early_offer,
            caller_device: phone.device,
            headers,
            house: None,
            waiting: None,
        };
        let call = Call {
            id,
            charged: caller.account,
            plan: None,
            caller,
            callee: callee.party.clone(),
            caller_phone: phone,
            is_anonymous,
            standing,
            search: Some(Box::new(Search::new(callee, history))),
            stage: Stage::AwaitingPorts(Box::new(awaiting)),
        };
        self.legs.insert(leg, (id, Side::Caller));
        self.calls.insert(id, call);
        if is_sent_on {
            let progress = sip::Input::Progress {
                leg,
                status: StatusCode::CALL_IS_BEING_FORWARDED,
                body: Bytes::new(),
            };
            desk.endpoint.handle(now, progress);
        }
        match (house, waiting) {
            (_, Some(phone)) => self.let_in(now, desk, id, phone),
            (Some(house), None) => {
                let ending = Ending::by_server(CallEnd::NoMedia, StatusCode::SERVICE_UNAVAILABLE);
                self.host(now, desk, id, house, ending);
            }
            (None, None) => self.proceed(now, desk, registrar, id),
        }
    }
}

/// What it takes to begin a call.
pub(super) struct Entry {
    pub(super) call: CallId,
    pub(super) caller: Party,
    pub(super) callee: Callee,
    /// The caller's phone.
    pub(super) phone: Phone,
    /// What the phones are told besides the session.
    pub(super) headers: Headers,
    /// What another server says of how it came here.
    pub(super) history: Headers,
    /// What the caller wants; `None` if it wants an offer.
    pub(super) offer: Option<SessionDescription>,
    pub(super) takes_early_offer: bool,
    pub(super) is_anonymous: bool,
    /// How the caller's phone is in a call already.
    pub(super) standing: Option<Standing>,
    /// What the server itself is to be in it.
    pub(super) house: Option<House>,
    /// The callee's phone, if it is in a call already.
    pub(super) waiting: Option<Box<Phone>>,
}
