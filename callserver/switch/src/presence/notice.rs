//! What happens in the switch, as far as watchers care.

use std::time::Instant;

use super::calls::Touched;
use super::{Chosen, Package, Presence};
use crate::desk::Desk;
use crate::park::is_slot;
use crate::registrar::Registrar;
use crate::{AccountId, Event};

/// What about an account has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// What it is.
    Presence,
    /// Its calls, but not what it is.
    Calls,
    /// Both.
    PresenceAndCalls,
    /// Who watches it.
    Watchers,
    /// The messages that wait for it.
    Messages,
    /// What it tells, and who may see that.
    Everything,
}

impl What {
    /// Whether those who watch this package have something new to hear.
    pub(super) fn concerns(self, package: Package) -> bool {
        match package {
            Package::Presence => {
                matches!(
                    self,
                    What::Presence | What::PresenceAndCalls | What::Everything
                )
            }
            Package::Dialog => {
                matches!(
                    self,
                    What::Calls | What::PresenceAndCalls | What::Everything
                )
            }
            Package::Watchers => matches!(self, What::Watchers | What::Everything),
            Package::Messages => matches!(self, What::Messages),
        }
    }
}

/// All packages, as Allow-Events lists them.
pub(super) fn packages() -> String {
    Package::ALL.map(Package::name).join(", ")
}

impl Presence {
    /// Takes note of one event of the switch, and passes it on to those who watch.
    pub(crate) fn note(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        event: &Event,
    ) {
        match event {
            Event::DeviceRegistered {
                binding,
                is_refresh: false,
                ..
            } if registrar.count(binding.account) == 1 => {
                self.changed(now, desk, registrar, binding.account, What::Presence);
            }
            Event::DeviceUnregistered { account, .. } if registrar.count(*account) == 0 => {
                self.went(now, desk, *account);
                self.changed(now, desk, registrar, *account, What::Presence);
            }
            _ => {
                for touched in self.calls.note(event).into_iter().flatten() {
                    let Touched { account, speaks } = touched;
                    match speaks {
                        true => {
                            self.changed(now, desk, registrar, account, What::PresenceAndCalls);
                        }
                        false => self.touch(now, desk, registrar, account, What::Calls),
                    }
                }
            }
        }
    }

    /// The last phone of an account has gone. Of those who hide nobody learns when.
    fn went(&mut self, now: Instant, desk: &Desk, account: AccountId) {
        if let (Some(watched), Some(clock)) =
            (self.watched.get_mut(&account), desk.config.wall_clock)
            && watched.told.chosen != Chosen::Invisible
        {
            watched.told.last_seen = Some(clock.unix_seconds(now));
        }
    }

    /// What an account is has changed: the world hears it too.
    pub(super) fn changed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        account: AccountId,
        what: What,
    ) {
        if !is_slot(account) {
            desk.emit(Event::PresenceChanged {
                account,
                facts: Box::new(self.facts(registrar, account)),
            });
        }
        self.touch(now, desk, registrar, account, what);
    }
}
