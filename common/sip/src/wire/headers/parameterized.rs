//! Headers that are a word with parameters: what Accept-Encoding, Recv-Info and their kin share.

/// Implements a header of the form `word;name=value`.
macro_rules! parameterized_header {
    ($(#[$doc:meta])* $type:ident, $occurs:ident, $(#[$word_doc:meta])* $word:ident, $problem:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type {
            $(#[$word_doc])*
            pub $word: $crate::wire::text::Text,
            /// What stands behind it.
            pub params: $crate::wire::params::Params,
        }

        impl $type {
            /// Without parameters.
            pub fn new($word: impl Into<$crate::wire::text::Text>) -> $type {
                $type {
                    $word: $word.into(),
                    params: $crate::wire::params::Params::new(),
                }
            }
        }

        impl $crate::wire::header_list::TypedHeader for $type {
            const NAME: $crate::wire::header_name::HeaderName =
                $crate::wire::header_name::HeaderName::$type;
            const OCCURS: $crate::wire::header_list::Occurs =
                $crate::wire::header_list::Occurs::$occurs;

            fn parse(
                value: &$crate::wire::text::Text,
            ) -> Result<Self, $crate::wire::header_list::HeaderError> {
                let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
                let word = $crate::wire::syntax::trim(&value[..end]);
                if !$crate::wire::syntax::is_token(word) {
                    return Err($type::malformed($problem));
                }
                Ok($type {
                    $word: value.share(word),
                    params: $crate::wire::params::Params::parse_header(value, &value[end..])
                        .ok_or_else(|| $type::malformed("has a malformed parameter"))?,
                })
            }

            fn print(&self, out: &mut String) {
                out.push_str(&self.$word);
                out.push_str(self.params.as_str());
            }
        }
    };
}
pub(crate) use parameterized_header;
