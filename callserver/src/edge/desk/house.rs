//! Calls whose other side is the server itself: what the switch wants to be played and recorded, and what came of it.

use std::time::{Duration, Instant, SystemTime};

use api::AccountId;
use media::Digit;
use switch::{CallId, Input, Recording, Sound};

use super::Desk;
use super::media::relay_side;
use crate::relay::MediaId;
use crate::store::unix_millis;
use crate::studio::{News, Source, TapeLimits, Told};
use crate::voicemail::{Back, Note, Order};

/// What the name of somebody is who hides it.
const NOBODY: &str = "Anonymous";

impl Desk {
    pub(super) fn play(&mut self, call: CallId, to: switch::Side, play: u32, sound: Sound) {
        if let Some(live) = self.calls.get_mut(call) {
            live.play = play;
        }
        match sound {
            Sound::Prompt(prompt) => {
                let source = Source::Prompt(prompt);
                let media = MediaId(call.0);
                self.studio.play(media, relay_side(to), play, source);
            }
            // They come with the answer of the database.
            sound => self.order_mail(Order::Fetch { call, play, sound }),
        }
    }

    pub(super) fn record(
        &mut self,
        call: CallId,
        side: switch::Side,
        recording: Recording,
        (longest, silence): (Duration, Duration),
    ) {
        let Some(live) = self.calls.get_mut(call) else {
            return;
        };
        let caller = &live.caller;
        let is_hidden = live.is_anonymous;
        let (of, is_greeting) = match recording {
            Recording::Message { to } => (to, false),
            Recording::Greeting { of } => (of, true),
        };
        let note = Note {
            of: of.0,
            is_greeting,
            caller: (!is_hidden).then_some(caller.account.0),
            number: caller.number.as_ref().map(ToString::to_string),
            name: caller.display_name.to_string(),
            at_millis: unix_millis(SystemTime::now()),
        };
        let note = match is_hidden {
            true => Note {
                number: None,
                name: NOBODY.to_owned(),
                ..note
            },
            false => note,
        };
        match self.mail.drafts.begin(note) {
            Ok((draft, file)) => {
                let limits = TapeLimits { longest, silence };
                let media = MediaId(call.0);
                let ended =
                    { &self.studio }.record(media, relay_side(side), Box::new(file), limits);
                let draft = Box::new(draft);
                self.order_mail(Order::Keep { call, draft, ended });
            }
            Err(error) => {
                tracing::error!(%error, call = call.0, "nothing can be recorded; look for free disk space and permissions of the data folder");
                // As if it had ended: it must not come before the switch has done what it is doing.
                let _ = self.mail.back.send(Back::Kept {
                    call,
                    is_kept: false,
                });
            }
        }
    }

    /// Puts a digit into the audio of a phone. A call that the relay passes goes to the studio for that.
    pub(super) fn sound_digit(&mut self, call: CallId, to: switch::Side, digit: char) {
        let media = MediaId(call.0);
        let plan = self.calls.get_mut(call).and_then(|live| live.plan);
        let (Some(digit), Some(plan)) = (Digit::new(digit), plan) else {
            return;
        };
        if !self.studio.has(media) {
            let Some(lent) = self.relay.lend(media) else {
                return;
            };
            self.studio.take(media, lent, plan);
        }
        self.studio.sound_digit(media, relay_side(to), digit);
    }

    pub(super) fn order_mail(&mut self, order: Order) {
        if self.mail.orders.send(order).is_err() {
            tracing::error!("the voicemail has stopped; this is a fault of the server");
        }
    }

    pub(super) fn heard_from_studio(&mut self, now: Instant, news: News) {
        let call = CallId(news.media.0);
        let input = match news.told {
            Told::Played(play) => Input::MediaPlayed { call, play },
            Told::Pressed(digit) => Input::MediaPressed { call, digit },
        };
        self.handle(now, input);
    }

    pub(super) fn heard_from_mail(&mut self, now: Instant, back: Back) {
        match back {
            Back::Kept { call, is_kept } => {
                self.handle(now, Input::MediaRecorded { call, is_kept });
            }
            Back::Fetched { call, play, source } => {
                // Something else was wanted meanwhile, or the call is over.
                if self
                    .calls
                    .get_mut(call)
                    .is_none_or(|live| live.play != play)
                {
                    return;
                }
                // Only the caller's phone is with the server.
                let side = relay_side(switch::Side::Caller);
                self.studio.play(MediaId(call.0), side, play, source);
            }
        }
    }

    pub(super) fn message_heard(&mut self, account: switch::AccountId, message: i64) {
        let account = AccountId(account.0);
        self.order_mail(Order::Heard { account, message });
    }

    pub(super) fn message_removed(&mut self, account: switch::AccountId, message: i64) {
        let account = AccountId(account.0);
        self.order_mail(Order::Remove { account, message });
    }
}
