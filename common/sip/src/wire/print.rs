//! Messages as bytes.

use bytes::Bytes;

use super::header_list::{Header, Headers};
use super::header_name::HeaderName;
use super::message::{Message, Request, Response};
use super::syntax;

impl Message {
    /// The message as it goes over the wire, with the true Content-Length.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Message::Request(request) => request.to_bytes(),
            Message::Response(response) => response.to_bytes(),
        }
    }
}

impl Request {
    /// The request as it goes over the wire, with the true Content-Length.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = String::with_capacity(128 + room(&self.headers) + self.body.len());
        out.push_str(&syntax::on_one_word(self.method.as_str()));
        out.push(' ');
        let uri_start = out.len();
        self.uri.print(&mut out);
        if let std::borrow::Cow::Owned(word) = syntax::on_one_word(&out[uri_start..]) {
            out.truncate(uri_start);
            out.push_str(&word);
        }
        out.push_str(" SIP/2.0\r\n");
        finish(out, &self.headers, &self.body)
    }
}

impl Response {
    /// The response as it goes over the wire, with the true Content-Length.
    pub fn to_bytes(&self) -> Bytes {
        let reason = syntax::on_one_line(&self.reason);
        let mut out =
            String::with_capacity(64 + reason.len() + room(&self.headers) + self.body.len());
        out.push_str("SIP/2.0 ");
        syntax::write_number(u32::from(self.status.code()), &mut out);
        out.push(' ');
        out.push_str(&reason);
        out.push_str("\r\n");
        finish(out, &self.headers, &self.body)
    }
}

/// Bytes that the headers need, Content-Length included.
fn room(headers: &Headers) -> usize {
    headers
        .iter()
        .map(|header| header.name.as_str().len() + header.value.len() + 4)
        .sum::<usize>()
        + 32
}

fn finish(mut out: String, headers: &Headers, body: &Bytes) -> Bytes {
    let mut has_length = false;
    for Header { name, value } in headers {
        if *name == HeaderName::ContentLength {
            if !has_length {
                write_length(body.len(), &mut out);
                has_length = true;
            }
            continue;
        }
        out.push_str(name.as_str());
        out.push_str(": ");
        out.push_str(value);
        out.push_str("\r\n");
    }
    if !has_length {
        write_length(body.len(), &mut out);
    }
    out.push_str("\r\n");
    let mut out = out.into_bytes();
    out.extend_from_slice(body);
    Bytes::from(out)
}

fn write_length(length: usize, out: &mut String) {
    out.push_str("Content-Length: ");
    // A body of 4 GiB cannot be carried by anything.
    syntax::write_number(u32::try_from(length).unwrap_or(u32::MAX), out);
    out.push_str("\r\n");
}
