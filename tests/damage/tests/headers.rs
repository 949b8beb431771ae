//! Damaged values of the headers of extensions, and noise.

use bytes::Bytes;
use damage::Damage;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sip::{
    EventHeader, Message, MinSe, RAck, RSeq, ReferTo, ReferredBy, Replaces, SessionExpires,
    SipEtag, SubscriptionState, Text, TypedHeader,
};

/// Enough to reach every branch many times within a few seconds of an unoptimised build.
const BUDGET: usize = 40_000;

#[test]
fn noise_is_refused_in_silence() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..BUDGET / 10 {
        let mut bytes = vec![0u8; random.random_range(0..1500)];
        random.fill_bytes(&mut bytes);
        let error = Message::parse(Bytes::from(bytes)).expect_err("noise is no message");
        assert!(error.response().is_none());
    }
}

#[test]
fn damaged_headers_of_extensions_do_no_harm() {
    fn reread<T: TypedHeader + PartialEq + std::fmt::Debug>(value: &Text) {
        if let Ok(header) = T::parse(value) {
            assert_eq!(T::parse(&header.to_text()), Ok(header), "{value:?}");
        }
    }
    let seeds = [
        "776656 1 INVITE",
        "1800;refresher=uac",
        "<sip:carol@example.com?Replaces=a%40b%3Bto-tag%3D1>;cid=\"x\"",
        "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff;early-only",
        "dialog;id=7",
        "terminated;reason=probation;retry-after=30",
        "dx200xyz",
    ];
    let mut damage = Damage::new(6);
    for _ in 0..BUDGET {
        let bytes = damage.next_of(&seeds);
        // As the parser gives them: on one line and without white space at the ends.
        let text = String::from_utf8_lossy(&bytes).replace(['\r', '\n'], " ");
        let value = Text::from(text.trim_matches([' ', '\t']));
        reread::<RAck>(&value);
        reread::<RSeq>(&value);
        reread::<SessionExpires>(&value);
        reread::<MinSe>(&value);
        reread::<ReferTo>(&value);
        reread::<ReferredBy>(&value);
        reread::<Replaces>(&value);
        reread::<EventHeader>(&value);
        reread::<SubscriptionState>(&value);
        reread::<SipEtag>(&value);
        if let Ok(target) = ReferTo::parse(&value) {
            let _ = Replaces::in_uri(&target.uri);
        }
    }
}
