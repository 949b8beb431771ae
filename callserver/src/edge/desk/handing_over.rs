//! Another program takes this one's place.

use std::io;
use std::time::Instant;

use super::Desk;
use crate::edge::exchange::HandOver;
use crate::handover::{self, Sockets};
use crate::relay::MediaId;
use crate::upgrade::Belongings;

impl Desk {
    /// Writes everything down and executes the program. Returns only if that was not possible.
    pub(super) async fn hand_over(&mut self, now: Instant, plan: HandOver) -> io::Error {
        self.sockets.flush();
        self.write_all().await;
        // Audio passes until the last moment. What phones send meanwhile waits in the sockets.
        let sockets = match self.prepare(now, plan.belongings) {
            Ok(sockets) => sockets,
            Err(error) => return error,
        };
        let calls = sockets.media.len();
        tracing::info!(program = %plan.program.display(), calls, "another program takes over");
        match handover::execute(&plan.program, sockets) {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    /// The newest state of each call in the journal, and all sockets.
    fn prepare(&mut self, now: Instant, belongings: Belongings) -> io::Result<Sockets> {
        let mut sockets = Sockets {
            sip: self.sockets.duplicates()?,
            http: belongings.http,
            lock: Some(belongings.lock),
            ..Sockets::default()
        };
        for stored in self.switch.stored_calls(now) {
            self.keep_call(stored.call, Some(Box::new(stored)));
        }
        self.checkpoint.finish();
        for call in self.calls.ids() {
            let media = self.relay.duplicates(MediaId(call.0))?;
            sockets.media.extend(media.map(|media| (call.0, media)));
        }
        Ok(sockets)
    }
}
