//! The header fields of a message, in order.

use std::fmt;

use thiserror::Error;

use super::header_name::HeaderName;
use super::syntax;
use super::text::Text;

/// Why a header cannot be understood. The value is not kept: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the {name} header {problem}")]
pub struct HeaderError {
    /// The header.
    pub name: HeaderName,
    /// What is wrong, as the end of a sentence: `has no tag`.
    pub problem: &'static str,
}

impl HeaderError {
    /// An error about the header `name`; `problem` ends the sentence "the NAME header …".
    pub const fn new(name: HeaderName, problem: &'static str) -> HeaderError {
        HeaderError { name, problem }
    }
}

/// How often a header may stand in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// At most once.
    Once,
    /// Any number of times, one value each.
    Repeated,
    /// Any number of times, with comma-separated values.
    List,
}

/// A header that this crate understands.
pub trait TypedHeader: Sized {
    /// The name it is found under.
    const NAME: HeaderName;

    /// How often it may stand in a message.
    const OCCURS: Occurs = Occurs::Once;

    /// Reads one value.
    ///
    /// # Errors
    /// [`HeaderError`] tells what is malformed.
    fn parse(value: &Text) -> Result<Self, HeaderError>;

    /// Appends the value as it stands in a message.
    fn print(&self, out: &mut String);

    /// The error of this header.
    fn malformed(problem: &'static str) -> HeaderError {
        HeaderError::new(Self::NAME, problem)
    }

    /// The value as text.
    fn to_text(&self) -> Text {
        // Most values are shorter; growing from nothing would move them several times.
        let mut out = String::with_capacity(128);
        self.print(&mut out);
        Text::from(out)
    }
}

/// One header field.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// The name.
    pub name: HeaderName,
    /// The value, unfolded and without white space at its ends.
    pub value: Text,
}

