//! How a call to somebody is treated, as they wish: whose phones ring in which order, or where the call goes instead.

use std::collections::VecDeque;
use std::time::Duration;

use sip::{StatusCode, Text};

use super::Bridge;
use super::call::Stage;
use super::end::{ABSENT, Ending};
use crate::reached::Callee;
use crate::registrar::{Reachable, Registrar};
use crate::way::Cause;
use crate::{AccountId, BindingId, CallEnd, CallId, DeviceId, Party, Ring};

/// RFC 5079.
const ANONYMITY_DISALLOWED: u16 = 433;

/// What is done with a call.
#[derive(Debug)]
pub(super) enum Decision {
    /// These phones ring, one round after another.
    Ring(VecDeque<Round>),
    /// The call goes on to this number.
    SendOn(SendOn),
    /// Nobody takes it: the caller comes to the voicemail, if there is one, or hears this.
    GiveUp(Ending),
    /// The caller is not wanted.
    Refuse(Ending),
}

/// A call goes on to another number.
#[derive(Debug)]
pub(super) struct SendOn {
    pub(super) to: Text,
    pub(super) cause: Cause,
    /// What the caller hears if that leads nowhere.
    pub(super) otherwise: Ending,
}

/// Phones that ring at the same time.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) whom: Vec<Party>,
    /// Only this one of their phones.
    device: Option<DeviceId>,
    /// Only this way to one of them.
    only: Option<BindingId>,
    /// For how long, unless they are the last ones.
    pub(super) lasts: Option<Duration>,
}

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calling<'a> {
    pub(super) call: CallId,
    pub(super) party: &'a Party,
    /// The phone that must not ring.
    pub(super) device: Option<DeviceId>,
    pub(super) is_anonymous: bool,
}

impl Bridge {
    /// What `callee` wants to be done with this call.
    pub(super) fn decide(
        &self,
        registrar: &Registrar,
        callee: &Callee,
        calling: Calling<'_>,
    ) -> Decision {
        let treatment = &callee.treatment;
        if treatment.refuses_anonymous && calling.is_anonymous {
            return Decision::Refuse(anonymity_disallowed());
        }
        // Whom somebody has all calls forwarded to can still call that person: a secretary passes on what matters.
        let is_secretary = |to: &Text| calling.party.number.as_ref() == Some(to);
        if let Some(to) = &treatment.forward_always
            && !is_secretary(to)
        {
            return Decision::SendOn(SendOn {
                to: to.clone(),
                cause: Cause::Always,
                otherwise: absent(),
            });
        }
        if treatment.do_not_disturb {
            return instead(callee, Cause::DoNotDisturb, busy());
        }
        let account = callee.party.account;
        if self.is_engaged(account, treatment.max_calls, calling.call) {
            return instead(callee, Cause::Busy, busy());
        }
        if !treatment.members.is_empty() {
            return self.decide_for_group(registrar, callee, calling);
        }
        let phones = registrar.reachable(account, calling.device);
        if phones.is_empty() {
            return match registrar.reachable(account, None).is_empty() {
                true => instead(callee, Cause::Unreachable, absent()),
                // Only the phone that calls is there, and that one is busy calling.
                false => instead(callee, Cause::Busy, busy()),
            };
        }
        Decision::Ring(in_order(&callee.party, &phones, &treatment.ring))
    }

    /// A group rings those of its members who are there and free. What they have decided about their own calls leads no call
    /// of the group elsewhere: who forwards all calls, or does not want to be disturbed, is left out.
    fn decide_for_group(
        &self,
        registrar: &Registrar,
        group: &Callee,
        calling: Calling<'_>,
    ) -> Decision {
        let mut is_anybody_busy = false;
        let mut ring: Vec<Party> = Vec::new();
        for member in &group.treatment.members {
            let treatment = &member.treatment;
            if member.account == calling.party.account
                || treatment.refuses_anonymous && calling.is_anonymous
                || treatment.blocked.contains(&calling.party.account)
                || registrar.reachable(member.account, None).is_empty()
            {
                continue;
            }
            if treatment.do_not_disturb
                || treatment.forward_always.is_some()
                || self.is_engaged(member.account, treatment.max_calls, calling.call)
            {
                is_anybody_busy = true;
            } else {
                ring.push(member.party());
            }
        }
        if ring.is_empty() {
            return match is_anybody_busy {
                true => instead(group, Cause::Busy, busy()),
                false => instead(group, Cause::Unreachable, absent()),
            };
        }
        Decision::Ring(match group.treatment.ring {
            Ring::AtOnce => [Round::of(ring, None)].into(),
            Ring::InOrder { each, .. } => ring
                .into_iter()
                .map(|member| Round::of(vec![member], Some(each)))
                .collect(),
        })
    }

