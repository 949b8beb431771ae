//! A call that takes the place of another one (RFC 3891).

use super::receive::Envelope;
use super::{Endpoint, LegId};
use crate::dialog::Phase;
use crate::{HeaderName, Method, ParseError, Replaces, Request, StatusCode, TypedHeader};

impl Endpoint {
    /// The call that a Replaces header names, whoever sends it: the tags have to be those of one
    /// dialog of ours, answered or not. `None` when there is none, or when the header wants one that
    /// is not answered (`early-only`) and this one is.
    ///
    /// For the Refer-To of a REFER, see [`Replaces::in_uri`].
    pub fn leg_of(&self, replaces: &Replaces) -> Option<LegId> {
        let id = self.replaced(replaces)?;
        let is_answered = matches!(self.legs.get(&id)?.phase, Phase::Established(_));
        (!is_answered || !replaces.is_early_only()).then_some(id)
    }

    /// How the peer of an answered call names it in a Replaces header: for the Refer-To of an attended transfer that
    /// shall take the peer's place. `None` when the call is not there or not answered.
    pub fn name_of(&self, leg: LegId) -> Option<Replaces> {
        let leg = self.legs.get(&leg)?;
        let Phase::Established(established) = &leg.phase else {
            return None;
        };
        let dialog = &established.session.dialog;
        let local = dialog.local_tag()?;
        Some(Replaces::new(dialog.call_id(), dialog.remote_tag(), &local))
    }

    fn replaced(&self, replaces: &Replaces) -> Option<LegId> {
        let key = self.dialog_key(&replaces.call_id, replaces.to_tag());
        let id = *self.dialogs.get(&key)?;
        let leg = self.legs.get(&id)?;
        (leg.knows(replaces.from_tag()) && !leg.is_parting()).then_some(id)
    }

    /// Whether the application takes Replaces into account.
    fn understands_replaces(&self) -> bool {
        let mut supported = self.config.supported.iter();
        supported.any(|tag| tag.eq_ignore_ascii_case("replaces"))
    }

    /// Refuses Replaces where it has no meaning: everywhere but in INVITE (RFC 3891 section 3).
    pub(super) fn inspect_place(&mut self, envelope: &Envelope, request: &Request) -> bool {
        // Registrations are many, and nobody means calls with them.
        let is_right = matches!(request.method, Method::Invite | Method::Register)
            || !request.headers.has(&HeaderName::Replaces)
            || !self.understands_replaces();
        if !is_right {
            let error = Replaces::malformed("stands in a request other than INVITE");
            let error = ParseError::in_request(request, error);
            self.refuse_malformed(envelope.flow, error);
        }
        is_right
    }

    /// Reads the Replaces of an INVITE. `Err` when the request was refused for
    /// it (RFC 3891 section 3).
    pub(super) fn inspect_replaces(
        &mut self,
        envelope: &Envelope,
        request: &Request,
    ) -> Result<Option<LegId>, ()> {
        if !request.headers.has(&HeaderName::Replaces) || !self.understands_replaces() {
            return Ok(None);
        }
        let read = if request.headers.has(&HeaderName::from("Join")) {
            Err(Replaces::malformed("contradicts the Join header"))
        } else {
            request.headers.required::<Replaces>()
        };
        let replaces = match read {
            Ok(replaces) => replaces,
            Err(error) => {
                let error = ParseError::in_request(request, error);
                self.refuse_malformed(envelope.flow, error);
                return Err(());
            }
        };
        let key = self.dialog_key(&replaces.call_id, replaces.to_tag());
        let status = match self.replaced(&replaces) {
            // It has just ended: nobody wants it replaced any more.
            None if self.mortal.contains_key(&key) => StatusCode::DECLINE,
            None => StatusCode::CALL_DOES_NOT_EXIST,
            Some(id) => match self.legs.get(&id).map(|leg| &leg.phase) {
                Some(Phase::Established(_)) if replaces.is_early_only() => StatusCode::BUSY_HERE,
                // Somebody else's call that rings here cannot be taken by a third party.
                Some(Phase::Ringing(_)) => StatusCode::CALL_DOES_NOT_EXIST,
                _ => return Ok(Some(id)),
            },
        };
        self.refuse(envelope, request, status);
        Err(())
    }
}
