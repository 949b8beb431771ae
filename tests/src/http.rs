//! Just enough HTTP to be a client of the server: requests with JSON, one after the other on one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// How long an answer may take; checking a password is slow on purpose.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the HTTP port, opened when it is needed and again when it broke.
#[derive(Debug)]
pub struct HttpClient {
    server: SocketAddr,
    token: Option<String>,
    connection: Option<BufReader<TcpStream>>,
}

impl HttpClient {
    /// A client that has not logged in.
    #[must_use]
    pub fn new(server: SocketAddr) -> Self {
        Self {
            server,
            token: None,
            connection: None,
        }
    }

    /// The same, with an access token from now on.
    #[must_use]
    pub fn with_token(self, token: impl Into<String>) -> Self {
        Self {
            token: Some(token.into()),
            ..self
        }
    }

    /// The server is at another address now.
    pub fn move_to(&mut self, server: SocketAddr) {
        self.server = server;
        self.disconnect();
    }

    /// Closes the connection.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Opens the connection, so that the next request leaves at once.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(&mut self) -> Result<()> {
        if self.connection.is_none() {
            let stream = TcpStream::connect_timeout(&self.server, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            self.connection = Some(BufReader::new(stream));
        }
        Ok(())
    }

    /// Sends one request; gives back the status and the JSON of the answer, `null` if there is none.
    ///
    /// # Errors
    /// When the connection breaks before the answer has come: nobody knows then what the server has done.
    pub fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        self.connect()?;
        let answer = self.exchange(method, path, body);
        if !matches!(answer, Ok((_, _, true))) {
            self.connection = None;
        }
        let (status, body, _) = answer?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// Fetches something that is no JSON, such as `/metrics`.
    ///
    /// # Errors
    /// When there is no answer, or not a good one.
    pub fn text(&mut self, path: &str) -> Result<String> {
        self.connect()?;
        let answer = self.exchange("GET", path, None);
        if !matches!(answer, Ok((_, _, true))) {
            self.connection = None;
        }
        let (status, body, _) = answer?;
        anyhow::ensure!(status == 200, "{path} was answered with {status}");
        Ok(String::from_utf8(body)?)
    }

    /// The answer, and whether the connection is good for another.
    fn exchange(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Vec<u8>, bool)> {
        let connection = self.connection.as_mut().context("not connected")?;
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.server);
        if let Some(token) = &self.token {
            request.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            request.push_str("Content-Type: application/json\r\n");
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        connection.get_mut().write_all(request.as_bytes())?;

        let mut line = String::new();
        connection.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("the answer has no status")?;
        let status = status.parse()?;
        let mut length = 0;
        let mut is_kept = true;
        loop {
            let mut header = String::new();
            connection.read_line(&mut header)?;
            let header = header.trim_end().to_ascii_lowercase();
            match header.split_once(": ") {
                Some(("content-length", value)) => length = value.parse()?,
                Some(("connection", "close")) => is_kept = false,
                Some(_) => {}
                None if header.is_empty() => break,
                None => anyhow::bail!("the answer has the header {header:?}"),
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body)?;
        Ok((status, body, is_kept))
    }
}

/// Posts JSON, with the token of a session if there is one; gives back the status and the JSON of the answer.
pub(crate) fn post(
    server: SocketAddr,
    path: &str,
    token: Option<&str>,
    body: &Value,
) -> Result<(u16, Value)> {
    let mut client = HttpClient {
        token: token.map(str::to_owned),
        ..HttpClient::new(server)
    };
    client.send("POST", path, Some(body))
}
