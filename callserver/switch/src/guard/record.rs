//! What is remembered of one source.

use std::time::{Duration, Instant};

use super::GuardConfig;
use super::signature::has_credentials;
use crate::BanReason;

/// One source's doings. Names and logins are kept as hashes.
#[derive(Debug)]
pub(super) struct Record {
    /// When the failures began to be counted.
    since: Instant,
    touched: Instant,
    failures: u32,
    /// Logins that nobody has, tried since then.
    unknown_logins: Vec<u64>,
    /// Names that were called or registered without credentials, and not with credentials after that.
    names: Vec<(u64, Instant)>,
    /// Logins that have to wait.
    waits: Vec<Wait>,
    /// Logins that have proved themselves, and when the last one did.
    proved: Vec<u64>,
    proved_at: Option<Instant>,
    /// A suspect gets its next challenge not before this.
    next_challenge: Instant,
    pub(super) banned_until: Option<Instant>,
    /// When the last ban ends or ended.
    ban_ended: Instant,
    /// How many bans in a row.
    bans: u32,
}

#[derive(Debug)]
struct Wait {
    login: u64,
    failures: u32,
    last: Instant,
    until: Instant,
}

/// How many logins of one source are told apart; a house behind one address has fewer that are wrong at one time.
const MOST_WAITS: usize = 64;
/// How many phones of one source are remembered as good.
const MOST_PROVED: usize = 256;
/// A name that came with no credentials for so long does not wait for its phone to compute a digest: it is a probe.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// A suspect over datagrams gets one challenge in so long. If its address was forged, the phone that really has it gets
/// through, since it repeats its request; a scanner becomes tedious.
const CHALLENGE_PACE: Duration = Duration::from_secs(1);

impl Record {
    pub(super) fn new(now: Instant) -> Self {
        Record {
            since: now,
            touched: now,
            failures: 0,
            unknown_logins: Vec::new(),
            names: Vec::new(),
            waits: Vec::new(),
            proved: Vec::new(),
            proved_at: None,
            next_challenge: now,
            banned_until: None,
            ban_ended: now,
            bans: 0,
        }
    }

    /// Something of this source is about to be noted.
    pub(super) fn touch(&mut self, now: Instant, config: &GuardConfig) {
        if now.saturating_duration_since(self.since) >= config.window {
            self.since = now;
            self.failures = 0;
            self.unknown_logins.clear();
        }
        let is_young = |at: Instant| now.saturating_duration_since(at) < config.window;
        self.names.retain(|(_, at)| is_young(*at));
        self.waits
            .retain(|wait| is_young(wait.last) || wait.until > now);
        // Good for long enough: the next ban is a first one.
        if now.saturating_duration_since(self.touched.max(self.ban_ended)) >= config.longest_ban {
            self.bans = 0;
        }
        self.touched = now;
    }

    pub(super) fn is_idle(&self, now: Instant, config: &GuardConfig) -> bool {
        let rest = if self.bans > 0 {
            config.longest_ban
        } else {
            config.window.max(config.trusted_for)
        };
        !self.is_banned(now) && now.saturating_duration_since(self.touched) >= rest
    }

