//! Recv-Info: which INFO the sender takes (RFC 6086 10.3).

use super::parameterized::parameterized_header;

parameterized_header! {
    /// A package of INFO that the sender takes. An empty list says that there is none.
    RecvInfo, List,
    /// Its registered name. Compared with its case.
    package, "does not begin with an INFO package"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn a_package_has_a_name_and_parameters() {
        assert_eq!(comes_back::<RecvInfo>("foo;bar=\"a b\"").package, "foo");
        assert_eq!(comes_back::<RecvInfo>("dtmf"), RecvInfo::new("dtmf"));
        are_refused::<RecvInfo>(&["", "a b", ";x=1"]);
    }
}
