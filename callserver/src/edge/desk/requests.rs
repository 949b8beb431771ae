//! What the rest of the server asks.

use std::time::Instant;

use switch::{CallId, Input};

use super::Desk;
use crate::edge::Figures;
use crate::edge::exchange::{Counts, Request};
use crate::relay::MediaId;

impl Desk {
    pub(super) fn answer(&mut self, now: Instant, request: Request) {
        // Whoever asked may have gone away meanwhile: an answer that nobody takes is dropped.
        match request {
            Request::Calls(answer) => {
                let passed = |call: CallId| self.relay.statistics(MediaId(call.0));
                let _ = answer.send(self.calls.views(now, passed));
            }
            Request::Trace(call, answer) => {
                let _ = answer.send(self.traces.of(call));
            }
            Request::Counts(answer) => {
                let registrations = self.bindings.len() as u64;
                let _ = answer.send(Counts {
                    registrations,
                    calls: self.calls.len() as u64,
                });
            }
            Request::Logins(answer) => {
                let _ = answer.send(self.bindings.logins());
            }
            Request::HangUp(call, answer) => {
                let passed = self.relay.statistics(MediaId(call.0));
                let view = self.calls.view(now, call, passed);
                if view.is_some() {
                    self.handle(now, Input::HangUpCall { call });
                }
                let _ = answer.send(view);
            }
            Request::Bans(answer) => {
                let _ = answer.send(self.bans.views(now));
            }
            Request::Release(source, answer) => {
                let is_there = self.bans.holds(source);
                if is_there {
                    self.handle(now, Input::ReleaseSource { source });
                }
                let _ = answer.send(is_there);
            }
            Request::Figures(answer) => {
                let _ = answer.send(Box::new(self.figures()));
            }
            Request::Facts(accounts, answer) => {
                let facts = accounts.into_iter();
                let facts = facts.map(|account| self.switch.facts(account));
                let _ = answer.send(facts.collect());
            }
            Request::Complete(caller, dialled, answer) => {
                self.last_ticket += 1;
                let ticket = self.last_ticket;
                self.completions.insert(ticket, answer);
                let request = Input::RequestCompletion {
                    ticket,
                    caller: *caller,
                    dialled,
                };
                self.handle(now, request);
            }
            Request::Completions(account, answer) => {
                let _ = answer.send(self.switch.completions(now, account));
            }
            Request::CancelCompletion(caller, completion, answer) => {
                let own = self.switch.completions(now, caller);
                let is_there = own.iter().any(|own| own.id == completion);
                if is_there {
                    let only = Some(completion);
                    self.handle(now, Input::CancelCompletion { caller, only });
                }
                let _ = answer.send(is_there);
            }
            // The loop does it, for it has to wait.
            Request::HandOver(..) => {}
            Request::Drain(answer) => {
                self.draining.push(answer);
                self.handle(now, Input::Drain);
            }
        }
    }

    fn figures(&self) -> Figures {
        let core = self.switch.counts().core;
        Figures {
            tally: self.tally.clone(),
            registrations: self.bindings.len(),
            calls: self.calls.len(),
            bans: self.bans.len(),
            bans_total: self.bans.total(),
            connections: self.sockets.connection_count(),
            client_transactions: core.client_transactions,
            server_transactions: core.server_transactions,
            studio_calls: self.studio.calls(),
            relayed: self.relay.totals(),
        }
    }
}
