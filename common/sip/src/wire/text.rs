//! `Text`: a piece of a message, shared instead of copied.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Immutable UTF-8 text that is cheap to clone and to cut.
///
/// All texts of one parsed message share one allocation, the head of that message. Static text costs nothing.
/// A text holds at most 4 GiB; what is longer is cut.
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    /// `start` and `end` are byte offsets in `whole`, always on character boundaries.
    Shared {
        whole: Arc<str>,
        start: u32,
        end: u32,
    },
}

impl Text {
    /// The empty text.
    pub const EMPTY: Text = Text::from_static("");

    /// A text that lives as long as the program.
    pub const fn from_static(text: &'static str) -> Text {
        Text(Repr::Static(text))
    }

    /// The text as a string slice.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Static(text) => text,
            Repr::Shared { whole, start, end } => {
                whole.get(*start as usize..*end as usize).unwrap_or("")
            }
        }
    }

    /// The part of this text at the given byte range, without copying.
    ///
    /// A range that is out of bounds or splits a character gives the empty text.
    #[inline]
    pub fn slice(&self, range: Range<usize>) -> Text {
        match &self.0 {
            Repr::Static(text) => Text(Repr::Static(text.get(range).unwrap_or(""))),
            Repr::Shared { whole, start, end } => {
                let from = *start as usize + range.start;
                let to = *start as usize + range.end;
                if to <= *end as usize && whole.get(from..to).is_some() {
                    // Both fit: they are not greater than `end`.
                    Text(Repr::Shared {
                        whole: Arc::clone(whole),
                        start: from as u32,
                        end: to as u32,
                    })
                } else {
                    Text::EMPTY
                }
            }
        }
    }

    /// A text equal to `part`; shares this text's memory when `part` was cut from it, and copies otherwise.
    #[inline]
    pub fn share(&self, part: &str) -> Text {
        if part.is_empty() {
            return Text::EMPTY;
        }
        let own = self.as_str();
        let offset = (part.as_ptr() as usize).wrapping_sub(own.as_ptr() as usize);
        if offset < own.len() && part.len() <= own.len() - offset {
            self.slice(offset..offset + part.len())
        } else {
            Text::from(part)
        }
    }
}

impl Default for Text {
    fn default() -> Text {
        Text::EMPTY
    }
}

impl Deref for Text {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<Arc<str>> for Text {
    #[inline]
    fn from(whole: Arc<str>) -> Text {
        let end = whole.floor_char_boundary(u32::MAX as usize) as u32;
        Text(Repr::Shared {
            whole,
            start: 0,
            end,
        })
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        if text.is_empty() {
            return Text::EMPTY;
        }
        Text::from(Arc::<str>::from(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::from(text.as_str())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Text {
        Text::from(text.as_str())
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Text {
        Text::from(&*text)
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Text {
        text.clone()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.as_str().to_owned()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Text) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Text) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As `str` does, because `Borrow<str>` promises it.
        self.as_str().hash(state);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_text_shares_its_memory() {
        let whole = Text::from("sip:alice@example.com");
        let part = whole.share(&whole[4..9]);
        assert_eq!(part, "alice");
        assert_eq!(part.as_ptr(), whole[4..].as_ptr());
        assert_eq!(part.share(&part[1..3]), "li");
    }

    #[test]
    fn a_foreign_part_is_copied() {
        let whole = Text::from("abc");
        assert_eq!(whole.share("xyz"), "xyz");
        assert_eq!(part_beyond_the_end(&whole), "bcd");
    }

    fn part_beyond_the_end(whole: &Text) -> Text {
        let long = Text::from("abcd");
        let short = long.slice(0..3);
        assert_eq!(short, *whole);
        short.share(&long[1..4])
    }

    #[test]
    fn a_bad_range_gives_the_empty_text() {
        let text = Text::from("grüße");
        assert_eq!(text.slice(0..99), "");
        assert_eq!(text.slice(3..4), "");
        assert_eq!(text.slice(2..4), "ü");
    }

    #[test]
    fn a_text_is_no_larger_than_a_string() {
        assert_eq!(std::mem::size_of::<Text>(), 24);
    }
}
