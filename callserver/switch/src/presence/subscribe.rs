//! SUBSCRIBE: who wants to be told of what, and whether they may (RFC 6665 section 4.2.1).

use std::time::Instant;

use sip::{
    Credentials, Expires, Flow, HeaderName, Headers, MinExpires, Request, StatusCode,
    SubscriptionId, Text, Warning,
};

use super::notice::What;
use super::{Package, Presence, Told, Watch};
use crate::authentication::{Authentication, Door};
use crate::desk::{Desk, retry_after, with_header};
use crate::park::{account_of, is_slot};
use crate::questions::Purpose;
use crate::reception::{Name, dialled_by};
use crate::registrar::Registrar;
use crate::{AccountId, Credential, MessageCount, Question, Viewers, Watchable};

/// A SUBSCRIBE whose credentials cannot be checked yet.
#[derive(Debug)]
pub(crate) struct Asking {
    subscription: SubscriptionId,
    flow: Flow,
    request: Request,
    credentials: Credentials,
    package: Package,
}

/// A SUBSCRIBE of somebody who is known, for somebody who is looked up.
#[derive(Debug)]
pub(crate) struct Finding {
    subscription: SubscriptionId,
    flow: Flow,
    request: Request,
    owner: Credential,
    package: Package,
}

impl Asking {
    pub(crate) fn subscription(&self) -> SubscriptionId {
        self.subscription
    }
}

impl Finding {
    pub(crate) fn subscription(&self) -> SubscriptionId {
        self.subscription
    }
}

/// A refusal, and what goes with it.
type Refusal = (StatusCode, Headers);

impl Presence {
    /// A SUBSCRIBE came in: a new one, or one in the dialog of a subscription.
    pub(crate) fn subscribe(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (authentication, registrar): (&mut Authentication, &Registrar),
        (subscription, flow, request): (SubscriptionId, Flow, Request),
    ) {
        let package = match check(desk, &request) {
            Ok(package) => package,
            Err((status, headers)) => return reject(now, desk, subscription, status, headers),
        };
        // The tags of the dialog are nobody's but the phone's and ours; but one that comes from elsewhere proves itself.
        if let Some(watch) = self.watches.get(&subscription)
            && watch.source == flow.remote.ip()
        {
            return self.accept(now, desk, registrar, subscription, &request);
        }
        let credentials = match authentication.claim(now, desk, (Door::Calls, flow), &request) {
            Ok(credentials) => credentials,
            Err(challenge) => {
                return reject(now, desk, subscription, Door::Calls.status(), challenge);
            }
        };
        let login = credentials.username.clone();
        let asking = Box::new(Asking {
            subscription,
            flow,
            request,
            credentials,
            package,
        });
        let question = Question::Credential { login };
        desk.ask(now, question, Purpose::Subscriber(asking));
    }

    /// The subscriber's credential is known, or there is none.
    pub(crate) fn identified(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (authentication, registrar): (&mut Authentication, &Registrar),
        asking: Asking,
        owner: Option<Credential>,
    ) {
        let Asking {
            subscription,
            flow,
            request,
            credentials,
            package,
        } = asking;
        let way = (Door::Calls, flow);
        let proof = authentication.prove(now, desk, way, &credentials, &request, owner.as_ref());
        if let Err(challenge) = proof {
            return reject(now, desk, subscription, Door::Calls.status(), challenge);
        }
        let Some(owner) = owner else { return };
        if let Some(watch) = self.watches.get_mut(&subscription) {
            if watch.watcher != owner.account {
                let status = StatusCode::FORBIDDEN;
                return reject(now, desk, subscription, status, Headers::new());
            }
            watch.source = flow.remote.ip();
            return self.accept(now, desk, registrar, subscription, &request);
        }
        let dialled = match dialled_by(desk, flow, &request, &owner, Name::Own) {
            Ok(dialled) => dialled,
            Err(status) => return reject(now, desk, subscription, status, Headers::new()),
        };
        let most = desk.config.max_subscriptions_of_account;
        let held = self.subscriptions.get(&owner.account);
        if held.is_some_and(|held| *held >= most) {
            let mut headers = Headers::new();
            headers.push_typed(&Warning {
                code: 399,
                agent: desk.config.domain.clone(),
                text: Text::from_static("Too many subscriptions of this account"),
            });
            return reject(now, desk, subscription, StatusCode::FORBIDDEN, headers);
        }
        let watcher = owner.party();
        let finding = Box::new(Finding {
            subscription,
            flow,
            request,
            owner,
            package,
        });
        // A slot is nobody's, and everybody may see whether somebody waits there.
        if let Some(Some(slot)) = desk.config.park.read(&dialled) {
            let watchable = Watchable {
                account: account_of(slot),
                told: Told::default(),
                may_see: true,
            };
            return self.found(now, desk, registrar, *finding, Some(watchable));
        }
        let question = Question::Watched { dialled, watcher };
        desk.ask(now, question, Purpose::Presentity(finding));
    }

