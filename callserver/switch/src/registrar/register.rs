//! An authenticated REGISTER: bindings are made, refreshed, removed and listed (RFC 3261 10.3 steps 6 to 8).

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use sip::{Flow, HeaderName, Headers, Params, Request, RequestId, StatusCode, Text, Uri};

use super::contacts::{self, Refusal, Wanted, Wish, Wishes};
use super::{Binding, Registrar};
use crate::desk::Desk;
use crate::timetable::Timer;
use crate::{AccountId, BindingId, Credential, Event, Unregistration};

/// A REGISTER that may change things.
struct Registering<'a> {
    flow: Flow,
    owner: &'a Credential,
    call_id: Text,
    cseq: u32,
    user_agent: Option<Text>,
    path: Vec<Text>,
}

impl Registrar {
    pub(super) fn register(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        request: RequestId,
        flow: Flow,
        message: &Request,
        owner: &Credential,
    ) {
        match self.apply(now, desk, flow, message, owner) {
            Ok(told) => {
                let mut headers = self.listing(now, owner.account);
                headers.append(told);
                if let Some(clock) = desk.config.wall_clock {
                    headers.push(HeaderName::Date, clock.date(now));
                }
                desk.respond(now, request, StatusCode::OK, headers);
            }
            Err(refusal) => desk.respond(now, request, refusal.status, refusal.headers),
        }
    }

    /// All or nothing: what could be refused is refused before the first change. Gives what the phone is told besides its
    /// bindings.
    fn apply(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        flow: Flow,
        message: &Request,
        owner: &Credential,
    ) -> Result<Headers, Refusal> {
        let Wishes {
            call_id,
            cseq,
            wish,
            way,
            is_flow,
        } = contacts::read(message, &desk.config.registration)?;
        let registering = Registering {
            flow,
            owner,
            call_id,
            cseq,
            user_agent: message
                .headers
                .get(&HeaderName::UserAgent)
                .map(|agent| Text::from(agent.as_str().to_owned())),
            path: way.path,
        };
        match wish {
            Wish::Query => {}
            Wish::RemoveAll => {
                let all: Vec<BindingId> = self.of_device(owner).map(|binding| binding.id).collect();
                self.refuse_if_old(&registering, &all)?;
                for binding in all {
                    self.remove(desk, owner.account, binding, Unregistration::ByPhone);
                }
            }
            Wish::Change(wanted) => {
                let known: Vec<Option<BindingId>> = wanted
                    .iter()
                    .map(|wanted| self.find(owner, wanted))
                    .collect();
                let touched: Vec<BindingId> = known.iter().flatten().copied().collect();
                self.refuse_if_old(&registering, &touched)?;
                for (wanted, known) in wanted.into_iter().zip(known) {
                    self.change(now, desk, &registering, wanted, known);
                }
            }
        }
        let mut told = Headers::new();
        if is_flow {
            // RFC 5626 section 6: so the phone knows that this flow is kept beside its others.
            told.push(HeaderName::Require, Text::from_static("outbound"));
        }
        if way.tells_path {
            for hop in registering.path {
                told.push(HeaderName::Path, hop);
            }
        }
        Ok(told)
    }

    /// RFC 3261 10.3 step 7: within one Call-ID, a CSeq that is not higher than the binding's was overtaken on its way.
    fn refuse_if_old(
        &self,
        registering: &Registering<'_>,
        touched: &[BindingId],
    ) -> Result<(), Refusal> {
        let is_old = self.of_device(registering.owner).any(|binding| {
            touched.contains(&binding.id)
                && binding.call_id == registering.call_id
                && binding.cseq >= registering.cseq
        });
        if is_old {
            return Err(StatusCode::SERVER_INTERNAL_ERROR.into());
        }
        Ok(())
    }

    fn change(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registering: &Registering<'_>,
        wanted: Wanted,
        known: Option<BindingId>,
    ) {
        let account = registering.owner.account;
        if wanted.expires_seconds == 0 {
            if let Some(binding) = known {
                self.remove(desk, account, binding, Unregistration::ByPhone);
            }
            return;
        }
        let binding = self.make(now, desk, registering, &wanted, known);
        let event = Event::DeviceRegistered {
            binding: Box::new(binding.stored(account, wanted.expires_seconds)),
            is_refresh: known.is_some(),
            is_guest: registering.owner.is_guest,
        };
        // Out with what it replaces, before room is made by force.
        let new = binding.id;
        let replaced: Vec<BindingId> = self
            .of_device(registering.owner)
            .filter(|old| {
                old.id != new && binding.instance.is_some() && old.instance == binding.instance
                    // Its other flows stay. A phone that numbers its flows has given up the one without a number.
                    && (binding.reg_id.is_none()
                        || old.reg_id.is_none()
                        || old.reg_id == binding.reg_id)
            })
            .map(|old| old.id)
            .collect();
        if let Some(id) = known
            && let Some(old) = self.take(desk, account, id)
        {
            self.came_from(old.flow, &binding);
        }
        self.came_back(&binding);
        for old in replaced {
            self.remove(desk, account, old, Unregistration::Replaced);
        }
        self.make_room(desk, account);
        self.insert(account, binding);
        desk.emit(event);
    }

