//! What is said to one phone about audio, and what was agreed with it.
//!
//! Whatever two phones can settle between themselves passes as it is. Only where one of them encrypts and the other does
//! not, where they share no codec, and where one is on hold, each is told something else than what the other has said.

use sdp::{
    Codec, Crypto, CryptoPair, CryptoSuite, Direction, Media, SessionDescription, Transport,
};
use sip::{Flow, StatusCode};

use crate::MediaSide;
use crate::key_maker::KeyMaker;
use crate::registrar::Target;
use crate::stored_call::{Seal, StoredAudio};

/// How a phone is made an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    pub(super) seal: Seal,
    /// Whether codecs are added that the other phone has not.
    pub(super) adds_codecs: bool,
}

/// The audio of one leg.
#[derive(Clone, Debug)]
pub(super) struct Audio {
    /// How the last offer to this phone was made.
    pub(super) shape: Shape,
    /// The way over which it was invited, and how often it has refused a shape of the offer.
    pub(super) invited: Option<Box<(Target, usize)>>,
    /// How the stream is sealed, once that is agreed.
    seal: Option<Seal>,
    /// What this phone itself wants, whatever the other does: one that does not receive holds the call.
    wish: Direction,
    /// The server's keys on this leg; they stay as long as the leg.
    keys: Vec<Crypto>,
    /// What was agreed; `None` as long as nothing is, or if the codec is not known here.
    pub(super) agreed: Option<MediaSide>,
}

impl Audio {
    pub(super) fn new() -> Self {
        Audio {
            shape: Shape {
                seal: Seal::AsTheOther,
                adds_codecs: false,
            },
            invited: None,
            seal: None,
            wish: Direction::SendRecv,
            keys: Vec::new(),
            agreed: None,
        }
    }

    /// What is kept of it while the process is exchanged.
    pub(super) fn stored(&self) -> StoredAudio {
        StoredAudio {
            seal: self.seal,
            wish: self.wish,
            keys: self.keys.clone(),
            agreed: self.agreed,
        }
    }

    pub(super) fn resume(stored: StoredAudio) -> Self {
        Audio {
            seal: stored.seal,
            wish: stored.wish,
            keys: stored.keys,
            agreed: stored.agreed,
            ..Audio::new()
        }
    }

    /// Whether this phone has put the other one on hold.
    pub(super) fn holds(&self) -> bool {
        !self.wish.receives()
    }

    /// The shape of an offer to this phone in mid-call, so that what it speaks stays what it is.
    fn shape_again(&self, near: &Audio, offer: &Media, both_secure: bool) -> Shape {
        let seal = match (offer.transport(), self.seal) {
            (Transport::Rtp, None | Some(Seal::Open)) if both_secure => Seal::AsTheOther,
            (Transport::Rtp, None | Some(Seal::Open)) => Seal::Open,
            (Transport::Rtp, Some(_)) => Seal::ByServer,
            // Keys that the phones know, and nobody else, are better than two pairs of them.
            (Transport::Srtp, Some(Seal::AsTheOther | Seal::ByServer)) if both_secure => {
                Seal::AsTheOther
            }
            (Transport::Srtp, Some(Seal::ByServer | Seal::AsTheOther)) => Seal::ByServer,
            (Transport::Srtp, None) if both_secure => Seal::AsTheOther,
            (Transport::Srtp, _) => Seal::Open,
            _ => Seal::AsTheOther,
        };
        let codec = |audio: &Audio| audio.agreed.map(|side| side.codec);
        let are_translated =
            codec(self).is_some() && codec(near).is_some() && codec(self) != codec(near);
        Shape {
            seal,
            adds_codecs: are_translated,
        }
    }

    /// The key on this leg for `suite`, made when it is first needed.
    fn key(&mut self, suite: CryptoSuite, tag: u32, maker: &mut KeyMaker) -> Option<Crypto> {
        let known = self.keys.iter().find(|crypto| crypto.suite == suite);
        let crypto = match known {
            Some(known) => *known,
            None => {
                let made = Crypto::new(tag, suite, maker.make(suite)?);
                self.keys.push(made);
                made
            }
        };
        Some(Crypto { tag, ..crypto })
    }

    /// What the server offers where it seals.
    fn offered_keys(&mut self, maker: &mut KeyMaker) -> Vec<Crypto> {
        let suites = (1..).zip(OFFERED_SUITES);
        suites
            .filter_map(|(tag, suite)| self.key(suite, tag, maker))
            .collect()
    }
}

