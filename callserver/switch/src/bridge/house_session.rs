//! What the server agrees on with a phone about audio where it is the other side itself.

use std::net::SocketAddr;

use bytes::Bytes;
use sdp::{Codec, Crypto, Direction, Negotiated, OfferConfig, SessionDescription, Transport};
use sip::StatusCode;

use super::call::Phone;
use super::description::{expect_media, read};
use crate::desk::Desk;
use crate::stored_call::Seal;
use crate::{CallId, MediaSide, Side};

/// What the server can code, the best first.
const CODECS: [Codec; 4] = Codec::ALL;

impl Phone {
    /// The answer to what this phone offers. Nothing has changed if there is none; the error is what the phone hears.
    pub(super) fn house_answers(
        &mut self,
        desk: &mut Desk,
        (call, side): (CallId, Side),
        offer: &SessionDescription,
        relay: SocketAddr,
    ) -> Result<Bytes, StatusCode> {
        let mut offer = offer.clone();
        offer.hold_by_direction();
        let mut keys: Vec<Crypto> = Vec::new();
        for media in &offer.media {
            for theirs in media.crypto() {
                if keys.iter().all(|ours| ours.suite != theirs.suite) {
                    let maker = &mut desk.key_maker;
                    keys.extend(self.audio.key(theirs.suite, theirs.tag, maker));
                }
            }
        }
        let config = config(relay, &keys);
        let (answer, agreed) =
            sdp::answer(&offer, &config).map_err(|_| StatusCode::NOT_ACCEPTABLE_HERE)?;
        self.agree(&agreed);
        expect_media(desk, call, side, &offer, self);
        Ok(self.told.tell(answer, relay))
    }

    /// An offer to this phone, and what is sent of it.
    pub(super) fn house_offers(
        &mut self,
        desk: &mut Desk,
        relay: SocketAddr,
    ) -> (Bytes, SessionDescription) {
        let before = read(&self.told.last()).ok();
        let is_sealed = match &before {
            Some(before) => before
                .audio()
                .is_some_and(|audio| audio.transport() == Transport::Srtp),
            // Keys that anybody can read are none.
            None => self.flow.transport.is_secure(),
        };
        let keys = match is_sealed {
            true => self.audio.offered_keys(&mut desk.key_maker),
            false => Vec::new(),
        };
        let config = config(relay, &keys);
        let offer = match &before {
            Some(before) => sdp::offer_again(before, &config),
            None => sdp::offer(&config),
        };
        (self.told.tell(offer.clone(), relay), offer)
    }

    /// This phone has answered what it was offered.
    pub(super) fn answers_house(
        &mut self,
        desk: &mut Desk,
        (call, side): (CallId, Side),
        offer: &SessionDescription,
        body: &Bytes,
    ) -> Result<(), StatusCode> {
        let answer = read(body).map_err(|unusable| unusable.status())?;
        let agreed =
            sdp::accept_answer(offer, &answer).map_err(|_| StatusCode::NOT_ACCEPTABLE_HERE)?;
        self.agree(&agreed);
        expect_media(desk, call, side, &answer, self);
        Ok(())
    }

    /// What this phone has agreed on with another one before anybody answered holds with the server as well: what it was told
    /// last. Not if only the two phones have the keys.
    pub(super) fn keeps_session_with_house(&mut self) -> Result<Bytes, StatusCode> {
        match &self.audio.agreed {
            Some(agreed) if !agreed.is_sealed_by_phone() => Ok(self.told.last()),
            _ => Err(StatusCode::NOT_ACCEPTABLE_HERE),
        }
    }

    fn agree(&mut self, agreed: &Negotiated) {
        // What was agreed is seen from the server; the phone does the opposite.
        let direction = agreed.direction.reversed();
        self.audio.wish = direction;
        self.audio.seal = Some(match agreed.crypto {
            Some(_) => Seal::ByServer,
            None => Seal::Open,
        });
        self.audio.agreed = Some(MediaSide {
            codec: agreed.codec,
            payload_type: agreed.payload_type,
            telephone_event: agreed.telephone_event,
            direction,
            crypto: agreed.crypto,
            is_sealed: agreed.crypto.is_some(),
            plays: None,
        });
    }
}

fn config(relay: SocketAddr, keys: &[Crypto]) -> OfferConfig<'_> {
    OfferConfig {
        address: relay,
        codecs: &CODECS,
        // Both are written anew for each phone.
        session_id: 1,
        version: 1,
        direction: Direction::SendRecv,
        ptime_millis: 20,
        crypto: keys,
    }
}