    fn make(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registering: &Registering<'_>,
        wanted: &Wanted,
        known: Option<BindingId>,
    ) -> Binding {
        let account = registering.owner.account;
        let (contact, contact_text) = self.contact_of(account, known, &wanted.address.uri);
        let id = known.unwrap_or_else(|| self.next_binding());
        let expires_at = now + Duration::from_secs(wanted.expires_seconds.into());
        Binding {
            id,
            device: registering.owner.device,
            login: registering.owner.login.clone(),
            contact,
            contact_text,
            instance: wanted
                .address
                .params
                .unquoted("+sip.instance")
                .map(Text::from),
            reg_id: wanted.reg_id,
            path: registering.path.clone(),
            user_agent: registering.user_agent.clone(),
            reads_rooms: wanted.reads_rooms(),
            q: wanted.q,
            call_id: registering.call_id.clone(),
            cseq: registering.cseq,
            flow: registering.flow,
            token: desk
                .neighbours
                .as_ref()
                .map(|others| others.token(account, id, &registering.flow)),
            registered_at: now,
            expires_at,
            timer: desk.timetable.set(
                expires_at,
                Timer::BindingExpires {
                    account,
                    binding: id,
                },
            ),
        }
    }

    /// A contact and how it is written, in memory of its own: cut from the message, it would keep all of that alive. A
    /// refresh, which says the same again, gets what is there.
    fn contact_of(&self, account: AccountId, known: Option<BindingId>, uri: &Uri) -> (Uri, Text) {
        let mut bindings = self.bindings(account).iter();
        let known = bindings.find(|binding| Some(binding.id) == known && binding.contact == *uri);
        if let Some(known) = known {
            return (known.contact.clone(), known.contact_text.clone());
        }
        let text = Text::from(uri.to_string());
        let contact = Uri::parse(&text).unwrap_or_else(|_| uri.clone());
        (contact, text)
    }

    pub(super) fn insert(&mut self, account: AccountId, binding: Binding) {
        self.link(account, binding.flow);
        let bindings = self.accounts.entry(account).or_default();
        let at = bindings.partition_point(|other| Reverse(other.q) <= Reverse(binding.q));
        // Most people have one phone, and room for four is what a list takes by itself.
        bindings.reserve_exact(1);
        bindings.insert(at, binding);
    }

    /// An account that is full loses the binding that would have ended first: it is the likeliest to be left over from a
    /// phone that was restarted.
    pub(super) fn make_room(&mut self, desk: &mut Desk, account: AccountId) {
        while self.bindings(account).len() >= desk.config.registration.max_bindings.max(1) {
            let Some(first) = self
                .bindings(account)
                .iter()
                .min_by_key(|binding| binding.expires_at)
            else {
                return;
            };
            self.remove(desk, account, first.id, Unregistration::Replaced);
        }
    }

    /// The bindings of one device. Contacts of other devices may look the same, for instance behind two NATs.
    fn of_device<'a>(&'a self, owner: &'a Credential) -> impl Iterator<Item = &'a Binding> {
        self.bindings(owner.account)
            .iter()
            .filter(|binding| binding.device == owner.device)
    }

    /// The binding that this contact refreshes: the flow with its number if it has one, else the same URI (RFC 5626
    /// section 6, RFC 3261 10.3 step 7).
    fn find(&self, owner: &Credential, wanted: &Wanted) -> Option<BindingId> {
        let instance = wanted.address.params.unquoted("+sip.instance");
        let is_flow = |binding: &&Binding| {
            binding.reg_id == wanted.reg_id && binding.instance.as_deref() == instance.as_deref()
        };
        let flow = self
            .of_device(owner)
            .filter(|_| wanted.reg_id.is_some())
            .find(is_flow);
        let same_uri = || {
            self.of_device(owner).find(|binding| {
                (wanted.reg_id.is_none() || binding.reg_id.is_none())
                    && binding.contact.equivalent(&wanted.address.uri)
            })
        };
        flow.or_else(same_uri).map(|binding| binding.id)
    }

    /// The `Contact` headers of the 200 (RFC 3261 10.3 step 8).
    fn listing(&self, now: Instant, account: AccountId) -> Headers {
        let mut headers = Headers::new();
        for binding in self.bindings(account) {
            let left = binding.expires_at.saturating_duration_since(now).as_secs();
            let mut value = format!("<{}>;expires={left}", binding.contact_text);
            if let Some(instance) = &binding.instance {
                let params = Params::new().with("+sip.instance", Some(instance));
                value.push_str(params.as_str());
            }
            if let Some(reg_id) = binding.reg_id {
                value.push_str(&format!(";reg-id={reg_id}"));
            }
            headers.push(HeaderName::Contact, value);
        }
        headers
    }
}
