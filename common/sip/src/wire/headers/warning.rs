//! Warning: more about what went wrong, from whoever noticed (RFC 3261 20.43).

use crate::wire::header_list::{HeaderError, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `301 isi.edu "Incompatible network address type 'E.164'"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// 300 to 399: what is wrong.
    pub code: u16,
    /// Who says so: a host with or without port, or a made-up name.
    pub agent: Text,
    /// Words for people.
    pub text: Text,
}

impl TypedHeader for Warning {
    const NAME: HeaderName = HeaderName::Warning;
    const OCCURS: Occurs = Occurs::List;

    fn parse(value: &Text) -> Result<Warning, HeaderError> {
        let read = || {
            let (code, rest) = value.split_once([' ', '\t'])?;
            let (agent, text) = syntax::trim(rest).split_once([' ', '\t'])?;
            let text = syntax::trim(text);
            let is_agent = !agent
                .bytes()
                .any(|byte| matches!(byte, b'"' | b'<' | b'>' | b','));
            let is_whole = code.len() == 3 && syntax::quoted_len(text) == Some(text.len());
            (is_agent && is_whole).then_some(())?;
            Some(Warning {
                code: syntax::parse_number(code)?,
                agent: value.share(agent),
                text: Text::from(syntax::unquote(text)),
            })
        };
        read().ok_or_else(|| Warning::malformed("is not a code, an agent and words in quotes"))
    }

    fn print(&self, out: &mut String) {
        syntax::write_number(u32::from(self.code), out);
        out.push(' ');
        out.push_str(&self.agent);
        out.push(' ');
        syntax::write_quoted(&self.text, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn a_warning_is_a_code_an_agent_and_words() {
        let warning = comes_back::<Warning>(
            "307 isi.edu:5060 \"Session \\\"parameter\\\" not understood, sorry\"",
        );
        assert_eq!(warning.text, "Session \"parameter\" not understood, sorry");
        are_refused::<Warning>(&[
            "",
            "307",
            "307 isi.edu",
            "307 isi.edu words",
            "37 a \"b\"",
            "307 \"b\"",
        ]);
    }
}
