//! SIP without input or output: messages, transactions, dialogs, calls, registrations, subscriptions,
//! publications, digest.
//!
//! Nothing here opens a socket, reads a clock, starts a thread or asks for randomness. `now` and a `seed` come in,
//! bytes and events come out, so every behaviour can be tested in virtual time.
//!
//! # Layers
//!
//! | module | what it knows | RFC |
//! |---|---|---|
//! | [`wire`] | messages as bytes and as values, stream framing | 3261 7, 18.3, 19, 20, 25; 3581; 5626 3.5.1; 2046; headers of 3262, 3323, 3325 to 3327, 3515, 3608, 3891, 3892, 3903, 4028, 4488, 4538, 5626, 5806, 6086, 6665, 7044 |
//! | [`digest`] | challenges and their answers | 7616, 8760, 2617 |
//! | [`endpoint`] | transactions, dialogs, calls, and the [`Endpoint`] that everything below is driven by | 3261 8 to 17, 6026, 3262, 3311, 4028, 3326, 6432 |
//! | `registration` | keeping a device registered, also over flows that have to be kept | 3261 10, 5626, 3327, 3608 |
//! | [`subscription`] | being told, and telling: SUBSCRIBE, NOTIFY, REFER and its reports | 6665, 3515, 3420, 4488, 3892, 5057 |
//! | [`publication`] | state that a server keeps for those who subscribe to it | 3903 |
//! | `endpoint` again | calls that replace others; MESSAGE, INFO, OPTIONS | 3891, 3428, 6086, 3261 11 |
//! | `rsip` | conversions to and from the messages of that crate, with the feature of that name | |
//! | [`locate`] | the servers behind a URI | 3263, 2782, 3403, 7984 |
//!
//! # Rules of the wire
//!
//! - [`Message::parse`] takes the start line apart and finds the headers; values stay text that shares the memory of
//!   the message until somebody asks for a type: [`Headers::typed`], [`Headers::required`], [`Headers::typed_list`].
//! - What parses has exactly one From, To, Call-ID and CSeq, and at least one Via. [`Request::check`] reads every
//!   other header that somebody on the way of a request must understand; a malformed Date or Subject is no reason to
//!   refuse a call (RFC 3261 8.2), and is noticed by whoever asks for it.
//! - What does not parse gives a [`ParseError`]: it names the header that is wrong, and knows the response to send, or
//!   that silence is right.
//! - Headers that nobody here understands go through as they came. Names print in their usual spelling, long form.
//! - Nothing that is put into a message can break out of its header: line breaks become spaces.
//! - The printer writes the true Content-Length, whatever the headers say.
//! - A lone CR or LF, a second length that contradicts the first, or a stream without length is refused, never guessed:
//!   two readers must not see two messages. Otherwise what is harmless is read leniently.
//! - Secrets and digests are hidden from `Debug`.
//!
//! # What the core does, and what its owner does
//!
//! The core sends, repeats, acknowledges, refreshes, numbers, finds out what a message belongs to, and
//! refuses what no application could want: unknown methods (405, 501), extensions (420), event packages
//! (489), INFO packages (469), bodies (415), calls and subscriptions that are not there (481), and more
//! than [`Capacity`] holds (503). The owner decides who may do what (401, 403, 423), and knows what the
//! bodies mean.
//!
//! | to | give | and obey |
//! |---|---|---|
//! | call | [`Input::Invite`], [`Input::Acknowledge`], [`Input::Hangup`] | [`Event::Progress`], [`Event::Answered`], [`Event::Ended`] |
//! | be called | [`Input::Progress`], [`Input::Accept`], [`Input::Reject`] | [`Event::Incoming`], [`Event::Acknowledged`], [`Event::Ended`] |
//! | change a session | [`Input::Reinvite`] | [`Event::Answered`], [`Event::ReofferAccepted`], [`Event::ReofferRefused`] |
//! | let it be changed | [`Input::Accept`], [`Input::Reject`] | [`Event::Reoffer`] |
//! | be reachable | [`Input::Register`] | [`Event::Registered`], [`Event::RegistrationFailed`] |
//! | watch somebody | [`Input::Subscribe`], [`Input::SubscribeInCall`] | [`Event::Notified`], [`Event::SubscriptionEnded`] |
//! | be watched | [`Input::AcceptSubscription`], [`Input::Notify`] | [`Event::SubscriptionRequested`], [`Event::SubscriptionEnded`] |
//! | transfer a call | [`Input::Refer`], [`Input::ReferOutsideCall`] | [`Event::Notified`] with a [`Sipfrag`] |
//! | be transferred | [`Input::AcceptSubscription`], [`Input::Invite`], [`Input::Notify`], [`Input::EndSubscription`] | [`Event::SubscriptionRequested`] with a REFER |
//! | take over a call | [`Input::Accept`] and [`Input::Hangup`] of the other | [`Event::Incoming`] that names it; [`Endpoint::leg_of`] |
//! | publish a state | [`Input::Publish`] | [`Event::Published`], [`Event::PublicationFailed`] |
//! | outlive the process | [`Endpoint::snapshot_of`], [`Input::RestoreLeg`] | [`Endpoint::take_changed`] |
//! | keep states for others | [`PublicationStore`] | [`Event::Request`] with a PUBLISH |
//! | send a text | [`Input::Request`] with MESSAGE | [`Event::Response`] |
//!
//! # Offers and answers
//!
//! - Only what travels reliably is an offer or an answer: INVITE and its 2xx, a provisional answer that was
//!   acknowledged with PRACK (RFC 3262), PRACK, UPDATE (RFC 3311), ACK. The core keeps the last description of
//!   either side, and knows when a new offer may go out: it waits, crosses, and is made again by itself.
//! - Each phone that a forked INVITE reaches has a dialog of its own, with its own PRACKs and UPDATEs, until the first
//!   2xx decides; whoever answers later is thanked and hung up on.
//! - [`Config::reliable_provisionals`] says when our own provisional answers are reliable. The 2xx waits for the
//!   PRACK of one that carries a description.
//! - [`Config::session_timer`] makes both sides prove that they are there (RFC 4028). The interval, who refreshes, and
//!   the refreshes themselves, by UPDATE or by a re-INVITE with the last description, are the core's affair; the
//!   application learns only that a call ended with [`EndCause::SessionExpired`].
//! - A B2BUA passes on: Progress as Progress, Answered as Accept, Reoffer as Reinvite; and Answered,
//!   ReofferAccepted or ReofferRefused as the Accept or Reject of the Reoffer, before anything else in that leg.
//!
//! # Example
//!
//! ```
//! use sip::{CSeq, FromHeader, Message, Method, Response, StatusCode, ToHeader};
//!
//! let datagram = bytes::Bytes::from_static(
//!     b"OPTIONS sip:bob@example.com SIP/2.0\r\n\
//!       Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds\r\n\
//!       f: \"Alice\" <sip:alice@example.com>;tag=1928301774\r\n\
//!       t: <sip:bob@example.com>\r\n\
//!       Call-ID: a84b4c76e66710@192.0.2.1\r\n\
//!       CSeq: 63104 OPTIONS\r\n\
//!       \r\n",
//! );
//! let Message::Request(request) = Message::parse(datagram)? else { panic!("a request was expected") };
//! assert_eq!(request.method, Method::Options);
//! assert_eq!(request.uri.user.as_deref(), Some("bob"));
//! let from: FromHeader = request.headers.required()?;
//! assert_eq!(from.display_name.as_deref(), Some("Alice"));
//! assert_eq!(request.headers.required::<CSeq>()?.number, 63104);
//!
//! let mut response = Response::to(&request, StatusCode::OK);
//! let to: ToHeader = request.headers.required()?;
//! response.headers.set_typed(&ToHeader(to.0.with_tag("3413")));
//! assert!(response.to_bytes().starts_with(b"SIP/2.0 200 OK\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod dialog;
pub mod digest;
pub mod endpoint;
pub mod locate;
mod outbound;
pub mod publication;
mod registration;
#[cfg(feature = "rsip")]
pub mod rsip;
mod snapshot;
pub mod subscription;
mod transaction;
pub mod wire;

pub use digest::{
    Algorithm, Authenticator, Claim, Ha1, LoginHash, NonceLimits, Offer, Secret, Unproven, Verdict,
    answer, respond, strongest, user_hash, verify,
};
pub use endpoint::{
    BadMessage, Capacity, ClientCredential, Config, EndCause, Endpoint, Event, Failure, HostPort,
    Input, LegId, Population, PublicationFailure, PublicationId, RegistrationFailure,
    RegistrationId, ReliableProvisionals, RequestId, RetryDelay, SessionTimer, SubscriptionId,
    Timers, Transmit,
};
pub use outbound::{FlowKey, FlowMac, FlowToken, ForgedToken};
pub use publication::{
    Change, Document, PublicationLimits, PublicationStore, PublishError, Published,
};
pub use registration::READS_ROOMS;
pub use snapshot::LegSnapshot;
pub use subscription::{Sipfrag, SubscriptionEnd};
pub use wire::headers::*;
pub use wire::*;
