//! Somebody wants to be called back, or does not want it any more.

use std::time::{Duration, Instant};

use sip::{Flow, Headers, LegId, Request, StatusCode, Text};

use super::{Completions, Stage, WaitsFor, Wish};
use crate::bridge::Bridge;
use crate::desk::Desk;
use crate::presence::Presence;
use crate::questions::Purpose;
use crate::reached::{Unreached, refused_in_words};
use crate::reception::{Service, ServiceCall};
use crate::timetable::Timer;
use crate::{AccountId, CompletionId, Event, Party, Question, Reached};

/// A wish that waits to hear whom it is about.
#[derive(Debug)]
pub(crate) struct Asked {
    by: By,
    caller: Party,
    dialled: Text,
    /// The callee was busy a moment ago.
    was_engaged: bool,
}

/// How it came.
#[derive(Debug)]
pub(crate) enum By {
    /// Dialled: a phone waits for its answer.
    Phone {
        leg: LegId,
        flow: Flow,
        invite: Box<Request>,
    },
    /// With [`Input::RequestCompletion`](crate::Input::RequestCompletion).
    Ticket(u64),
}

/// A wish to be called back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// Its name.
    pub id: CompletionId,
    /// Whom the caller wants to reach.
    pub callee: Party,
    /// What the caller dialled.
    pub dialled: Text,
    /// How long it still waits.
    pub remaining: Duration,
    /// Whether it is the caller's turn: the phones ring, or the call goes out.
    pub is_under_way: bool,
}

/// Why somebody will not be called back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotCompleted {
    /// Nobody is reached under what was dialled, or not by this caller. The code that a call would hear.
    NotReached(StatusCode),
    /// No call in vain is remembered.
    NothingMissed,
    /// It is the caller's own number.
    Oneself,
    /// A group is not waited for.
    Group,
    /// The caller waits for too many already, or all callers together do.
    TooMany,
    /// The server does not do that.
    Off,
    /// Nobody answered where the number leads.
    NoAnswer,
}

impl NotCompleted {
    fn status(self) -> StatusCode {
        match self {
            NotCompleted::NotReached(status) => status,
            NotCompleted::NothingMissed | NotCompleted::Off => StatusCode::NOT_FOUND,
            NotCompleted::Oneself | NotCompleted::Group | NotCompleted::TooMany => {
                StatusCode::FORBIDDEN
            }
            NotCompleted::NoAnswer => StatusCode::SERVER_INTERNAL_ERROR,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            NotCompleted::NotReached(_) => "Nobody is reached there",
            NotCompleted::NothingMissed => "You have called nobody in vain",
            NotCompleted::Oneself => "That is your own number",
            NotCompleted::Group => "Groups are not waited for",
            NotCompleted::TooMany => "You wait for too many calls already",
            NotCompleted::Off => "Nobody is called back here",
            NotCompleted::NoAnswer => "Please try again",
        }
    }
}

impl Completions {
    /// A proved person has dialled a code.
    pub(crate) fn dialled(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        bridge: &mut Bridge,
        call: ServiceCall,
    ) {
        let ServiceCall {
            leg,
            flow,
            invite,
            by,
            service,
        } = call;
        let caller = by.party();
        if service == Service::CancelCompletions {
            return match self.cancel(now, desk, bridge, caller.account, None) {
                true => bridge.confirm(now, desk, (leg, flow, &invite)),
                false => {
                    let words = refused_in_words("Nobody was to call you", &desk.config.domain);
                    desk.reject(now, leg, StatusCode::NOT_FOUND, words);
                }
            };
        }
        let invite = Box::new(invite);
        let by = By::Phone { leg, flow, invite };
        self.ask(now, desk, by, caller, None);
    }

