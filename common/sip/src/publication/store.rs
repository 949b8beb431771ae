//! What has been published at a server: states with entity tags that expire (RFC 3903 section 6).

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;
use smallvec::SmallVec;

use crate::endpoint::Random;
use crate::{
    Expires, HeaderError, HeaderName, Headers, MinExpires, Request, RetryAfter, SipEtag,
    SipIfMatch, StatusCode, Text,
};

/// Bounds on what is kept, and on how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicationLimits {
    /// States at once.
    pub total: usize,
    /// States of one resource and package at once: one for each of its devices.
    pub per_resource: usize,
    /// The longest body, in bytes.
    pub body_bytes: usize,
    /// A shorter life gets 423, in seconds.
    pub least_seconds: u32,
    /// A longer life is shortened to this, which is also that of requests without Expires, in seconds.
    pub most_seconds: u32,
}

impl Default for PublicationLimits {
    fn default() -> Self {
        // A presence document has one or two kilobytes.
        Self {
            total: 20_000,
            per_resource: 16,
            body_bytes: 16 * 1024,
            least_seconds: 60,
            most_seconds: 3600,
        }
    }
}

/// One published state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// The name that the next PUBLISH of its publisher has to give.
    pub tag: Text,
    /// The kind of the body: a value of Content-Type.
    pub content_type: Option<Text>,
    /// The state itself.
    pub body: Bytes,
    /// When it is forgotten.
    pub expires_at: Instant,
}

/// What a PUBLISH has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// There is a new state.
    Created,
    /// A state lives longer; nobody needs to be told.
    Refreshed,
    /// A state is another one now.
    Modified,
    /// A state is gone.
    Removed,
}

/// An accepted PUBLISH.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// What it has done.
    pub change: Change,
    /// The new name of the state; each PUBLISH makes one.
    pub tag: Text,
    /// The life that was granted, in seconds.
    pub expires_seconds: u32,
}

impl Published {
    /// The headers of the 200.
    pub fn headers(&self) -> Headers {
        let mut headers = Headers::new();
        headers.push_typed(&SipEtag(self.tag.clone()));
        headers.push_typed(&Expires(self.expires_seconds));
        headers
    }
}

/// Why a PUBLISH is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PublishError {
    /// A header cannot be read.
    #[error("the PUBLISH cannot be understood: {0}")]
    Malformed(#[from] HeaderError),
    /// Neither a state nor the name of one.
    #[error("the PUBLISH carries no state and names none; send a body")]
    Empty,
    /// The named state is not there, or no longer.
    #[error("the PUBLISH names a state that is not there; publish it as new")]
    NoSuchState,
    /// The life is too short.
    #[error("the PUBLISH asks for a life of less than {least_seconds} s; ask for more")]
    TooBrief {
        /// The shortest one, in seconds.
        least_seconds: u32,
    },
    /// The body is too long.
    #[error("the published state is too long; publish less")]
    TooLarge,
    /// There is no room.
    #[error("there is no room for another published state; try again later")]
    Full,
}

impl PublishError {
    /// The status to answer with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) | Self::Empty => StatusCode::BAD_REQUEST,
            Self::NoSuchState => StatusCode::CONDITIONAL_REQUEST_FAILED,
            Self::TooBrief { .. } => StatusCode::INTERVAL_TOO_BRIEF,
            Self::TooLarge => StatusCode::REQUEST_ENTITY_TOO_LARGE,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The headers of that answer.
    pub fn headers(&self) -> Headers {
        let mut headers = Headers::new();
        match self {
            Self::TooBrief { least_seconds } => headers.push_typed(&MinExpires(*least_seconds)),
            Self::Full => headers.push_typed(&RetryAfter::seconds(60)),
            _ => {}
        }
        headers
    }
}

/// Resource and event package.
type Place = (Text, Text);

/// The states that have been published at a server. The owner authenticates the publisher, knows
/// which packages there are (489) and what bodies they have (415), and calls
/// [`expire`](Self::expire) when [`next_expiry`](Self::next_expiry) is reached.
///
/// ```
/// use std::time::Instant;
/// use sip::{HeaderName, Method, PublicationLimits, PublicationStore, Request};
///
/// let mut store = PublicationStore::new(PublicationLimits::default(), [7; 32]);
/// let mut publish = Request::new(Method::Publish, "sip:alice@example.com".parse().unwrap());
/// publish.headers.push(HeaderName::ContentType, "application/pidf+xml");
/// publish.body = "<presence/>".into();
/// let published = store.publish(Instant::now(), "alice", "presence", &publish)?;
/// assert_eq!(published.expires_seconds, 3600);
/// assert_eq!(store.documents("alice", "presence").count(), 1);
/// # Ok::<(), sip::PublishError>(())
/// ```
#[derive(Debug)]
pub struct PublicationStore {
    limits: PublicationLimits,
    random: Random,
    entries: HashMap<u64, (Place, Document)>,
    places: HashMap<Place, SmallVec<[u64; 1]>>,
    expiries: BTreeSet<(Instant, u64)>,
    last: u64,
}

impl PublicationStore {
    /// An empty table. The entity tags follow from the seed; they must not be guessable.
    pub fn new(limits: PublicationLimits, seed: [u8; 32]) -> Self {
        Self {
            limits,
            random: Random::new(seed),
            entries: HashMap::new(),
            places: HashMap::new(),
            expiries: BTreeSet::new(),
            last: 0,
        }
    }