/// The header fields of a message in their order.
///
/// Values stay text until somebody asks for a typed one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// No headers.
    pub const fn new() -> Headers {
        Headers(Vec::new())
    }

    /// No headers yet, and room for `count`.
    pub(crate) fn with_capacity(count: usize) -> Headers {
        Headers(Vec::with_capacity(count))
    }

    /// Appends what the parser has read; it holds no line breaks.
    #[inline]
    pub(crate) fn push_parsed(&mut self, name: HeaderName, value: Text) {
        self.0.push(Header { name, value });
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All fields in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// The first value of a header.
    #[inline]
    pub fn get(&self, name: &HeaderName) -> Option<&Text> {
        self.0
            .iter()
            .find(|header| header.name == *name)
            .map(|header| &header.value)
    }

    /// Whether the header is there.
    pub fn has(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// All values of a header, one for each field; comma lists are not taken apart.
    pub fn all<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a Text> + use<'a> {
        // A clone costs nothing, and the caller need not keep the name.
        let name = name.clone();
        self.0
            .iter()
            .filter(move |header| header.name == name)
            .map(|header| &header.value)
    }

    /// Appends a field. Line breaks in the value become spaces: nobody can smuggle in a header.
    pub fn push(&mut self, name: HeaderName, value: impl Into<Text>) {
        self.0.push(clean(name, value.into()));
    }

    /// Inserts a field before all others.
    pub fn push_front(&mut self, name: HeaderName, value: impl Into<Text>) {
        self.0.insert(0, clean(name, value.into()));
    }

    /// Replaces all fields of that name by one, which takes the place of the first.
    pub fn set(&mut self, name: HeaderName, value: impl Into<Text>) {
        let new = clean(name, value.into());
        match self.0.iter().position(|header| header.name == new.name) {
            None => self.0.push(new),
            Some(place) => {
                let mut index = 0;
                self.0.retain(|header| {
                    index += 1;
                    index <= place + 1 || header.name != new.name
                });
                self.0[place] = new;
            }
        }
    }

    /// Removes all fields of that name; tells how many there were.
    pub fn remove(&mut self, name: &HeaderName) -> usize {
        let before = self.0.len();
        self.0.retain(|header| header.name != *name);
        before - self.0.len()
    }

    /// Removes the first value of a header, which may be the first of a comma list, and gives it back.
    ///
    /// This is how a server takes its own Via or Route off a message.
    pub fn pop_first(&mut self, name: &HeaderName) -> Option<Text> {
        let place = self.0.iter().position(|header| header.name == *name)?;
        let value = self.0[place].value.clone();
        match syntax::split_outside(&value, b',') {
            Some((first, Some(rest))) => {
                self.0[place].value = value.share(syntax::trim(rest));
                Some(value.share(syntax::trim(first)))
            }
            _ => {
                self.0.remove(place);
                Some(value)
            }
        }
    }

    /// The typed value of a header, the first one of a list.
    ///
    /// # Errors
    /// [`HeaderError`] when the value is malformed, or when a header that may stand once stands twice.
    pub fn typed<T: TypedHeader>(&self) -> Result<Option<T>, HeaderError> {
        let mut values = self.all(&T::NAME);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        match T::OCCURS {
            Occurs::Once if values.next().is_some() => Err(T::malformed("stands more than once")),
            Occurs::Once | Occurs::Repeated => T::parse(value).map(Some),
            Occurs::List => {
                let (first, _) = syntax::split_outside(value, b',')
                    .ok_or_else(|| T::malformed("has an open quote or bracket"))?;
                T::parse(&value.share(syntax::trim(first))).map(Some)
            }
        }
    }

    /// As [`Headers::typed`], for a header that must be there.
    ///
    /// # Errors
    /// [`HeaderError`] also when there is none.
    pub fn required<T: TypedHeader>(&self) -> Result<T, HeaderError> {
        self.typed()?.ok_or_else(|| T::malformed("is missing"))
    }

    /// All typed values of a header, comma lists taken apart.
    ///
    /// # Errors
    /// [`HeaderError`] when one of them is malformed.
    pub fn typed_list<T: TypedHeader>(&self) -> Result<Vec<T>, HeaderError> {
        let mut list = Vec::new();
        for value in self.all(&T::NAME) {
            each_value(value, |typed| list.push(typed))?;
        }
        Ok(list)
    }

    /// Reads one field of a header and keeps nothing of it.
    pub(crate) fn check_value<T: TypedHeader>(value: &Text) -> Result<(), HeaderError> {
        each_value::<T>(value, drop)
    }

    /// Appends a typed value as a field of its own.
    pub fn push_typed<T: TypedHeader>(&mut self, value: &T) {
        self.push(T::NAME, value.to_text());
    }

    /// Inserts a typed value before all other fields.
    pub fn push_front_typed<T: TypedHeader>(&mut self, value: &T) {
        self.push_front(T::NAME, value.to_text());
    }

    /// Puts a typed value in the place of the first one of its header, which may be the first of a comma list.
    pub(crate) fn replace_first_typed<T: TypedHeader>(&mut self, value: &T) {
        let is_alone = |header: &&mut Header| !header.value.contains(',');
        match self
            .0
            .iter_mut()
            .find(|header| header.name == T::NAME)
            .filter(is_alone)
        {
            Some(header) => *header = clean(T::NAME, value.to_text()),
            None => {
                self.pop_first(&T::NAME);
                self.push_front_typed(value);
            }
        }
    }

    /// Replaces all fields of that header by one.
    pub fn set_typed<T: TypedHeader>(&mut self, value: &T) {
        self.set(T::NAME, value.to_text());
    }

    /// Appends all fields of `other`.
    pub fn append(&mut self, other: Headers) {
        self.0.extend(other.0);
    }
}

/// Calls `take` with each typed value of one field, a comma list taken apart.
fn each_value<T: TypedHeader>(value: &Text, mut take: impl FnMut(T)) -> Result<(), HeaderError> {
    if T::OCCURS != Occurs::List {
        take(T::parse(value)?);
        return Ok(());
    }
    let mut rest = Some(value.as_str());
    while let Some(text) = rest {
        let (item, next) = syntax::split_outside(text, b',')
            .ok_or_else(|| T::malformed("has an open quote or bracket"))?;
        let item = syntax::trim(item);
        // An empty Supported or Allow is a statement of its own (RFC 3261 20.5, 20.37).
        if !(item.is_empty() && value.is_empty()) {
            take(T::parse(&value.share(item))?);
        }
        rest = next;
    }
    Ok(())
}

