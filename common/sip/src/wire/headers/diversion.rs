//! Diversion: who has forwarded a call (RFC 5806).

use super::name_addr::address_header;

address_header! {
    /// One address that has forwarded the call, the latest first.
    Diversion, Diversion, List
}

impl Diversion {
    /// Why: `user-busy`, `no-answer`, `unconditional` and others.
    pub fn reason(&self) -> Option<std::borrow::Cow<'_, str>> {
        self.params.unquoted("reason")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn an_address_is_read_and_printed() {
        comes_back::<Diversion>("\"Bob\" <sip:bob@example.com>");
        let busy = comes_back::<Diversion>("<sip:a@b>;reason=user-busy");
        assert_eq!(busy.reason().as_deref(), Some("user-busy"));
        are_refused::<Diversion>(&["", "<sip:a@b", "\"Bob\" sip:a@b"]);
    }
}