    /// Somebody wants to be called back, by whom they have called last if `dialled` is missing.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        by: By,
        caller: Party,
        dialled: Option<Text>,
    ) {
        let limits = &desk.config.completion;
        if limits.life.is_zero() {
            return refuse(now, desk, by, NotCompleted::Off);
        }
        let missed = self.missed.get(&caller.account).filter(|missed| {
            let age = now.saturating_duration_since(missed.at);
            age < limits.remembered && dialled.as_ref().is_none_or(|one| *one == missed.dialled)
        });
        let was_engaged = missed.is_some_and(|missed| missed.was_engaged);
        let Some(dialled) = dialled.or(missed.map(|missed| missed.dialled.clone())) else {
            return refuse(now, desk, by, NotCompleted::NothingMissed);
        };
        let question = Question::Destination {
            dialled: dialled.clone(),
            caller: caller.clone(),
            on_behalf_of: None,
        };
        let asked = Asked {
            by,
            caller,
            dialled,
            was_engaged,
        };
        desk.ask(now, question, Purpose::Completion(Box::new(asked)));
    }

    /// It is known whom a wish is about.
    pub(crate) fn placed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (bridge, presence): (&mut Bridge, &Presence),
        asked: Asked,
        reached: Reached,
    ) {
        let Asked {
            by,
            caller,
            dialled,
            was_engaged,
        } = asked;
        let (callee, is_in_vain) = match reached {
            Reached::Account(to) | Reached::Forwarded { to, .. } => (to, false),
            Reached::Blocked(to) => (to, true),
            other => {
                let status = match other.into_callee() {
                    Err(Unreached::Moved { .. }) | Ok(_) => StatusCode::NOT_FOUND,
                    Err(unreached) => unreached.status(),
                };
                return refuse(now, desk, by, NotCompleted::NotReached(status));
            }
        };
        let account = callee.account;
        if account == caller.account {
            return refuse(now, desk, by, NotCompleted::Oneself);
        }
        if !callee.treatment.members.is_empty() {
            return refuse(now, desk, by, NotCompleted::Group);
        }
        // Wishing again begins anew.
        let is_same = |wish: &Wish| {
            let is_waiting = matches!(wish.stage, Stage::Waiting { .. });
            wish.caller.account == caller.account && wish.callee.account == account && is_waiting
        };
        let same = self.wishes.iter().find(|(_, wish)| is_same(wish));
        if let Some(id) = same.map(|(id, _)| *id) {
            self.remove(desk, id);
        }
        let limits = desk.config.completion;
        let own = self.wishes.values();
        let own = own.filter(|wish| wish.caller.account == caller.account);
        if own.count() >= limits.of_account || self.wishes.len() >= limits.most {
            return refuse(now, desk, by, NotCompleted::TooMany);
        }
        let is_engaged = presence.calls_of(account) > 0;
        self.last += 1;
        let id = CompletionId(self.last);
        let until = now + limits.life;
        let wish = Wish {
            caller,
            callee: callee.party(),
            dialled,
            until,
            expiry: desk.timetable.set(until, Timer::CompletionExpires(id)),
            waits_for: WaitsFor::of(is_engaged),
            is_in_vain,
            stage: Stage::Waiting {
                // It has ended its calls meanwhile.
                is_due: was_engaged && !is_engaged && !is_in_vain,
            },
        };
        let is_due = wish.stage == Stage::Waiting { is_due: true };
        let view = wish.view(now, id);
        self.wishes.insert(id, wish);
        if is_due {
            self.plan(now + limits.pause, desk, account);
        }
        match by {
            By::Phone { leg, flow, invite } => bridge.confirm(now, desk, (leg, flow, &invite)),
            By::Ticket(ticket) => desk.emit(Event::CompletionDecided {
                ticket,
                result: Ok(view),
            }),
        }
    }

    /// Nobody answered whom a wish is about.
    pub(crate) fn not_placed(now: Instant, desk: &mut Desk, asked: Asked) {
        refuse(now, desk, asked.by, NotCompleted::NoAnswer);
    }

    /// Whom an account waits for.
    pub(crate) fn of(&self, now: Instant, account: AccountId) -> Vec<Completion> {
        let own = self.wishes.iter();
        let own = own.filter(|(_, wish)| wish.caller.account == account);
        own.map(|(id, wish)| wish.view(now, *id)).collect()
    }

    /// An account does not want to be called back any more; `only` for this wish. Tells whether there was one.
    pub(crate) fn cancel(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        bridge: &mut Bridge,
        account: AccountId,
        only: Option<CompletionId>,
    ) -> bool {
        let is_meant = |id: &CompletionId, wish: &Wish| {
            wish.caller.account == account && only.is_none_or(|only| only == *id)
        };
        let meant: Vec<CompletionId> = self
            .wishes
            .iter()
            .filter(|(id, wish)| is_meant(id, wish))
            .map(|(id, _)| *id)
            .collect();
        for id in &meant {
            self.end(now, desk, bridge, *id);
        }
        !meant.is_empty()
    }

    /// A wish is given up, by whomever.
    pub(crate) fn end(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        bridge: &mut Bridge,
        id: CompletionId,
    ) {
        if let Some(wish) = self.remove(desk, id)
            && wish.stage == Stage::Ringing
        {
            bridge.stop_call_back(now, desk, id);
            self.next(now, desk, wish.callee.account);
        }
    }

    pub(super) fn remove(&mut self, desk: &mut Desk, id: CompletionId) -> Option<Wish> {
        let wish = self.wishes.remove(&id)?;
        desk.timetable.cancel(wish.expiry);
        Some(wish)
    }
}

impl Wish {
    fn view(&self, now: Instant, id: CompletionId) -> Completion {
        Completion {
            id,
            callee: self.callee.clone(),
            dialled: self.dialled.clone(),
            remaining: self.until.saturating_duration_since(now),
            is_under_way: !matches!(self.stage, Stage::Waiting { .. }),
        }
    }
}

fn refuse(now: Instant, desk: &mut Desk, by: By, why: NotCompleted) {
    match by {
        By::Phone { leg, .. } => {
            let headers = match why {
                NotCompleted::NotReached(_) => Headers::new(),
                why => refused_in_words(why.sentence(), &desk.config.domain),
            };
            desk.reject(now, leg, why.status(), headers);
        }
        By::Ticket(ticket) => desk.emit(Event::CompletionDecided {
            ticket,
            result: Err(why),
        }),
    }
}
