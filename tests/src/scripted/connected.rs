//! A scripted phone over TCP, whose connection can break and be made anew.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use sip::{Contact, Framed, Framer, HeaderName, Message, Method, Request};

use super::{answer, header};
use crate::Device;

/// A registered phone with one connection to the server. Dropping it closes the connection, and nothing else.
#[derive(Debug)]
pub struct Connected {
    stream: TcpStream,
    framer: Framer,
    local: SocketAddr,
}

impl Connected {
    /// Connects, and registers a device over the connection.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub fn register(server: SocketAddr, device: &Device, call_id: &str) -> Result<Connected> {
        let stream = TcpStream::connect(server)?;
        let local = stream.local_addr()?;
        let mut phone = Connected {
            stream,
            framer: Framer::default(),
            local,
        };
        let mut authorization = String::new();
        for cseq in 1..=2 {
            let register = device.register(local, call_id, cseq, &authorization);
            let text = String::from_utf8(register)?
                .replace("SIP/2.0/UDP", "SIP/2.0/TCP")
                .replace(&format!("@{local}>"), &format!("@{local};transport=tcp>"));
            phone.stream.write_all(text.as_bytes())?;
            let Message::Response(response) = phone.message(Duration::from_secs(10))? else {
                bail!("a request came before the answer to a REGISTER");
            };
            match response.status.code() {
                200 => return Ok(phone),
                401 => {
                    authorization = device.authorization(
                        &response.headers,
                        &Method::Register,
                        &device.registrar(),
                    )?;
                }
                status => bail!("a REGISTER was answered with {status}"),
            }
        }
        bail!("a REGISTER is challenged for ever")
    }

    /// The next request with that method.
    ///
    /// # Errors
    /// When none comes in time, or another one does.
    pub fn wait_for(&mut self, method: &Method, within: Duration) -> Result<Request> {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self
                .message(left)
                .with_context(|| format!("waiting for {method}"))?
            {
                Message::Request(request) if request.method == *method => return Ok(request),
                Message::Request(request) => bail!("{} instead of {method}", request.method),
                Message::Response(_) => {}
            }
        }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn answer(&mut self, request: &Request, status: &str, body: &str) -> Result<()> {
        let contact = format!("sip:{};transport=tcp", self.local);
        let answer = answer(request, status, &contact, body);
        Ok(self.stream.write_all(&answer)?)
    }

    /// Ends the call that began with `invite` and that [`Self::answer`] has answered, perhaps over another connection.
    ///
    /// # Errors
    /// When the server does not answer with 200.
    pub fn hang_up(&mut self, invite: &Request) -> Result<()> {
        let text = |name| header(&invite.headers, &name);
        let contact: Contact = invite.headers.required()?;
        let target = contact.address().context("a call without a Contact")?;
        let call_id = text(HeaderName::CallId);
        let bye = format!(
            "BYE {uri} SIP/2.0\r\nVia: SIP/2.0/TCP {local};branch=z9hG4bKbye{call_id}\r\nMax-Forwards: 70\r\n\
             From: {from};tag=to{call_id}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
            uri = target.uri,
            local = self.local,
            from = text(HeaderName::To),
            to = text(HeaderName::From),
        );
        self.stream.write_all(bye.as_bytes())?;
        match self.message(Duration::from_secs(10))? {
            Message::Response(response) if response.status.code() == 200 => Ok(()),
            other => bail!("instead of 200 to a BYE: {other:?}"),
        }
    }

    fn message(&mut self, within: Duration) -> Result<Message> {
        let end = Instant::now() + within;
        let mut buffer = [0; 16_384];
        loop {
            match self.framer.next()? {
                Some(Framed::Message(bytes)) => return Ok(Message::parse(bytes)?),
                Some(_) => continue,
                None => {}
            }
            // Zero would mean "for ever".
            let left = end.saturating_duration_since(Instant::now());
            self.stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
            let length = self.stream.read(&mut buffer).context("nothing came")?;
            if length == 0 {
                bail!("the server has closed the connection");
            }
            self.framer.push(&Bytes::copy_from_slice(&buffer[..length]));
        }
    }
}
