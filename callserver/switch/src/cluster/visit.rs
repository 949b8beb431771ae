//! A request of another server for one of our phones.

use std::time::Instant;

use sip::{Flow, FlowToken, HeaderName, Headers, Request, Route, StatusCode, Text};

use super::claim::Disbelief;
use super::{Neighbours, Sender};
use crate::desk::Desk;
use crate::reached::Callee;
use crate::registrar::Registrar;
use crate::{AccountId, BindingId, Party};

/// A request that was passed on by another server, whom we believe.
#[derive(Debug)]
pub(crate) struct Visit {
    /// Who sends it.
    pub(crate) sender: Sender,
    /// The one phone that it is for.
    pub(crate) callee: Callee,
    /// The way back, if the one that it came over breaks.
    pub(crate) back: Flow,
    /// What the phone is told of how it came to this number.
    pub(crate) history: Headers,
}

/// The flow token that a request wants to use: the user of its first Route.
pub(crate) fn token_in(request: &Request) -> Option<Text> {
    let routes = request.headers.typed_list::<Route>().ok()?;
    let Route(first) = routes.first()?;
    let user = first.uri.user.as_ref()?;
    FlowToken::is_meant(user).then(|| user.clone())
}

impl Desk {
    /// Reads a request with a flow token.
    ///
    /// # Errors
    /// 403 if the token was not made here or no other server vouches for the sender, 430 if the flow is no more
    /// (RFC 5626 section 5.3.1), 503 if there are too many.
    pub(crate) fn visit(
        &mut self,
        now: Instant,
        registrar: &Registrar,
        request: &Request,
        token: &str,
    ) -> Result<Visit, StatusCode> {
        let neighbours = self.neighbours.as_mut().ok_or(StatusCode::FORBIDDEN)?;
        let (account, binding) = neighbours.place_of(token).ok_or(StatusCode::FORBIDDEN)?;
        let claim = match neighbours.believe(now, request, token) {
            Ok(claim) => claim,
            Err(Disbelief::NoProof) => return Err(StatusCode::FORBIDDEN),
            Err(Disbelief::TooMany) => return Err(StatusCode::SERVICE_UNAVAILABLE),
        };
        let back = neighbours.way_to(claim.server);
        if !registrar.is_named(account, binding, token) {
            return Err(StatusCode::FLOW_FAILED);
        }
        let (number, display_name) = claim.callee;
        let party = Party {
            account,
            number,
            display_name,
            is_guest: false,
        };
        Ok(Visit {
            sender: claim.sender,
            callee: Callee::on(party, binding),
            back,
            history: history(request),
        })
    }
}

impl Neighbours {
    fn place_of(&self, token: &str) -> Option<(AccountId, BindingId)> {
        let token = FlowToken::open(&self.cluster.key, &self.cluster.node, token).ok()?;
        let (account, binding) = token.place();
        Some((AccountId(account.cast_signed()), BindingId(binding)))
    }
}

fn history(request: &Request) -> Headers {
    let mut headers = Headers::new();
    for name in [HeaderName::HistoryInfo, HeaderName::Diversion] {
        for value in request.headers.all(&name) {
            headers.push(name.clone(), value.clone());
        }
    }
    headers
}
