//! Which phone gets what, and when: one thing after the other, in the order in which it was said, again after a while if the
//! phone does not take it, and at once when it comes back. No clock, no database: what was found out comes in, what is to be
//! done comes out.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use api::{AccountId, DeviceId};

/// A phone that has not taken something gets it again after this, and then after twice as long each time.
const FIRST_REST: Duration = Duration::from_secs(5);

/// A phone that is registered is asked this often at least.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// A phone that comes while something is on its way to it has been started anew, or has come by another way. If it has not
/// answered for so long, two copies of it were lost (RFC 3261 section 17.1.2.1), and it gets it where it is now.
const LOST: Duration = Duration::from_secs(1);

/// After so many answers that say "later" nothing will come of it: what is behind it shall not wait for ever.
const MOST_REFUSALS: u32 = 20;

/// Something for a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Item<T> {
    /// How far the phone has come when it has got this; of what is no part of a sequence nothing.
    pub(super) stamp: Option<i64>,
    /// What it gets.
    pub(super) what: T,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wish<T> {
    /// What there is for this phone after a stamp is to be read.
    Fetch {
        device: DeviceId,
        account: AccountId,
        after: i64,
    },
    /// The phone is to get this.
    Send {
        ticket: u64,
        device: DeviceId,
        account: AccountId,
        what: T,
    },
    /// It has got it, or will never take it.
    Done {
        device: DeviceId,
        account: AccountId,
        what: T,
        is_taken: bool,
    },
    /// It has got everything up to a stamp.
    Note { device: DeviceId, stamp: i64 },
}

/// What became of something that was to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The phone has it.
    Taken,
    /// It will never take it.
    Refused,
    /// Not now, it says.
    Later,
    /// It says nothing.
    Silent,
    /// It shall get it once more at once, in another form.
    Again,
    /// It is not there.
    Gone,
}

impl End {
    /// What an answer means. What is wrong with this message will be wrong with it tomorrow; what is wrong with the phone
    /// may not.
    pub(super) fn of(status: u16) -> Self {
        match status {
            200..300 => Self::Taken,
            408 | 430 | 480 | 486 | 491 | 500 | 502..=504 | 580 | 600 => Self::Later,
            _ => Self::Refused,
        }
    }
}

#[derive(Debug)]
struct Phone<T> {
    account: AccountId,
    stamp: i64,
    queue: VecDeque<Item<T>>,
    state: State,
    /// Whether there may be something that is not in the queue.
    is_rung: bool,
    failures: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    Fetching,
    Sending { ticket: u64, since: Instant },
    Resting(Instant),
}

/// All phones that take messages.
#[derive(Debug)]
pub(super) struct Carrier<T> {
    phones: HashMap<DeviceId, Phone<T>>,
    of_account: HashMap<AccountId, Vec<DeviceId>>,
    tickets: HashMap<u64, DeviceId>,
    last_ticket: u64,
    due: BTreeSet<(Instant, DeviceId)>,
    wishes: VecDeque<Wish<T>>,
}

impl<T> Default for Carrier<T> {
    fn default() -> Self {
        Self {
            phones: HashMap::new(),
            of_account: HashMap::new(),
            tickets: HashMap::new(),
            last_ticket: 0,
            due: BTreeSet::new(),
            wishes: VecDeque::new(),
        }
    }
}

impl<T: Clone> Carrier<T> {
    /// A phone has registered. What it has got is remembered of one that was here already.
    pub(super) fn came(
        &mut self,
        now: Instant,
        (device, account): (DeviceId, AccountId),
        stamp: i64,
        has_news: bool,
    ) {
        let new = Phone {
            account,
            stamp,
            queue: VecDeque::new(),
            state: State::Idle,
            is_rung: false,
            failures: 0,
        };
        let phone = self.phones.entry(device).or_insert(new);
        phone.is_rung |= has_news;
        phone.failures = 0;
        match phone.state {
            State::Resting(until) => {
                self.due.remove(&(until, device));
                phone.state = State::Idle;
            }
            State::Sending { ticket, since } if now.duration_since(since) >= LOST => {
                self.tickets.remove(&ticket);
                phone.state = State::Idle;
            }
            State::Sending { .. } | State::Idle | State::Fetching => {}
        }
        let of_account = self.of_account.entry(account).or_default();
        if !of_account.contains(&device) {
            of_account.push(device);
        }
        self.go_on(now, device);
    }

    /// Whether this phone is among those that get things.
    pub(super) fn has(&self, device: DeviceId) -> bool {
        self.phones.contains_key(&device)
    }

    /// There is something for the phones of an account.
    pub(super) fn rang(&mut self, now: Instant, account: AccountId) {
        let devices = self.of_account.get(&account).cloned();
        for device in devices.unwrap_or_default() {
            if let Some(phone) = self.phones.get_mut(&device) {
                phone.is_rung = true;
                self.go_on(now, device);
            }
        }
    }

