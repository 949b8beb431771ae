//! What the window knows of calls, and what is done in them.

use std::time::Instant;

use super::desk::{Action, Call, Connected, Desk, Party, Place, Settling, Stage};
use super::ended::Ended;
use crate::engine::{CallNumber, Command, Digit, Hold, Notice, PARK, Problem, TransferProgress};

/// What is unfolded of the call in progress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tools {
    /// The keypad, with what was pressed on it.
    pub(crate) keypad: Option<String>,
    /// To whom the call shall be handed over, as typed.
    pub(crate) transfer: Option<String>,
}

impl Tools {
    /// Who was typed, if anybody; then the field is done with.
    fn take_target(&mut self) -> Option<String> {
        let target = self.transfer.as_ref()?.trim().to_owned();
        if target.is_empty() {
            return None;
        }
        self.transfer = None;
        Some(target)
    }
}

/// Keys of the other side that are shown.
const KEYS_SHOWN: usize = 24;

/// What the engine calls silence, in dB relative to full scale.
const SILENCE_DBFS: f32 = -127.0;

impl Desk {
    /// Takes in what the engine tells of calls; gives back what is about something else.
    pub(super) fn hear_of_calls(&mut self, now: Instant, notice: Notice) -> Option<Notice> {
        match notice {
            Notice::Calling { call, target } => {
                self.add(call, Party::new(&target, None), false, Stage::Calling);
            }
            Notice::Incoming {
                call,
                from,
                display_name,
            } => {
                let party = Party::new(&from, display_name.as_deref());
                self.add(call, party, true, Stage::RingingHere { since: now });
            }
            Notice::Ringing { call } => self.change(call, |call| {
                if call.stage == Stage::Calling {
                    call.stage = Stage::RingingThere;
                }
            }),
            Notice::Answered {
                call,
                codec,
                encryption,
            } => self.change(call, |call| {
                call.settling = None;
                call.stage = Stage::Connected(Connected {
                    since: now,
                    codec,
                    encryption,
                    hold: Hold::default(),
                    muted: false,
                    spoken_dbfs: SILENCE_DBFS,
                    heard_dbfs: SILENCE_DBFS,
                });
            }),
            Notice::Redirected { call, to } => {
                let party = Party::new(&to, None);
                self.change(call, |call| {
                    let before = std::mem::replace(&mut call.party, party);
                    call.redirected_from = Some(before.title().to_owned());
                    call.stage = Stage::Calling;
                });
            }
            Notice::Reconnecting { call, on } => self.change(call, |call| call.reconnecting = on),
            Notice::EncryptionChanged { call, encryption } => {
                self.connected(call, |connected| connected.encryption = encryption);
            }
            Notice::Held { call, hold } => {
                self.connected(call, |connected| connected.hold = hold);
            }
            Notice::Digit { call, digit } => self.change(call, |call| {
                if call.keys_heard.len() >= KEYS_SHOWN {
                    call.keys_heard.remove(0);
                }
                call.keys_heard.push(digit.sign());
            }),
            Notice::Transfer { call, progress } => match progress {
                TransferProgress::Failed(sentence) => {
                    self.change(call, |call| call.handing_over = None);
                    self.problem = Some(Problem {
                        code: "not-handed-over",
                        sentence,
                    });
                }
                going => self.change(call, |call| {
                    let words = match going {
                        TransferProgress::Ringing => "Handing over, it rings there…",
                        _ => "Handing over…",
                    };
                    call.handing_over = Some(words.into());
                }),
            },
            Notice::Muted { call, on } => self.connected(call, |connected| connected.muted = on),
            Notice::Level {
                call,
                spoken_dbfs,
                heard_dbfs,
            } => self.connected(call, |connected| {
                connected.spoken_dbfs = spoken_dbfs;
                connected.heard_dbfs = heard_dbfs;
            }),
            Notice::Ended {
                call,
                reason,
                sentence,
                statistics,
            } => {
                if let Some(at) = self.calls.iter().position(|known| known.number == call) {
                    self.tools = Tools::default();
                    let call = self.calls.remove(at);
                    let ended = Ended::new(&call, &reason, sentence, statistics);
                    self.recent.add(&ended);
                    self.ended = Some(ended);
                }
            }
            other => return Some(other),
        }
        None
    }

