//! Headers that are one line of text: what Subject, Server and their kin share.

/// Implements a header whose value is a line of text for people; `$problem` says why an empty one is malformed, if it is.
macro_rules! line_header {
    ($(#[$doc:meta])* $type:ident $(, $problem:literal)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub $crate::wire::text::Text);

        impl $crate::wire::header_list::TypedHeader for $type {
            const NAME: $crate::wire::header_name::HeaderName =
                $crate::wire::header_name::HeaderName::$type;

            fn parse(
                value: &$crate::wire::text::Text,
            ) -> Result<Self, $crate::wire::header_list::HeaderError> {
                $(if value.is_empty() {
                    return Err($type::malformed($problem));
                })?
                Ok($type(value.clone()))
            }

            fn print(&self, out: &mut String) {
                out.push_str(&self.0);
            }
        }
    };
}
pub(crate) use line_header;