/// The one with the least work first, then the one that every phone has.
const OFFERED_SUITES: [CryptoSuite; 2] =
    [CryptoSuite::AeadAes256Gcm, CryptoSuite::AesCm128HmacSha1_80];

/// The ways in which a phone is offered what the caller says, one after the other as long as it refuses them: first as it
/// is or as it is most likely to be liked, then sealed otherwise, then with more codecs. Codecs are added last, because a
/// phone may take one of those although it has one in common with the caller.
pub(super) fn ladder(offer: &SessionDescription, caller: Flow, callee: Flow) -> Vec<Shape> {
    let Some(audio) = offer.audio() else {
        return Vec::new();
    };
    let (caller, callee) = (caller.transport.is_secure(), callee.transport.is_secure());
    let seals: &[Seal] = match (audio.transport(), caller, callee) {
        // Nobody but the phones can read such keys.
        (Transport::Srtp, _, _) if audio.crypto().is_empty() => &[Seal::AsTheOther],
        (Transport::Srtp, true, true) => &[Seal::AsTheOther, Seal::Open],
        (Transport::Srtp, _, _) => &[Seal::Open],
        // It is the phone's own wish to be plain; the other one may insist.
        (Transport::Rtp, true, true) => &[Seal::AsTheOther, Seal::ByServer],
        (Transport::Rtp, false, true) => &[Seal::ByServer, Seal::Open],
        (Transport::Rtp, _, false) => &[Seal::Open],
        _ => &[Seal::AsTheOther],
    };
    let known = audio.speech();
    let lacks = |codec: &Codec| known.iter().all(|(has, _)| has != codec);
    let is_richer_with_more =
        !known.is_empty() && audio.transport() != Transport::Other && Codec::ALL.iter().any(lacks);
    let more: &[bool] = if is_richer_with_more {
        &[false, true]
    } else {
        &[false]
    };
    let shapes = more.iter().flat_map(|adds_codecs| {
        seals.iter().map(|seal| Shape {
            seal: *seal,
            adds_codecs: *adds_codecs,
        })
    });
    shapes.collect()
}

/// Whether a refusal with this status is about what was offered, so that another offer may be liked (RFC 3261 21.4.13,
/// 21.4.26, 21.6.4).
pub(super) fn is_about_the_offer(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_ACCEPTABLE_HERE | StatusCode::UNSUPPORTED_MEDIA_TYPE
    ) || status.code() == 606
}

/// One of two phones between which a session passes.
pub(super) struct End<'a> {
    pub(super) flow: Flow,
    pub(super) audio: &'a mut Audio,
}

/// What `far` is offered when `near` has made `offer` in mid-call, or is to answer early.
pub(super) fn propose_again(
    maker: &mut KeyMaker,
    near: &End<'_>,
    far: &mut End<'_>,
    offer: &SessionDescription,
) -> SessionDescription {
    let both_secure = near.flow.transport.is_secure() && far.flow.transport.is_secure();
    if let Some(audio) = offer.audio() {
        far.audio.shape = far.audio.shape_again(near.audio, audio, both_secure);
    }
    propose(maker, far.audio, offer)
}

/// What a phone is offered when another one has made `offer`, in the shape that its [`Audio`] says.
pub(super) fn propose(
    maker: &mut KeyMaker,
    far: &mut Audio,
    offer: &SessionDescription,
) -> SessionDescription {
    let mut told = offer.clone();
    told.hold_by_direction();
    let direction = offer.audio().map(|audio| Direction::of(offer, audio));
    let Some(audio) = told.audio_mut().filter(|audio| audio.port != 0) else {
        return told;
    };
    let knows_codec = !audio.speech().is_empty();
    // Who is on hold hears music.
    if direction == Some(Direction::Inactive) && knows_codec {
        audio.set_direction(Direction::SendOnly);
    }
    let was_sealed = audio.transport() == Transport::Srtp;
    match far.shape.seal {
        Seal::AsTheOther => {}
        Seal::Open if was_sealed => audio.unseal("RTP/AVP"),
        Seal::Open => {
            let proto = audio.proto.clone();
            audio.unseal(&proto);
        }
        Seal::ByServer => audio.seal(&far.offered_keys(maker)),
    }
    let is_opened = was_sealed != (audio.transport() == Transport::Srtp);
    if (is_opened || far.shape.adds_codecs) && knows_codec {
        // What the server has its hands in must be something that it knows.
        let known = audio.clone();
        audio.retain_formats(|format| known.is_known(format));
    }
    if far.shape.adds_codecs && knows_codec {
        audio.add_codecs(&Codec::ALL);
    }
    told
}

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
