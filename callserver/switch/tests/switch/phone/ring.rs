//! What a phone does when it is called.

use std::time::Instant;

use bytes::Bytes;
use sdp::Direction;
use sip::{HeaderName, Headers, Input, LegId, Request, StatusCode};

use super::{Action, Manner, Phone, history_of, without_tag};

impl Phone {
    pub(super) fn incoming(&mut self, now: Instant, leg: LegId, invite: Request) {
        if self.leg.is_some() {
            let (status, headers) = (StatusCode::BUSY_HERE, Headers::new());
            return self.handle(
                now,
                Input::Reject {
                    leg,
                    status,
                    headers,
                },
            );
        }
        if !self.can_answer(&invite.body) {
            let (status, headers) = (StatusCode::NOT_ACCEPTABLE_HERE, Headers::new());
            self.offers_refused += 1;
            let reject = Input::Reject {
                leg,
                status,
                headers,
            };
            return self.handle(now, reject);
        }
        self.leg = Some(leg);
        let from = invite.headers.get(&HeaderName::From);
        self.caller = from.map(|from| without_tag(from));
        self.history = history_of(&invite.headers);
        self.pending = Some(invite.body.clone());
        self.had_own_early_media = false;
        let status = match self.manner {
            Manner::Redirect(uri) => return self.send_on(now, leg, uri),
            Manner::Refuse(status) => {
                let headers = Headers::new();
                return self.handle(
                    now,
                    Input::Reject {
                        leg,
                        status,
                        headers,
                    },
                );
            }
            Manner::EarlyMedia(_) => StatusCode::SESSION_PROGRESS,
            _ => StatusCode::RINGING,
        };
        let mut body = Bytes::new();
        if matches!(self.manner, Manner::EarlyMedia(_)) {
            let mut supported = invite.headers.all(&HeaderName::Supported);
            let is_heard = supported.any(|tags| tags.contains("100rel"));
            match self.pending.take() {
                Some(offer) if !offer.is_empty() => {
                    body = self.make_answer(&offer);
                    self.had_own_early_media = true;
                }
                // It makes the offer itself, and gets the answer if the caller can give it now.
                _ if is_heard => {
                    body = self.make_offer(Direction::SendRecv);
                    self.had_own_early_media = true;
                }
                pending => self.pending = pending,
            }
            if self.had_own_early_media {
                self.pending = Some(body.clone());
            }
        }
        self.handle(now, Input::Progress { leg, status, body });
        match self.manner {
            Manner::Answer(after) | Manner::EarlyMedia(after) => {
                self.plan(now + after, Action::Accept(leg))
            }
            Manner::AnswerNonsense => self.plan(now, Action::Accept(leg)),
            Manner::RefuseAfter(after, status) => {
                self.plan(now + after, Action::Reject(leg, status))
            }
            Manner::Ring | Manner::Refuse(_) | Manner::Redirect(_) => {}
        }
    }
}
