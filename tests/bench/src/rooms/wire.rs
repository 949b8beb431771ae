//! One connection to a server of conversations, which never waits: WebSocket to ours, an XML stream to the other one.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

/// How long the beginning of a connection may take; with thousands of others beginning too.
const PATIENCE: Duration = Duration::from_secs(60);

/// So much is read at once.
const PIECE: usize = 16 * 1024;

/// How texts are told apart on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// RFC 6455.
    WebSocket,
    /// RFC 6120: the children of a stream.
    Xml,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    framing: Framing,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Wire {
    /// Connects to our server as whoever the token is of; `session` is what the device is known by.
    pub(super) fn web_socket(server: SocketAddr, token: &str, session: &str) -> Result<Wire> {
        let mut wire = Wire::connect(server, Framing::WebSocket)?;
        let request = format!(
            "GET /ws/rooms HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        wire.stream.write_all(request.as_bytes())?;
        let head = wire.wait_for(|input| find(input, b"\r\n\r\n").map(|at| at + 4))?;
        ensure!(
            head.starts_with(b"HTTP/1.1 101"),
            "no WebSocket: {}",
            String::from_utf8_lossy(&head)
        );
        let wish =
            json!({ "type": "USER_CONNECT", "data": { "token": token, "session_id": session } });
        wire.say(wish.to_string().as_bytes());
        wire.flush_waiting()?;
        let connected = wire.wait_for_text()?;
        ensure!(
            connected.starts_with(br#"{"type":"SYS_CONNECTED""#),
            "not let in: {}",
            String::from_utf8_lossy(&connected)
        );
        wire.wait_for_text()?;
        wire.stream.set_nonblocking(true)?;
        Ok(wire)
    }

    /// Connects to an XMPP server that lets everybody in, and is there for others.
    pub(super) fn xmpp(server: SocketAddr, name: &str) -> Result<Wire> {
        let mut wire = Wire::connect(server, Framing::Xml)?;
        let open = "<stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
                    version='1.0'>";
        let secret = base64(format!("\0{name}\0secret").as_bytes());
        let auth = format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
        );
        let bind = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
        for (say, until) in [
            (open, "</stream:features>"),
            (&*auth, "<success"),
            (open, "</stream:features>"),
            (bind, "</iq>"),
        ] {
            wire.stream.write_all(say.as_bytes())?;
            let until = until.as_bytes();
            wire.wait_for(|input| find(input, until).map(|at| at + until.len()))
                .with_context(|| format!("the XMPP server did not answer {say}"))?;
            // What closes a tag belongs to what has been read.
            if until.starts_with(b"<success") {
                wire.wait_for(|input| find(input, b">").map(|at| at + 1))?;
            }
        }
        wire.stream.write_all(b"<presence/>")?;
        wire.stream.set_nonblocking(true)?;
        Ok(wire)
    }

    fn connect(server: SocketAddr, framing: Framing) -> Result<Wire> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Wire {
            stream,
            framing,
            input: Vec::new(),
            output: Vec::new(),
        })
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Reads until `end` tells how much there is, and gives that.
    fn wait_for(&mut self, end: impl Fn(&[u8]) -> Option<usize>) -> Result<Vec<u8>> {
        let mut piece = [0; PIECE];
        loop {
            if let Some(end) = end(&self.input) {
                return Ok(self.input.drain(..end).collect());
            }
            let read = self.stream.read(&mut piece)?;
            ensure!(read > 0, "the server closed a connection");
            self.input.extend_from_slice(&piece[..read]);
        }
    }

    fn wait_for_text(&mut self) -> Result<Vec<u8>> {
        let frame = self.wait_for(|input| Some(frame(input)?.1))?;
        let start = frame.len() - frame_length(&frame);
        Ok(frame[start..].to_vec())
    }

    /// Says something, with what is said next.
    pub(super) fn say(&mut self, text: &[u8]) {
        if self.framing == Framing::WebSocket {
            self.output.push(0x81);
            let length = text.len();
            match length {
                0..126 => self.output.push(0x80 | length as u8),
                126..65_536 => {
                    self.output.push(0x80 | 126);
                    self.output.extend((length as u16).to_be_bytes());
                }
                _ => {
                    self.output.push(0x80 | 127);
                    self.output.extend((length as u64).to_be_bytes());
                }
            }
            // A mask of zeroes leaves everything as it is.
            self.output.extend([0; 4]);
        }
        self.output.extend_from_slice(text);
    }

    /// Writes what was said, as much as goes; whether all of it went.
    pub(super) fn flush(&mut self) -> Result<bool> {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(written) => drop(self.output.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn flush_waiting(&mut self) -> Result<()> {
        self.stream.write_all(&self.output)?;
        self.output.clear();
        Ok(())
    }

    /// Reads what has come, and gives each text.
    pub(super) fn read(&mut self, mut each: impl FnMut(&[u8])) -> Result<()> {
        let mut piece = [0; PIECE];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(read) => {
                    self.input.extend_from_slice(&piece[..read]);
                    if read < PIECE {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        let mut taken = 0;
        let mut pongs = Vec::new();
        while let Some((kind, end)) = match self.framing {
            Framing::WebSocket => frame(&self.input[taken..]),
            Framing::Xml => stanza(&self.input[taken..]).map(|end| (TEXT, end)),
        } {
            let whole = &self.input[taken..taken + end];
            match (self.framing, kind) {
                (Framing::Xml, _) => each(whole),
                (_, TEXT) => each(&whole[whole.len() - frame_length(whole)..]),
                (_, PING) => pongs.push(whole[whole.len() - frame_length(whole)..].to_vec()),
                (_, CLOSE) => bail!("the server closed a connection"),
                _ => {}
            }
            taken += end;
        }
        self.input.drain(..taken);
        // What is idle keeps nothing: thousands of these are idle.
        if self.input.is_empty() {
            self.input = Vec::new();
        }
        for pong in pongs {
            self.output
                .extend([0x8A, 0x80 | pong.len() as u8, 0, 0, 0, 0]);
            self.output.extend(pong);
        }
        Ok(())
    }
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// The kind of the frame at the beginning, and where it ends; `None` as long as it is not whole.
fn frame(input: &[u8]) -> Option<(u8, usize)> {
    let head = match *input.get(1)? & 0x7F {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    (input.len() >= head).then_some(())?;
    let end = head + frame_length(input);
    (input.len() >= end).then_some((input[0] & 0x0F, end))
}

/// The length of what is in a frame whose head is there.
fn frame_length(input: &[u8]) -> usize {
    match input[1] & 0x7F {
        126 => u16::from_be_bytes([input[2], input[3]]).into(),
        127 => (2..10).fold(0, |length, at| length << 8 | usize::from(input[at])),
        length => length.into(),
    }
}

/// Where the stanza at the beginning ends; `None` as long as it is not whole.
fn stanza(input: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        let open = at + find(&input[at..], b"<")?;
        let close = open + find(&input[open..], b">")?;
        at = close + 1;
        if input[open + 1] == b'/' {
            depth -= 1;
        } else if input[close - 1] != b'/' {
            depth += 1;
        }
        if depth <= 0 {
            return Some(at);
        }
    }
}

/// Where something stands.
pub(super) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        from += at;
        if text[from..].starts_with(what) {
            return Some(from);
        }
        from += 1;
    }
    None
}

/// As SASL writes secrets (RFC 4648 section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut bits = [0; 3];
        bits[..three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes([0, bits[0], bits[1], bits[2]]);
        for place in 0..4 {
            match place <= three.len() {
                true => text.push(DIGITS[(bits >> (18 - 6 * place) & 63) as usize].into()),
                false => text.push('='),
            }
        }
    }
    text
}

/// The number of a message of ours: what stands behind `before` up to the next character that is no digit.
pub(super) fn number_after(text: &[u8], before: &[u8]) -> Option<u64> {
    let start = find(text, before)? + before.len();
    let digits = text[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold((0, 0), |(number, count), digit| {
        (number * 10 + u64::from(digit - b'0'), count + 1)
    });
    (number.1 > 0).then_some(number.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart() {
        assert_eq!(stanza(b"<a><b x='1'/>t</a><c/>"), Some(18));
        assert_eq!(stanza(b" <c/><d>"), Some(5));
        assert_eq!(stanza(b"<a><b></b>"), None);
        assert_eq!(frame(b"\x81\x02hi\x81"), Some((TEXT, 4)));
        assert_eq!(frame(b"\x81\x03hi"), None);
        assert_eq!(base64(b"\0ab\0cdef"), "AGFiAGNkZWY=");
        assert_eq!(number_after(b"<m id='m17'>", b"id='m"), Some(17));
    }
}
