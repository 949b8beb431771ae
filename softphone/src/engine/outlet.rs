//! The way out for notices: a bounded queue that loses nothing but readings of levels and of how far files have come.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::{Notice, Wake};

/// Readings leave this much room for notices that matter.
const ROOM_FOR_NEWS: usize = 256;

pub(crate) struct Outlet {
    queue: mpsc::Sender<Notice>,
    /// What a slow reader has no room for. Only what people and servers do comes here, so it stays short.
    waiting: VecDeque<Notice>,
    wake: Option<Wake>,
}

impl Outlet {
    pub(crate) fn new(queue: mpsc::Sender<Notice>, wake: Option<Wake>) -> Self {
        Self {
            queue,
            waiting: VecDeque::new(),
            wake,
        }
    }

    pub(crate) fn tell(&mut self, notice: Notice) {
        let is_reading = matches!(
            notice,
            Notice::Level { .. } | Notice::Sending { .. } | Notice::Fetching { .. }
        );
        if is_reading && (!self.waiting.is_empty() || self.queue.capacity() < ROOM_FOR_NEWS) {
            return;
        }
        self.waiting.push_back(notice);
        self.flush();
    }

    fn flush(&mut self) {
        while let Some(notice) = self.waiting.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(notice)) = self.queue.try_send(notice) {
                self.waiting.push_front(notice);
                break;
            }
        }
        if let Some(wake) = &self.wake {
            wake();
        }
    }

    /// Moves on what waits, as soon as there is room; never ready while nothing waits.
    pub(crate) async fn wait_for_room(&mut self) {
        if self.waiting.is_empty() {
            std::future::pending::<()>().await;
        }
        match self.queue.reserve().await {
            Ok(permit) => {
                if let Some(notice) = self.waiting.pop_front() {
                    permit.send(notice);
                }
            }
            Err(_) => self.waiting.clear(),
        }
        self.flush();
    }

    /// The same for the end, when nobody comes back to flush.
    pub(crate) async fn finish(mut self) {
        while let Some(notice) = self.waiting.pop_front() {
            if self.queue.send(notice).await.is_err() {
                break;
            }
        }
        if let Some(wake) = &self.wake {
            wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CallNumber;

    fn level() -> Notice {
        Notice::Level {
            call: CallNumber(1),
            spoken_dbfs: -20.0,
            heard_dbfs: -20.0,
        }
    }

    fn ringing(call: u64) -> Notice {
        Notice::Ringing {
            call: CallNumber(call),
        }
    }

    #[tokio::test]
    async fn a_slow_reader_loses_level_readings_and_nothing_else() {
        let (queue, mut reader) = mpsc::channel(ROOM_FOR_NEWS);
        let mut outlet = Outlet::new(queue, None);
        for call in 0..ROOM_FOR_NEWS as u64 + 10 {
            outlet.tell(ringing(call));
            outlet.tell(level());
        }
        let mut heard = Vec::new();
        while heard.len() < ROOM_FOR_NEWS + 10 {
            tokio::select! {
                biased;
                () = outlet.wait_for_room() => {}
                notice = reader.recv() => heard.extend(notice),
            }
        }
        heard.retain(|notice| !matches!(notice, Notice::Level { .. }));
        let expected: Vec<Notice> = (0..heard.len() as u64).map(ringing).collect();
        assert_eq!(heard, expected);
    }
}
