//! A small writer of XML: what goes in cannot break out of its place.

/// Grows a document. Elements are opened and closed by whoever writes; attributes and texts are escaped here.
#[derive(Debug)]
pub(super) struct Xml(String);

impl Xml {
    /// A document with its declaration.
    pub(super) fn new() -> Self {
        let mut text = String::with_capacity(512);
        text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Xml(text)
    }

    /// `<name a="…">`
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.begin(name, attributes);
        self.0.push('>');
        self
    }

    /// `</name>`
    pub(super) fn close(&mut self, name: &str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        self
    }

    /// `<name a="…"/>`
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.begin(name, attributes);
        self.0.push_str("/>");
        self
    }

    /// `<name a="…">text</name>`
    pub(super) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        text: &str,
    ) -> &mut Self {
        self.open(name, attributes);
        self.escaped(text);
        self.close(name)
    }

    pub(super) fn finish(self) -> bytes::Bytes {
        self.0.into()
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.escaped(value);
            self.0.push('"');
        }
    }

    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '"' => self.0.push_str("&quot;"),
                '\t' | '\n' | '\r' => self.0.push(' '),
                // XML has no place for the others (section 2.2), not even escaped.
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
                _ => self.0.push(character),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_place() {
        let mut xml = Xml::new();
        xml.open("a", &[("b", "x\" c=\"y")]);
        xml.element("note", &[], "</note><evil>&\u{0}\n\u{ffff}");
        xml.empty("d", &[]).close("a");
        let text = String::from_utf8(xml.finish().to_vec()).unwrap();
        assert_eq!(
            text.lines().nth(1),
            Some("<a b=\"x&quot; c=&quot;y\"><note>&lt;/note&gt;&lt;evil&gt;&amp; </note><d/></a>")
        );
    }
}
