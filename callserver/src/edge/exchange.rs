//! The way to the exchange for everybody else in the server.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use sip::Text;
use switch::{AccountId, CallId, Completion, CompletionId, Facts, NotCompleted, Party};
use tokio::sync::{mpsc, oneshot};

use super::Figures;
use super::traces::Trace;
use crate::control::{BanView, CallView};
use crate::upgrade::Belongings;

/// A way to ask the exchange. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Exchange {
    requests: mpsc::Sender<Request>,
}

/// How much there is of what.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Devices that are registered.
    pub registrations: u64,
    /// Calls that ring or are answered.
    pub calls: u64,
}

/// Whether somebody will be called back, or why not.
pub(super) type Decided = Result<Completion, NotCompleted>;

#[derive(Debug)]
pub(super) enum Request {
    Calls(oneshot::Sender<Vec<CallView>>),
    Counts(oneshot::Sender<Counts>),
    Logins(oneshot::Sender<Vec<String>>),
    HangUp(CallId, oneshot::Sender<Option<CallView>>),
    Trace(CallId, oneshot::Sender<Option<Trace>>),
    Bans(oneshot::Sender<Vec<BanView>>),
    Release(IpAddr, oneshot::Sender<bool>),
    Figures(oneshot::Sender<Box<Figures>>),
    Facts(Vec<AccountId>, oneshot::Sender<Vec<Facts>>),
    Complete(Box<Party>, Option<Text>, oneshot::Sender<Decided>),
    Completions(AccountId, oneshot::Sender<Vec<Completion>>),
    CancelCompletion(AccountId, CompletionId, oneshot::Sender<bool>),
    Drain(oneshot::Sender<()>),
    HandOver(Box<HandOver>, oneshot::Sender<io::Error>),
}

/// What another program gets besides what the exchange has itself.
#[derive(Debug)]
pub(super) struct HandOver {
    pub(super) program: PathBuf,
    pub(super) belongings: Belongings,
}

impl Exchange {
    pub(super) fn new() -> (Self, mpsc::Receiver<Request>) {
        let (requests, inbox) = mpsc::channel(64);
        (Self { requests }, inbox)
    }

    /// The calls at present; none if the exchange has stopped.
    pub async fn calls(&self) -> Vec<CallView> {
        self.ask(Request::Calls).await.unwrap_or_default()
    }

    /// How much there is of what, unless the exchange has stopped.
    pub async fn counts(&self) -> Option<Counts> {
        self.ask(Request::Counts).await
    }

    /// The logins of the registered phones; none if the exchange has stopped.
    pub async fn logins(&self) -> Vec<String> {
        self.ask(Request::Logins).await.unwrap_or_default()
    }

    /// Ends a call, and gives it as it was; `None` if there was no such call.
    pub async fn hang_up(&self, call: u64) -> Option<CallView> {
        self.ask(|answer| Request::HangUp(CallId(call), answer))
            .await?
    }

    /// The SIP messages of a call that goes on or has just ended, if any are kept.
    pub async fn trace(&self, call: u64) -> Option<Trace> {
        self.ask(|answer| Request::Trace(CallId(call), answer))
            .await?
    }

    /// The sources that are not listened to at present; none if the exchange has stopped.
    pub async fn bans(&self) -> Vec<BanView> {
        self.ask(Request::Bans).await.unwrap_or_default()
    }

    /// Ends a ban; tells whether there was one.
    pub async fn release(&self, source: IpAddr) -> bool {
        self.ask(|answer| Request::Release(source, answer))
            .await
            .unwrap_or(false)
    }

    /// The exchange in figures, unless it has stopped.
    pub async fn figures(&self) -> Option<Box<Figures>> {
        self.ask(Request::Figures).await
    }

    /// What is known here of these accounts, in their order; nothing if the exchange has stopped.
    pub async fn facts(&self, accounts: &[api::AccountId]) -> Vec<Facts> {
        let asked: Vec<_> = accounts.iter().map(|one| AccountId(one.0)).collect();
        let facts = self.ask(|answer| Request::Facts(asked, answer)).await;
        let mut facts = facts.unwrap_or_default();
        facts.resize_with(accounts.len(), Facts::default);
        facts
    }

    /// Has somebody called back as soon as the callee is free that has this number or name, or that it has called last in
    /// vain. `None` if the exchange has stopped.
    pub(crate) async fn complete(&self, caller: Party, dialled: Option<&str>) -> Option<Decided> {
        let (caller, dialled) = (Box::new(caller), dialled.map(Text::from));
        self.ask(|answer| Request::Complete(caller, dialled, answer))
            .await
    }

    /// Whom an account waits for; nobody if the exchange has stopped.
    pub(crate) async fn completions(&self, account: api::AccountId) -> Vec<Completion> {
        let account = AccountId(account.0);
        let asked = self.ask(|answer| Request::Completions(account, answer));
        asked.await.unwrap_or_default()
    }

    /// An account does not wait for somebody any more; tells whether it did.
    pub(crate) async fn cancel_completion(&self, account: api::AccountId, id: u64) -> bool {
        let account = AccountId(account.0);
        let id = CompletionId(id);
        let asked = self.ask(|answer| Request::CancelCompletion(account, id, answer));
        asked.await.unwrap_or(false)
    }

    /// Ends all calls and takes no new ones. Returns when all have ended; the caller decides how long to wait.
    pub async fn drain(&self) {
        let _ = self.ask(Request::Drain).await;
    }

    /// Puts another program in the place of this process, which goes on with the calls and with all sockets. Returns only
    /// if that was not possible, with the reason: then all goes on here.
    pub(crate) async fn hand_over(&self, program: PathBuf, belongings: Belongings) -> io::Error {
        let plan = Box::new(HandOver {
            program,
            belongings,
        });
        let failed = self.ask(|answer| Request::HandOver(plan, answer)).await;
        failed.unwrap_or_else(|| io::Error::other("the exchange has stopped"))
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.requests.send(request(sender)).await.ok()?;
        answer.await.ok()
    }
}
