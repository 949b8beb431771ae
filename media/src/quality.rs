//! Estimated quality of a call: the E-model of ITU-T G.107, simplified.

use crate::Codec;

/// What the estimate is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Conditions {
    pub(crate) codec: Codec,
    /// Mouth to ear, one way.
    pub(crate) delay_millis: f64,
    /// Share of frames that were invented, 0 to 1.
    pub(crate) concealed: f64,
}

/// Mean opinion score, 1 to 4.4.
///
/// Of G.107 only delay and loss are kept; noise, echo and loudness are taken at their defaults, which give a rating of
/// 93.2 before anything is subtracted. Loss is taken as random. Robustness against loss (Bpl): 25.1 for G.711 with
/// concealment, as G.113 says; for Opus there is no ITU figure and for G.722 none
/// on this scale, we take 20. The scale is that of narrow-band telephony, so
/// the wider band of Opus does not count in its favour.
pub(crate) fn mean_opinion_score(conditions: Conditions) -> f64 {
    let delay = conditions.delay_millis.max(0.0);
    let late = (delay - 177.3).max(0.0);
    let delay_impairment = 0.024 * delay + 0.11 * late;
    let robustness = match conditions.codec {
        Codec::Opus | Codec::G722 => 20.0,
        Codec::Pcmu | Codec::Pcma => 25.1,
    };
    let loss = conditions.concealed.clamp(0.0, 1.0) * 100.0;
    let loss_impairment = 95.0 * loss / (loss + robustness);
    let rating = (93.2 - delay_impairment - loss_impairment).clamp(0.0, 100.0);
    // G.107 Annex B.
    (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6).max(1.0)
}

/// The estimate for what somebody hears: `delay_millis` mouth to ear, one way, and the share of packets that are missing, 0
/// to 1. For programs that see packets pass and play none; a [`Session`](crate::Session) knows more of what it plays.
pub fn mean_opinion_score_of(codec: Codec, delay_millis: f64, lost: f64) -> f64 {
    mean_opinion_score(Conditions {
        codec,
        delay_millis,
        concealed: lost,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(delay_millis: f64, concealed: f64) -> f64 {
        mean_opinion_score(Conditions {
            codec: Codec::Opus,
            delay_millis,
            concealed,
        })
    }

    #[test]
    fn loss_and_delay_cost() {
        assert!((4.35..4.45).contains(&score(0.0, 0.0)));
        assert!(score(60.0, 0.0) > 4.3);
        assert!(score(400.0, 0.0) < score(150.0, 0.0) - 0.5);
        assert!((2.5..3.5).contains(&score(60.0, 0.1)));
        assert!(score(60.0, 0.9) < 1.5);
        assert!(score(60.0, 1.0) >= 1.0);
    }
}