    /// Whom the subscriber means is known, or it is nobody.
    pub(crate) fn found(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        finding: Finding,
        found: Option<Watchable>,
    ) {
        let Finding {
            subscription,
            flow,
            request,
            owner,
            package,
        } = finding;
        let refuse = |desk: &mut Desk, status| {
            reject(now, desk, subscription, status, Headers::new());
        };
        let Some(found) = found else {
            return refuse(desk, StatusCode::NOT_FOUND);
        };
        if package.is_private() && found.account != owner.account {
            return refuse(desk, StatusCode::FORBIDDEN);
        }
        let address = owner.party().address(&desk.config.domain);
        let entity = entity(&request, &desk.config.domain);
        let watch = Watch {
            package,
            account: found.account,
            watcher: owner.account,
            login: owner.login,
            address: Text::from(address.uri.to_string()),
            entity,
            source: flow.remote.ip(),
            may_see: found.may_see || found.account == owner.account,
            version: 0,
            told: None,
            calls: smallvec::SmallVec::new(),
            not_before: None,
            is_planned: false,
        };
        self.watches.insert(subscription, watch);
        *self.subscriptions.entry(owner.account).or_default() += 1;
        let watched = self.watched.entry(found.account).or_default();
        watched.told = found.told;
        watched.watches.insert(subscription);
        self.accept(now, desk, registrar, subscription, &request);
        if package == Package::Presence {
            self.touch(now, desk, registrar, found.account, What::Watchers);
        }
    }

    /// Nobody answered about the subscriber, or about whom it means.
    pub(crate) fn unanswered(now: Instant, desk: &mut Desk, subscription: SubscriptionId) {
        let status = StatusCode::SERVER_INTERNAL_ERROR;
        reject(now, desk, subscription, status, Headers::new());
    }

    /// Lets a subscription begin or go on, and tells the present state.
    fn accept(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        subscription: SubscriptionId,
        request: &Request,
    ) {
        let limits = desk.config.registration;
        let asked = request.headers.typed::<Expires>().ok().flatten();
        let seconds = asked.map_or(limits.default_expires, |Expires(seconds)| seconds);
        let accept = sip::Input::AcceptSubscription {
            subscription,
            expires_seconds: seconds.min(limits.max_expires),
            headers: Headers::new(),
        };
        desk.endpoint.handle(now, accept);
        let Some(watch) = self.watches.get_mut(&subscription) else {
            return;
        };
        // Whoever asks is answered at once.
        watch.told = None;
        let (package, account) = (watch.package, watch.account);
        self.tell(now, desk, registrar, subscription);
        if package == Package::Messages {
            self.ask_for_messages(now, desk, account);
        }
    }

    /// A subscription is over.
    pub(crate) fn ended(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        subscription: SubscriptionId,
    ) {
        let Some(watch) = self.watches.remove(&subscription) else {
            return;
        };
        if let Some(held) = self.subscriptions.get_mut(&watch.watcher) {
            *held -= 1;
            if *held == 0 {
                self.subscriptions.remove(&watch.watcher);
            }
        }
        if let Some(watched) = self.watched.get_mut(&watch.account) {
            watched.watches.remove(&subscription);
            if watched.watches.is_empty() {
                self.watched.remove(&watch.account);
            }
        }
        if watch.package == Package::Presence {
            self.touch(now, desk, registrar, watch.account, What::Watchers);
        }
    }

    /// A credential was revoked: nothing more is told to whoever has it. Rare, so a walk through everything is good
    /// enough.
    pub(crate) fn forget_login(&mut self, now: Instant, desk: &mut Desk, login: &str) {
        let watches = self.watches.iter();
        let revoked = watches.filter(|(_, watch)| watch.login == login);
        let mut revoked: Vec<_> = revoked.map(|(id, _)| *id).collect();
        revoked.sort_unstable();
        for subscription in revoked {
            end(now, desk, subscription, "rejected");
        }
    }

    /// What an account tells may be something else now, and who may see it; or that of all, if none is named.
    pub(crate) fn ask_anew(&mut self, now: Instant, desk: &mut Desk, account: Option<AccountId>) {
        let accounts = match account {
            Some(account) => vec![account],
            None => {
                let mut all: Vec<_> = self.watched.keys().copied().collect();
                all.sort_unstable();
                all
            }
        };
        for account in accounts {
            // Of slots nobody knows more than the switch.
            if is_slot(account) {
                continue;
            }
            let Some(watched) = self.watched.get_mut(&account) else {
                continue;
            };
            if watched.is_asked {
                watched.is_stale = true;
                continue;
            }
            watched.is_asked = true;
            let watches = watched.watches.iter();
            let watchers = watches.filter_map(|id| Some(self.watches.get(id)?.watcher));
            let mut watchers: Vec<_> = watchers.collect();
            watchers.sort_unstable();
            watchers.dedup();
            let question = Question::Viewers { account, watchers };
            desk.ask(now, question, Purpose::Viewers(account));
        }
    }

