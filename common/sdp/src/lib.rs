//! Session descriptions (RFC 8866) and the offer/answer of one audio stream (RFC 3264).
//!
//! Three layers:
//! - [`SessionDescription`] reads and prints descriptions of any kind without losing a line.
//! - [`offer()`], [`answer()`] and [`accept_answer`] agree on one audio stream; what they come to is [`Negotiated`].
//! - [`redirect()`] leads somebody else's stream over a relay.
//!
//! Streams are plain RTP, or SRTP whose keys stand in the description ([`Crypto`], RFC 4568).
//!
//! Nothing here knows a clock or a socket. Descriptions from the network are bounded by [`MAX_BYTES`] and [`MAX_LINES`],
//! and what cannot be read is an [`SdpError`] that names the line.
//!
//! ```
//! use sdp::{Codec, Direction, OfferConfig, SessionDescription};
//!
//! let caller = OfferConfig {
//!     address: "192.0.2.1:4000".parse()?,
//!     codecs: &Codec::ALL,
//!     session_id: 1,
//!     version: 1,
//!     direction: Direction::SendRecv,
//!     ptime_millis: 20,
//!     crypto: &[],
//! };
//! let callee = OfferConfig { address: "192.0.2.2:5000".parse()?, codecs: &[Codec::Pcma], ..caller };
//!
//! let offer = sdp::offer(&caller);
//! let received = SessionDescription::parse(offer.to_string().as_bytes())?;
//! let (answer, at_callee) = sdp::answer(&received, &callee)?;
//! let at_caller = sdp::accept_answer(&offer, &answer)?;
//!
//! assert_eq!(at_caller.codec, Codec::Pcma);
//! assert_eq!(at_caller.remote, callee.address);
//! assert_eq!(at_callee.remote, caller.address);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accept;
mod answer;
mod attribute;
mod codec;
mod connection;
mod crypto;
mod description;
mod direction;
mod error;
mod format;
mod negotiated;
mod offer;
mod parse;
mod redirect;
mod transport;

pub use accept::accept_answer;
pub use answer::answer;
pub use attribute::Attribute;
pub use codec::Codec;
pub use connection::{Connection, Family, Origin};
pub use crypto::{Crypto, CryptoError, CryptoPair, CryptoSuite, MasterKey};
pub use description::{Media, MediaKind, OtherLine, SessionDescription};
pub use direction::Direction;
pub use error::{LineProblem, SdpError};
pub use negotiated::{AnswerError, Negotiated};
pub use offer::{OfferConfig, offer, offer_again};
pub use parse::{MAX_BYTES, MAX_LINES};
pub use redirect::redirect;
pub use transport::Transport;
