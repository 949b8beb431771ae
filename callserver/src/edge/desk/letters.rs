//! What phones send to conversations, and what they get from there.

use std::time::Instant;

use api::{AccountId, DeviceId};
use switch::{Answer, AskId, Input, Letter, Party, StoredBinding};

use super::Desk;
use crate::letters::{Arrived, Errand, Seen};

impl Desk {
    pub(super) fn letter_arrived(
        &mut self,
        ask: AskId,
        from: Party,
        (device, to): (switch::DeviceId, switch::AccountId),
        letter: Box<Letter>,
    ) {
        let arrived = Arrived {
            ask,
            from,
            device: DeviceId(device.0),
            to: AccountId(to.0),
            letter,
        };
        if self.letters.arrived.send(arrived).is_err() {
            // The question runs into its time limit, and the phone sends it again.
            tracing::error!("nobody keeps messages any more; this is a fault of the server");
        }
    }

    /// A phone can be reached here.
    pub(super) fn phone_came(&mut self, binding: &StoredBinding) {
        let device = DeviceId(binding.device.0);
        let seen = match binding.reads_rooms {
            true => Seen::Reads { device },
            false => Seen::Came { device },
        };
        // The same.
        let _ = self.letters.seen.send(seen);
    }

    /// Whether this phone has left something without an answer, so that it is news that it lives.
    pub(super) fn phone_was_silent(&self, binding: &StoredBinding) -> bool {
        self.letters.silent.set(DeviceId(binding.device.0), false)
    }

    pub(super) fn run_errand(&mut self, now: Instant, errand: Errand) {
        let input = match errand {
            Errand::Answer { ask, fate } => Input::Answer {
                ask,
                answer: Answer::Letter(fate),
            },
            Errand::Send {
                ticket,
                from,
                to,
                device,
                letter,
            } => Input::SendLetter {
                ticket,
                from,
                to,
                device,
                letter,
            },
        };
        self.handle(now, input);
    }
}
