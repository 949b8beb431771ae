//! What waits to be written to one connection, limited by number and by bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::Limits;

/// The owner's end.
#[derive(Debug)]
pub(crate) struct Queue {
    messages: mpsc::Sender<Bytes>,
    bytes: Arc<AtomicUsize>,
    limit: usize,
}

/// The connection's end.
#[derive(Debug)]
pub(crate) struct Waiting {
    messages: mpsc::Receiver<Bytes>,
    bytes: Arc<AtomicUsize>,
}

/// An empty queue.
pub(crate) fn new(limits: &Limits) -> (Queue, Waiting) {
    let (sender, receiver) = mpsc::channel(limits.queued_messages.max(1));
    let bytes = Arc::new(AtomicUsize::new(0));
    let queue = Queue {
        messages: sender,
        bytes: Arc::clone(&bytes),
        limit: limits.queued_bytes,
    };
    let waiting = Waiting {
        messages: receiver,
        bytes,
    };
    (queue, waiting)
}

impl Queue {
    /// False: too much waits already, or the connection is gone.
    pub(crate) fn push(&self, payload: Bytes) -> bool {
        let len = payload.len();
        // Only the owner adds, so nothing can come between the question and the answer. The first one always fits.
        let waiting = self.bytes.load(Ordering::Relaxed);
        if waiting > 0 && waiting + len > self.limit {
            return false;
        }
        self.bytes.fetch_add(len, Ordering::Relaxed);
        self.messages.try_send(payload).is_ok()
    }
}

impl Waiting {
    /// The next message; `None` when the owner has let go and nothing is left.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let payload = ready!(self.messages.poll_recv(context));
        if let Some(payload) = &payload {
            self.bytes.fetch_sub(payload.len(), Ordering::Relaxed);
        }
        Poll::Ready(payload)
    }

    /// As [`Waiting::poll_next`].
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(queued_messages: usize, queued_bytes: usize) -> (Queue, Waiting) {
        new(&Limits {
            queued_messages,
            queued_bytes,
            ..Limits::default()
        })
    }

    #[tokio::test]
    async fn it_is_limited_by_number_and_by_bytes() {
        let (queue, mut waiting) = limited(2, 1000);
        assert!(queue.push(Bytes::from_static(b"one")));
        assert!(queue.push(Bytes::from_static(b"two")));
        assert!(!queue.push(Bytes::from_static(b"three")));
        assert_eq!(waiting.next().await.as_deref(), Some(&b"one"[..]));

        let (queue, mut waiting) = limited(10, 4);
        assert!(queue.push(Bytes::from_static(b"larger than the limit")));
        assert!(!queue.push(Bytes::from_static(b"one")));
        waiting.next().await.expect("what was pushed");
        assert!(queue.push(Bytes::from_static(b"one")));
    }
}
