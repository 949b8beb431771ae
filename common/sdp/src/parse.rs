//! Reading a session description, line by line.

use crate::description::{rank_in_media, rank_in_session};
use crate::{
    Attribute, Connection, LineProblem, Media, MediaKind, Origin, OtherLine, SdpError,
    SessionDescription,
};

/// Longer descriptions are refused unread. Browsers with many candidates come to 10 KiB.
pub const MAX_BYTES: usize = 32 * 1024;
/// More lines are refused. Browsers come to 200.
pub const MAX_LINES: usize = 1000;

impl SessionDescription {
    /// Reads a description.
    ///
    /// Lenient where phones in the field are sloppy: lines may end in a bare LF, stand in another order within their
    /// part, and `t=` may lack.
    ///
    /// # Errors
    /// [`SdpError`] names the line and what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, SdpError> {
        if bytes.len() > MAX_BYTES {
            return Err(SdpError::TooLong { bytes: bytes.len() });
        }
        let mut reading = Reading::default();
        for (index, raw) in lines(bytes).enumerate() {
            if index >= MAX_LINES {
                return Err(SdpError::TooManyLines);
            }
            reading.line(index, raw).map_err(|problem| SdpError::Line {
                line: index + 1,
                problem,
            })?;
        }
        reading.finish()
    }
}

/// The lines, without their ends and without empty ones at the end.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
        .map_or(0, |last| last + 1);
    let all = &bytes[..end];
    all.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .take(if all.is_empty() { 0 } else { usize::MAX })
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    has_version: bool,
    origin: Option<Origin>,
    session_name: Option<String>,
    session: Part,
    media: Vec<(Media, Part)>,
}

/// The lines that the session and each stream have alike.
#[derive(Default)]
struct Part {
    connection: Option<Connection>,
    attributes: Vec<Attribute>,
    other: Vec<OtherLine>,
    last_rank: u8,
}

impl Reading {
    fn line(&mut self, index: usize, raw: &[u8]) -> Result<(), LineProblem> {
        let text = std::str::from_utf8(raw).map_err(|_| LineProblem::NotText)?;
        if text.bytes().any(|byte| matches!(byte, 0 | b'\r')) {
            return Err(LineProblem::NotText);
        }
        let (kind, value) = match text.split_once('=') {
            Some((kind, value)) if kind.len() == 1 => (char::from(kind.as_bytes()[0]), value),
            _ => return Err(LineProblem::NoType),
        };
        if (index == 0) != (kind == 'v') || (kind == 'v' && value.trim_end() != "0") {
            return Err(LineProblem::Version);
        }
        match kind {
            'v' => self.has_version = true,
            'o' if self.media.is_empty() => {
                let origin = Origin::parse(value).ok_or(LineProblem::Origin)?;
                once(&mut self.origin, origin)?;
            }
            's' if self.media.is_empty() => once(&mut self.session_name, value.to_owned())?,
            'm' => self
                .media
                .push((media(value).ok_or(LineProblem::Media)?, Part::default())),
            _ => match self.media.last_mut() {
                Some((_, part)) => part.line(kind, value, rank_in_media(kind))?,
                None => self.session.line(kind, value, rank_in_session(kind))?,
            },
        }
        Ok(())
    }

    fn finish(self) -> Result<SessionDescription, SdpError> {
        if !self.has_version {
            return Err(SdpError::Missing('v'));
        }
        Ok(SessionDescription {
            origin: self.origin.ok_or(SdpError::Missing('o'))?,
            session_name: self.session_name.ok_or(SdpError::Missing('s'))?,
            connection: self.session.connection,
            attributes: self.session.attributes,
            other: self.session.other,
            media: self
                .media
                .into_iter()
                .map(|(media, part)| Media {
                    connection: part.connection,
                    attributes: part.attributes,
                    other: part.other,
                    ..media
                })
                .collect(),
        })
    }
}

impl Part {
    fn line(&mut self, kind: char, value: &str, rank: Option<u8>) -> Result<(), LineProblem> {
        match kind {
            'a' => self
                .attributes
                .push(Attribute::parse(value).ok_or(LineProblem::Attribute)?),
            // Further `c=` lines spread a layered stream over multicast groups: kept, not looked at.
            'c' if self.connection.is_none() => {
                self.connection = Some(Connection::parse(value).ok_or(LineProblem::Connection)?);
            }
            _ => {
                // A letter that nobody knows stays behind the line that it follows.
                let rank = rank.unwrap_or(self.last_rank);
                let at = self.other.partition_point(|line| line.rank <= rank);
                let value = value.to_owned();
                self.other.insert(at, OtherLine { rank, kind, value });
            }
        }
        self.last_rank = rank.unwrap_or(self.last_rank);
        Ok(())
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), LineProblem> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(LineProblem::Repeated),
    }
}

/// `audio 5004/2 RTP/AVP 0 8`.
fn media(value: &str) -> Option<Media> {
    let mut fields = value.split(' ').filter(|field| !field.is_empty());
    let kind = match fields.next()? {
        "audio" => MediaKind::Audio,
        "video" => MediaKind::Video,
        other => MediaKind::Other(other.to_owned()),
    };
    let ports = fields.next()?;
    let (port, port_count) = match ports.split_once('/') {
        Some((port, count)) => (port, Some(count.parse().ok()?)),
        None => (ports, None),
    };
    let mut media = Media::new(kind, port.parse().ok()?, fields.next()?);
    media.port_count = port_count;
    media.formats = fields.map(str::to_owned).collect();
    (!media.formats.is_empty()).then_some(media)
}