    /// What an account tells, and to whom. `None`: it is no more. Without an answer things stay as they are.
    pub(crate) fn viewed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        account: AccountId,
        viewers: Option<Viewers>,
    ) {
        let Some(watched) = self.watched.get_mut(&account) else {
            return;
        };
        watched.is_asked = false;
        let is_stale = std::mem::take(&mut watched.is_stale);
        let Some(viewers) = viewers else {
            for subscription in watched.watches.clone() {
                end(now, desk, subscription, "noresource");
            }
            return;
        };
        watched.told = viewers.told;
        for id in &watched.watches {
            if let Some(watch) = self.watches.get_mut(id) {
                let watcher = watch.watcher;
                watch.may_see = watcher == account || viewers.may_see.contains(&watcher);
            }
        }
        self.touch(now, desk, registrar, account, What::Everything);
        if is_stale {
            self.ask_anew(now, desk, Some(account));
        }
    }

    /// The question what an account tells was not answered.
    pub(crate) fn not_viewed(&mut self, account: AccountId) {
        if let Some(watched) = self.watched.get_mut(&account) {
            (watched.is_asked, watched.is_stale) = (false, false);
        }
    }

    /// The messages of an account are others now.
    pub(crate) fn ask_for_messages(&mut self, now: Instant, desk: &mut Desk, account: AccountId) {
        let Some(watched) = self.watched.get(&account) else {
            return;
        };
        let mut watches = watched.watches.iter();
        let is_lamp = |id| {
            let watch = self.watches.get(id);
            watch.is_some_and(|watch: &Watch| watch.package == Package::Messages)
        };
        if watches.any(is_lamp) {
            let question = Question::Messages { account };
            desk.ask(now, question, Purpose::Messages(account));
        }
    }

    /// How many messages wait for an account.
    pub(crate) fn counted(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        account: AccountId,
        count: MessageCount,
    ) {
        if let Some(watched) = self.watched.get_mut(&account)
            && watched.messages != count
        {
            watched.messages = count;
            self.touch(now, desk, registrar, account, What::Messages);
        }
    }
}

/// What can be seen of a SUBSCRIBE alone.
fn check(desk: &Desk, request: &Request) -> Result<Package, Refusal> {
    let Some(package) = Package::of(request) else {
        // The progress of a transfer is told to whoever asked for it, and to nobody else.
        let packages = with_header(HeaderName::AllowEvents, super::notice::packages());
        return Err((StatusCode::BAD_EVENT, packages));
    };
    let seconds = match request.headers.typed::<Expires>() {
        Ok(expires) => expires.map(|Expires(seconds)| seconds),
        Err(_) => return Err((StatusCode::BAD_REQUEST, Headers::new())),
    };
    if desk.is_draining && seconds != Some(0) {
        return Err((StatusCode::SERVICE_UNAVAILABLE, retry_after(10)));
    }
    let least = desk.config.registration.min_expires;
    if seconds.is_some_and(|seconds| seconds > 0 && seconds < least) {
        let mut headers = Headers::new();
        headers.push_typed(&MinExpires(least));
        return Err((StatusCode::INTERVAL_TOO_BRIEF, headers));
    }
    if !package.is_accepted_by(request) {
        let accept = with_header(HeaderName::Accept, package.content_type());
        return Err((StatusCode::NOT_ACCEPTABLE, accept));
    }
    Ok(package)
}

/// Whom a SUBSCRIBE is for, as the watcher wrote it, but without parameters and with our domain: what phones compare
/// with the entry that they watch.
fn entity(request: &Request, domain: &Text) -> Text {
    let user = request.uri.user.as_deref().unwrap_or_default();
    Text::from(format!("sip:{user}@{domain}"))
}

fn reject(
    now: Instant,
    desk: &mut Desk,
    subscription: SubscriptionId,
    status: StatusCode,
    headers: Headers,
) {
    let reject = sip::Input::RejectSubscription {
        subscription,
        status,
        headers,
    };
    desk.endpoint.handle(now, reject);
}

fn end(now: Instant, desk: &mut Desk, subscription: SubscriptionId, reason: &'static str) {
    let end = sip::Input::EndSubscription {
        subscription,
        reason: Text::from_static(reason),
        headers: Headers::new(),
        body: bytes::Bytes::new(),
    };
    desk.endpoint.handle(now, end);
}
