//! What a server says of credentials.

/// What an [`Authenticator`](super::Authenticator) says of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The peer knows the secret.
    Accepted,
    /// The peer knows the secret, but the nonce is too old or not ours: challenge again with `stale`.
    Stale,
    /// The secret was right and the request counter was seen before: somebody repeats an old request, or the peer
    /// counts wrongly. Challenge again with `stale`.
    Replayed,
    /// The secret is wrong.
    WrongSecret,
    /// The algorithm was offered, but there is no hash of this login by it, for it was stored before that algorithm was
    /// known. Challenge again with `stale` and [without it](super::Authenticator::challenges_except): then a phone
    /// takes the next one.
    NoHash,
    /// An algorithm that was not offered.
    UnknownAlgorithm,
    /// The secret was right, but the credentials were made for another Request-URI: somebody on the way has put
    /// another callee in. RFC 7616 3.4.6: answer 400, and make a note of it.
    OtherRequest,
    /// Parts are missing or contradict each other.
    Malformed,
}
