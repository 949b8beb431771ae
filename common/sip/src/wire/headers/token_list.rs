//! Headers that are lists of tokens: what Supported, Require and their kin share.

/// Implements a header whose values are tokens, several in a line.
macro_rules! token_list_header {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $type(pub $crate::wire::text::Text);

        impl $crate::wire::header_list::TypedHeader for $type {
            const NAME: $crate::wire::header_name::HeaderName =
                $crate::wire::header_name::HeaderName::$type;
            const OCCURS: $crate::wire::header_list::Occurs =
                $crate::wire::header_list::Occurs::List;

            fn parse(
                value: &$crate::wire::text::Text,
            ) -> Result<Self, $crate::wire::header_list::HeaderError> {
                if $crate::wire::syntax::is_token(value) {
                    Ok($type(value.clone()))
                } else {
                    Err($type::malformed("has an item that is no token"))
                }
            }

            fn print(&self, out: &mut String) {
                out.push_str(&self.0);
            }
        }
    };
}
pub(crate) use token_list_header;
