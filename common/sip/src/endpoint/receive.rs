//! What a message belongs to: a transaction, a call, or nothing yet (RFC 3261 sections 8.2, 12.2.2).

use std::net::SocketAddr;

use bytes::Bytes;

use super::{BadMessage, Endpoint, Event, LegId};
use crate::transaction::{RequestMark, ServerMachine, TransactionKey};
use crate::{
    CSeq, Flow, FromHeader, HeaderError, HeaderName, Headers, MaxForwards, Message, Method,
    ParseError, Request, Require, Response, RetryAfter, Scheme, StatusCode, Text, ToHeader,
    TypedHeader, Unsupported, Via,
};

/// What the core needs to know of a request before it knows what to do with it.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The flow that the request came over.
    pub(super) flow: Flow,
    /// Where answers go.
    pub(super) reply_to: Flow,
    pub(super) key: TransactionKey,
    /// For requests outside calls that must not be done twice.
    pub(super) copy_mark: Option<TransactionKey>,
    pub(super) call_id: Text,
    pub(super) from_tag: Text,
    pub(super) to_tag: Option<Text>,
    pub(super) number: u32,
}

impl Endpoint {
    pub(super) fn receive(&mut self, flow: Flow, payload: Bytes) {
        // Keep-alives of phones behind a NAT: line breaks or zeros (RFC 5626 section 3.5.1 and older
        // habits). They have done their work by coming here.
        if payload.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return;
        }
        match Message::parse(payload) {
            Ok(Message::Request(request)) => self.receive_request(flow, request),
            Ok(Message::Response(response)) => self.receive_response(flow, response),
            Err(error) => self.refuse_malformed(flow, error),
        }
    }

    fn receive_request(&mut self, flow: Flow, mut request: Request) {
        let envelope = match self.open(flow, &mut request) {
            Ok(envelope) => envelope,
            Err(error) => {
                return self.refuse_malformed(flow, ParseError::in_request(&request, error));
            }
        };
        match request.method {
            Method::Ack => return self.receive_ack(&envelope, request),
            Method::Cancel => return self.receive_cancel(&envelope, &request),
            _ => {}
        }
        if let Some(known) = self.servers.find(envelope.key) {
            if let Some(transaction) = self.servers.get_mut(known) {
                match &transaction.machine {
                    ServerMachine::Invite(machine, _) => {
                        machine.receive_again(transaction.reply_to, &mut self.out);
                    }
                    ServerMachine::Request(machine) => {
                        machine.receive_again(transaction.reply_to, &mut self.out);
                    }
                }
            }
            return;
        }
        if let Err(error) = request.check() {
            return self.refuse_malformed(flow, ParseError::in_request(&request, error));
        }
        if self.servers.len() >= self.config.capacity.server_transactions {
            return self.refuse_for_room(&envelope, &request);
        }
        if let Some(leg) = self.leg_of_request(&envelope) {
            self.receive_in_dialog(leg, envelope, request);
        } else if request.method == Method::Bye && self.is_mortal(&envelope) {
            // Two BYEs that cross: theirs is as good as ours (RFC 5407 section 3.2.1).
            self.refuse(&envelope, &request, StatusCode::OK);
        } else if self.is_in_subscription(&envelope, &request) {
            match request.method {
                Method::Notify => self.receive_notify(&envelope, request, None),
                _ => self.receive_subscription(envelope, request, None),
            }
        } else if envelope.to_tag.is_some() && request.method != Method::Register {
            self.refuse(&envelope, &request, StatusCode::CALL_DOES_NOT_EXIST);
        } else if envelope
            .copy_mark
            .is_some_and(|copy_mark| self.servers.has_copy(copy_mark))
        {
            // A proxy has forked the request, and both branches ended here (section 8.2.2.2).
            self.refuse(&envelope, &request, StatusCode::LOOP_DETECTED);
        } else if self.inspect(&envelope, &request) {
            match request.method {
                Method::Invite => self.receive_invite(envelope, request),
                // Without a call they mean nothing; for INFO: RFC 6086 section 4.2.2.
                Method::Bye | Method::Prack | Method::Update | Method::Info => {
                    self.refuse(&envelope, &request, StatusCode::CALL_DOES_NOT_EXIST);
                }
                Method::Subscribe | Method::Refer => {
                    self.receive_subscription(envelope, request, None);
                }
                _ => self.receive_plain(envelope, request, None),
            }
        }
    }

    /// Reads what the transaction layer needs, and notes the source in the first Via (RFC 3581).
    pub(super) fn open(&self, flow: Flow, request: &mut Request) -> Result<Envelope, HeaderError> {
        let via: Via = request.headers.required()?;
        let CSeq { number, method } = request.headers.required()?;
        if method != request.method {
            return Err(CSeq::malformed("names another method than the request"));
        }
        let FromHeader(from) = request.headers.required()?;
        let ToHeader(to) = request.headers.required()?;
        let call_id = request
            .headers
            .get(&HeaderName::CallId)
            .cloned()
            .unwrap_or_default();
        let from_tag = from.params.text("tag").unwrap_or_default();
        // ACK of a refusal and CANCEL are found as their INVITE.
        let method = match method {
            Method::Ack | Method::Cancel => Method::Invite,
            method => method,
        };
        let value = request
            .headers
            .get(&HeaderName::Via)
            .cloned()
            .unwrap_or_default();
        let mark = RequestMark {
            branch: via.branch(),
            // Transport, host and port as they were written, which the sender repeats literally.
            sent_by: value.split(';').next().unwrap_or_default(),
            call_id: &call_id,
            from_tag: &from_tag,
            sequence: number,
        };
        let key = self.servers.key(&mark, &method);
        // REGISTER and OPTIONS may be done twice, and careless phones repeat their numbers.
        let may_be_copy =
            to.tag().is_none() && !matches!(method, Method::Register | Method::Options);
        let copy_mark = may_be_copy.then(|| self.servers.copy_mark(&mark, &method));
        let reply_to = note_source(flow, via, &mut request.headers);
        Ok(Envelope {
            flow,
            reply_to,
            key,
            copy_mark,
            call_id,
            from_tag,
            to_tag: to.params.text("tag"),
            number,
        })
    }

    /// The call that a request belongs to.
    pub(super) fn leg_of_request(&self, envelope: &Envelope) -> Option<LegId> {
        let to_tag = envelope.to_tag.as_ref()?;
        let key = self.dialog_key(&envelope.call_id, to_tag);
        let id = *self.dialogs.get(&key)?;
        self.legs.get(&id)?.knows(&envelope.from_tag).then_some(id)
    }

    /// Whether our own BYE for this call is under way.
    fn is_mortal(&self, envelope: &Envelope) -> bool {
        let key = |tag| self.dialog_key(&envelope.call_id, tag);
        envelope
            .to_tag
            .as_deref()
            .is_some_and(|tag| self.mortal.contains_key(&key(tag)))
    }

    /// The inspection of requests outside calls (section 8.2); refuses what does not pass it.
    pub(super) fn inspect(&mut self, envelope: &Envelope, request: &Request) -> bool {
        // Whoever passes calls on need not understand what their phones tell each other.
        let is_carried = self.config.forwards && envelope.to_tag.is_some();
        if !is_carried
            && !self.config.methods.contains(&request.method)
            && !is_always_understood(&request.method)
            && !self.is_notify_for_us(envelope, request)
        {
            let status = match request.method {
                Method::Other(_) => StatusCode::NOT_IMPLEMENTED,
                _ => StatusCode::METHOD_NOT_ALLOWED,
            };
            let mut answer = self.refusal(envelope, request, status);
            answer.headers.push(HeaderName::Allow, &self.allow);
            self.send_alone(envelope.reply_to, answer);
            return false;
        }
        if matches!(request.uri.scheme, Scheme::Other(_)) {
            self.refuse(envelope, request, StatusCode::UNSUPPORTED_URI_SCHEME);
            return false;
        }
        self.inspect_extensions(envelope, request)
            && self.inspect_hops(envelope, request)
            && self.inspect_content(envelope, request)
            && self.inspect_place(envelope, request)
    }

    /// Refuses extensions that we do not understand (section 8.2.2.3).
    pub(super) fn inspect_extensions(&mut self, envelope: &Envelope, request: &Request) -> bool {
        if !request.headers.has(&HeaderName::Require) {
            return true;
        }
        let required = request.headers.typed_list::<Require>().unwrap_or_default();
        let unknown: Vec<Unsupported> = required
            .into_iter()
            .filter(|Require(tag)| {
                !self
                    .config
                    .supported
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(tag))
            })
            .map(|Require(tag)| Unsupported(tag))
            .collect();
        if unknown.is_empty() {
            return true;
        }
        let mut answer = self.refusal(envelope, request, StatusCode::BAD_EXTENSION);
        for tag in &unknown {
            answer.headers.push_typed(tag);
        }
        self.send_alone(envelope.reply_to, answer);
        false
    }

    /// Refuses what has come too far to be passed on (RFC 3261 section 16.3).
    fn inspect_hops(&mut self, envelope: &Envelope, request: &Request) -> bool {
        let is_passed_on =
            self.config.forwards && !matches!(request.method, Method::Register | Method::Options);
        if is_passed_on && let Ok(Some(MaxForwards(0))) = request.headers.typed() {
            self.refuse(envelope, request, StatusCode::TOO_MANY_HOPS);
            return false;
        }
        true
    }

    /// Answers without a transaction: the same request gets the same answer again (section 8.2.7).
    pub(super) fn refuse(&mut self, envelope: &Envelope, request: &Request, status: StatusCode) {
        let answer = self.refusal(envelope, request, status);
        self.send_alone(envelope.reply_to, answer);
    }

    /// The beginning of an answer whose tag follows from the request.
    pub(super) fn refusal(
        &self,
        envelope: &Envelope,
        request: &Request,
        status: StatusCode,
    ) -> Response {
        let mut answer = Response::to(request, status);
        if envelope.to_tag.is_none() {
            push_to_tag(&mut answer, &envelope.key.tag());
        }
        answer
    }

    pub(super) fn send_alone(&mut self, reply_to: Flow, answer: Response) {
        let payload = self.print_answer(answer);
        self.out.send(reply_to, payload);
    }

    pub(super) fn refuse_for_room(&mut self, envelope: &Envelope, request: &Request) {
        let mut answer = self.refusal(envelope, request, StatusCode::SERVICE_UNAVAILABLE);
        // The life of a transaction later there is room again, if nobody floods us.
        answer.headers.push_typed(&RetryAfter::seconds(32));
        self.send_alone(envelope.reply_to, answer);
        self.out.tell(Event::BadMessage {
            flow: envelope.flow,
            error: BadMessage::Overload,
        });
    }

    pub(super) fn refuse_malformed(&mut self, flow: Flow, error: ParseError) {
        if let Some(mut answer) = error.response()
            && let Ok(Some(via)) = answer.headers.typed::<Via>()
        {
            let reply_to = note_source(flow, via, &mut answer.headers);
            self.send_alone(reply_to, answer);
        }
        self.out.tell(Event::BadMessage {
            flow,
            error: error.into(),
        });
    }
}