/// A field that prints as exactly one header, whatever its parts hold.
fn clean(name: HeaderName, value: Text) -> Header {
    let name = match name {
        HeaderName::Other(name) => HeaderName::from(name.as_str()),
        name => name,
    };
    let is_clean = memchr::memchr2(b'\r', b'\n', value.as_bytes()).is_none()
        && syntax::trim(&value).len() == value.len();
    let value = if is_clean {
        value
    } else {
        let line = syntax::on_one_line(&value);
        Text::from(syntax::trim(&line))
    };
    Header { name, value }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl fmt::Debug for Header {
    /// Leaves out the values of authorizations, which help to guess a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            HeaderName::Authorization | HeaderName::ProxyAuthorization => {
                write!(f, "{}: (hidden)", self.name)
            }
            _ => write!(f, "{}: {}", self.name, self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::{CSeq, Contact, Via};

    #[test]
    fn values_keep_their_order() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Subject, "one");
        headers.push(HeaderName::Via, "SIP/2.0/UDP a");
        headers.push_front(HeaderName::Via, "SIP/2.0/UDP b");
        let names: Vec<_> = headers
            .iter()
            .map(|header| header.value.to_string())
            .collect();
        assert_eq!(names, ["SIP/2.0/UDP b", "one", "SIP/2.0/UDP a"]);
        assert_eq!(headers.all(&HeaderName::Via).count(), 2);
    }

    #[test]
    fn setting_leaves_one_field_in_the_first_place() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Supported, "a");
        headers.push(HeaderName::Subject, "s");
        headers.push(HeaderName::Supported, "b");
        headers.push(HeaderName::Supported, "c");
        headers.set(HeaderName::Supported, "d");
        assert_eq!(format!("{headers:?}"), "[Supported: d, Subject: s]");
        assert_eq!(headers.remove(&HeaderName::Supported), 1);
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn line_breaks_cannot_smuggle_in_a_header() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Subject, "hello\r\nVia: SIP/2.0/UDP evil");
        headers.push(HeaderName::Other(Text::from("X\r\nEvil")), "y");
        assert_eq!(
            headers.get(&HeaderName::Subject).unwrap(),
            "hello  Via: SIP/2.0/UDP evil"
        );
        assert_eq!(headers.iter().last().unwrap().name.as_str(), "X--Evil");
    }

    #[test]
    fn comma_lists_are_taken_apart() {
        let mut headers = Headers::new();
        headers.push(
            HeaderName::Contact,
            r#""A, B" <sip:a,b@x>;q=0.1, <sip:c@x>"#,
        );
        headers.push(HeaderName::Contact, "sip:d@x");
        assert_eq!(headers.typed_list::<Contact>().unwrap().len(), 3);
        headers.push(HeaderName::Contact, "sip:d@x,,sip:e@x");
        assert!(headers.typed_list::<Contact>().is_err());
    }

    #[test]
    fn a_header_that_may_stand_once_is_refused_twice() {
        let mut headers = Headers::new();
        headers.push(HeaderName::CSeq, "1 INVITE");
        assert!(headers.required::<CSeq>().is_ok());
        headers.push(HeaderName::CSeq, "1 INVITE");
        assert_eq!(
            headers.typed::<CSeq>().unwrap_err().to_string(),
            "the CSeq header stands more than once"
        );
        assert_eq!(
            headers.required::<Via>().unwrap_err().to_string(),
            "the Via header is missing"
        );
    }

    #[test]
    fn the_first_value_can_be_taken_off() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Via, "SIP/2.0/UDP a , SIP/2.0/UDP b");
        headers.push(HeaderName::Via, "SIP/2.0/UDP c");
        for expected in ["a", "b", "c"] {
            let value = headers.pop_first(&HeaderName::Via).unwrap();
            assert_eq!(value, format!("SIP/2.0/UDP {expected}"));
        }
        assert_eq!(headers.pop_first(&HeaderName::Via), None);
    }

    #[test]
    fn authorizations_are_not_shown() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Authorization, "Digest response=\"cafe\"");
        assert!(!format!("{headers:?}").contains("cafe"));
    }
}
