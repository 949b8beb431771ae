//! Messages outside calls (RFC 3428). A text, and the report of what became of one, goes into the conversation of the two
//! people, and out of it to one phone after the other. Everything else goes to all phones of its recipient at once, and
//! the first that takes it counts.

mod arrive;
mod deliver;
mod keep;
mod letters;

use std::collections::HashMap;
use std::time::Instant;

use sip::{Request, RequestId};

use crate::Reached;
use crate::cluster::Sender;
use crate::desk::Desk;
use crate::refusal::Refusals;
use crate::registrar::Target;

/// A message whose sender is proved, and whose recipient is looked up.
#[derive(Debug)]
pub(crate) struct Addressed {
    request: RequestId,
    message: Request,
    sender: Sender,
}

/// A message that waits to be kept in a conversation.
#[derive(Debug)]
pub(crate) struct Enclosed {
    addressed: Addressed,
    reached: Reached,
}

/// Something out of a conversation on its way to one phone.
#[derive(Debug)]
struct Sent {
    ticket: u64,
    message: Request,
    /// Other ways to the phone.
    others: Vec<Target>,
}

/// One message on its way to several phones.
#[derive(Debug)]
struct Delivery {
    /// The sender waits for this answer, until there is one.
    request: Option<RequestId>,
    message: Request,
    sender: Sender,
    /// Phones that have not answered.
    open: usize,
    refusals: Refusals,
}

/// One phone that was sent a message.
#[derive(Debug)]
struct Attempt {
    delivery: u64,
    /// Other ways to the same phone.
    others: Vec<Target>,
}

/// All messages on their way.
#[derive(Debug, Default)]
pub(crate) struct Pager {
    deliveries: HashMap<u64, Delivery>,
    attempts: HashMap<RequestId, Attempt>,
    letters: HashMap<RequestId, Sent>,
    last_delivery: u64,
}

impl Pager {
    pub(crate) fn len(&self) -> usize {
        self.deliveries.len() + self.letters.len()
    }
}

/// Sends a message over one way to a phone.
fn send(now: Instant, desk: &mut Desk, request: RequestId, target: &Target, message: Request) {
    let input = sip::Input::Request {
        request,
        flow: target.flow,
        message,
        credential: None,
    };
    desk.endpoint.handle(now, input);
}
