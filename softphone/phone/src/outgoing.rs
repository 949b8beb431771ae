//! Calls that we place.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{Contact, Headers, LegId, NameAddr, Params, StatusCode, Uri};

use crate::call::{Line, State};
use crate::incoming::MOST_CALLS;
use crate::{
    Call, CallNumber, CallStage, Encryption, EndReason, Event, Hold, Party, Phone,
    RegistrationState, target,
};

impl Phone {
    pub(crate) fn place_call(&mut self, now: Instant, call: CallNumber, target: String) {
        if self.lines.contains_key(&call) {
            return;
        }
        // One call is placed after the other; those that were answered wait on hold.
        let is_unsettled = |line: &Line| {
            !matches!(
                line.call.stage,
                CallStage::Connected { .. } | CallStage::RingingHere
            )
        };
        let refusal = if self.lines.values().any(is_unsettled) || self.lines.len() >= MOST_CALLS {
            Some(EndReason::AlreadyInCall)
        } else if self.registrar.state != RegistrationState::Registered {
            Some(EndReason::NotRegistered)
        } else {
            None
        };
        let address = target::address(&target, self.config.domain.as_str());
        let to = match (refusal, address) {
            (Some(reason), _) => return self.refuse_to_call(call, reason),
            (None, Err(error)) => {
                return self.refuse_to_call(call, EndReason::BadTarget(error.to_string()));
            }
            (None, Ok(to)) => to,
        };
        let party = Party {
            number: target.trim().to_owned(),
            display_name: None,
        };
        let call_data = Call {
            number: call,
            party,
            is_incoming: false,
            stage: CallStage::Dialling,
            hold: Hold::default(),
            encryption: Encryption::default(),
        };
        self.lines
            .insert(call, Line::new(call_data, State::Opening { to }, now));
        self.events.push_back(Event::NeedMedia { call });
        self.hold_others(now, call);
    }

    fn refuse_to_call(&mut self, call: CallNumber, reason: EndReason) {
        self.events.push_back(Event::Ended { call, reason });
    }

    /// The socket is open: the INVITE can name it.
    pub(crate) fn send_invite(&mut self, now: Instant, call: CallNumber, to: Uri, rtp: SocketAddr) {
        let offer = self.fresh_offer(call, rtp);
        let leg = self.endpoint.next_leg();
        let from = NameAddr {
            display_name: self.config.display_name.clone(),
            uri: self.own_address(),
            params: Params::default(),
        };
        let input = sip::Input::Invite {
            leg,
            flow: self.config.server,
            uri: to.clone(),
            from,
            to: target::bare(to, None),
            headers: Headers::default(),
            body: Bytes::from(offer.to_string()),
            credential: Some(self.credential()),
        };
        if let Some(line) = self.lines.get_mut(&call) {
            line.state = State::Inviting { leg };
            line.ours = Some(offer);
        }
        self.server_gave_a_sign(now); // Patience counts from here.
        self.endpoint.handle(now, input);
    }

    /// The number has moved (RFC 3261 section 21.3.2): rings the new one, once, in the same call. Says whether it does.
    pub(crate) fn call_is_redirected(
        &mut self,
        now: Instant,
        call: CallNumber,
        status: StatusCode,
        headers: &Headers,
    ) -> bool {
        let Some(line) = self.lines.get_mut(&call) else {
            return false;
        };
        let State::Inviting { .. } = line.state else {
            return false;
        };
        let moved = matches!(
            status,
            StatusCode::MOVED_PERMANENTLY | StatusCode::MOVED_TEMPORARILY
        );
        let (Some(rtp), true, false) = (line.rtp, moved, line.is_redirected) else {
            return false;
        };
        let Some(contact) = first_address(headers) else {
            return false;
        };
        // Whoever the number belongs to now is called through our own server, and nobody else's.
        let party = Party::of(&contact);
        let Ok(to) = target::address(&party.number, self.config.domain.as_str()) else {
            return false;
        };
        line.is_redirected = true;
        line.call.party = party.clone();
        line.enter(CallStage::Dialling, now);
        line.ours = None;
        self.events.push_back(Event::Redirected { call, to: party });
        self.send_invite(now, call, to, rtp);
        true
    }

    /// The other side takes no encrypted sound: offers it in the open, once, which the person is told. Says whether it does.
    pub(crate) fn call_is_offered_plainly(
        &mut self,
        now: Instant,
        call: CallNumber,
        status: StatusCode,
    ) -> bool {
        let is_secure = self.offers_encryption();
        let to = self.line_address(call);
        let Some(line) = self.lines.get_mut(&call) else {
            return false;
        };
        let (Some(rtp), Some(to), State::Inviting { .. }) = (line.rtp, to, &line.state) else {
            return false;
        };
        let is_about_sound = matches!(status.code(), 415 | 488 | 606);
        if !is_about_sound || !is_secure || line.is_plain {
            return false;
        }
        line.is_plain = true;
        line.ours = None;
        self.send_invite(now, call, to, rtp);
        true
    }

    fn line_address(&self, call: CallNumber) -> Option<Uri> {
        let party = &self.lines.get(&call)?.call.party;
        target::address(&party.number, self.config.domain.as_str()).ok()
    }

    pub(crate) fn call_progresses(&mut self, now: Instant, leg: LegId, status: StatusCode) {
        // 183 comes from gateways while the other network rings; its early sound is not played.
        let rings = matches!(status, StatusCode::RINGING | StatusCode::SESSION_PROGRESS);
        let Some(call) = self.call_of(leg).filter(|_| rings) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(&call)
            && line.call.stage == CallStage::Dialling
        {
            line.enter(CallStage::RingingThere, now);
            self.events.push_back(Event::Ringing { call });
        }
    }

    pub(crate) fn call_is_answered(&mut self, now: Instant, leg: LegId, body: &Bytes) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        if matches!(line.state, State::Established { .. }) {
            return self.offer_is_answered(now, call, body);
        }
        if !matches!(line.state, State::Inviting { .. }) {
            return;
        }
        line.state = State::Established { leg };
        let Some(ours) = line.ours.clone() else {
            return;
        };
        match agree(&ours, body) {
            Ok((negotiated, theirs)) => self.session_begins(now, call, negotiated, &theirs),
            Err(why) => self.end_call(now, call, EndReason::Protocol(why)),
        }
    }
}

/// The first address of the Contact headers that names a user.
fn first_address(headers: &Headers) -> Option<NameAddr> {
    let contacts = headers.typed_list::<Contact>().ok()?;
    let mut addresses = contacts.iter().filter_map(Contact::address);
    addresses
        .find(|address| address.uri.user.is_some())
        .cloned()
}

/// What our offer and their answer come to, and the answer itself.
pub(crate) fn agree(
    ours: &SessionDescription,
    theirs: &[u8],
) -> Result<(sdp::Negotiated, SessionDescription), String> {
    let theirs = SessionDescription::parse(theirs).map_err(|error| error.to_string())?;
    let negotiated = sdp::accept_answer(ours, &theirs).map_err(|error| error.to_string())?;
    Ok((negotiated, theirs))
}
