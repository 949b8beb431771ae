//! Signing in: whom to trust, the way in over HTTP, and the phone that comes of it.

use api::LoginAnswer;
use phone::Input;
use sip_tokio::Fingerprint;

use super::account::{self, Opened};
use super::core::{Core, SignedIn};
use super::{Notice, Problem, Registration};
use crate::keep::{SignIn, without_access};
use crate::web::{Arrival, Connection, Entrance, ServerAddress, Session, WebError};

/// Whose login it is: the server and the account's name.
pub(super) type Owner = (String, String);

impl Core {
    /// Comes in by name and password, as a guest or with a new account.
    pub(super) fn sign_in(&mut self, server: &str, mut entrance: Entrance) {
        let Some(server) = self.begin_sign_in(server) else {
            return;
        };
        if let Entrance::Password { name, replaces, .. } = &mut entrance {
            self.owner = (server.origin(), name.clone());
            let is_same = |(owner, _): &&(Owner, String)| *owner == self.owner;
            *replaces = self
                .device
                .as_ref()
                .filter(is_same)
                .map(|(_, login)| login.clone());
        }
        let is_guest = matches!(entrance, Entrance::Guest { .. });
        self.arrive(server, entrance, is_guest);
    }

    /// Comes back with what an earlier sign-in left.
    pub(super) fn resume(&mut self) {
        let Some(SignIn {
            server,
            is_guest,
            answer,
        }) = self.config.keep.sign_in()
        else {
            return self.tell_registration(Registration::Failed(Problem {
                code: "nothing-kept",
                sentence: "There is no sign-in to go on with; sign in with name and password."
                    .into(),
            }));
        };
        if let Some(server) = self.begin_sign_in(&server) {
            self.arrive(server, Entrance::Kept(Box::new(answer)), is_guest);
        }
    }

    fn arrive(&mut self, server: ServerAddress, entrance: Entrance, is_guest: bool) {
        let was_kept = matches!(entrance, Entrance::Kept(_));
        let arrival = Arrival {
            trusted: self.trusted(&server),
            server,
            entrance,
            device_label: self.config.device_label.clone(),
        };
        self.login = Some(tokio::spawn(async move {
            match arrival.run().await {
                Ok((connection, answer)) => Ok(Box::new(Entry {
                    connection,
                    answer,
                    is_guest,
                })),
                Err(error) => Err(NoEntry { error, was_kept }),
            }
        }));
    }

    /// Says that somebody signs in, if nobody is; gives the server's address.
    fn begin_sign_in(&mut self, server: &str) -> Option<ServerAddress> {
        if self.line.is_some() || self.login.is_some() {
            self.problem(Problem {
                code: "already-signed-in",
                sentence: "Somebody is signed in already; sign out first.".into(),
            });
            return None;
        }
        if std::mem::take(&mut self.owes_signed_out) {
            self.tell_registration(Registration::SignedOut);
        }
        self.tell_registration(Registration::SigningIn);
        ServerAddress::parse(server, self.config.allow_plain)
            .map_err(|error| self.login_failed(error))
            .ok()
    }

    /// The one certificate that a server must show: a link's own word goes before what was agreed earlier.
    pub(super) fn trusted(&self, server: &ServerAddress) -> Option<Fingerprint> {
        let origin = server.origin();
        let agreed = self.agreed.get(&origin).copied();
        server
            .pin()
            .or(self.config.trusted)
            .or(agreed)
            .or_else(|| self.config.keep.trusted(&origin))
    }

    /// A person has compared the fingerprint and believes it.
    pub(super) fn trust(&mut self, server: &str, fingerprint: Fingerprint) {
        match ServerAddress::parse(server, self.config.allow_plain) {
            Ok(server) => self.agree(server.origin(), fingerprint),
            Err(error) => self.problem(error.into()),
        }
    }

    fn agree(&mut self, origin: String, fingerprint: Fingerprint) {
        self.config.keep.trust(&origin, fingerprint);
        self.agreed.insert(origin, fingerprint);
    }

    pub(super) async fn logged_in(&mut self, outcome: LoginOutcome) {
        let Entry {
            connection,
            answer,
            is_guest,
        } = match outcome {
            Ok(entry) => *entry,
            Err(NoEntry { error, was_kept }) => {
                if was_kept && error == WebError::SessionEnded {
                    self.config.keep.forget_sign_in();
                }
                return self.login_failed(error);
            }
        };
        let server = connection.address().origin();
        if let Some(fingerprint) = connection.trusted() {
            // It was the right one: from now on this server is known by it.
            self.agree(server.clone(), fingerprint);
        }
        self.device = Some((self.owner.clone(), answer.device.login.clone()));
        self.keep_sign_in(&server, is_guest, &answer);
        let opened = match account::open(&answer, &self.config, self.last_call).await {
            Ok(opened) => opened,
            Err(problem) => return self.tell_registration(Registration::Failed(problem)),
        };
        let Opened {
            phone,
            sockets,
            mut summary,
            home,
        } = opened;
        summary.is_guest = is_guest;
        self.tell_registration(Registration::Registering(summary.clone()));
        self.sockets = Some(sockets);
        self.line = Some(SignedIn {
            summary,
            account: answer.account,
            server,
            phone,
            home,
            refused_certificate: None,
        });
        if let Some(tokens) = answer.tokens {
            let keep = self.config.keep.clone();
            let keeper = std::sync::Arc::new(move |tokens: &_| keep.keep_tokens(tokens));
            self.clerk.begin(Session::new(connection, tokens, keeper));
        }
        self.open_book();
        self.begin_letters();
        self.drive(Input::SignIn);
    }

    fn keep_sign_in(&self, server: &str, is_guest: bool, answer: &LoginAnswer) {
        // Without tokens nothing could be asked in the next run, and the password is not kept.
        let Some(tokens) = &answer.tokens else { return };
        self.config.keep.keep_sign_in(&SignIn {
            server: server.to_owned(),
            is_guest,
            answer: LoginAnswer {
                tokens: Some(without_access(tokens)),
                ..answer.clone()
            },
        });
    }

    fn login_failed(&mut self, error: WebError) {
        if let WebError::UnknownCertificate { server, shown } = &error {
            self.outlet.tell(Notice::UnknownCertificate {
                server: server.clone(),
                fingerprint: *shown,
            });
        }
        self.tell_registration(Registration::Failed(error.into()));
    }
}

/// What a login came to.
pub(super) type LoginOutcome = Result<Box<Entry>, NoEntry>;

/// A login that succeeded.
pub(super) struct Entry {
    connection: Connection,
    answer: LoginAnswer,
    is_guest: bool,
}

/// A login that failed.
pub(super) struct NoEntry {
    pub(super) error: WebError,
    /// It was tried with what an earlier sign-in left.
    pub(super) was_kept: bool,
}
