//! The names by which an application and its endpoint speak of calls, requests, registrations,
//! subscriptions and publications.

use std::fmt;

macro_rules! identity {
    ($(#[$documentation:meta])* $name:ident, $word:literal) => {
        $(#[$documentation])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(u64);

        impl $name {
            pub(crate) fn from_number(number: u64) -> Self {
                Self(number)
            }

            /// The plain number, for logs.
            pub fn number(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!($word, "-{}"), self.0)
            }
        }
    };
}

identity!(
    /// One leg of a call: everything between this endpoint and one peer from the first INVITE to
    /// the end. Made by [`Endpoint::next_leg`](super::Endpoint::next_leg) for outgoing calls and by
    /// the endpoint itself for incoming ones; never used twice.
    LegId,
    "leg"
);

identity!(
    /// One request that is not an INVITE, sent or received. Made by
    /// [`Endpoint::next_request`](super::Endpoint::next_request) for what the application sends and
    /// by the endpoint itself for what arrives; never used twice.
    RequestId,
    "request"
);

identity!(
    /// One registration that the endpoint keeps alive. Made by
    /// [`Endpoint::next_registration`](super::Endpoint::next_registration).
    RegistrationId,
    "registration"
);

identity!(
    /// One subscription, ours or somebody's with us. Made by
    /// [`Endpoint::next_subscription`](super::Endpoint::next_subscription) for those that the
    /// application asks for and by the endpoint itself for those that arrive; never used twice.
    SubscriptionId,
    "subscription"
);

identity!(
    /// One state that the endpoint keeps published. Made by
    /// [`Endpoint::next_publication`](super::Endpoint::next_publication).
    PublicationId,
    "publication"
);
