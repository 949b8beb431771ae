//! What is said to one phone about audio, and what was agreed with it.
//!
//! Whatever two phones can settle between themselves passes as it is. Only where one of them encrypts and the other does
//! not, where they share no codec, and where one is on hold, each is told something else than what the other has said.

use std::time::{Duration, Instant};

use sdp::{Codec, Crypto, CryptoSuite, Direction, Media, SessionDescription, Transport};
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

impl Shape {
    /// The same with more codecs, for an offer with this transport. What the server translates it must be able to read.
    fn richer(self, offered: Transport) -> Shape {
        Shape {
            seal: match self.seal {
                Seal::AsTheOther if offered == Transport::Srtp => Seal::ByServer,
                seal => seal,
            },
            adds_codecs: true,
        }
    }
}

/// The audio of one leg.
#[derive(Clone, Debug)]
pub(super) struct Audio {
    /// How the last offer to this phone was made.
    pub(super) shape: Shape,
    /// The way over which it was invited, and how often it has refused a shape of the offer.
    pub(super) invited: Option<Box<(Target, usize)>>,
    /// How the stream is sealed, once that is agreed.
    pub(super) seal: Option<Seal>,
    /// What this phone itself wants, whatever the other does: one that does not receive holds the call.
    pub(super) wish: Direction,
    /// The server's keys on this leg; they stay as long as the leg.
    pub(super) keys: Vec<Crypto>,
    /// Whether it takes no digits in INFO.
    pub(super) refuses_digits: bool,
    /// How many more offers of this phone pass at present, and since when that is so.
    offers: (u32, Option<Instant>),
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
            refuses_digits: false,
            offers: (MOST_OFFERS, None),
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

    /// Counts an offer of this phone. Tells whether it may pass: a person changes a call now and then, and a phone a few times
    /// in a row; one that does nothing else would keep both phones and the server busy.
    pub(super) fn may_offer(&mut self, now: Instant) -> bool {
        let (left, since) = self.offers;
        let since = since.unwrap_or(now);
        let grown = u32::try_from((now - since).as_secs()).unwrap_or(MOST_OFFERS);
        let left = left.saturating_add(grown).min(MOST_OFFERS);
        let since = since + Duration::from_secs(u64::from(grown));
        self.offers = (left.saturating_sub(1), Some(since));
        left > 0
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
        let shape = Shape {
            seal,
            adds_codecs: false,
        };
        if are_translated {
            shape.richer(offer.transport())
        } else {
            shape
        }
    }

    /// The key on this leg for `suite`, made when it is first needed.
    pub(super) fn key(
        &mut self,
        suite: CryptoSuite,
        tag: u32,
        maker: &mut KeyMaker,
    ) -> Option<Crypto> {
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
    pub(super) fn offered_keys(&mut self, maker: &mut KeyMaker) -> Vec<Crypto> {
        let suites = (1..).zip(OFFERED_SUITES);
        suites
            .filter_map(|(tag, suite)| self.key(suite, tag, maker))
            .collect()
    }
}

/// So many offers of one phone pass in a row, and then one each second.
const MOST_OFFERS: u32 = 20;

/// The one with the least work first, then the one that every phone has.
pub(super) const OFFERED_SUITES: [CryptoSuite; 2] =
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
    let mut shapes: Vec<Shape> = seals
        .iter()
        .map(|seal| Shape {
            seal: *seal,
            adds_codecs: false,
        })
        .collect();
    if lacks_codecs(audio) {
        let richer = |shape: &Shape| shape.richer(audio.transport());
        shapes.extend(shapes.clone().iter().map(richer));
    }
    shapes
}

/// Whether a refusal with this status is about what was offered, so that another offer may be liked (RFC 3261 21.4.13,
/// 21.4.26, 21.6.4).
pub(super) fn is_about_the_offer(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_ACCEPTABLE_HERE | StatusCode::UNSUPPORTED_MEDIA_TYPE
    ) || status.code() == 606
}

/// Whether codecs can be added to this offer, so that a phone that has none of them may answer.
fn lacks_codecs(audio: &Media) -> bool {
    let known = audio.speech();
    let lacks = |codec: &Codec| known.iter().all(|(has, _)| has != codec);
    !known.is_empty() && audio.transport() != Transport::Other && Codec::ALL.iter().any(lacks)
}

impl Audio {
    /// Makes the last offer richer. Tells whether it was not yet.
    pub(super) fn enrich(&mut self, offer: &SessionDescription) -> bool {
        let Some(audio) = offer.audio().filter(|audio| lacks_codecs(audio)) else {
            return false;
        };
        let is_news = !self.shape.adds_codecs;
        self.shape = self.shape.richer(audio.transport());
        is_news
    }
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
