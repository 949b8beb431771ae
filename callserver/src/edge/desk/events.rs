//! What the switch tells, and what is done about it.

use std::time::{Instant, SystemTime};

use api::AccountId;
use switch::{Answer, CallEnd, Event, House, Input, Question};

use super::Desk;
use crate::edge::live_calls::name;
use crate::letters::Seen;
use crate::relay::MediaId;
use crate::voicemail::Order;

impl Desk {
    pub(super) fn happened(&mut self, now: Instant, event: Event) {
        match event {
            Event::Ask { ask, question } => {
                let answer = match question {
                    Question::Credential { login } => self.directory.credential(ask, &login),
                    Question::Destination {
                        dialled,
                        caller,
                        on_behalf_of,
                    } => self.directory.reached(ask, &dialled, &caller, on_behalf_of),
                    Question::MediaPorts {
                        call,
                        caller,
                        callees,
                    } => Some(Answer::MediaPorts(self.open_media(call, caller, &callees))),
                    Question::Watched { dialled, watcher } => {
                        self.directory.watched(ask, &dialled, &watcher);
                        None
                    }
                    Question::Viewers { account, watchers } => {
                        self.directory.viewers(ask, account, watchers);
                        None
                    }
                    Question::MessagesToHear { account } => {
                        self.directory.messages_to_hear(ask, account);
                        None
                    }
                    Question::Letter {
                        from,
                        device,
                        to,
                        letter,
                    } => {
                        self.letter_arrived(ask, from, (device, to), letter);
                        None
                    }
                    Question::Messages { account } => {
                        self.directory.messages(ask, account);
                        None
                    }
                };
                if let Some(answer) = answer {
                    self.switch.handle(now, Input::Answer { ask, answer });
                }
            }
            Event::DeviceRegistered {
                binding,
                is_refresh,
                is_guest,
            } => {
                let at = SystemTime::now();
                if is_guest {
                    self.leases.note(at, &binding);
                }
                self.last_seen.note(binding.device, at);
                if is_refresh {
                    self.tally.refreshed += 1;
                } else {
                    self.tally.registered += 1;
                    let user_agent = binding.user_agent.as_deref().unwrap_or("");
                    let (login, from) = (binding.login.as_str(), binding.flow.remote);
                    tracing::info!(login, %from, user_agent, "device registered");
                }
                if self.bindings.is_news(&binding) || self.phone_was_silent(&binding) {
                    self.phone_came(&binding);
                }
                self.bindings.registered(now, at, *binding);
            }
            Event::DeviceUnregistered {
                binding,
                login,
                why,
                ..
            } => {
                tracing::info!(login = login.as_str(), ?why, "device unregistered");
                self.tally.unregistered += 1;
                self.bindings.unregistered(now, binding);
            }
            Event::MediaExpected {
                call,
                side,
                remote,
                signalled_from,
                ..
            } => {
                self.expect_media(call, side, remote, signalled_from);
            }
            Event::MediaPlan { call, plan } => {
                if let Some(live) = self.calls.get_mut(call) {
                    live.codec = Some(plan.caller.codec);
                    live.plan = Some(*plan);
                    live.is_encrypted = Some(plan.is_encrypted());
                    live.heard.begin_anew(now);
                }
                self.follow_plan(call, &plan);
            }
            Event::MediaDigit {
                call, to, digit, ..
            } => self.sound_digit(call, to, digit),
            Event::MediaPlays {
                call,
                to,
                play,
                sound,
            } => self.play(call, to, play, sound),
            Event::MediaRecords {
                call,
                of,
                recording,
                longest,
                silence,
            } => self.record(call, of, recording, (longest, silence)),
            Event::MediaStopsRecording { call } => self.studio.stop_recording(MediaId(call.0)),
            Event::MessageHeard { account, message } => self.message_heard(account, message.0),
            Event::MessageRemoved { account, message } => self.message_removed(account, message.0),
            Event::GreetingRemoved { account } => {
                let account = AccountId(account.0);
                self.order_mail(Order::RemoveGreeting { account });
            }
            Event::MediaClosed { call } => {
                let statistics = self.close_media(call);
                if let Some(live) = self.calls.get_mut(call) {
                    live.statistics = statistics;
                }
            }
            Event::CallStarted {
                call,
                caller,
                callee,
                dialled,
                is_visit,
                is_anonymous,
                call_id,
            } => {
                tracing::debug!(
                    call = call.0,
                    caller = name(&caller),
                    callee = name(&callee),
                    "call started"
                );
                self.tally.calls_started += 1;
                let clocks = (now, SystemTime::now());
                self.traces.name(call, &call_id, clocks.1);
                self.calls.start(clocks, call, (caller, callee), dialled);
                if let Some(live) = self.calls.get_mut(call) {
                    live.is_visit = is_visit;
                    live.is_anonymous = is_anonymous;
                }
            }
            Event::CallRinging { call } => {
                if let Some(live) = self.calls.get_mut(call) {
                    live.is_ringing = true;
                }
            }
            Event::CallAnswered { call } => {
                self.tally.calls_answered += 1;
                self.silence.listen(now);
                if let Some(live) = self.calls.get_mut(call) {
                    live.answered = Some(now);
                    live.heard.begin_anew(now);
                    tracing::info!(
                        call = call.0,
                        caller = name(&live.caller),
                        callee = name(&live.callee),
                        "call answered"
                    );
                }
            }
            Event::CallHosted { call, house } => {
                self.silence.listen(now);
                if let Some(live) = self.calls.get_mut(call) {
                    live.answered = Some(now);
                    live.heard.begin_anew(now);
                    live.is_in_voicemail = matches!(house, House::Voicemail { .. });
                    tracing::info!(
                        call = call.0,
                        caller = name(&live.caller),
                        callee = name(&live.callee),
                        "call answered by the server itself"
                    );
                }
            }
            Event::EmergencyCall {
                call,
                caller,
                dialled,
            } => tracing::error!(
                call = call.0,
                caller = name(&caller),
                caller_name = caller.display_name.as_str(),
                account = caller.account.0,
                dialled = dialled.as_str(),
                "EMERGENCY CALL"
            ),
            Event::CallBlocked {
                caller,
                callee,
                dialled,
                is_anonymous,
            } => {
                let clocks = (now, SystemTime::now());
                let people = (&caller, &callee);
                self.records.blocked(clocks, people, &dialled, is_anonymous);
            }
            Event::CompletionDecided { ticket, result } => {
                if let Some(waiting) = self.completions.remove(&ticket) {
                    let _ = waiting.send(result);
                }
            }
            Event::LetterEnded { ticket, end } => {
                // Nobody carries letters any more when the server stops.
                let _ = self.letters.seen.send(Seen::Ended { ticket, end });
            }
            Event::CallBackEnded { completion, call } => {
                tracing::debug!(completion = completion.0, ?call, "called back");
            }
            Event::CallForwarded { call, to } => {
                if let Some(live) = self.calls.get_mut(call) {
                    tracing::debug!(call = call.0, to = name(&to), "call forwarded");
                    // Whoever had it sent on finds it in the own history, too.
                    self.records
                        .ended(now, live, (CallEnd::Forwarded, None), None);
                    live.callee = to;
                }
            }
            Event::CallTaken { call, by } => {
                if let Some(live) = self.calls.get_mut(call) {
                    live.callee = by;
                }
            }
            Event::CallTransferred { call, side, to } => {
                if let Some(live) = self.calls.get_mut(call) {
                    tracing::info!(call = call.0, to = name(&to), "call transferred");
                    // Each part of the call stands in the history of those who took part in it.
                    let passed = self.relay.statistics(MediaId(call.0));
                    let quality = live.quality(passed);
                    let by = (CallEnd::Transferred, Some(side));
                    self.records.ended(now, live, by, quality);
                    live.begin_part(now, side, to, passed);
                }
            }
            Event::CallEnded {
                call,
                cause,
                hung_up_by,
            } => {
                self.tally.call_ended(cause);
                self.traces.ended(call);
                if let Some(live) = self.calls.end(call) {
                    let passed = live
                        .statistics
                        .or_else(|| self.relay.statistics(MediaId(call.0)));
                    let quality = live.quality(passed);
                    let by = (cause, hung_up_by);
                    self.records.ended(now, &live, by, quality);
                    if let Some(quality) = quality.filter(|_| !live.is_visit) {
                        self.tally.heard(&quality);
                    }
                    let heard = (passed.unwrap_or_default(), quality.unwrap_or_default());
                    self.journal.call_ended(now, call, &live, by, heard);
                }
            }
            Event::PresenceChanged { account, facts } => {
                self.presence_news.put(account, *facts);
            }
            Event::CallChanged { call, kept } => self.keep_call(call, kept),
            Event::AuthenticationFailed { flow, login, why } => {
                self.tally.authentication_failed(why);
                self.journal.authentication_failed(now, &flow, &login, why);
            }
            Event::SourceBanned {
                source,
                for_seconds,
                why,
            } => {
                self.bans.begin(now, source, for_seconds, why);
                self.journal.source_banned(now, source, for_seconds, why);
            }
            Event::SourceReleased { source } => {
                self.bans.end(source);
                tracing::debug!(%source, "ban is over");
            }
            Event::ScannerIgnored { flow, signature } => {
                self.tally.scanners_ignored += 1;
                self.journal.scanner_ignored(now, &flow, &signature);
            }
            Event::BadMessage { flow, kind, why } => {
                self.tally.bad_message(kind);
                self.journal.bad_message(now, &flow, &why);
            }
            Event::Drained => self.is_drained = true,
        }
    }
}
