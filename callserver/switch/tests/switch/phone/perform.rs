//! What a phone was told to do, done.

use std::time::Instant;

use bytes::Bytes;
use sdp::Direction;
use sip::{
    HeaderName, Headers, Input, LegId, Method, NameAddr, Replaces, Request, StatusCode, Uri,
};

use super::{Action, Manner, Phone};

impl Phone {
    fn call(&mut self, now: Instant, number: &str, body: Bytes) {
        self.call_with(now, number, Headers::new(), body);
    }

    fn call_with(&mut self, now: Instant, number: &str, headers: Headers, body: Bytes) {
        let leg = self.endpoint.next_leg();
        self.is_settled_early = false;
        if let Some(current) = self.leg.replace(leg) {
            self.held = Some(current);
        }
        let invite = Input::Invite {
            leg,
            flow: self.flow(),
            uri: Phone::uri(number),
            from: NameAddr::new(Phone::uri(&self.login)),
            to: NameAddr::new(Phone::uri(number)),
            headers,
            body,
            credential: Some(self.credential()),
        };
        self.handle(now, invite);
    }

    pub(super) fn perform(&mut self, now: Instant, action: Action) {
        let is_changing = self.offer.is_some() || self.asked_for_offer;
        if is_changing && matches!(action, Action::Offer(_) | Action::AskForOffer) {
            return;
        }
        // Two calls at most, and one offer under way: more would only confuse this phone, not the switch.
        let is_full = self.leg.is_some() && (self.held.is_some() || is_changing);
        let begins = matches!(
            action,
            Action::Call(_)
                | Action::CallHidden(_)
                | Action::CallWithoutOffer(_)
                | Action::TakeOver(_)
        );
        if is_full && begins {
            return;
        }
        match (action, self.leg) {
            (Action::Call(number), _) => {
                let offer = self.make_offer(Direction::SendRecv);
                self.call(now, &number, offer);
            }
            (Action::CallHidden(number), _) => {
                let offer = self.make_offer(Direction::SendRecv);
                let mut headers = Headers::new();
                headers.push(HeaderName::Privacy, "id");
                self.call_with(now, &number, headers, offer);
            }
            (Action::CallText(number, text), _) => self.call(now, &number, Bytes::from(text)),
            (Action::TakeOver(name), _) => {
                let offer = self.make_offer(Direction::SendRecv);
                let mut headers = Headers::new();
                headers.push_typed(&name);
                self.call_with(now, "1001", headers, offer);
            }
            (Action::CallWithoutOffer(number), _) => {
                self.asked_for_offer = true;
                self.call(now, &number, Bytes::new());
            }
            (Action::Accept(leg), Some(current)) if leg == current => self.accept(now, leg),
            (Action::Reject(leg, status), Some(current)) if leg == current => {
                self.handle(
                    now,
                    Input::Reject {
                        leg,
                        status,
                        headers: Headers::new(),
                    },
                );
            }
            (Action::SendOn(uri), Some(leg)) => self.send_on(now, leg, uri),
            (Action::Hangup, Some(leg)) => self.handle(now, Input::Hangup { leg, reason: None }),
            (Action::HangupFirst, _) => {
                if let Some(leg) = self.held {
                    self.handle(now, Input::Hangup { leg, reason: None });
                }
            }
            (Action::Offer(direction), Some(leg)) => {
                let body = self.make_offer(direction);
                self.handle(now, Input::Reinvite { leg, body });
            }
            (Action::Send(method, text), Some(leg)) => {
                let request = self.endpoint.next_request();
                let send = Input::SendInDialog {
                    leg,
                    request,
                    method,
                    headers: plain_text(),
                    body: Bytes::from_static(text.as_bytes()),
                };
                self.handle(now, send);
            }
            (Action::Inform(kind, text), Some(leg)) => {
                let mut headers = Headers::new();
                headers.push(HeaderName::ContentType, kind);
                let inform = Input::SendInDialog {
                    leg,
                    request: self.endpoint.next_request(),
                    method: Method::Info,
                    headers,
                    body: Bytes::from_static(text.as_bytes()),
                };
                self.handle(now, inform);
            }
            (Action::OfferText(text), Some(leg)) => {
                let body = Bytes::from(text);
                self.handle(now, Input::Reinvite { leg, body });
            }
            (Action::Refer(number), Some(leg)) => self.refer(now, leg, Phone::uri(number)),
            (Action::ReferToSecond, Some(_)) => {
                if let (Some(leg), Some(name)) = (self.held, self.name.clone()) {
                    self.refer(now, leg, replacing(&name));
                }
            }
            (Action::ReferReplacing(name), Some(leg)) => self.refer(now, leg, replacing(&name)),
            (Action::Message(number, text), _) => {
                let request = self.endpoint.next_request();
                let mut message = Request::new(Method::Message, Phone::uri(number));
                let from = NameAddr::new(Phone::uri(&self.login));
                message.headers.push_typed(&sip::FromHeader(from));
                let to = NameAddr::new(Phone::uri(number));
                message.headers.push_typed(&sip::ToHeader(to));
                message.headers.append(plain_text());
                message.body = Bytes::from_static(text.as_bytes());
                let send = Input::Request {
                    request,
                    flow: self.flow(),
                    message,
                    credential: Some(self.credential()),
                };
                self.handle(now, send);
            }
            (Action::AskForOffer, Some(leg)) => {
                self.asked_for_offer = true;
                self.handle(
                    now,
                    Input::Reinvite {
                        leg,
                        body: Bytes::new(),
                    },
                );
            }
            _ => {}
        }
    }

    pub(super) fn send_on(&mut self, now: Instant, leg: LegId, uri: &str) {
        let mut headers = Headers::new();
        headers.push(HeaderName::Contact, format!("<{uri}>"));
        let status = StatusCode::MOVED_TEMPORARILY;
        let reject = Input::Reject {
            leg,
            status,
            headers,
        };
        self.handle(now, reject);
    }

    fn refer(&mut self, now: Instant, leg: LegId, to: Uri) {
        let refer = Input::Refer {
            subscription: self.endpoint.next_subscription(),
            leg,
            refer_to: NameAddr::new(to),
            headers: Headers::new(),
        };
        self.handle(now, refer);
    }

    pub(super) fn accept(&mut self, now: Instant, leg: LegId) {
        let body = match (self.manner, self.pending.take()) {
            (Manner::AnswerNonsense, _) => Bytes::from_static(b"nonsense"),
            (_, Some(early)) if self.had_own_early_media => early,
            (_, Some(offer)) if !offer.is_empty() => self.make_answer(&offer),
            _ => self.make_offer(Direction::SendRecv),
        };
        self.answered += 1;
        let headers = Headers::new();
        self.handle(now, Input::Accept { leg, headers, body });
    }
}

fn replacing(name: &Replaces) -> Uri {
    let mut uri = Phone::uri("whoever");
    uri.headers = Some(name.to_uri_header());
    uri
}

pub(super) fn plain_text() -> Headers {
    let mut headers = Headers::new();
    headers.push(HeaderName::ContentType, "text/plain");
    headers
}
