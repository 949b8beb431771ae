//! An INVITE before it is a call: who calls, and whom?
//!
//! Callers must prove who they are; then the directory is asked for what they dialled. What leaves the reception is an
//! [`Admitted`] call between two known people; everything else was refused here.

mod admit;
mod arrive;
mod check;

use std::collections::HashMap;

pub(crate) use check::{Name, dialled, dialled_by, hides_who_calls};
use sip::{Credentials, Flow, Headers, LegId, Request, Text};

use crate::cluster::Sender;
pub(crate) use crate::config::Service;
use crate::reached::Callee;
use crate::{AskId, Credential, Destination, House};

/// All INVITEs that wait for an answer about their people.
#[derive(Debug, Default)]
pub(crate) struct Reception {
    arrivals: HashMap<LegId, Arrival>,
}

/// One of them.
#[derive(Debug)]
struct Arrival {
    flow: Flow,
    invite: Request,
    ask: AskId,
    stage: Stage,
    /// The leg whose place it wants to take.
    replaces: Option<LegId>,
}

/// A proved person who goes on with a call on another phone, or takes one that rings elsewhere, and names it.
#[derive(Debug)]
pub(crate) struct TakeOver {
    pub(crate) leg: LegId,
    pub(crate) flow: Flow,
    pub(crate) invite: Request,
    pub(crate) by: Credential,
    pub(crate) replaced: LegId,
}

/// A proved person who wants to take a call that rings elsewhere.
#[derive(Debug)]
pub(crate) struct PickUpWish {
    pub(crate) leg: LegId,
    pub(crate) flow: Flow,
    pub(crate) invite: Request,
    pub(crate) by: Credential,
    /// Whose; `None` for that of a group.
    pub(crate) whom: Option<Destination>,
}

/// A proved person who has dialled a code that leads to nobody.
#[derive(Debug)]
pub(crate) struct ServiceCall {
    pub(crate) leg: LegId,
    pub(crate) flow: Flow,
    pub(crate) invite: Request,
    pub(crate) by: Credential,
    pub(crate) service: Service,
}

/// What becomes of an INVITE whose caller has proved who it is, and that begins no call.
#[derive(Debug)]
pub(crate) enum Joins {
    TakeOver(Box<TakeOver>),
    PickUp(Box<PickUpWish>),
    /// A call with the server itself.
    House(Box<Admitted>),
    Service(Box<ServiceCall>),
}

/// What becomes of an INVITE when it is known where it leads.
#[derive(Debug)]
pub(crate) enum Routed {
    Call(Box<Admitted>),
    PickUp(Box<PickUpWish>),
}

#[derive(Debug)]
enum Stage {
    /// The directory is asked who has the login of these credentials.
    Authenticating(Box<Credentials>),
    /// The caller is known; the directory is asked who is called under what was dialled.
    Routing {
        caller: Box<Credential>,
        dialled: Text,
        why: Wish,
    },
}

/// What whoever dialled wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wish {
    Call,
    /// Help.
    Emergency,
    /// The call that rings there.
    PickUp,
}

/// A call between two known people that may go on to the bridge.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) leg: LegId,
    pub(crate) flow: Flow,
    pub(crate) invite: Request,
    pub(crate) caller: Sender,
    pub(crate) callee: Callee,
    pub(crate) dialled: Text,
    /// The way back to the server that passed it on, if one did.
    pub(crate) back: Option<Flow>,
    /// What that server says of how it came to this number.
    pub(crate) history: Headers,
    /// Whether somebody calls for help.
    pub(crate) is_emergency: bool,
    /// What the server itself is to be in it.
    pub(crate) house: Option<House>,
}

impl Reception {
    pub(crate) fn len(&self) -> usize {
        self.arrivals.len()
    }
}
