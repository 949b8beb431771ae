//! What became of a message (IMDN, RFC 5438 section 11): an XML document of a few elements.

use quick_xml::Reader;
use quick_xml::events::Event;
use sip::Text;

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// A program of its recipient has it.
    Delivered,
    /// Its recipient has seen it.
    Displayed,
}

/// A report has about seven.
const MOST_ELEMENTS: usize = 50;

/// The longest id that is read, in bytes.
const LONGEST_ID: usize = 256;

/// The Message-ID and what became of it; `None` if it is no report, or one of something that no receipt says.
pub(super) fn read(body: &[u8]) -> Option<(Text, Outcome)> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    let (mut id, mut outcome, mut is_report) = (String::new(), None, false);
    let (mut elements, mut depth, mut in_id) = (0_usize, 0_usize, false);
    loop {
        let event = reader.read_event().ok()?;
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                elements += 1;
                let name = start.local_name();
                is_report |= depth == 0 && name.as_ref() == b"imdn";
                in_id = false;
                match name.as_ref() {
                    b"message-id" => in_id = matches!(event, Event::Start(_)),
                    b"delivered" => outcome = outcome.max(Some(Outcome::Delivered)),
                    b"displayed" => outcome = Some(Outcome::Displayed),
                    _ => {}
                }
                depth += usize::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => {
                in_id = false;
                depth = depth.checked_sub(1)?;
            }
            Event::Text(part) if in_id => id.push_str(&part.decode().ok()?),
            Event::GeneralRef(reference) if in_id => id.push(match &**reference {
                b"lt" => '<',
                b"gt" => '>',
                b"amp" => '&',
                b"quot" => '"',
                b"apos" => '\'',
                _ => return None,
            }),
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
        if elements > MOST_ELEMENTS || id.len() > LONGEST_ID {
            return None;
        }
    }
    let id = id.trim();
    let is_whole = is_report && depth == 0 && !id.is_empty();
    outcome
        .filter(|_| is_whole)
        .map(|outcome| (Text::from(id), outcome))
}

/// The document.
pub(super) fn print(of: &str, outcome: Outcome, date_time: &str) -> String {
    let (kind, what) = match outcome {
        Outcome::Delivered => ("delivery-notification", "delivered"),
        Outcome::Displayed => ("display-notification", "displayed"),
    };
    let of = of
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\
         <message-id>{of}</message-id><datetime>{date_time}</datetime>\
         <{kind}><status><{what}/></status></{kind}></imdn>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_others_are_read_and_what_is_none_is_not() {
        let report = "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\n <message-id>34jk324j</message-id>\n\
            <datetime>2008-04-04T12:16:49-05:00</datetime>\n <display-notification>\n <status> <displayed/> </status>\n\
            </display-notification>\n</imdn>";
        let read_of = |text: &str| read(text.as_bytes());
        assert_eq!(
            read_of(report),
            Some(("34jk324j".into(), Outcome::Displayed))
        );
        for bad in [
            "",
            "x",
            "<imdn/>",
            "<imdn><message-id>x</message-id></imdn>",
            "<other><message-id>x</message-id><delivered/></other>",
            "<imdn><message-id></message-id><delivered/></imdn>",
            "<imdn><message-id>x</message-id><delivered/>",
            "<!DOCTYPE a><imdn><message-id>x</message-id><delivered/></imdn>",
            "<imdn><message-id>x</message-id><status><failed/></status></imdn>",
        ] {
            assert_eq!(read_of(bad), None, "{bad}");
        }
        let many = format!("<imdn>{}</imdn>", "<delivered/>".repeat(1000));
        assert_eq!(read_of(&many), None);
    }
}