    /// What somebody did in a call.
    pub(super) fn act_in_call(&mut self, action: Action) -> Vec<Command> {
        match action {
            Action::Answer(number) => {
                if !self.settle(number, Settling::Answering) {
                    return Vec::new();
                }
                self.ended = None;
                self.place = Place::Dial;
                // One is spoken in at a time: the engine puts the others on hold.
                let mut commands = Vec::new();
                let placing = |call: &&mut Call| !call.rings_here() && !call.is_connected();
                if let Some(current) = self.calls.iter_mut().find(placing) {
                    current.settling = Some(Settling::Ending);
                    commands.push(Command::HangUp {
                        call: current.number,
                    });
                }
                commands.push(Command::Answer { call: number });
                commands
            }
            Action::Decline(number) if self.settle(number, Settling::Ending) => {
                vec![Command::Decline { call: number }]
            }
            Action::HangUp(number) if self.settle(number, Settling::Ending) => {
                vec![Command::HangUp { call: number }]
            }
            Action::Decline(_) | Action::HangUp(_) => Vec::new(),
            Action::Mute(number, on) => vec![Command::Mute { call: number, on }],
            Action::Hold(number, on) => {
                self.tools = Tools::default();
                self.place = Place::Dial;
                vec![Command::Hold { call: number, on }]
            }
            Action::ShowKeypad(on) => {
                self.tools = Tools {
                    keypad: on.then(String::new),
                    transfer: None,
                };
                Vec::new()
            }
            Action::Press(number, sign) => {
                let Some(digit) = Digit::new(sign) else {
                    return Vec::new();
                };
                if let Some(pressed) = &mut self.tools.keypad {
                    pressed.push(digit.sign());
                }
                vec![Command::Press {
                    call: number,
                    digit,
                }]
            }
            Action::WantTransfer(on) => {
                self.tools = Tools {
                    keypad: None,
                    transfer: on.then(String::new),
                };
                Vec::new()
            }
            Action::HandOver(number) => match self.tools.take_target() {
                Some(target) => vec![Command::Transfer {
                    call: number,
                    target,
                }],
                None => Vec::new(),
            },
            Action::Park(call) => vec![Command::Transfer {
                call,
                target: PARK.into(),
            }],
            // The engine puts the first call on hold; both can be joined once the second is answered.
            Action::AskFirst(_) => match self.tools.take_target() {
                Some(target) => vec![Command::Call { target }],
                None => Vec::new(),
            },
            Action::Join(call, consulted) => vec![Command::TransferToCall { call, consulted }],
            _ => Vec::new(),
        }
    }

    fn add(&mut self, number: CallNumber, party: Party, incoming: bool, stage: Stage) {
        self.ended = None;
        self.calls.push(Call {
            number,
            party,
            incoming,
            stage,
            reconnecting: false,
            redirected_from: None,
            handing_over: None,
            keys_heard: String::new(),
            settling: None,
        });
    }

    fn change(&mut self, number: CallNumber, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.number == number) {
            change(call);
        }
    }

    fn connected(&mut self, number: CallNumber, change: impl FnOnce(&mut Connected)) {
        self.change(number, |call| {
            if let Stage::Connected(connected) = &mut call.stage {
                change(connected);
            }
        });
    }

    /// Notes what is asked of a call; `false` when it was asked before, or the call is over.
    fn settle(&mut self, number: CallNumber, settling: Settling) -> bool {
        match self.calls.iter_mut().find(|call| call.number == number) {
            Some(call)
                if call.settling.is_none_or(|before| {
                    before == Settling::Answering && settling == Settling::Ending
                }) =>
            {
                call.settling = Some(settling);
                true
            }
            _ => false,
        }
    }
}
