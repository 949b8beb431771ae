//! Why a request of ours was sent, and so who learns its answer.

use super::{DigestClient, LegId, PublicationId, RegistrationId, RequestId, SubscriptionId};
use crate::transaction::TransactionKey;
use crate::{Request, Text};

/// The user of a client transaction.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// [`Input::Request`](super::Input::Request).
    Request {
        request: RequestId,
        retry: Option<Box<Retry>>,
    },
    /// [`Input::SendInDialog`](super::Input::SendInDialog); kept to be sent again with credentials.
    InDialog {
        leg: LegId,
        request: RequestId,
        message: Box<Request>,
    },
    /// A registration's REGISTER, and the plan that it belongs to.
    Register(RegistrationId, u32),
    /// A SUBSCRIBE or REFER of ours, kept to be sent again; `branch` is the tag of the notifier in
    /// whose dialog it goes, `None` for the request that begins the subscription.
    Subscribe {
        subscription: SubscriptionId,
        branch: Option<Text>,
        message: Box<Request>,
    },
    /// A NOTIFY of ours; kept to be sent again with the credentials of the call that it goes in.
    Notify {
        subscription: SubscriptionId,
        message: Option<Box<Request>>,
    },
    /// A publication's PUBLISH, and the plan that it belongs to.
    Publish(PublicationId, u32),
    /// A call's first INVITE.
    Invite(LegId),
    /// A call's re-INVITE.
    Reoffer(LegId),
    /// A call's UPDATE to the phone of this tag.
    Update { leg: LegId, to_tag: Text },
    /// The PRACK to the phone of this tag; kept to be sent again with credentials.
    Prack {
        leg: LegId,
        to_tag: Text,
        message: Box<Request>,
    },
    /// The BYE of the call with this key, which is over for everybody else.
    Bye {
        dialog: TransactionKey,
        retry: Option<Box<Retry>>,
    },
    /// A CANCEL, for what counts is the answer to its INVITE; and whatever is answered and only
    /// absorbs repetitions.
    Nobody,
    /// An INVITE that we have given up or whose call has begun: whoever answers it now is thanked
    /// and hung up on.
    Abandoned {
        /// Ours.
        contact: Text,
        /// The highest number that any dialog of the call has used.
        number: u32,
    },
}

/// What it takes to send a request once more.
#[derive(Debug)]
pub(crate) struct Retry {
    /// Without Via.
    pub(crate) message: Request,
    pub(crate) digest: DigestClient,
}
