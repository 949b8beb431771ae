//! One phone has answered what the other one offered: what both have agreed on, each with the server.

use sdp::{Codec, Crypto, CryptoPair, Direction, Media, SessionDescription, Transport};

use super::audio::{Audio, OFFERED_SUITES, Shape};
use crate::MediaSide;
use crate::key_maker::KeyMaker;
use crate::stored_call::Seal;

/// An answer that does not go with what was offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mismatch;

/// `near` has made `offer`, and `far` has answered what it was told of it: what `near` hears, and what both have agreed on.
pub(super) fn settle(
    maker: &mut KeyMaker,
    near: &mut Audio,
    far: &mut Audio,
    offer: &SessionDescription,
    answer: SessionDescription,
) -> Result<SessionDescription, Mismatch> {
    let (Some(offered), Some(answered)) = (offer.audio(), answer.audio()) else {
        return Err(Mismatch);
    };
    let mut told = answer.clone();
    told.hold_by_direction();
    let audio = told.audio_mut().ok_or(Mismatch)?;
    if offered.port == 0 || answered.port == 0 {
        near.agreed = None;
        far.agreed = None;
        if offered.transport() != answered.transport() {
            audio.unseal(&offered.proto);
        }
        return Ok(told);
    }
    let seals = Seals::of(maker, near, far, offered, answered)?;
    match seals.near {
        Seal::AsTheOther => {}
        Seal::Open if offered.transport() != answered.transport() => audio.unseal(&offered.proto),
        Seal::Open => {}
        Seal::ByServer => {
            let ours: Vec<Crypto> = seals.near_pair.iter().map(|pair| pair.ours).collect();
            audio.seal(&ours);
        }
    }
    let codecs = codecs(offered, answered, far.shape);
    match codecs {
        Some((near_codec, far_codec)) if near_codec != far_codec => {
            audio.take_formats_of(offered, near_codec);
        }
        _ if far.shape.adds_codecs => {
            let has = |codec: &Codec| offered.speech().iter().any(|(has, _)| has == codec);
            let added: Vec<String> = answered
                .speech()
                .iter()
                .filter(|(codec, _)| !has(codec))
                .map(|(_, number)| number.to_string())
                .collect();
            audio.retain_formats(|format| !added.iter().any(|added| added == format));
        }
        _ => {}
    }

    let offered_way = Direction::of(offer, offered);
    let answered_way = Direction::of(&answer, answered);
    near.wish = offered_way;
    far.wish = wish(far.wish, offered_way, answered_way, codecs.is_some());
    let way = answered_way.and(offered_way.reversed());
    // Who is on hold hears music, and so must be told to listen.
    let plays = codecs.is_some() && offered_way.receives() && !far.wish.receives();
    let told_way = Direction::new(way.sends() || plays, way.receives());
    if told_way != answered_way {
        audio.set_direction(told_way);
    }
    let side = |codec: Codec, heard: &Media, direction, crypto| {
        let number = |(has, number): &(Codec, u8)| (*has == codec).then_some(*number);
        Some(MediaSide {
            codec,
            payload_type: heard.speech().iter().find_map(number)?,
            telephone_event: heard.telephone_event(codec),
            direction,
            crypto,
            is_sealed: heard.transport() == Transport::Srtp,
            plays: None,
        })
    };
    let near_way = told_way.reversed();
    near.agreed = codecs.and_then(|(codec, _)| side(codec, offered, near_way, seals.near_pair));
    far.agreed = codecs.and_then(|(_, codec)| side(codec, answered, answered_way, seals.far_pair));
    near.seal = Some(seals.near);
    far.seal = Some(seals.far);
    Ok(told)
}

/// What a phone wants that was offered `offered` by the other side and said `answered`. A phone that only listens because
/// it was only sent something may want more.
fn wish(
    before: Direction,
    offered: Direction,
    answered: Direction,
    hears_music: bool,
) -> Direction {
    let was_sent_something = offered.sends() || hears_music;
    Direction::new(
        if offered.receives() {
            answered.sends()
        } else {
            before.sends()
        },
        if was_sent_something {
            answered.receives()
        } else {
            before.receives()
        },
    )
}

/// The codecs on both legs: the first of the answer that both have, or one for each leg.
fn codecs(offered: &Media, answered: &Media, shape: Shape) -> Option<(Codec, Codec)> {
    let (offered, answered) = (offered.speech(), answered.speech());
    let common = answered
        .iter()
        .find(|(codec, _)| offered.iter().any(|(has, _)| has == codec));
    match (common, offered.first(), answered.first()) {
        (Some((common, _)), _, _) => Some((*common, *common)),
        (None, Some((near, _)), Some((far, _))) if shape.adds_codecs => Some((*near, *far)),
        _ => None,
    }
}

/// How both legs are sealed, and the keys where the server does it.
struct Seals {
    near: Seal,
    far: Seal,
    near_pair: Option<CryptoPair>,
    far_pair: Option<CryptoPair>,
}

impl Seals {
    fn of(
        maker: &mut KeyMaker,
        near: &mut Audio,
        far: &mut Audio,
        offered: &Media,
        answered: &Media,
    ) -> Result<Seals, Mismatch> {
        let far_pair = match far.shape.seal {
            Seal::AsTheOther if offered.transport() != answered.transport() => {
                return Err(Mismatch);
            }
            Seal::Open if answered.transport() != Transport::Rtp => return Err(Mismatch),
            Seal::AsTheOther | Seal::Open => None,
            Seal::ByServer => Some(far.pair_of_answer(answered).ok_or(Mismatch)?),
        };
        let (seal, near_pair) = match (offered.transport(), far.shape.seal) {
            (Transport::Srtp, Seal::AsTheOther) => (Seal::AsTheOther, None),
            (Transport::Srtp, _) => {
                let pair = near.pair_of_offer(maker, offered).ok_or(Mismatch)?;
                (Seal::ByServer, Some(pair))
            }
            (Transport::Rtp, _) => (Seal::Open, None),
            _ => (Seal::AsTheOther, None),
        };
        Ok(Seals {
            near: seal,
            far: match far.shape.seal {
                Seal::AsTheOther if answered.transport() == Transport::Rtp => Seal::Open,
                seal => seal,
            },
            near_pair,
            far_pair,
        })
    }
}

impl Audio {
    /// The key of ours that this phone's answer has taken, and its own.
    fn pair_of_answer(&self, answered: &Media) -> Option<CryptoPair> {
        let theirs = *answered.crypto().first()?;
        let position = OFFERED_SUITES
            .iter()
            .position(|suite| *suite == theirs.suite)?;
        let tag = u32::try_from(position + 1).ok()?;
        let ours = self.keys.iter().find(|ours| ours.suite == theirs.suite)?;
        (tag == theirs.tag).then_some(CryptoPair {
            ours: Crypto { tag, ..*ours },
            theirs,
        })
    }

    /// The first key that this phone offers, and ours for it.
    fn pair_of_offer(&mut self, maker: &mut KeyMaker, offered: &Media) -> Option<CryptoPair> {
        let theirs = *offered.crypto().first()?;
        let ours = self.key(theirs.suite, theirs.tag, maker)?;
        Some(CryptoPair { ours, theirs })
    }
}
