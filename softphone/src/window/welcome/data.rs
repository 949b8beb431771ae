//! What the sign-in form holds, and what is wrong with it.

use api::ServerFacts;

use crate::engine::{Command, Fingerprint, Password, Problem};

/// What the sign-in form holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) server: String,
    pub(crate) name: String,
    /// Never kept on disk, and forgotten once it was right.
    pub(crate) password: String,
    /// What was wrong with the last try, in one sentence.
    pub(crate) complaint: Option<String>,
    /// The field to put the cursor into next.
    pub(crate) focus: Option<Blank>,
    /// A try is under way.
    pub(crate) busy: bool,
    /// Nobody vouches for the server; somebody has to say whether it is the right one.
    pub(crate) stranger: Option<Stranger>,
    /// An account is being made rather than used.
    pub(crate) wants_account: bool,
    /// What others shall see of the new account.
    pub(crate) display_name: String,
    /// The code of an invitation.
    pub(crate) invitation: String,
    /// What was tried last.
    pub(super) attempt: Attempt,
    /// The server that was asked what it offers, and what it said.
    pub(super) looked_up: String,
    pub(super) offers: Option<ServerFacts>,
    /// The username that was asked after, and why it cannot be had; nothing there if it can.
    pub(super) checked: Option<(String, Option<String>)>,
}

/// The ways to come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Attempt {
    #[default]
    SignIn,
    Guest,
    SignUp,
}

/// A server whose certificate nobody vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stranger {
    pub(crate) server: String,
    pub(crate) fingerprint: Fingerprint,
}

impl Stranger {
    /// The fingerprint as people compare it: sixteen groups of four in rows of four.
    pub(crate) fn rows(&self) -> Vec<String> {
        let digits: Vec<char> = self.fingerprint.to_string().chars().collect();
        let groups: Vec<String> = digits.chunks(4).map(String::from_iter).collect();
        groups.chunks(4).map(|row| row.join(" ")).collect()
    }
}

/// A blank to fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blank {
    Server,
    Name,
    Password,
}

impl Form {
    /// A form with what is remembered filled in, and the cursor in the first empty field.
    pub(crate) fn new(server: String, name: String) -> Self {
        let mut form = Self {
            server,
            name,
            ..Self::default()
        };
        form.focus = form.first_blank();
        form
    }

    /// The command to come in, or `None` and a complaint.
    pub(crate) fn submit(&mut self, attempt: Attempt) -> Option<Command> {
        if self.busy {
            return None;
        }
        let needs_password = attempt != Attempt::Guest;
        let blank = self
            .first_blank()
            .filter(|blank| needs_password || *blank == Blank::Server);
        if let Some(blank) = blank {
            self.complaint = Some(blank.request().into());
            self.focus = Some(blank);
            return None;
        }
        let server = self.server_address();
        let command = match attempt {
            Attempt::SignIn => Command::SignIn {
                server,
                name: self.name.trim().to_owned(),
                password: Password::from(self.password.clone()),
            },
            Attempt::Guest => Command::SignInAsGuest {
                server,
                display_name: None,
            },
            Attempt::SignUp => Command::SignUp {
                server,
                account: self.new_account()?,
            },
        };
        self.attempt = attempt;
        self.busy = true;
        self.complaint = None;
        self.stranger = None;
        Some(command)
    }

    /// The password was right.
    pub(crate) fn accepted(&mut self) {
        *self = Self::new(self.remembered_address(), self.name.trim().to_owned());
    }

    /// The server's address without the fingerprint that a link has: that one is kept elsewhere.
    pub(crate) fn remembered_address(&self) -> String {
        let address = self.server_address();
        let plain = address.split('#').next().unwrap_or_default();
        plain.trim_end_matches('/').to_owned()
    }

