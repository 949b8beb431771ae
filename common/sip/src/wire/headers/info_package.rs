//! Info-Package: what an INFO is about (RFC 6086 10.2).

use super::parameterized::parameterized_header;

parameterized_header! {
    /// The package of an INFO.
    InfoPackage, Once,
    /// Its registered name. Compared with its case.
    package, "does not begin with an INFO package"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn a_package_has_a_name_and_parameters() {
        assert_eq!(comes_back::<InfoPackage>("foo;bar=\"a b\"").package, "foo");
        assert_eq!(comes_back::<InfoPackage>("dtmf"), InfoPackage::new("dtmf"));
        are_refused::<InfoPackage>(&["", "a b", ";x=1"]);
    }
}
