//! Reading what phones publish: PIDF (RFC 3863) with RPID (RFC 4480). What comes in is bounded, and declares nothing.

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::Event;
use sip::Text;

use super::seen::Activity;

/// What a phone has published that its owner does and says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Published {
    pub(super) activity: Option<Activity>,
    pub(super) note: Text,
}

/// Why a published state is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum NotPidf {
    #[error("is not XML")]
    NotXml,
    #[error("is not a presence document")]
    AnotherDocument,
    #[error("declares entities or a document type")]
    Declares,
    #[error("has too many elements, or too many within each other")]
    TooMuch,
}

/// A document of a phone has about twenty.
const MOST_ELEMENTS: usize = 500;
const DEEPEST: usize = 16;
/// Of a note, in characters.
const LONGEST_NOTE: usize = 140;

impl Published {
    /// Reads a document.
    pub(super) fn read(body: &[u8]) -> Result<Self, NotPidf> {
        let text = std::str::from_utf8(body).map_err(|_| NotPidf::NotXml)?;
        let mut reader = Reader::from_str(text);
        let mut place: Vec<&'static str> = Vec::new();
        let mut published = Published::default();
        let mut note = String::new();
        let (mut elements, mut is_presence) = (0, false);
        loop {
            let event = reader.read_event().map_err(|_| NotPidf::NotXml)?;
            match event {
                Event::Start(start) => {
                    let name = known(start.local_name().as_ref());
                    is_presence |= place.is_empty() && name == "presence";
                    elements += 1;
                    place.push(name);
                    published.heed(&place);
                }
                Event::Empty(empty) => {
                    let name = known(empty.local_name().as_ref());
                    is_presence |= place.is_empty() && name == "presence";
                    elements += 1;
                    place.push(name);
                    published.heed(&place);
                    place.pop();
                }
                Event::End(_) => {
                    // The first note that says something counts.
                    if place.pop() == Some("note") && published.note.is_empty() {
                        let first: String = note.trim().chars().take(LONGEST_NOTE).collect();
                        published.note = Text::from(first);
                        note.clear();
                    }
                }
                Event::Text(part) if place.last() == Some(&"note") => {
                    note.push_str(&part.decode().map_err(|_| NotPidf::NotXml)?);
                }
                Event::CData(part) if place.last() == Some(&"note") => {
                    note.push_str(&part.decode().map_err(|_| NotPidf::NotXml)?);
                }
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().ok().flatten();
                    let character = character.or_else(|| match &*reference {
                        b"lt" => Some('<'),
                        b"gt" => Some('>'),
                        b"amp" => Some('&'),
                        b"quot" => Some('"'),
                        b"apos" => Some('\''),
                        _ => None,
                    });
                    let character = character.ok_or(NotPidf::Declares)?;
                    if place.last() == Some(&"note") {
                        note.push(character);
                    }
                }
                Event::DocType(_) => return Err(NotPidf::Declares),
                Event::Text(_) | Event::CData(_) => {}
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
            if elements > MOST_ELEMENTS || place.len() > DEEPEST {
                return Err(NotPidf::TooMuch);
            }
        }
        match (is_presence, place.is_empty()) {
            (true, true) => Ok(published),
            (true, false) => Err(NotPidf::NotXml),
            (false, _) => Err(NotPidf::AnotherDocument),
        }
    }

    /// The activity that an element stands for.
    fn heed(&mut self, place: &[&'static str]) {
        let [.., "activities", activity] = place else {
            return;
        };
        let activity = match *activity {
            "on-the-phone" => Activity::OnThePhone,
            "busy" => Activity::Busy,
            "away" => Activity::Away,
            _ => return,
        };
        // What says most about whether to call.
        self.activity = self.activity.max(Some(activity));
    }

    /// In few bytes, as it is kept.
    pub(super) fn kept(&self) -> Bytes {
        let letter = match self.activity {
            None => 'n',
            Some(Activity::Away) => 'a',
            Some(Activity::Busy) => 'b',
            Some(Activity::OnThePhone) => 'p',
        };
        Bytes::from(format!("{letter}{}", self.note))
    }

    /// What was kept.
    pub(super) fn from_kept(kept: &[u8]) -> Self {
        let text = std::str::from_utf8(kept).unwrap_or_default();
        let activity = match text.get(..1) {
            Some("a") => Some(Activity::Away),
            Some("b") => Some(Activity::Busy),
            Some("p") => Some(Activity::OnThePhone),
            _ => None,
        };
        let note = Text::from(text.get(1..).unwrap_or_default());
        Published { activity, note }
    }
}

/// The names that mean something here. RPID has many words for being away and being busy.
fn known(name: &[u8]) -> &'static str {
    match name {
        b"presence" => "presence",
        b"note" => "note",
        b"activities" => "activities",
        b"on-the-phone" => "on-the-phone",
        b"away" | b"vacation" | b"holiday" | b"sleeping" | b"permanent-absence" | b"breakfast"
        | b"lunch" | b"dinner" | b"meal" | b"travel" => "away",
        b"busy" | b"meeting" | b"appointment" | b"presentation" | b"performance" => "busy",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Result<Published, NotPidf> {
        let text = format!(
            "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
             xmlns:r=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"sip:a@b\">{inner}</presence>"
        );
        Published::read(text.as_bytes())
    }

    #[test]
    fn what_phones_publish_is_read() {
        let online = read("<tuple id=\"x\"><status><basic>open</basic></status></tuple>");
        assert_eq!(online, Ok(Published::default()));
        let away = read(
            "<dm:person id=\"p\" xmlns:dm=\"d\"><r:activities><r:lunch/></r:activities>\
             <dm:note xml:lang=\"en\"> Soup &amp; <![CDATA[<bread>]]>&#33;</dm:note></dm:person>",
        )
        .unwrap();
        assert_eq!(away.activity, Some(Activity::Away));
        assert_eq!(away.note, "Soup & <bread>!");
        assert_eq!(Published::from_kept(&away.kept()), away);
        let both = read("<activities><away/><on-the-phone/><busy/></activities>").unwrap();
        assert_eq!(both.activity, Some(Activity::OnThePhone));
    }

    #[test]
    fn bombs_and_nonsense_are_refused() {
        let bomb =
            b"<?xml version=\"1.0\"?><!DOCTYPE p [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>\
            <presence><note>&b;</note></presence>";
        assert_eq!(Published::read(bomb), Err(NotPidf::Declares));
        assert_eq!(read("<note>&b;</note>"), Err(NotPidf::Declares));
        let external = b"<!DOCTYPE p SYSTEM \"file:///etc/passwd\"><presence/>";
        assert_eq!(Published::read(external), Err(NotPidf::Declares));
        assert_eq!(read(&"<a>".repeat(20)), Err(NotPidf::TooMuch));
        assert_eq!(read(&"<a/>".repeat(501)), Err(NotPidf::TooMuch));
        for wrong in [
            "",
            "hello",
            "<presence>",
            "<presence></presense>",
            "<presence attr></presence><",
            "<html/>",
            "\u{0}",
        ] {
            assert!(Published::read(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        assert_eq!(Published::read(b"\xff\xfe"), Err(NotPidf::NotXml));
        let long = read(&format!("<note>{}</note>", "é".repeat(5000))).unwrap();
        assert_eq!(long.note.chars().count(), 140);
    }
}