    /// Somebody has compared the fingerprint and believes it; signs in again.
    pub(crate) fn trust(&mut self) -> Vec<Command> {
        let Some(stranger) = self.stranger.take() else {
            return Vec::new();
        };
        self.looked_up.clear();
        let trust = Command::Trust {
            server: stranger.server,
            fingerprint: stranger.fingerprint,
        };
        [Some(trust), self.submit(self.attempt)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The server is not the one that was meant.
    pub(crate) fn distrust(&mut self) {
        self.stranger = None;
        self.complaint = None;
        self.focus = Some(Blank::Server);
    }

    /// Signing in came to nothing.
    pub(crate) fn refused(&mut self, problem: &Problem) {
        self.busy = false;
        self.complaint = Some(problem.sentence.clone());
        if self.attempt == Attempt::Guest {
            self.focus = Some(Blank::Server);
            return;
        }
        self.focus = Some(if self.password.is_empty() {
            Blank::Password
        } else {
            Blank::Server
        });
        if problem.code == "wrong-password" {
            self.password.clear();
            self.focus = Some(Blank::Password);
        }
    }

    /// Signing in was given up, or somebody signed out.
    pub(crate) fn ready(&mut self) {
        self.busy = false;
        self.focus = self.first_blank();
    }

    /// The server's address with a scheme. Without one it is HTTPS, or plain HTTP for this computer, where nobody
    /// can listen in.
    pub(crate) fn server_address(&self) -> String {
        let server = self.server.trim().trim_end_matches('/');
        if server.is_empty() || server.contains("://") {
            return server.to_owned();
        }
        let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
        let here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        format!("{}://{server}", if here { "http" } else { "https" })
    }

    pub(super) fn first_blank(&self) -> Option<Blank> {
        [
            (Blank::Server, &self.server),
            (Blank::Name, &self.name),
            (Blank::Password, &self.password),
        ]
        .into_iter()
        .find(|(blank, text)| match blank {
            Blank::Password => text.is_empty(),
            _ => text.trim().is_empty(),
        })
        .map(|(blank, _)| blank)
    }
}

impl Blank {
    fn request(self) -> &'static str {
        match self {
            Self::Server => "Type the address of your call server, such as phone.example.org.",
            Self::Name => "Type the name of your account.",
            Self::Password => "Type the password of your account.",
        }
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Form")
            .field("server", &self.server)
            .field("name", &self.name)
            .field("complaint", &self.complaint)
            .field("busy", &self.busy)
            .field("wants_account", &self.wants_account)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn filled() -> Form {
        let mut form = Form::new(" phone.example.org/ ".into(), " amina ".into());
        form.password = " secret ".into();
        form
    }

    #[test]
    fn the_first_empty_field_is_asked_for() {
        let mut form = Form::new(String::new(), String::new());
        assert!(form.submit(Attempt::SignIn).is_none());
        assert_eq!(form.focus, Some(Blank::Server));
        form.server = "localhost".into();
        assert!(form.submit(Attempt::SignIn).is_none());
        assert_eq!(
            form.complaint.as_deref(),
            Some("Type the name of your account.")
        );
        form.name = "amina".into();
        assert!(form.submit(Attempt::SignIn).is_none());
        assert_eq!(form.focus, Some(Blank::Password));
    }

    #[test]
    fn a_filled_form_signs_in_once() {
        let mut form = filled();
        let Some(Command::SignIn {
            server,
            name,
            password,
        }) = form.submit(Attempt::SignIn)
        else {
            panic!("no command")
        };
        assert_eq!(
            (server.as_str(), name.as_str(), password.reveal()),
            ("https://phone.example.org", "amina", " secret ")
        );
        assert!(
            form.submit(Attempt::SignIn).is_none(),
            "a second click does nothing"
        );
    }

    #[test]
    fn the_password_is_forgotten_once_it_was_right() {
        let mut form = filled();
        form.submit(Attempt::SignIn);
        form.accepted();
        assert_eq!(
            (form.password.as_str(), form.name.as_str(), form.busy),
            ("", "amina", false)
        );
    }

    #[test]
    fn a_wrong_password_is_typed_again_and_the_rest_is_kept() {
        let mut form = filled();
        form.submit(Attempt::SignIn);
        form.refused(&Problem {
            code: "wrong-password",
            sentence: "The password is wrong.".into(),
        });
        assert_eq!(
            (form.password.as_str(), form.focus),
            ("", Some(Blank::Password))
        );
        assert_eq!(form.complaint.as_deref(), Some("The password is wrong."));
        assert_eq!(form.name.trim(), "amina");
    }

    #[test]
    fn a_server_that_nobody_vouches_for_is_believed_only_when_somebody_says_so() {
        let mut form = filled();
        form.submit(Attempt::SignIn);
        let fingerprint = Fingerprint::of(b"a certificate");
        form.stranger = Some(Stranger {
            server: "https://phone.example.org".into(),
            fingerprint,
        });
        form.refused(&Problem {
            code: "unknown-certificate",
            sentence: "Nobody vouches for it.".into(),
        });
        let rows = form.stranger.as_ref().unwrap().rows();
        assert_eq!(rows.len(), 4);
        assert_eq!(
            rows.concat().replace(' ', "").parse(),
            Ok(fingerprint),
            "{rows:?}"
        );
        let commands = form.trust();
        assert!(
            matches!(
                commands.as_slice(),
                [Command::Trust { fingerprint: agreed, .. }, Command::SignIn { .. }] if *agreed == fingerprint
            ),
            "{commands:?}"
        );
        assert!(form.trust().is_empty(), "it is asked once");
    }

    #[test]
    fn a_link_is_remembered_without_its_fingerprint() {
        let link = format!("https://host.example:8443/#sha256={}", "ab".repeat(32));
        let mut form = Form::new(link.clone(), "amina".into());
        assert_eq!(form.server_address(), link);
        form.accepted();
        assert_eq!(form.server, "https://host.example:8443");
    }

    #[test]
    fn only_this_computer_is_spoken_to_in_plain_text_unasked() {
        for (typed, address) in [
            ("phone.example.org", "https://phone.example.org"),
            ("phone.example.org:8443", "https://phone.example.org:8443"),
            ("localhost:8080", "http://localhost:8080"),
            ("127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("http://10.0.0.7:8080", "http://10.0.0.7:8080"),
            ("", ""),
        ] {
            assert_eq!(
                Form::new(typed.into(), String::new()).server_address(),
                address
            );
        }
    }

    #[test]
    fn a_guest_needs_nothing_but_a_server() {
        let mut form = Form::new(String::new(), String::new());
        assert!(form.submit(Attempt::Guest).is_none());
        assert_eq!(form.focus, Some(Blank::Server));
        form.server = "127.0.0.1:8080".into();
        assert!(matches!(
            form.submit(Attempt::Guest),
            Some(Command::SignInAsGuest { server, .. }) if server == "http://127.0.0.1:8080"
        ));
    }

    #[test]
    fn the_password_is_not_in_debug_output() {
        assert!(!format!("{:?}", filled()).contains("secret"));
    }
}
