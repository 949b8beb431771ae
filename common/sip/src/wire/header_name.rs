//! Names of header fields.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::syntax;
use super::text::Text;

macro_rules! names {
    ($($variant:ident $name:literal $compact:literal;)*) => {
        /// The name of a header field. Case does not matter, and compact forms are the same name (RFC 3261 7.3.1, 7.3.3).
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum HeaderName {
            $(
                #[doc = concat!("`", $name, "`.")]
                $variant,
            )*
            /// A name that this crate does not know, in the spelling of the sender.
            Other(Text),
        }

        /// Every known name, in the order of the variants.
        const NAMES: &[&str] = &[$($name),*];

        /// The compact forms in the same order, 0 where there is none.
        const COMPACT: &[u8] = &[$($compact),*];

        /// The variants that have a name of their own, numbered as in `NAMES`.
        #[derive(Clone, Copy)]
        enum Position {
            $($variant),*
        }

        impl HeaderName {
            #[inline]
            fn by_index(index: usize) -> Option<HeaderName> {
                $(
                    if index == Position::$variant as usize {
                        return Some(HeaderName::$variant);
                    }
                )*
                None
            }

            /// The position in `NAMES`; `None` for other names.
            #[inline]
            pub(crate) fn index(&self) -> Option<usize> {
                match self {
                    $(HeaderName::$variant => Some(Position::$variant as usize),)*
                    HeaderName::Other(_) => None,
                }
            }
        }
    };
}

names! {
    Via "Via" b'v';
    From "From" b'f';
    To "To" b't';
    CallId "Call-ID" b'i';
    CSeq "CSeq" 0;
    Contact "Contact" b'm';
    MaxForwards "Max-Forwards" 0;
    Expires "Expires" 0;
    Route "Route" 0;
    RecordRoute "Record-Route" 0;
    Authorization "Authorization" 0;
    ProxyAuthorization "Proxy-Authorization" 0;
    WwwAuthenticate "WWW-Authenticate" 0;
    ProxyAuthenticate "Proxy-Authenticate" 0;
    AuthenticationInfo "Authentication-Info" 0;
    ContentType "Content-Type" b'c';
    ContentLength "Content-Length" b'l';
    ContentEncoding "Content-Encoding" b'e';
    ContentDisposition "Content-Disposition" 0;
    ContentLanguage "Content-Language" 0;
    MimeVersion "MIME-Version" 0;
    Accept "Accept" 0;
    AcceptEncoding "Accept-Encoding" 0;
    AcceptLanguage "Accept-Language" 0;
    AcceptContact "Accept-Contact" b'a';
    RejectContact "Reject-Contact" b'j';
    RequestDisposition "Request-Disposition" b'd';
    AlertInfo "Alert-Info" 0;
    Allow "Allow" 0;
    AllowEvents "Allow-Events" b'u';
    CallInfo "Call-Info" 0;
    Date "Date" 0;
    ErrorInfo "Error-Info" 0;
    Diversion "Diversion" 0;
    Event "Event" b'o';
    FlowTimer "Flow-Timer" 0;
    HistoryInfo "History-Info" 0;
    Identity "Identity" b'y';
    InReplyTo "In-Reply-To" 0;
    InfoPackage "Info-Package" 0;
    MinExpires "Min-Expires" 0;
    MinSe "Min-SE" 0;
    Organization "Organization" 0;
    PAssertedIdentity "P-Asserted-Identity" 0;
    PPreferredIdentity "P-Preferred-Identity" 0;
    Path "Path" 0;
    Priority "Priority" 0;
    Privacy "Privacy" 0;
    ProxyRequire "Proxy-Require" 0;
    RAck "RAck" 0;
    Reason "Reason" 0;
    RecvInfo "Recv-Info" 0;
    ReferSub "Refer-Sub" 0;
    ReferTo "Refer-To" b'r';
    ReferredBy "Referred-By" b'b';
    Replaces "Replaces" 0;
    ReplyTo "Reply-To" 0;
    Require "Require" 0;
    RetryAfter "Retry-After" 0;
    RSeq "RSeq" 0;
    Server "Server" 0;
    ServiceRoute "Service-Route" 0;
    SessionExpires "Session-Expires" b'x';
    SipEtag "SIP-ETag" 0;
    SipIfMatch "SIP-If-Match" 0;
    Subject "Subject" b's';
    SubscriptionState "Subscription-State" 0;
    Supported "Supported" b'k';
    TargetDialog "Target-Dialog" 0;
    Timestamp "Timestamp" 0;
    Unsupported "Unsupported" 0;
    UserAgent "User-Agent" 0;
    Warning "Warning" 0;
}

/// Slots of the hash table over the known names: a power of two well above their count, so that probes stay short.
const SLOTS: usize = 256;

/// A free slot.
const FREE: u8 = u8::MAX;

/// Known names by the hash of their spelling.
static TABLE: [u8; SLOTS] = table();

