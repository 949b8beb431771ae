//! The transport of a stream: plain, sealed, or of a kind that is not spoken here.

use crate::Media;

/// What the third field of an `m=` line says about how packets travel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    /// `RTP/AVP`, and `RTP/AVPF`, whose early feedback is answered as offered and simply not used (RFC 4585).
    Rtp,
    /// `RTP/SAVP`: SRTP with keys in `a=crypto` (RFC 4568).
    Srtp,
    /// `RTP/SAVPF`: SRTP with early feedback (RFC 5124); refused.
    SrtpWithFeedback,
    /// `UDP/TLS/RTP/SAVP` and `UDP/TLS/RTP/SAVPF`: SRTP keyed by DTLS (RFC 5764), as browsers want it; refused.
    DtlsSrtp,
    /// Anything else.
    Other,
}

impl Transport {
    /// What `proto` stands for.
    #[must_use]
    pub fn of(proto: &str) -> Self {
        match proto {
            "RTP/AVP" | "RTP/AVPF" => Transport::Rtp,
            "RTP/SAVP" => Transport::Srtp,
            "RTP/SAVPF" => Transport::SrtpWithFeedback,
            "UDP/TLS/RTP/SAVP" | "UDP/TLS/RTP/SAVPF" => Transport::DtlsSrtp,
            _ => Transport::Other,
        }
    }

    /// Whether packets are sealed, whoever gives the keys.
    #[must_use]
    pub fn is_sealed(self) -> bool {
        matches!(
            self,
            Transport::Srtp | Transport::SrtpWithFeedback | Transport::DtlsSrtp
        )
    }
}

impl Media {
    /// How the stream's packets travel.
    #[must_use]
    pub fn transport(&self) -> Transport {
        Transport::of(&self.proto)
    }
}
