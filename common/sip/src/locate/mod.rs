//! Finding the server behind a URI (RFC 3263): which transport, which addresses, in which order.
//!
//! Nothing here asks the DNS. A [`Location`] tells what it must know ([`Location::poll_question`]), is told what was found
//! ([`Location::answer`]), and when it has no more questions it has a list of [`Target`]s, best first. Who tries them asks the
//! [`Blacklist`] to put those that failed a moment ago behind the others.
//!
//! | the URI says | what is asked |
//! |---|---|
//! | an address, or a name and a port | nothing, or A and AAAA |
//! | a name and a `transport` | SRV of that transport, else A and AAAA |
//! | a name alone | NAPTR, then SRV of what it names, else SRV of every transport that we speak, else A and AAAA |
//!
//! `maddr` stands for the host wherever it is written. `sips` only goes where TLS is.
//!
//! ```
//! use sip::Uri;
//! use sip::locate::{Location, Preferences, Question, Records};
//!
//! let uri = Uri::parse("sip:bob@example.com:5070").expect("a URI");
//! let mut location = Location::new(&uri, &Preferences::default(), [0; 32])?;
//! while let Some(question) = location.poll_question() {
//!     let found = match question {
//!         Question::A { .. } => Records::Addresses(vec!["192.0.2.1".parse().expect("an address")]),
//!         _ => Records::None,
//!     };
//!     location.answer(&question, found);
//! }
//! let targets = location.targets();
//! assert_eq!(targets[0].address, "192.0.2.1:5070".parse().expect("an address"));
//! # Ok::<(), sip::locate::LocateError>(())
//! ```

mod blacklist;
mod location;
mod records;
mod service;
#[cfg(test)]
mod tests;
mod weight;

pub use blacklist::Blacklist;
pub use location::{LocateError, Location, Preferences, Target};
pub use records::{Naptr, Question, Records, Srv};
