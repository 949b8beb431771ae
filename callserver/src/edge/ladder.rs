//! The messages of a call as text for people: who said what to whom, and when. Nothing secret is in it.

use std::fmt::Write;
use std::net::SocketAddr;

use sip::Transport;

use super::traces::{Trace, Traced};

/// Between two who speak with each other.
const WIDTH: usize = 30;
/// Before the first of them: the time.
const MARGIN: usize = 11;

/// The ladder, and below it each message, if they are wanted.
pub fn ladder(trace: &Trace, with_messages: bool) -> String {
    let mut out = String::new();
    let Some(first) = trace.messages.front() else {
        return "Nothing was kept of this call.\n".to_owned();
    };
    let phones = phones(trace);
    // The server stands between the first phone and the others.
    let column = |phone: usize| if phone == 0 { 0 } else { phone + 1 };
    let at = |column: usize| MARGIN + column * WIDTH;
    let mut head = vec![' '; at(phones.len()) + WIDTH];
    let mut write = |column: usize, name: &str| {
        for (offset, letter) in name.chars().take(WIDTH - 1).enumerate() {
            head[at(column) + offset] = letter;
        }
    };
    for (phone, (transport, remote)) in phones.iter().enumerate() {
        write(column(phone), &format!("{} {remote}", transport.as_str()));
    }
    write(1, "server");
    line(&mut out, &head);
    if trace.left_out > 0 {
        let _ = writeln!(
            out,
            "{:MARGIN$}({} earlier messages are not kept)",
            "", trace.left_out
        );
    }
    for message in &trace.messages {
        let phone = phones.iter().position(|phone| *phone == way(message));
        let column = column(phone.unwrap_or_default());
        let mut row = vec![' '; at(phones.len()) + 1];
        for lifeline in 0..=phones.len() {
            row[at(lifeline)] = '|';
        }
        let since = message.at.saturating_duration_since(first.at);
        let time = format!("{:>9.3}", since.as_secs_f64());
        for (offset, letter) in time.chars().enumerate() {
            row[offset] = letter;
        }
        draw(&mut row, at(column), at(1), message);
        line(&mut out, &row);
    }
    if with_messages {
        for message in &trace.messages {
            let since = message.at.saturating_duration_since(first.at);
            let (transport, remote) = way(message);
            let direction = if message.is_sent { "to" } else { "from" };
            let _ = writeln!(
                out,
                "\n--- {:.3} s, {direction} {} {remote}",
                since.as_secs_f64(),
                transport.as_str()
            );
            out.push_str(&without_secrets(&String::from_utf8_lossy(&message.text)));
        }
    }
    out
}

fn way(message: &Traced) -> (Transport, SocketAddr) {
    (message.transport, message.remote)
}

/// Those who took part, in the order in which they did.
fn phones(trace: &Trace) -> Vec<(Transport, SocketAddr)> {
    let mut phones = Vec::new();
    for message in &trace.messages {
        if !phones.contains(&way(message)) {
            phones.push(way(message));
        }
    }
    phones
}

fn line(out: &mut String, row: &[char]) {
    let text: String = row.iter().collect();
    out.push_str(text.trim_end());
    out.push('\n');
}

/// An arrow between a phone and the server, with what it stands for on it.
fn draw(row: &mut [char], phone: usize, server: usize, message: &Traced) {
    let (from, to) = match message.is_sent {
        true => (server, phone),
        false => (phone, server),
    };
    let (left, right) = (from.min(to), from.max(to));
    for cell in &mut row[left + 1..right] {
        *cell = '-';
    }
    match to == right {
        true => row[right - 1] = '>',
        false => row[left + 1] = '<',
    }
    let words = words(&message.text);
    let room = (right - left).saturating_sub(6);
    let words: Vec<char> = words.chars().take(room).collect();
    let start = left + (right - left).saturating_sub(words.len() + 2) / 2;
    row[start] = ' ';
    row[start + 1 + words.len()] = ' ';
    row[start + 1..start + 1 + words.len()].copy_from_slice(&words);
}

/// A message in a few words: method or status, and whether it carries a session.
fn words(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let first = text.lines().next().unwrap_or_default();
    let mut words = match first.strip_prefix("SIP/2.0 ") {
        Some(status) => {
            let method = value(&text, "cseq").and_then(|cseq| cseq.split(' ').nth(1));
            let code = status.split(' ').next().unwrap_or_default();
            format!("{code} {}", method.unwrap_or_default())
        }
        None => first.split(' ').next().unwrap_or_default().to_owned(),
    };
    if text.contains("\r\n\r\nv=0") {
        words.push_str(" (SDP)");
    }
    words
        .chars()
        .filter(|letter| !letter.is_control())
        .collect()
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(field, _)| field.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Headers that prove something, or name it to those who may use it.
const SECRET: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "www-authenticate",
    "proxy-authenticate",
    "authentication-info",
    "proxy-authentication-info",
    "carillon-sender",
];

const HIDDEN: &str = "(hidden)";

