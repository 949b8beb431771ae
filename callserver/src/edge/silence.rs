//! Calls from whose phones nothing comes any more: seen by looking now and then at what the relay has counted.

use std::time::{Duration, Instant};

use switch::Side;

use crate::relay::Statistics;

/// When to look at the calls, and how long a phone may be silent.
#[derive(Debug)]
pub(super) struct Silence {
    /// `None`: for ever.
    patience: Option<Duration>,
    next_look: Option<Instant>,
}

/// The shortest time between two looks: one costs a few numbers of each call.
const BRIEFEST: Duration = Duration::from_secs(1);
/// The longest one: later than this nobody is missed.
const LONGEST: Duration = Duration::from_secs(10);

impl Silence {
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Self {
            patience,
            next_look: None,
        }
    }

    /// When to look next, if there are calls to look at.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.next_look
    }

    /// A call is answered.
    pub(super) fn listen(&mut self, now: Instant) {
        if let (Some(patience), None) = (self.patience, self.next_look) {
            self.next_look = Some(now + between_looks(patience));
        }
    }

    /// Whether to look now, and how long a phone may be silent. Looks go on as long as there are `calls`.
    pub(super) fn take_due(&mut self, now: Instant, calls: usize) -> Option<Duration> {
        let patience = self.patience?;
        if self.next_look.is_none_or(|due| now < due) {
            return None;
        }
        self.next_look = (calls > 0).then(|| now + between_looks(patience));
        Some(patience)
    }
}

fn between_looks(patience: Duration) -> Duration {
    (patience / 6).clamp(BRIEFEST, LONGEST)
}

/// Since when nothing has come from either side of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastHeard {
    /// RTP and RTCP that had come by then: a phone that only reports is there, too.
    packets: [u64; 2],
    since: [Instant; 2],
    is_told: [bool; 2],
}

/// From whom nothing comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Silent {
    One(Side),
    Both,
}

impl LastHeard {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            packets: [0; 2],
            since: [now; 2],
            is_told: [false; 2],
        }
    }

    /// Something else was agreed on: from now on both have time again.
    pub(super) fn begin_anew(&mut self, now: Instant) {
        self.since = [now; 2];
        self.is_told = [false; 2];
    }

    /// What has passed by now. Tells of a silence once.
    pub(super) fn look(
        &mut self,
        now: Instant,
        passed: &Statistics,
        patience: Duration,
    ) -> Option<Silent> {
        let packets = [passed.caller.packets, passed.callee.packets];
        for (side, packets) in packets.into_iter().enumerate() {
            if packets != self.packets[side] {
                self.packets[side] = packets;
                self.since[side] = now;
                self.is_told[side] = false;
            }
        }
        let is_silent = self
            .since
            .map(|since| now.saturating_duration_since(since) >= patience);
        let is_news = [0, 1].map(|side| is_silent[side] && !self.is_told[side]);
        self.is_told = is_silent;
        match (is_silent, is_news) {
            (_, [false, false]) => None,
            ([true, true], _) => Some(Silent::Both),
            ([true, _], _) => Some(Silent::One(Side::Caller)),
            ([_, true], _) => Some(Silent::One(Side::Callee)),
            ([false, false], _) => None,
        }
    }
}

impl Silent {
    /// As the switch is told.
    pub(super) fn side(self) -> Option<Side> {
        match self {
            Silent::One(side) => Some(side),
            Silent::Both => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::SideStatistics;

    const PATIENCE: Duration = Duration::from_secs(90);

    fn passed(caller: u64, callee: u64) -> Statistics {
        let side = |packets| SideStatistics {
            packets,
            ..SideStatistics::default()
        };
        Statistics {
            caller: side(caller),
            callee: side(callee),
        }
    }

    #[test]
    fn each_silence_is_told_once_and_that_of_both_together() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut heard = LastHeard::new(start);
        let mut look =
            |seconds, caller, callee| heard.look(at(seconds), &passed(caller, callee), PATIENCE);
        assert_eq!(look(10, 500, 500), None);
        assert_eq!(look(50, 500, 2000), None);
        assert_eq!(look(100, 500, 4000), Some(Silent::One(Side::Caller)));
        assert_eq!(look(110, 500, 4500), None, "it was told");
        assert_eq!(look(120, 501, 4500), None, "one report is enough");
        assert_eq!(look(205, 501, 4500), Some(Silent::One(Side::Callee)));
        assert_eq!(look(215, 501, 4500), Some(Silent::Both));
        assert_eq!(look(500, 501, 4500), None);
    }

    #[test]
    fn what_is_agreed_on_anew_gives_time_again() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut heard = LastHeard::new(start);
        assert_eq!(
            heard.look(at(90), &passed(0, 0), PATIENCE),
            Some(Silent::Both)
        );
        heard.begin_anew(at(100));
        assert_eq!(heard.look(at(180), &passed(0, 0), PATIENCE), None);
        assert_eq!(
            heard.look(at(190), &passed(0, 0), PATIENCE),
            Some(Silent::Both)
        );
    }

    #[test]
    fn calls_are_looked_at_only_while_there_are_some() {
        let start = Instant::now();
        let mut silence = Silence::new(Some(PATIENCE));
        assert_eq!(silence.next_due(), None);
        silence.listen(start);
        let due = silence.next_due().expect("a look");
        assert_eq!(silence.take_due(start, 1), None);
        assert_eq!(silence.take_due(due, 1), Some(PATIENCE));
        let due = silence.next_due().expect("another look");
        assert_eq!(silence.take_due(due, 0), Some(PATIENCE));
        assert_eq!(silence.next_due(), None);

        let mut off = Silence::new(None);
        off.listen(start);
        assert_eq!(off.next_due(), None);
    }
}
