//! Sending requests: Via, and the start of transactions.

use bytes::Bytes;

use super::purpose::Purpose;
use super::{DigestClient, Endpoint};
use crate::transaction::TransactionId;
use crate::{CSeq, Flow, HeaderName, Headers, Method, Request, Response, Via};

impl Endpoint {
    /// Sends a request with a fresh branch.
    pub(super) fn launch(
        &mut self,
        flow: Flow,
        mut request: Request,
        purpose: Purpose,
    ) -> TransactionId {
        let branch = self.random.branch();
        self.stamp(flow, &branch, &mut request);
        let timers = &self.config.timers;
        if request.method == Method::Invite {
            return self.clients.start_invite(
                flow,
                &branch,
                request,
                purpose,
                timers,
                &mut self.out,
            );
        }
        self.clients
            .start_request(flow, &branch, &request, purpose, timers, &mut self.out)
    }

    /// Sends a CANCEL, which shares the branch of its INVITE.
    pub(super) fn launch_cancel(&mut self, flow: Flow, cancel: &Request) {
        let Ok(Some(via)) = cancel.headers.typed::<Via>() else {
            return;
        };
        self.clients.start_request(
            flow,
            via.branch().unwrap_or_default(),
            cancel,
            Purpose::Nobody,
            &self.config.timers,
            &mut self.out,
        );
    }

    /// Prints a request that is no transaction of its own: the ACK of a 2xx.
    pub(super) fn print_alone(&mut self, flow: Flow, mut request: Request) -> Bytes {
        let branch = self.random.branch();
        self.stamp(flow, &branch, &mut request);
        request.to_bytes()
    }

    /// Sends a challenged request once more: with credentials, a new number and a new branch.
    pub(super) fn authorize_again(
        &mut self,
        digest: &mut DigestClient,
        number: u32,
        request: &mut Request,
    ) {
        let method = request.method.clone();
        request.headers.set_typed(&CSeq { number, method });
        digest.authorize(request, &mut self.random);
    }

    /// Writes what every first final answer and every INVITE tells about us.
    pub(super) fn push_abilities(&self, headers: &mut Headers) {
        if !headers.has(&HeaderName::Allow) {
            headers.push(HeaderName::Allow, &self.allow);
        }
        if !self.supported.is_empty() && !headers.has(&HeaderName::Supported) {
            headers.push(HeaderName::Supported, &self.supported);
        }
        self.push_packages(headers);
        self.push_info_packages(headers);
    }

    /// Prints an answer with our name in it.
    pub(super) fn print_answer(&self, mut answer: Response) -> Bytes {
        if !self.config.user_agent.is_empty() && !answer.headers.has(&HeaderName::Server) {
            answer
                .headers
                .push(HeaderName::Server, &self.config.user_agent);
        }
        answer.to_bytes()
    }

    fn stamp(&self, flow: Flow, branch: &str, request: &mut Request) {
        let mut via = String::with_capacity(80);
        via.push_str("SIP/2.0/");
        via.push_str(flow.transport.as_str());
        via.push(' ');
        self.push_own_address(flow, &mut via);
        via.push_str(";branch=");
        via.push_str(branch);
        if !flow.transport.is_reliable() {
            via.push_str(";rport");
        }
        request.headers.push_front(HeaderName::Via, via);
        if !self.config.user_agent.is_empty() && !request.headers.has(&HeaderName::UserAgent) {
            request
                .headers
                .push(HeaderName::UserAgent, &self.config.user_agent);
        }
    }
}