    pub(super) fn is_banned(&self, now: Instant) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }

    pub(super) fn is_trusted(&self, now: Instant, config: &GuardConfig) -> bool {
        self.proved_at
            .is_some_and(|at| now.saturating_duration_since(at) < config.trusted_for)
    }

    /// Whether this source probes so many names that it gets no further challenge for now.
    pub(super) fn is_throttled(
        &mut self,
        now: Instant,
        config: &GuardConfig,
        payload: &[u8],
    ) -> bool {
        if !self.is_suspect(now, config) || has_credentials(payload) {
            return false;
        }
        if now < self.next_challenge {
            return true;
        }
        self.next_challenge = now + CHALLENGE_PACE;
        false
    }

    fn is_suspect(&self, now: Instant, config: &GuardConfig) -> bool {
        if self.names.len() < config.names_of_source || self.is_trusted(now, config) {
            return false;
        }
        let is_probe = |at: Instant| {
            let age = now.saturating_duration_since(at);
            (ANSWER_TIME..config.window).contains(&age)
        };
        let probes = self.names.iter().filter(|(_, at)| is_probe(*at)).count();
        probes >= config.names_of_source
    }

    /// A name without credentials. Tells whether this is a scan.
    pub(super) fn asked(&mut self, now: Instant, config: &GuardConfig, name: u64) -> bool {
        let is_new = self.names.iter().all(|(known, _)| *known != name);
        // The first ones are kept: they are the first that prove to be probes.
        if is_new && self.names.len() < 2 * config.names_of_source {
            self.names.push((name, now));
        }
        self.is_suspect(now, config)
    }

    pub(super) fn must_wait(&self, now: Instant, config: &GuardConfig, login: u64) -> bool {
        // A phone that has proved itself from here goes on: a neighbour's guesses do not hold it up, and secrets are far
        // too long to be guessed by one who is known.
        if self.proved.contains(&login) {
            return false;
        }
        let is_overrun = self.failures >= config.failures_of_source
            && now.saturating_duration_since(self.since) < config.window;
        // A login that has not failed here is looked at whatever its neighbours do: an office may have some phones with old
        // secrets, and get a new one.
        self.waits
            .iter()
            .any(|wait| wait.login == login && (is_overrun || now < wait.until))
    }

    /// Tells whether that makes it a ban.
    pub(super) fn failed(
        &mut self,
        now: Instant,
        config: &GuardConfig,
        login: u64,
        is_unknown: bool,
    ) -> Option<BanReason> {
        self.failures = self.failures.saturating_add(1);
        self.names.retain(|(name, _)| *name != login);
        self.hold_up(now, config, login);
        let limit = config.names_of_source;
        if is_unknown && self.unknown_logins.len() < limit && !self.unknown_logins.contains(&login)
        {
            self.unknown_logins.push(login);
        }
        if self.is_trusted(now, config) {
            None
        } else if self.unknown_logins.len() >= limit {
            Some(BanReason::UnknownLogins)
        } else {
            (self.failures >= config.failures_of_source).then_some(BanReason::Failures)
        }
    }

    fn hold_up(&mut self, now: Instant, config: &GuardConfig, login: u64) {
        let place = self.waits.iter().position(|wait| wait.login == login);
        let wait = match place {
            Some(place) => &mut self.waits[place],
            None => {
                if self.waits.len() >= MOST_WAITS {
                    let oldest = (0..self.waits.len()).min_by_key(|place| self.waits[*place].last);
                    oldest.map(|place| self.waits.swap_remove(place));
                }
                let wait = Wait {
                    login,
                    failures: 0,
                    last: now,
                    until: now,
                };
                self.waits.push(wait);
                let place = self.waits.len() - 1;
                &mut self.waits[place]
            }
        };
        wait.failures = wait.failures.saturating_add(1);
        wait.last = now;
        if let Some(beyond) = wait.failures.checked_sub(config.failures_of_account) {
            let pause = doubled(config.first_back_off, beyond, config.longest_back_off);
            wait.until = now + pause;
        }
    }

    pub(super) fn succeeded(&mut self, now: Instant, login: u64) {
        self.proved_at = Some(now);
        self.names.clear();
        self.waits.retain(|wait| wait.login != login);
        if !self.proved.contains(&login) {
            if self.proved.len() >= MOST_PROVED {
                self.proved.remove(0);
            }
            self.proved.push(login);
        }
    }

    /// Gives the length of the ban.
    pub(super) fn ban(&mut self, now: Instant, config: &GuardConfig) -> Duration {
        let lasts = doubled(config.first_ban, self.bans, config.longest_ban);
        self.bans = self.bans.saturating_add(1);
        self.ban_ended = now + lasts;
        self.banned_until = Some(self.ban_ended);
        self.failures = 0;
        self.unknown_logins.clear();
        self.names.clear();
        lasts
    }
}

/// `first`, doubled so many times, but no longer than `longest`.
fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    let factor = 1u32.checked_shl(times).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(longest)
}
