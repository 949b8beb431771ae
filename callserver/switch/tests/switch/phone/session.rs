//! What a phone says of its audio.

use std::net::SocketAddr;

use bytes::Bytes;
use sdp::{
    AnswerError, Crypto, CryptoSuite, Direction, MasterKey, Negotiated, OfferConfig,
    SessionDescription,
};

use super::Phone;

impl Phone {
    /// Makes it a phone that encrypts, and comes over an encrypted connection.
    pub(crate) fn encrypt(&mut self, suite: CryptoSuite) {
        let bytes = vec![
            self.address.ip().to_string().len() as u8 ^ self.address.port() as u8;
            suite.master_bytes()
        ];
        self.crypto = MasterKey::new(suite, &bytes)
            .map(|key| Crypto::new(1, suite, key))
            .into_iter()
            .collect();
    }

    fn is_given_up(&self, offer: &SessionDescription) -> bool {
        self.gives_streams_up && offer.audio().is_some_and(|audio| audio.port == 0)
    }

    /// Whether it could answer this offer, if it is one.
    pub(super) fn can_answer(&self, offer: &Bytes) -> bool {
        offer.is_empty()
            || SessionDescription::parse(offer).is_ok_and(|offer| {
                if self.is_given_up(&offer) {
                    return true;
                }
                let answer = sdp::answer(&offer, &self.config(Direction::SendRecv));
                answer.is_ok_and(|(_, media)| media.crypto.is_some() || !self.refuses_plain)
            })
    }

    fn config(&self, direction: Direction) -> OfferConfig<'_> {
        OfferConfig {
            address: SocketAddr::new(self.address.ip(), 7000),
            codecs: &self.codecs,
            session_id: 1,
            version: self.version,
            direction,
            ptime_millis: 20,
            crypto: &self.crypto,
        }
    }

    pub(super) fn make_offer(&mut self, direction: Direction) -> Bytes {
        self.version += 1;
        let offer = match &self.local {
            None => sdp::offer(&self.config(direction)),
            Some(local) => sdp::offer_again(local, &self.config(direction)),
        };
        self.offer = Some(offer.clone());
        Bytes::from(offer.to_string())
    }

    pub(super) fn make_answer(&mut self, offer: &Bytes) -> Bytes {
        self.version += 1;
        let offer = SessionDescription::parse(offer).unwrap();
        // Where refusing is too late, the stream is.
        let is_usable = sdp::answer(&offer, &self.config(Direction::SendRecv)).is_ok();
        if self.is_given_up(&offer) || !is_usable {
            let mut answer = sdp::offer(&self.config(Direction::Inactive));
            answer.media = offer.media.iter().map(sdp::Media::refused).collect();
            return Bytes::from(answer.to_string());
        }
        let direction = if self.holds {
            Direction::SendOnly
        } else {
            Direction::SendRecv
        };
        let (answer, media) = sdp::answer(&offer, &self.config(direction)).unwrap();
        self.media = Some(media);
        self.local = Some(answer.clone());
        Bytes::from(answer.to_string())
    }

    /// Their answer to our last offer.
    pub(super) fn take_answer(&mut self, body: &Bytes) {
        let answer = SessionDescription::parse(body).unwrap();
        if let Some(offer) = self.offer.take() {
            self.media = agreed(&offer, &answer);
            self.local = Some(offer);
        }
    }

    /// What this phone said last before it was picked up is what it says again then.
    pub(super) fn agree_early(&mut self) {
        if let (Some(pending), Some(local)) = (&mut self.pending, &self.local)
            && self.had_own_early_media
        {
            *pending = Bytes::from(local.to_string());
        }
    }
}

/// What offer and answer come to: nothing, if the other side has refused the stream.
pub(super) fn agreed(
    offer: &SessionDescription,
    answer: &SessionDescription,
) -> Option<Negotiated> {
    match sdp::accept_answer(offer, answer) {
        Err(AnswerError::NoAudio) => None,
        agreed => Some(agreed.unwrap()),
    }
}
