//! Registrations come back after a restart.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip::{Flow, Scheme, Transport, Uri};

use super::{Binding, Registrar};
use crate::desk::Desk;
use crate::timetable::Timer;
use crate::{StoredBinding, Unregistration};

impl Registrar {
    /// Takes back what was kept; phones that cannot be reached any more have to register again.
    pub(crate) fn restore(&mut self, now: Instant, desk: &mut Desk, stored: Vec<StoredBinding>) {
        for stored in stored {
            // Also of those that do not come back: their ids may still be in use outside.
            self.last_binding = self.last_binding.max(stored.id.0);
            let is_known = self
                .bindings(stored.account)
                .iter()
                .any(|binding| binding.id == stored.id);
            if is_known {
                continue;
            }
            if stored.flow.transport.is_reliable() {
                self.expect_back(now, desk, &stored);
            }
            let contact = Uri::parse(&stored.contact).ok();
            let way = contact
                .as_ref()
                .and_then(|contact| way_back(&stored, contact));
            match contact.zip(way) {
                Some((contact, flow)) if stored.expires_seconds > 0 => {
                    self.bring_back(now, desk, stored, contact, flow);
                }
                _ => desk.emit(crate::Event::DeviceUnregistered {
                    binding: stored.id,
                    account: stored.account,
                    device: stored.device,
                    login: stored.login,
                    contact: stored.contact,
                    why: Unregistration::NotRestored,
                }),
            }
        }
    }

    fn bring_back(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        stored: StoredBinding,
        contact: Uri,
        flow: Flow,
    ) {
        let account = stored.account;
        let life = stored
            .expires_seconds
            .min(desk.config.registration.max_expires);
        let expires_at = now + Duration::from_secs(life.into());
        let binding = stored.id;
        let timer = Timer::BindingExpires { account, binding };
        self.make_room(desk, account);
        self.insert(
            account,
            Binding {
                id: binding,
                device: stored.device,
                login: stored.login,
                contact,
                contact_text: stored.contact,
                instance: stored.instance,
                reg_id: stored.reg_id,
                path: stored.path,
                user_agent: stored.user_agent,
                reads_rooms: stored.reads_rooms,
                q: stored.q,
                call_id: stored.call_id,
                cseq: stored.cseq,
                flow,
                token: stored.token,
                registered_at: now,
                expires_at,
                timer: desk.timetable.set(expires_at, timer),
            },
        );
    }
}

/// The flow to a phone that was registered before a restart. A datagram finds its way as before. A connection is gone;
/// it can be made anew only to a proxy, or to a phone that is where its contact says, and that listens there.
fn way_back(stored: &StoredBinding, contact: &Uri) -> Option<Flow> {
    let flow = stored.flow;
    let host = match flow.transport {
        Transport::Udp => return Some(flow),
        // Browsers listen nowhere.
        Transport::Ws | Transport::Wss => return None,
        Transport::Tcp | Transport::Tls => contact.host.ip()?,
    };
    let is_there = host.to_canonical() == flow.remote.ip().to_canonical();
    let listens = contact.scheme != Scheme::Tel && stored.path.is_empty();
    let port = contact.port.unwrap_or(flow.transport.default_port());
    (is_there && listens).then(|| Flow {
        remote: SocketAddr::new(flow.remote.ip(), port),
        connection: 0,
        ..flow
    })
}