const fn slot(name: &[u8]) -> usize {
    let length = name.len();
    let first = name[0] | 0x20;
    let middle = name[length / 2] | 0x20;
    let last = name[length - 1] | 0x20;
    (length * 7 + first as usize * 31 + middle as usize * 5 + last as usize * 97) % SLOTS
}

const fn table() -> [u8; SLOTS] {
    let mut table = [FREE; SLOTS];
    let mut index = 0;
    while index < NAMES.len() {
        let mut at = slot(NAMES[index].as_bytes());
        while table[at] != FREE {
            at = (at + 1) % SLOTS;
        }
        table[at] = index as u8;
        index += 1;
    }
    table
}

/// Known names by their compact form.
static COMPACT_TABLE: [u8; 128] = compact_table();

const fn compact_table() -> [u8; 128] {
    let mut table = [FREE; 128];
    let mut index = 0;
    while index < COMPACT.len() {
        if COMPACT[index] != 0 {
            table[COMPACT[index] as usize] = index as u8;
        }
        index += 1;
    }
    table
}

impl HeaderName {
    /// The long form in its usual spelling; other names as the sender spelled them.
    pub fn as_str(&self) -> &str {
        match self {
            HeaderName::Other(name) => name,
            known => known.index().map_or("", |index| NAMES[index]),
        }
    }

    /// Reads a name in its long or compact form; `None` when `name` is not a token.
    pub fn parse(name: &str) -> Option<HeaderName> {
        match HeaderName::known(name.as_bytes()) {
            Some(known) => Some(known),
            None if syntax::is_token(name) => Some(HeaderName::Other(Text::from(name))),
            None => None,
        }
    }

    /// The known name that `name` spells.
    #[inline]
    pub(crate) fn known(name: &[u8]) -> Option<HeaderName> {
        let index = match name {
            [] => return None,
            [letter] => *COMPACT_TABLE.get(usize::from(letter.to_ascii_lowercase()))?,
            _ => {
                let mut at = slot(name);
                loop {
                    let index = TABLE[at];
                    if index == FREE {
                        return None;
                    }
                    let known = NAMES[usize::from(index)].as_bytes();
                    // Nearly everybody spells names as the RFC does, and that is compared faster.
                    if known == name || known.eq_ignore_ascii_case(name) {
                        break index;
                    }
                    at = (at + 1) % SLOTS;
                }
            }
        };
        HeaderName::by_index(usize::from(index))
    }
}

/// Reads a name; characters that a token may not hold become `-`, so that nothing can be smuggled into a message.
impl std::convert::From<&str> for HeaderName {
    fn from(name: &str) -> HeaderName {
        HeaderName::parse(name)
            .unwrap_or_else(|| HeaderName::Other(Text::from(syntax::to_token(name))))
    }
}

impl PartialEq for HeaderName {
    #[inline]
    fn eq(&self, other: &HeaderName) -> bool {
        match (self, other) {
            (HeaderName::Other(one), HeaderName::Other(two)) => one.eq_ignore_ascii_case(two),
            _ => self.index() == other.index(),
        }
    }
}

impl Eq for HeaderName {}

impl Hash for HeaderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            HeaderName::Other(name) => {
                for byte in name.bytes() {
                    state.write_u8(byte.to_ascii_lowercase());
                }
            }
            known => known.index().hash(state),
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_found_in_any_case() {
        for (index, name) in NAMES.iter().enumerate() {
            for spelling in [name.to_string(), name.to_uppercase(), name.to_lowercase()] {
                let found = HeaderName::parse(&spelling).unwrap();
                assert_eq!(found.index(), Some(index), "{spelling}");
                assert_eq!(found.as_str(), *name);
            }
        }
    }

    #[test]
    fn compact_forms_are_the_same_names() {
        for (letter, name) in [
            ("v", HeaderName::Via),
            ("F", HeaderName::From),
            ("t", HeaderName::To),
            ("i", HeaderName::CallId),
            ("M", HeaderName::Contact),
            ("l", HeaderName::ContentLength),
            ("c", HeaderName::ContentType),
            ("k", HeaderName::Supported),
            ("s", HeaderName::Subject),
            ("o", HeaderName::Event),
            ("x", HeaderName::SessionExpires),
        ] {
            assert_eq!(HeaderName::parse(letter), Some(name));
        }
        assert!(matches!(HeaderName::parse("z"), Some(HeaderName::Other(_))));
    }

    #[test]
    fn unknown_names_keep_their_spelling_and_ignore_case() {
        let name = HeaderName::parse("X-CarRier").unwrap();
        assert_eq!(name.as_str(), "X-CarRier");
        assert_eq!(name, HeaderName::from("x-carrier"));
        assert_ne!(name, HeaderName::Via);
    }

    #[test]
    fn what_is_no_token_is_no_name() {
        assert_eq!(HeaderName::parse("X Y"), None);
        assert_eq!(HeaderName::parse(""), None);
        assert_eq!(HeaderName::from("X\r\nVia: y").as_str(), "X--Via--y");
    }
}
