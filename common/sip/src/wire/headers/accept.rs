//! Accept: which bodies the sender reads (RFC 3261 20.1).

use super::{ContentType, q_value};
use crate::wire::header_list::{HeaderError, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::text::Text;

/// A type of body that the sender reads. Where there is no header at all, it is `application/sdp`; an empty list says that
/// there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept(pub ContentType);

impl Accept {
    /// Whether a body of that type is meant; `*` stands for all.
    pub fn covers(&self, kind: &str, subtype: &str) -> bool {
        let fits = |range: &str, one: &str| range == "*" || range.eq_ignore_ascii_case(one);
        fits(&self.0.kind, kind) && fits(&self.0.subtype, subtype)
    }

    /// How much it is wanted, in thousandths, 0 to 1000: what has 0 is refused.
    pub fn q(&self) -> u16 {
        q_value::of(&self.0.params)
    }
}

impl TypedHeader for Accept {
    const NAME: HeaderName = HeaderName::Accept;
    const OCCURS: Occurs = Occurs::List;

    fn parse(value: &Text) -> Result<Accept, HeaderError> {
        // `*` is a token, so ranges are read as types are.
        let range = ContentType::parse(value)
            .map_err(|error| HeaderError::new(Accept::NAME, error.problem))?;
        if range.kind == "*" && range.subtype != "*" {
            return Err(Accept::malformed("is not a type and a subtype"));
        }
        Ok(Accept(range))
    }

    fn print(&self, out: &mut String) {
        self.0.print(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn ranges_cover_types() {
        let all = comes_back::<Accept>("*/*;q=0.1");
        assert!(all.covers("text", "plain") && all.q() == 100);
        let texts = comes_back::<Accept>("text/*");
        assert!(texts.covers("Text", "html") && !texts.covers("image", "png"));
        assert!(comes_back::<Accept>("application/sdp;level=1").covers("application", "SDP"));
        are_refused::<Accept>(&["", "text", "*/plain", "a/b/c", "text/plain;q="]);
    }
}
