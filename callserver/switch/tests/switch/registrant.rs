//! A phone that writes its REGISTERs by hand.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{
    Algorithm, Challenge, Contact, Flow, Headers, Message, Method, Response, Secret, Transmit,
    Transport, respond,
};
use switch::{Config, Input};

use crate::server::{DOMAIN, Server, secret_of};

/// One phone over TCP, with a server of its own.
pub(crate) struct Registrant {
    pub(crate) server: Server,
    pub(crate) now: Instant,
    pub(crate) flow: Flow,
    pub(crate) login: String,
    pub(crate) secret: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) branch: u32,
    /// What is asked.
    pub(crate) uri: String,
    /// What is sent along.
    pub(crate) body: String,
}

impl Registrant {
    pub(crate) fn new(login: &str) -> Self {
        Self::at(Config::new(DOMAIN), login)
    }

    pub(crate) fn at(config: Config, login: &str) -> Self {
        let mut server = Server::new(config, 1);
        server.add_people();
        Registrant {
            now: Instant::now(),
            flow: Flow {
                transport: Transport::Tcp,
                local: server.address,
                remote: SocketAddr::from(([198, 51, 100, 7], 51_000)),
                connection: 1,
            },
            server,
            login: login.to_owned(),
            secret: secret_of(login),
            algorithm: Algorithm::Sha256,
            call_id: "one@phone".to_owned(),
            cseq: 0,
            branch: 0,
            uri: format!("sip:{DOMAIN}"),
            body: String::new(),
        }
    }

    /// Sends what is given and returns the answer.
    pub(crate) fn send(
        &mut self,
        method: &str,
        to: &str,
        lines: &str,
        authorization: Option<&str>,
    ) -> Response {
        self.try_send(method, to, lines, authorization)
            .expect("an answer")
    }

    /// Sends what is given and returns the answer, unless there is silence.
    pub(crate) fn try_send(
        &mut self,
        method: &str,
        to: &str,
        lines: &str,
        authorization: Option<&str>,
    ) -> Option<Response> {
        let transmits = self.hand_in(method, to, lines, authorization);
        assert!(transmits.len() < 2, "one answer");
        match Message::parse(transmits.into_iter().next()?.payload) {
            Ok(Message::Response(response)) => Some(response),
            other => panic!("{other:?}"),
        }
    }

    /// Sends what is given and returns all that the server sends then, to whomever.
    pub(crate) fn hand_in(
        &mut self,
        method: &str,
        to: &str,
        lines: &str,
        authorization: Option<&str>,
    ) -> Vec<Transmit> {
        self.branch += 1;
        self.cseq += 1;
        let authorization =
            authorization.map_or_else(String::new, |value| format!("Authorization: {value}\r\n"));
        let message = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/TCP 198.51.100.7;branch=z9hG4bK{}\r\nMax-Forwards: 70\r\n\
             From: <{to}>;tag=1\r\nTo: <{to}>\r\nCall-ID: {}\r\nCSeq: {} {method}\r\n{authorization}{lines}\
             Content-Length: {}\r\n\r\n{}",
            self.uri,
            self.branch,
            self.call_id,
            self.cseq,
            self.body.len(),
            self.body
        );
        let payload = Bytes::from(message);
        self.server.handle(
            self.now,
            Input::Receive {
                flow: self.flow,
                payload,
            },
        );
        self.transmits()
    }

    pub(crate) fn transmits(&mut self) -> Vec<Transmit> {
        std::iter::from_fn(|| self.server.switch.poll_transmit()).collect()
    }

    /// Sends a request other than REGISTER to `uri`, both rounds, and returns all that the server sends in the end.
    pub(crate) fn request(&mut self, method: &str, uri: &str, lines: &str) -> Vec<Transmit> {
        self.uri = uri.to_owned();
        let from = format!("sip:{}@{DOMAIN}", self.login);
        let answers = self.hand_in(method, &from, lines, None);
        let challenge =
            answers
                .into_iter()
                .find_map(|answer| match Message::parse(answer.payload) {
                    Ok(Message::Response(response)) if response.status.code() == 407 => {
                        Some(response)
                    }
                    _ => None,
                });
        let challenge = challenge.expect("a challenge");
        let value = self.answer(&Method::from(method), &challenge.headers, 1);
        let lines = format!("Proxy-Authorization: {value}\r\n{lines}");
        let transmits = self.hand_in(method, &from, &lines, None);
        self.uri = format!("sip:{DOMAIN}");
        transmits
    }

    /// Registers with digest: both rounds.
    pub(crate) fn register_as(&mut self, to: &str, lines: &str) -> Response {
        let challenge = self.send("REGISTER", to, lines, None);
        assert_eq!(challenge.status.code(), 401);
        self.authorized(to, lines, &challenge.headers, 1)
    }

    pub(crate) fn register(&mut self, lines: &str) -> Response {
        let to = format!("sip:{}@{DOMAIN}", self.login);
        self.register_as(&to, lines)
    }

    /// The answer to a challenge that came with `headers`.
    pub(crate) fn authorized(
        &mut self,
        to: &str,
        lines: &str,
        headers: &Headers,
        nc: u32,
    ) -> Response {
        let value = self.authorization(headers, nc);
        self.send("REGISTER", to, lines, Some(&value))
    }

    /// What answers a challenge that came with `headers`.
    pub(crate) fn authorization(&self, headers: &Headers, nc: u32) -> String {
        self.answer(&Method::Register, headers, nc)
    }

    fn answer(&self, method: &Method, headers: &Headers, nc: u32) -> String {
        let challenge = Challenge::all_in(headers)
            .into_iter()
            .find(|challenge| challenge.algorithm() == Some(self.algorithm))
            .expect("the algorithm is offered");
        let secret = Secret::new(self.secret.as_str());
        let uri = &self.uri;
        let credentials = respond(&challenge, &self.login, &secret, method, uri, nc, "cnonce");
        sip::TypedHeader::to_text(&sip::Authorization(credentials)).to_string()
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.server.handle(self.now, Input::Timeout);
        while self.server.switch.poll_transmit().is_some() {}
    }

    pub(crate) fn count(&self) -> usize {
        self.server.switch.counts().registrations
    }
}

pub(crate) fn contacts(response: &Response) -> Vec<String> {
    let list = response.headers.typed_list::<Contact>().unwrap();
    let mut texts: Vec<String> = list
        .iter()
        .filter_map(Contact::address)
        .map(ToString::to_string)
        .collect();
    texts.sort();
    texts
}
