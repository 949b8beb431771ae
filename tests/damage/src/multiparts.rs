//! Bodies of several parts.

use bytes::Bytes;
use sip::{ContentType, Multipart, Params, Text};

use crate::Outcome;

/// All with the boundary `b`.
pub(crate) const SEEDS: &[&str] = &[
    "--b\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n\
     --b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b \t\r\n\r\n\r\n--b--\r\n",
    "a preamble\r\n--b\r\nContent-Type: application/sdp\r\nContent-Disposition:\r\n session\r\n\r\nv=0\r\n\r\n\
     --b\r\n--b\r\nContent-ID: <x>\r\n--b--",
];

pub(crate) fn take(input: &[u8]) -> Outcome {
    let content_type = |boundary: &str| ContentType {
        kind: Text::from_static("multipart"),
        subtype: Text::from_static("mixed"),
        params: Params::new().with("boundary", Some(boundary)),
    };
    let bytes = Bytes::copy_from_slice(input);
    let _ = Multipart::find(&content_type("b"), &bytes, "application", "sdp");
    match Multipart::parse(&content_type("b"), &bytes) {
        Ok(multipart) => {
            let (boundary, body) = multipart.print();
            let again = Multipart::parse(&content_type(&boundary), &body);
            assert_eq!(again, Ok(multipart), "{bytes:?}");
            Outcome::Accepted
        }
        Err(_) => Outcome::Refused,
    }
}