    /// Does what a PUBLISH of `package` for `resource` asks for.
    ///
    /// # Errors
    /// [`PublishError`] knows the answer to give; nothing has changed then.
    pub fn publish(
        &mut self,
        now: Instant,
        resource: &str,
        package: &str,
        request: &Request,
    ) -> Result<Published, PublishError> {
        let seconds = match request.headers.typed::<Expires>()? {
            Some(Expires(seconds)) => seconds.min(self.limits.most_seconds),
            None => self.limits.most_seconds,
        };
        let named = match request.headers.typed::<SipIfMatch>()? {
            Some(SipIfMatch(tag)) => {
                let found = self.find(now, resource, package, &tag);
                Some(found.ok_or(PublishError::NoSuchState)?)
            }
            None => None,
        };
        if seconds > 0 && seconds < self.limits.least_seconds {
            let least_seconds = self.limits.least_seconds;
            return Err(PublishError::TooBrief { least_seconds });
        }
        if request.body.len() > self.limits.body_bytes {
            return Err(PublishError::TooLarge);
        }
        let tag = self.random.tag();
        let done = |change, tag| {
            Ok(Published {
                change,
                tag,
                expires_seconds: seconds,
            })
        };
        let document = Document {
            tag: tag.clone(),
            content_type: request.headers.get(&HeaderName::ContentType).cloned(),
            body: request.body.clone(),
            expires_at: now + Duration::from_secs(u64::from(seconds)),
        };
        match named {
            Some(entry) if seconds == 0 => {
                self.remove(entry);
                done(Change::Removed, tag)
            }
            Some(entry) if document.body.is_empty() => {
                self.touch(entry, |old| Document {
                    content_type: old.content_type,
                    body: old.body,
                    ..document
                });
                done(Change::Refreshed, tag)
            }
            Some(entry) => {
                self.touch(entry, |_| document);
                done(Change::Modified, tag)
            }
            None if document.body.is_empty() => Err(PublishError::Empty),
            // Something that lives for no time: created and gone.
            None if seconds == 0 => done(Change::Removed, tag),
            None => {
                self.expire_place(now, resource, package);
                self.insert(resource, package, document)?;
                done(Change::Created, tag)
            }
        }
    }

    /// What is published of a resource in a package, the oldest first.
    pub fn documents(&self, resource: &str, package: &str) -> impl Iterator<Item = &Document> {
        let place = (Text::from(resource), Text::from(package));
        let found = self.places.get(&place).map(SmallVec::as_slice);
        let found = found.unwrap_or_default().iter();
        found.filter_map(|entry| Some(&self.entries.get(entry)?.1))
    }

    /// Forgets what has expired by `now`; tells of what resource and package each was.
    pub fn expire(&mut self, now: Instant) -> Vec<(Text, Text)> {
        let mut gone = Vec::new();
        while let Some((at, entry)) = self.expiries.first().copied() {
            if at > now {
                break;
            }
            gone.extend(self.remove(entry));
        }
        gone
    }

    /// When the next state expires.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.expiries.first().map(|(at, _)| *at)
    }

    /// How many states there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn find(&self, now: Instant, resource: &str, package: &str, tag: &str) -> Option<u64> {
        let place = (Text::from(resource), Text::from(package));
        let found = self.places.get(&place)?.iter().find(|entry| {
            let document = self.entries.get(entry).map(|(_, document)| document);
            document.is_some_and(|one| one.tag == tag && one.expires_at > now)
        });
        found.copied()
    }

    fn insert(
        &mut self,
        resource: &str,
        package: &str,
        document: Document,
    ) -> Result<(), PublishError> {
        let place = (Text::from(resource), Text::from(package));
        let count = self.places.get(&place).map_or(0, SmallVec::len);
        if self.entries.len() >= self.limits.total || count >= self.limits.per_resource {
            return Err(PublishError::Full);
        }
        self.last += 1;
        self.expiries.insert((document.expires_at, self.last));
        self.places
            .entry(place.clone())
            .or_default()
            .push(self.last);
        self.entries.insert(self.last, (place, document));
        Ok(())
    }

    fn touch(&mut self, entry: u64, change: impl FnOnce(Document) -> Document) {
        if let Some((place, old)) = self.entries.remove(&entry) {
            self.expiries.remove(&(old.expires_at, entry));
            let document = change(old);
            self.expiries.insert((document.expires_at, entry));
            self.entries.insert(entry, (place, document));
        }
    }

    fn remove(&mut self, entry: u64) -> Option<Place> {
        let (place, document) = self.entries.remove(&entry)?;
        self.expiries.remove(&(document.expires_at, entry));
        if let Some(list) = self.places.get_mut(&place) {
            list.retain(|other| *other != entry);
            if list.is_empty() {
                self.places.remove(&place);
            }
        }
        Some(place)
    }

    /// Makes room for a device that comes back: what has expired does not count.
    fn expire_place(&mut self, now: Instant, resource: &str, package: &str) {
        let old: Vec<u64> = {
            let place = (Text::from(resource), Text::from(package));
            let list = self.places.get(&place).map(SmallVec::as_slice);
            let list = list.unwrap_or_default().iter().copied();
            list.filter(|entry| {
                let document = self.entries.get(entry).map(|(_, document)| document);
                document.is_some_and(|one| one.expires_at <= now)
            })
            .collect()
        };
        for entry in old {
            self.remove(entry);
        }
    }
}

#[cfg(test)]
mod tests;
