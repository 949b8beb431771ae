//! A whole session description and its printer.

use std::fmt::{self, Display};
use std::net::SocketAddr;

use crate::{Attribute, Connection, Origin};

/// What a stream carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Anything else, by its name.
    Other(String),
}

impl MediaKind {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            MediaKind::Audio => "audio",
            MediaKind::Video => "video",
            MediaKind::Other(name) => name,
        }
    }
}

/// A line that nothing here looks into; kept and printed at its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OtherLine {
    pub(crate) rank: u8,
    /// The letter before `=`.
    pub kind: char,
    /// What follows.
    pub value: String,
}

/// An `m=` line and all that belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Media {
    /// What the stream carries.
    pub kind: MediaKind,
    /// The port; 0 means refused, or given up.
    pub port: u16,
    /// How many port pairs, where `m=` says so (`5004/2`).
    pub port_count: Option<u16>,
    /// The transport, such as `RTP/AVP`.
    pub proto: String,
    /// The payload types, or whatever the transport calls its formats.
    pub formats: Vec<String>,
    /// The stream's own `c=` line.
    pub connection: Option<Connection>,
    /// The `a=` lines, in order.
    pub attributes: Vec<Attribute>,
    /// `i=`, `b=`, `k=` and unknown lines.
    pub other: Vec<OtherLine>,
}

impl Media {
    /// A stream without attributes.
    #[must_use]
    pub fn new(kind: MediaKind, port: u16, proto: &str) -> Self {
        Media {
            kind,
            port,
            port_count: None,
            proto: proto.to_owned(),
            formats: Vec::new(),
            connection: None,
            attributes: Vec::new(),
            other: Vec::new(),
        }
    }

    /// The value of the first attribute of that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        crate::attribute::find(&self.attributes, name)
    }

    /// The stream as an answer refuses it: port 0, formats kept because the grammar wants one (RFC 3264 section 6).
    #[must_use]
    pub fn refused(&self) -> Self {
        Media {
            formats: self.formats.clone(),
            ..Media::new(self.kind.clone(), 0, &self.proto)
        }
    }
}

/// A session description (RFC 8866). Reading and printing keep every line and the order of those that may repeat; lines
/// that stood in another order than the grammar wants are printed in the right one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionDescription {
    /// `o=`: who made it.
    pub origin: Origin,
    /// `s=`: its name, `-` for none.
    pub session_name: String,
    /// `c=` for all streams without their own.
    pub connection: Option<Connection>,
    /// The session's `a=` lines, in order.
    pub attributes: Vec<Attribute>,
    /// `i=`, `u=`, `e=`, `p=`, `b=`, `t=`, `r=`, `z=`, `k=` and unknown lines of the session.
    pub other: Vec<OtherLine>,
    /// The streams, in order.
    pub media: Vec<Media>,
}

impl SessionDescription {
    /// A description without streams, valid for ever (`t=0 0`).
    #[must_use]
    pub fn new(origin: Origin, connection: Option<Connection>) -> Self {
        SessionDescription {
            origin,
            session_name: "-".to_owned(),
            connection,
            attributes: Vec::new(),
            other: vec![OtherLine {
                rank: rank_in_session('t').unwrap_or_default(),
                kind: 't',
                value: "0 0".to_owned(),
            }],
            media: Vec::new(),
        }
    }

    /// The `c=` line that counts for `media`.
    #[must_use]
    pub fn connection_of<'a>(&'a self, media: &'a Media) -> Option<&'a Connection> {
        media.connection.as_ref().or(self.connection.as_ref())
    }

    /// The audio stream that counts: the first that is not refused, else the first.
    #[must_use]
    pub fn audio(&self) -> Option<&Media> {
        self.audio_index().map(|index| &self.media[index])
    }

    pub(crate) fn audio_index(&self) -> Option<usize> {
        let is_audio = |media: &Media| media.kind == MediaKind::Audio;
        self.media
            .iter()
            .position(|media| is_audio(media) && media.port != 0)
            .or_else(|| self.media.iter().position(is_audio))
    }

    /// Where RTP of the audio stream goes: `None` when there is no such stream, it is refused, or its address is a host
    /// name. The address may be unspecified (`0.0.0.0`): the stream is on hold.
    #[must_use]
    pub fn audio_address(&self) -> Option<SocketAddr> {
        let media = self.audio().filter(|media| media.port != 0)?;
        let ip = self.connection_of(media)?.ip()?;
        Some(SocketAddr::new(ip, media.port))
    }
}

/// The place of a line of the session part (RFC 8866 section 5). `t`, `r` and `z` alternate, so they share one.
pub(crate) fn rank_in_session(kind: char) -> Option<u8> {
    Some(match kind {
        'v' => 0,
        'o' => 1,
        's' => 2,
        'i' => 3,
        'u' => 4,
        'e' => 5,
        'p' => 6,
        'c' => RANK_CONNECTION,
        'b' => 8,
        't' | 'r' | 'z' => 9,
        'k' => 10,
        'a' => RANK_ATTRIBUTE,
        _ => return None,
    })
}

/// The place of a line below `m=`: the letters that may stand there keep their order.
pub(crate) fn rank_in_media(kind: char) -> Option<u8> {
    match kind {
        'i' | 'c' | 'b' | 'k' | 'a' => rank_in_session(kind),
        _ => None,
    }
}

const RANK_CONNECTION: u8 = 7;
const RANK_ATTRIBUTE: u8 = 11;

impl Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=0\r\no={}\r\ns={}\r\n", self.origin, self.session_name)?;
        print_part(f, self.connection.as_ref(), &self.other, &self.attributes)?;
        self.media.iter().try_for_each(|media| media.fmt(f))
    }
}

impl Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {}", self.kind.as_str(), self.port)?;
        if let Some(count) = self.port_count {
            write!(f, "/{count}")?;
        }
        write!(f, " {}", self.proto)?;
        for format in &self.formats {
            write!(f, " {format}")?;
        }
        f.write_str("\r\n")?;
        print_part(f, self.connection.as_ref(), &self.other, &self.attributes)
    }
}

fn print_part(
    f: &mut fmt::Formatter<'_>,
    connection: Option<&Connection>,
    other: &[OtherLine],
    attributes: &[Attribute],
) -> fmt::Result {
    // The parser keeps `other` sorted by rank.
    for line in other.iter().filter(|line| line.rank < RANK_CONNECTION) {
        line.fmt(f)?;
    }
    if let Some(connection) = connection {
        write!(f, "c={connection}\r\n")?;
    }
    let in_between = RANK_CONNECTION..RANK_ATTRIBUTE;
    for line in other.iter().filter(|line| in_between.contains(&line.rank)) {
        line.fmt(f)?;
    }
    for attribute in attributes {
        write!(f, "a={attribute}\r\n")?;
    }
    other
        .iter()
        .filter(|line| line.rank >= RANK_ATTRIBUTE)
        .try_for_each(|line| line.fmt(f))
}

impl Display for OtherLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}\r\n", self.kind, self.value)
    }
}