/// Methods that RFC 3261 asks of everybody.
fn is_always_understood(method: &Method) -> bool {
    matches!(
        method,
        Method::Invite | Method::Ack | Method::Bye | Method::Cancel
    )
}

/// Adds our tag to the To of an answer.
pub(super) fn push_to_tag(answer: &mut Response, tag: &str) {
    let Some(to) = answer.headers.get(&HeaderName::To) else {
        return;
    };
    // Behind `>` nothing but parameters can follow; an address without brackets is rewritten.
    if to.contains('>') {
        let value = format!("{to};tag={tag}");
        answer.headers.set(HeaderName::To, value);
    } else if let Ok(ToHeader(address)) = ToHeader::parse(to) {
        answer.headers.set_typed(&ToHeader(address.with_tag(tag)));
    }
}

/// Writes `received` and `rport` into the first Via, and says where answers go (section 18.2).
fn note_source(flow: Flow, mut via: Via, headers: &mut Headers) -> Flow {
    let is_as_written = !via.params.has("rport") && via.host.ip() == Some(flow.remote.ip());
    if !is_as_written {
        via.set_received_and_rport(flow.remote);
        headers.replace_first_typed(&via);
    }
    if flow.transport.is_reliable() {
        return flow;
    }
    // To the source address, but to the source port only if the sender asked for it.
    let port = via
        .response_address()
        .map_or(flow.remote.port(), |address| address.port());
    Flow {
        remote: SocketAddr::new(flow.remote.ip(), port),
        ..flow
    }
}