/// A message as it may be shown: without what proves who somebody is, without keys, and without what people wrote.
fn without_secrets(text: &str) -> String {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let mut out = String::new();
    let mut is_hidden = false;
    for line in head.lines() {
        // A line that goes on is as secret as its beginning.
        if line.starts_with([' ', '\t']) {
            if !is_hidden {
                push(&mut out, line);
            }
            continue;
        }
        let name = line.split(':').next().unwrap_or_default().trim();
        is_hidden = SECRET
            .iter()
            .any(|secret| name.eq_ignore_ascii_case(secret));
        match is_hidden {
            true => push(&mut out, &format!("{name}: {HIDDEN}")),
            false => push(&mut out, &without_tokens(line)),
        }
    }
    if body.is_empty() {
        return out;
    }
    out.push('\n');
    let kind = value(text, "content-type").or_else(|| value(text, "c"));
    let kind = kind.unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/sdp") {
        push(&mut out, &format!("({} bytes of {kind})", body.len()));
        return out;
    }
    for line in body.lines() {
        push(&mut out, &without_keys(line));
    }
    out
}

fn push(out: &mut String, line: &str) {
    // What a peer sent must not steer a terminal.
    out.extend(
        line.chars()
            .filter(|letter| !letter.is_control() || *letter == '\t'),
    );
    out.push('\n');
}

/// Flow tokens open the way to a phone.
fn without_tokens(line: &str) -> String {
    let mut rest = line;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("sip:flow-") {
        out.push_str(before);
        out.push_str("sip:flow-");
        out.push_str(HIDDEN);
        rest = after.find('@').map_or("", |end| &after[end..]);
    }
    out.push_str(rest);
    out
}

/// Keys of SRTP (RFC 4568, RFC 4567, RFC 8866 section 5.12) and passwords of ICE (RFC 8839).
fn without_keys(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    if let Some(start) = lower
        .find("inline:")
        .filter(|_| lower.starts_with("a=crypto:"))
    {
        return format!("{}{HIDDEN}", &line[..start + "inline:".len()]);
    }
    for field in ["a=crypto:", "k=", "a=key-mgmt:", "a=ice-pwd:"] {
        if lower.starts_with(field) {
            return format!("{}{HIDDEN}", &line[..field.len()]);
        }
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use switch::CallId;

    use super::*;
    use crate::edge::traces::Traces;

    const INVITE: &str = "INVITE sip:1002@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1\r\nCall-ID: one\r\nCSeq: 2 INVITE\r\n\
        Proxy-Authorization: Digest username=\"d\",\r\n response=\"5ec2e7\"\r\nRoute: <sip:flow-00ff@b;lr>\r\n\
        Content-Type: application/sdp\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\nk=clear:5ec2e7\r\na=ice-pwd:5ec2e7\r\n";

    fn trace() -> Trace {
        let start = Instant::now();
        let mut traces = Traces::new(1 << 20);
        traces.name(CallId(1), "one", SystemTime::UNIX_EPOCH);
        let messages = [
            (0, false, 1, INVITE),
            (1, true, 1, "SIP/2.0 100 Trying\r\nCSeq: 2 INVITE\r\n\r\n"),
            (20, true, 2, INVITE),
            (
                900,
                false,
                2,
                "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n",
            ),
            (
                905,
                true,
                1,
                "MESSAGE sip:a SIP/2.0\r\nContent-Type: text/plain\r\n\r\nlunch?\u{1b}[2J",
            ),
        ];
        for (millis, is_sent, phone, text) in messages {
            let message = Traced {
                at: start + Duration::from_millis(millis),
                is_sent,
                transport: Transport::Udp,
                remote: ([192, 0, 2, phone], 5060).into(),
                text: std::sync::Arc::default(),
            };
            traces.pass("one", message, text.as_bytes());
        }
        traces.of(CallId(1)).unwrap()
    }

    #[test]
    fn a_person_sees_who_said_what_to_whom() {
        let text = ladder(&trace(), false);
        let expected = "           \
UDP 192.0.2.1:5060            server                        UDP 192.0.2.2:5060
    0.000  |--------- INVITE (SDP) ----->|                             |
";
        assert_eq!(text.lines().count(), 6, "{text}");
        assert!(text.starts_with(&expected[..70]), "{text}");
        let rows: Vec<&str> = text.lines().collect();
        assert!(
            rows[1].contains(" INVITE (SDP) ") && rows[1].contains(">|"),
            "{text}"
        );
        assert!(
            rows[2].contains("|<") && rows[2].contains(" 100 INVITE "),
            "{text}"
        );
        assert!(rows[3].trim_end().ends_with(">|"), "{text}");
        assert!(
            rows[4].contains("0.900") && rows[4].contains(" 200 INVITE (SDP) "),
            "{text}"
        );
        assert!(rows[5].contains(" MESSAGE "), "{text}");
    }

    #[test]
    fn nothing_secret_and_nothing_that_steers_a_terminal_is_shown() {
        let text = ladder(&trace(), true);
        for secret in ["5ec2e7", "c2VjcmV0", "00ff", "lunch", "\u{1b}"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        for shown in [
            "Proxy-Authorization: (hidden)",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:(hidden)",
            "Route: <sip:flow-(hidden)@b;lr>",
            "bytes of text/plain)",
            "Via: SIP/2.0/UDP 10.0.0.1",
        ] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
    }
}