    /// What [`Wish::Fetch`] has found: everything up to `upto` that is for the phone, and whether there may be more.
    pub(super) fn fetched(
        &mut self,
        now: Instant,
        device: DeviceId,
        items: Vec<Item<T>>,
        upto: i64,
        is_more: bool,
    ) {
        let Some(phone) = self.phones.get_mut(&device) else {
            return;
        };
        phone.state = State::Idle;
        phone.is_rung |= is_more;
        if items.iter().all(|item| item.stamp.is_none()) && upto > phone.stamp {
            phone.stamp = upto;
            self.wishes.push_back(Wish::Note {
                device,
                stamp: upto,
            });
        }
        phone.queue.extend(items);
        self.go_on(now, device);
    }

    /// [`Wish::Fetch`] has not worked.
    pub(super) fn not_fetched(&mut self, now: Instant, device: DeviceId) {
        if let Some(phone) = self.phones.get_mut(&device) {
            phone.is_rung = true;
            self.rest(now, device);
        }
    }

    /// What became of [`Wish::Send`].
    pub(super) fn ended(&mut self, now: Instant, ticket: u64, end: End) {
        let Some(device) = self.tickets.remove(&ticket) else {
            return;
        };
        let Some(phone) = self.phones.get_mut(&device) else {
            return;
        };
        let is_over = match end {
            End::Taken | End::Refused => true,
            End::Later => phone.failures + 1 >= MOST_REFUSALS,
            End::Silent | End::Again => false,
            End::Gone => return self.leave(device),
        };
        if is_over {
            phone.failures = 0;
            if let Some(item) = phone.queue.pop_front() {
                let account = phone.account;
                if let Some(stamp) = item.stamp {
                    phone.stamp = stamp;
                    self.wishes.push_back(Wish::Note { device, stamp });
                }
                self.wishes.push_back(Wish::Done {
                    device,
                    account,
                    what: item.what,
                    is_taken: end == End::Taken,
                });
            }
        } else if end != End::Again {
            return self.rest(now, device);
        }
        phone.state = State::Idle;
        self.go_on(now, device);
    }

    /// Whose turn it is again.
    pub(super) fn timeout(&mut self, now: Instant) {
        while let Some((until, device)) = self.due.first().copied() {
            if until > now {
                return;
            }
            self.due.pop_first();
            if let Some(phone) = self.phones.get_mut(&device) {
                phone.state = State::Idle;
                self.go_on(now, device);
            }
        }
    }

    /// When to call [`Carrier::timeout`].
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.due.first().map(|(until, _)| *until)
    }

    /// What is to be done next.
    pub(super) fn poll_wish(&mut self) -> Option<Wish<T>> {
        self.wishes.pop_front()
    }

    /// Whether a phone waits for its next turn.
    pub(super) fn is_resting(&self, device: DeviceId) -> bool {
        let phone = self.phones.get(&device);
        phone.is_some_and(|phone| matches!(phone.state, State::Resting(_)))
    }

    /// The phone that something is sent to.
    pub(super) fn phone_of(&self, ticket: u64) -> Option<DeviceId> {
        self.tickets.get(&ticket).copied()
    }

    fn go_on(&mut self, now: Instant, device: DeviceId) {
        let Some(phone) = self.phones.get_mut(&device) else {
            return;
        };
        if phone.state != State::Idle {
            return;
        }
        let account = phone.account;
        if let Some(next) = phone.queue.front() {
            self.last_ticket += 1;
            let ticket = self.last_ticket;
            phone.state = State::Sending { ticket, since: now };
            self.tickets.insert(ticket, device);
            self.wishes.push_back(Wish::Send {
                ticket,
                device,
                account,
                what: next.what.clone(),
            });
        } else if phone.is_rung {
            phone.is_rung = false;
            phone.state = State::Fetching;
            self.wishes.push_back(Wish::Fetch {
                device,
                account,
                after: phone.stamp,
            });
        }
    }

    fn rest(&mut self, now: Instant, device: DeviceId) {
        let Some(phone) = self.phones.get_mut(&device) else {
            return;
        };
        phone.failures += 1;
        let doublings = (phone.failures - 1).min(10);
        let until = now + LONGEST_REST.min(FIRST_REST * 2_u32.pow(doublings));
        phone.state = State::Resting(until);
        self.due.insert((until, device));
    }

    /// It gets the rest when it registers again.
    fn leave(&mut self, device: DeviceId) {
        let Some(phone) = self.phones.remove(&device) else {
            return;
        };
        if let Some(devices) = self.of_account.get_mut(&phone.account) {
            devices.retain(|other| *other != device);
            if devices.is_empty() {
                self.of_account.remove(&phone.account);
            }
        }
    }
}

#[cfg(test)]
mod tests;
