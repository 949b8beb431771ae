//! Answered calls that outlive the process: what is kept of them at each change, and how they come back.

use std::time::{Duration, Instant};

use sip::{LegId, LegSnapshot};

use super::Bridge;
use super::audio::Audio;
use super::call::{Call, Phone, Stage, Talking};
use super::description::Told;
use super::house::Hosted;
use crate::desk::Desk;
use crate::house::Host;
use crate::stored_call::StoredPhone;
use crate::{CallEnd, CallId, Event, Side, StoredCall};

impl Bridge {
    /// Tells what is to be kept of the calls that have changed since this was done last.
    pub(crate) fn tell_changes(&mut self, now: Instant, desk: &mut Desk) {
        let changed = desk.endpoint.take_changed();
        let mut calls: Vec<_> = changed
            .iter()
            .filter_map(|leg| self.legs.get(leg).map(|(call, _)| *call))
            .collect();
        calls.sort_unstable();
        calls.dedup();
        for id in calls {
            // A call in which something waits for a word of ours is kept as it was before.
            let call = self.calls.get(&id);
            let stored = call.and_then(|call| self.stored(desk, now, call));
            if let Some(stored) = stored {
                desk.emit(Event::CallChanged {
                    call: id,
                    kept: Some(Box::new(stored)),
                });
            }
        }
    }

    /// What is to be kept of all answered calls at this moment.
    pub(crate) fn stored_calls(&self, desk: &Desk, now: Instant) -> Vec<StoredCall> {
        let calls = self.calls.values();
        calls
            .filter_map(|call| self.stored(desk, now, call))
            .collect()
    }

    /// Takes back the calls of the process before.
    pub(crate) fn restore_calls(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        calls: Vec<StoredCall>,
        are_doubtful: bool,
    ) {
        for stored in calls {
            let id = stored.call;
            // Also of those that do not come back: their ids may still be in use outside.
            self.last_call = self.last_call.max(id.0);
            if self.calls.contains_key(&id) {
                continue;
            }
            let age = age(desk, now, &stored);
            let (caller, callee) = (stored.caller_phone, stored.callee_phone);
            let mut resume = |side, phone: StoredPhone| {
                let leg = desk.endpoint.next_leg();
                self.legs.insert(leg, (id, side));
                let resumed = Phone {
                    leg,
                    device: phone.device,
                    flow: phone.leg.flow(),
                    server: phone.server,
                    receives_at: phone.receives_at,
                    is_behind_nat: phone.is_behind_nat,
                    told: Told::resume(phone.told),
                    audio: Box::new(phone.audio.map_or_else(Audio::new, Audio::resume)),
                };
                (resumed, Box::new(phone.leg))
            };
            let (caller_phone, caller_leg) = resume(Side::Caller, caller);
            let mut legs = vec![(caller_phone.leg, caller_leg)];
            let stage = match (callee, stored.house) {
                (Some(callee), _) => {
                    let (callee_phone, callee_leg) = resume(Side::Callee, callee);
                    legs.push((callee_phone.leg, callee_leg));
                    Stage::Talking(Box::new(Talking {
                        ports: stored.ports,
                        callee_phone,
                        exchange: None,
                        transfer: None,
                        lent_to: None,
                    }))
                }
                (None, Some(house)) => {
                    let hosted = Hosted::new(stored.ports, Host::resume(house), None);
                    Stage::Hosted(Box::new(hosted))
                }
                // It is of a later version, or damaged.
                (None, None) => {
                    self.legs.remove(&caller_phone.leg);
                    desk.emit(Event::CallEnded {
                        call: id,
                        cause: CallEnd::Lost,
                        hung_up_by: None,
                    });
                    desk.emit(Event::MediaClosed { call: id });
                    self.forget_kept(desk, id);
                    continue;
                }
            };
            *self.load.entry(stored.charged).or_default() += 1;
            let call = Call {
                id,
                caller: stored.caller,
                callee: stored.callee,
                caller_phone,
                charged: stored.charged,
                plan: None,
                is_anonymous: stored.is_anonymous,
                search: None,
                standing: None,
                stage,
            };
            if let Some(by) = stored.parked_by {
                self.occupy_again(now, desk, &call, by);
            }
            self.calls.insert(id, call);
            self.plan_media(desk, id);
            for (leg, snapshot) in legs {
                self.restore_leg(now, desk, leg, snapshot, (age, are_doubtful));
            }
            self.house_begins(now, desk, id);
        }
    }

    /// An answered call is over.
    pub(super) fn forget_kept(&self, desk: &mut Desk, call: CallId) {
        if desk.config.keeps_calls {
            desk.emit(Event::CallChanged { call, kept: None });
        }
    }

    fn stored(&self, desk: &Desk, now: Instant, call: &Call) -> Option<StoredCall> {
        let (ports, callee_phone, house) = match &call.stage {
            Stage::Talking(talking) => {
                let phone = stored_phone(desk, &talking.callee_phone)?;
                (talking.ports, Some(phone), None)
            }
            Stage::Hosted(hosted) => (hosted.ports, None, Some(hosted.host.house())),
            Stage::AwaitingPorts(_) | Stage::Ringing(_) => return None,
        };
        Some(StoredCall {
            call: call.id,
            caller: call.caller.clone(),
            callee: call.callee.clone(),
            ports,
            kept_at: desk.config.wall_clock.map(|clock| clock.unix_seconds(now)),
            charged: call.charged,
            is_anonymous: call.is_anonymous,
            caller_phone: stored_phone(desk, &call.caller_phone)?,
            callee_phone,
            parked_by: self.parker(house),
            house,
        })
    }

    fn restore_leg(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        snapshot: Box<LegSnapshot>,
        (age, is_doubtful): (Duration, bool),
    ) {
        let was_offering = snapshot.is_offering();
        let restore = sip::Input::RestoreLeg {
            leg,
            snapshot,
            age,
            is_doubtful,
        };
        desk.endpoint.handle(now, restore);
        if was_offering
            && let Some(phone) = self.phone_on(leg)
            && let Some(body) = phone.told.say_again()
        {
            // What this phone believes is what it answers to this.
            let reinvite = sip::Input::Reinvite { leg, body };
            desk.endpoint.handle(now, reinvite);
        }
    }
}

/// How long ago it was kept. A clock that was set back meanwhile makes nothing younger than it is now.
fn age(desk: &Desk, now: Instant, stored: &StoredCall) -> Duration {
    let clock = desk.config.wall_clock;
    let ago = clock.zip(stored.kept_at).map(|(clock, kept_at)| {
        let seconds = clock.unix_seconds(now).saturating_sub(kept_at);
        Duration::from_secs(seconds)
    });
    ago.unwrap_or_default()
}

fn stored_phone(desk: &Desk, phone: &Phone) -> Option<StoredPhone> {
    let leg = desk.endpoint.snapshot_of(phone.leg)?;
    Some(StoredPhone {
        device: phone.device,
        server: phone.server,
        receives_at: phone.receives_at,
        is_behind_nat: phone.is_behind_nat,
        told: phone.told.stored(leg.is_offering()),
        audio: Some(phone.audio.stored()),
        leg,
    })
}
