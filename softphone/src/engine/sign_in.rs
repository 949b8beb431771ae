//! Signing in: whom to trust, the login over HTTP, and the phone that comes of it.

use api::LoginAnswer;
use phone::Input;
use sip_tokio::Fingerprint;

use super::account::{self, Opened};
use super::core::{Core, SignedIn};
use super::{Notice, Password, Problem, Registration};
use crate::web::{Login, ServerAddress, WebError};

/// Whose login it is: the server and the account's name.
pub(super) type Owner = (String, String);

impl Core {
    pub(super) fn sign_in(&mut self, server: &str, name: String, password: Password) {
        let Some(server) = self.begin_sign_in(server) else {
            return;
        };
        self.owner = (server.origin(), name.clone());
        let is_same = |(owner, _): &&(Owner, String)| *owner == self.owner;
        let attempt = Login {
            trusted: self.trusted(&server),
            server,
            name,
            password,
            device_label: self.config.device_label.clone(),
            replaces: self
                .device
                .as_ref()
                .filter(is_same)
                .map(|(_, login)| login.clone()),
        };
        self.login = Some(tokio::spawn(async move {
            let answer = attempt.run().await?;
            Ok(Box::new(Entry {
                answer,
                server: attempt.server,
                trusted: attempt.trusted,
            }))
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
    fn trusted(&self, server: &ServerAddress) -> Option<Fingerprint> {
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
            answer,
            server,
            trusted,
        } = match outcome {
            Ok(entry) => *entry,
            Err(error) => return self.login_failed(error),
        };
        if let Some(fingerprint) = trusted {
            // It was the right one: from now on this server is known by it.
            self.agree(server.origin(), fingerprint);
        }
        self.device = Some((self.owner.clone(), answer.device.login.clone()));
        match account::open(&answer, &self.config, self.last_call).await {
            Ok(opened) => {
                let Opened {
                    phone,
                    sockets,
                    summary,
                    home,
                } = opened;
                self.tell_registration(Registration::Registering(summary.clone()));
                self.sockets = Some(sockets);
                self.line = Some(SignedIn {
                    summary,
                    phone,
                    home,
                    refused_certificate: None,
                });
                self.drive(Input::SignIn);
            }
            Err(problem) => self.tell_registration(Registration::Failed(problem)),
        }
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
pub(super) type LoginOutcome = Result<Box<Entry>, WebError>;

/// A login that succeeded: the answer, and which server gave it under which certificate.
pub(super) struct Entry {
    answer: LoginAnswer,
    server: ServerAddress,
    trusted: Option<Fingerprint>,
}
