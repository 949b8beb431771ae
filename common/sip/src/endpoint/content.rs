//! Bodies and INFO packages that the application understands, and saying so (RFC 3261 sections 8.2.3
//! and 11.2, RFC 6086).

use super::Endpoint;
use super::receive::Envelope;
use crate::{
    ContentType, HeaderName, Headers, InfoPackage, Method, ParseError, Request, Response,
    StatusCode, Text, TypedHeader,
};

impl Endpoint {
    /// Refuses bodies and INFO packages that the application does not understand.
    pub(super) fn inspect_content(&mut self, envelope: &Envelope, request: &Request) -> bool {
        match request.method {
            Method::Info => self.inspect_package(envelope, request),
            Method::Invite | Method::Update | Method::Prack | Method::Message => {
                self.inspect_body(envelope, request)
            }
            // What subscriptions and publications carry is agreed for each package.
            _ => true,
        }
    }

    /// An INFO of a package that we have not asked for is refused (RFC 6086 section 4.2.2); one
    /// without package is of the time before, and the application's to judge.
    fn inspect_package(&mut self, envelope: &Envelope, request: &Request) -> bool {
        let package = match request.headers.typed::<InfoPackage>() {
            Ok(None) => return true,
            Ok(Some(InfoPackage { package, .. })) => package,
            Err(error) => {
                let error = ParseError::in_request(request, error);
                self.refuse_malformed(envelope.flow, error);
                return false;
            }
        };
        if self.config.info_packages.contains(&package) {
            return true;
        }
        let mut answer = self.refusal(envelope, request, StatusCode::BAD_INFO_PACKAGE);
        let known = list(&self.config.info_packages);
        answer.headers.push(HeaderName::RecvInfo, known);
        self.send_alone(envelope.reply_to, answer);
        false
    }

    fn inspect_body(&mut self, envelope: &Envelope, request: &Request) -> bool {
        if self.config.accept.is_empty() || request.body.is_empty() {
            return true;
        }
        let headers = &request.headers;
        let is_known = match headers.get(&HeaderName::ContentType) {
            // RFC 3261 section 20.15 asks for one, but phones that leave it away mean the usual body.
            None => true,
            Some(value) => ContentType::parse(value).is_ok_and(|kind| self.accepts(&kind)),
        };
        let is_plain = headers
            .all(&HeaderName::ContentEncoding)
            .all(|encoding| encoding.eq_ignore_ascii_case("identity"));
        if (is_known && is_plain) || is_optional(headers) {
            return true;
        }
        let mut answer = self.refusal(envelope, request, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        answer
            .headers
            .push(HeaderName::Accept, list(&self.config.accept));
        if !is_plain {
            let plain = Text::from_static("identity");
            answer.headers.push(HeaderName::AcceptEncoding, plain);
        }
        self.send_alone(envelope.reply_to, answer);
        false
    }

    fn accepts(&self, kind: &ContentType) -> bool {
        let (main, part) = (&kind.kind, &kind.subtype);
        self.config.accept.iter().any(|known| {
            known.split_once('/').is_some_and(|(one, other)| {
                one.eq_ignore_ascii_case(main) && (other == "*" || other.eq_ignore_ascii_case(part))
            })
        })
    }

    /// Puts into the application's answer what its method asks for, and takes out what it forbids.
    pub(super) fn finish_by_method(&self, method: &Method, answer: &mut Response) {
        if !answer.status.is_success() {
            return;
        }
        match method {
            // What an answer to OPTIONS should tell (RFC 3261 section 11.2).
            Method::Options => {
                let headers = &mut answer.headers;
                self.push_abilities(headers);
                if !self.config.accept.is_empty() && !headers.has(&HeaderName::Accept) {
                    headers.push(HeaderName::Accept, list(&self.config.accept));
                }
            }
            // RFC 3428 section 7: neither Contact nor body in a 2xx to MESSAGE.
            Method::Message => {
                answer.headers.remove(&HeaderName::Contact);
                answer.headers.remove(&HeaderName::ContentType);
                answer.body.clear();
            }
            _ => {}
        }
    }

    /// Writes Recv-Info into what begins a call or tells what we can do (RFC 6086 section 5.2).
    pub(super) fn push_info_packages(&self, headers: &mut Headers) {
        if !self.config.info_packages.is_empty() && !headers.has(&HeaderName::RecvInfo) {
            headers.push(HeaderName::RecvInfo, list(&self.config.info_packages));
        }
    }
}

/// Whether the sender does not mind if the body is not understood (RFC 3261 section 20.11).
fn is_optional(headers: &Headers) -> bool {
    headers
        .get(&HeaderName::ContentDisposition)
        .is_some_and(|value| {
            value
                .split(';')
                .skip(1)
                .filter_map(|parameter| parameter.split_once('='))
                .any(|(name, value)| {
                    name.trim().eq_ignore_ascii_case("handling")
                        && value.trim().eq_ignore_ascii_case("optional")
                })
        })
}

fn list(words: &[Text]) -> Text {
    let words: Vec<_> = words.iter().map(Text::as_str).collect();
    Text::from(words.join(", "))
}
