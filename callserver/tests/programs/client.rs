//! A client of the HTTP interface that knows nothing but HTTP.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::process::{Server, callctl, http_bytes};

pub(crate) const PASSWORD: &str = "seven green bottles 7";

/// One request, to be made more of.
pub(crate) struct Asked {
    address: SocketAddr,
    line: String,
    headers: String,
    body: Vec<u8>,
}

/// Its answer.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) json: Value,
}

pub(crate) fn ask(server: &Server, method: &str, path: &str) -> Asked {
    Asked {
        address: server.address("http"),
        line: format!("{method} {path}"),
        headers: String::new(),
        body: Vec::new(),
    }
}

impl Asked {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("Content-Type", "application/json")
    }

    /// A body that is no JSON, or not of that content type.
    pub(crate) fn body(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.header("Content-Type", content_type)
    }

    pub(crate) fn send(self) -> Answered {
        let (status, head, body) = self.send_for_bytes();
        Answered {
            status,
            head,
            json: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }

    /// Sends it for an answer that is no text: status, head and body.
    pub(crate) fn send_for_bytes(self) -> (u16, String, Vec<u8>) {
        let length = match self.body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        let head = format!(
            "{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}{length}\r\n",
            self.line, self.headers
        );
        http_bytes(self.address, &[head.as_bytes(), &self.body].concat())
    }

    /// Sends it and expects this status.
    pub(crate) fn get(self, status: u16) -> Value {
        let line = self.line.clone();
        let answered = self.send();
        assert_eq!(answered.status, status, "{line}: {answered:?}");
        answered.json
    }
}

/// Adds an account that can log in.
pub(crate) fn add(server: &Server, name: &str) {
    let arguments = ["accounts", "add", name, "--password-stdin"];
    let added = callctl(server.data(), &arguments, &format!("{PASSWORD}\n"));
    assert_eq!(added.code, Some(0), "{added:?}");
}

pub(crate) fn log_in(server: &Server, name: &str) -> api::LoginAnswer {
    let body = json!({ "name": name, "password": PASSWORD, "device_label": "laptop" });
    let answer = ask(server, "POST", "/api/v1/login").json(&body).get(200);
    serde_json::from_value(answer).unwrap()
}

/// The tokens of somebody who has just been added and has logged in.
pub(crate) fn newcomer(server: &Server, name: &str) -> api::Tokens {
    add(server, name);
    log_in(server, name).tokens.unwrap()
}