    /// Whether an account is in as many calls as it wants to be in, not counting this one. Only asked about those who have
    /// such a limit, so that calls to others need no count.
    fn is_engaged(&self, account: AccountId, most: Option<usize>, except: CallId) -> bool {
        let Some(most) = most else {
            return false;
        };
        let calls = self.calls.values().filter(|call| {
            // Whoever left it to the voicemail is not in the call.
            let is_callee =
                call.callee.account == account && !matches!(call.stage, Stage::Hosted(_));
            let is_theirs = call.caller.account == account || is_callee;
            is_theirs && call.id != except
        });
        calls.take(most).count() >= most
    }
}

impl Round {
    fn of(whom: Vec<Party>, lasts: Option<Duration>) -> Self {
        Round {
            whom,
            device: None,
            only: None,
            lasts,
        }
    }

    /// The one phone that another server asks for.
    pub(super) fn only(owner: Party, only: BindingId) -> Self {
        Round {
            only: Some(only),
            ..Round::of(vec![owner], None)
        }
    }

    /// The phones, each with its owner.
    pub(super) fn phones(
        &self,
        registrar: &Registrar,
        except: Option<DeviceId>,
    ) -> Vec<(AccountId, Reachable)> {
        let of = |party: &Party| {
            let account = party.account;
            let phones = match self.only {
                Some(only) => registrar.binding(account, only).into_iter().collect(),
                None => registrar.reachable(account, except),
            };
            let phones = phones.into_iter();
            phones.map(move |phone| (account, phone))
        };
        let phones = self.whom.iter().flat_map(of);
        let is_meant =
            |phone: &Reachable| self.device.is_none_or(|only| phone.first.device == only);
        phones.filter(|(_, phone)| is_meant(phone)).collect()
    }
}

/// Where the calls of one who cannot take them go, if anywhere.
pub(super) fn instead(callee: &Callee, cause: Cause, otherwise: Ending) -> Decision {
    let treatment = &callee.treatment;
    let to = match cause {
        Cause::Always => &treatment.forward_always,
        // Whoever declines is busy with something else.
        Cause::Busy | Cause::DoNotDisturb | Cause::Declined => &treatment.forward_busy,
        // The phone has named a place of its own.
        Cause::Deflected => &None,
        Cause::Unreachable => &treatment.forward_unreachable,
        Cause::NoAnswer => &treatment
            .forward_no_answer
            .as_ref()
            .map(|(to, _)| to.clone()),
    };
    match to {
        Some(to) => Decision::SendOn(SendOn {
            to: to.clone(),
            cause,
            otherwise,
        }),
        None => Decision::GiveUp(otherwise),
    }
}

/// One round for all phones, or one for each.
fn in_order(party: &Party, phones: &[Reachable], ring: &Ring) -> VecDeque<Round> {
    let Ring::InOrder { devices, each } = ring else {
        return [Round::of(vec![party.clone()], None)].into();
    };
    let mut order: Vec<DeviceId> = phones.iter().map(|phone| phone.first.device).collect();
    let place = |device: &DeviceId| devices.iter().position(|first| first == device);
    // Stable: those that were not named keep the order in which they are preferred.
    order.sort_by_key(|device| place(device).unwrap_or(devices.len()));
    order.dedup();
    let round = |device| Round {
        device: Some(device),
        ..Round::of(vec![party.clone()], Some(*each))
    };
    order.into_iter().map(round).collect()
}

fn busy() -> Ending {
    Ending::refused(CallEnd::Busy, StatusCode::BUSY_HERE)
}

pub(super) fn absent() -> Ending {
    Ending::refused(CallEnd::Unreachable, StatusCode::TEMPORARILY_UNAVAILABLE).because(ABSENT)
}

fn anonymity_disallowed() -> Ending {
    let status = StatusCode::new(ANONYMITY_DISALLOWED).unwrap_or(StatusCode::FORBIDDEN);
    Ending::refused(CallEnd::Refused(status), status)
}
