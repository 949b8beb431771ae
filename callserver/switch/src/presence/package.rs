//! The event packages that phones can subscribe to.

use sip::{Accept, EventHeader, HeaderName, Request};

/// What somebody wants to be told of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Package {
    /// What somebody is (RFC 3856).
    Presence,
    /// Somebody's calls, for busy lamps (RFC 4235).
    Dialog,
    /// Who watches one's own presence (RFC 3857).
    Watchers,
    /// How many messages wait for oneself (RFC 3842).
    Messages,
}

impl Package {
    pub(crate) const ALL: [Package; 4] = [
        Package::Presence,
        Package::Dialog,
        Package::Watchers,
        Package::Messages,
    ];

    /// As the Event header calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Package::Presence => "presence",
            Package::Dialog => "dialog",
            Package::Watchers => "presence.winfo",
            Package::Messages => "message-summary",
        }
    }

    /// Its kind of body.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Package::Presence => "application/pidf+xml",
            Package::Dialog => "application/dialog-info+xml",
            Package::Watchers => "application/watcherinfo+xml",
            Package::Messages => "application/simple-message-summary",
        }
    }

    /// Whether it is about the subscriber alone.
    pub(super) fn is_private(self) -> bool {
        matches!(self, Package::Watchers | Package::Messages)
    }

    /// The package that a SUBSCRIBE names.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let event = request.headers.typed::<EventHeader>().ok()??;
        let mut all = Package::ALL.into_iter();
        all.find(|package| event.package == package.name())
    }

    /// Whether the subscriber reads its bodies: whoever says nothing does (RFC 6665 section 8.2.1 leaves it to the
    /// package, and each has one kind of body).
    pub(super) fn is_accepted_by(self, request: &Request) -> bool {
        if !request.headers.has(&HeaderName::Accept) {
            return true;
        }
        let Ok(ranges) = request.headers.typed_list::<Accept>() else {
            return false;
        };
        let (kind, subtype) = self.content_type().split_once('/').unwrap_or_default();
        let mut ranges = ranges.iter();
        ranges.any(|range| range.q() > 0 && range.covers(kind, subtype))
    }
}
