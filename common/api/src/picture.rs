//! The rule for pictures of accounts: what they may be, told from their bytes and not from what somebody says they are.

use std::fmt;

/// The formats of pictures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PictureFormat {
    /// PNG (RFC 2083).
    Png,
    /// JPEG.
    Jpeg,
    /// WebP (RFC 9649).
    WebP,
}

/// Why bytes are not taken as a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureRefused {
    /// None of the formats.
    #[error("A picture is a PNG, a JPEG or a WebP file; this is none of them.")]
    Format,
    /// Larger than [`PictureFormat::MAX_BYTES`].
    #[error("A picture has at most {} KiB; make it smaller.", PictureFormat::MAX_BYTES / 1024)]
    TooLarge,
    /// Wider or higher than [`PictureFormat::MAX_SIDE`], or without any size.
    #[error(
        "A picture has at most {0} times {0} pixels; make it smaller.",
        PictureFormat::MAX_SIDE
    )]
    TooManyPixels,
}

impl PictureFormat {
    /// The largest file.
    pub const MAX_BYTES: usize = 256 * 1024;
    /// The most pixels of a side. A small file can hold a picture that fills the memory of whoever shows it.
    pub const MAX_SIDE: u32 = 2048;

    /// Looks at the bytes of a file.
    ///
    /// # Errors
    /// What the picture should have been.
    pub fn of(content: &[u8]) -> Result<Self, PictureRefused> {
        if content.len() > Self::MAX_BYTES {
            return Err(PictureRefused::TooLarge);
        }
        let (format, (width, height)) = measure(content).ok_or(PictureRefused::Format)?;
        let fits = |side| (1..=Self::MAX_SIDE).contains(&side);
        match fits(width) && fits(height) {
            true => Ok(format),
            false => Err(PictureRefused::TooManyPixels),
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }

    /// What names of such files end with, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// The format of a media type.
    pub fn from_media_type(text: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg, Self::WebP]
            .into_iter()
            .find(|format| format.media_type() == text)
    }
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.media_type())
    }
}

type Size = (u32, u32);

fn measure(content: &[u8]) -> Option<(PictureFormat, Size)> {
    if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((PictureFormat::Png, png(content)?));
    }
    if content.starts_with(b"\xff\xd8\xff") {
        return Some((PictureFormat::Jpeg, jpeg(content)?));
    }
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        return Some((PictureFormat::WebP, webp(content)?));
    }
    None
}

fn big(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + length)?;
    Some(
        bytes
            .iter()
            .fold(0, |value, byte| value << 8 | u32::from(*byte)),
    )
}

fn little(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + length)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | u32::from(*byte)),
    )
}

/// The first chunk is IHDR and begins with both sides (RFC 2083 section 4.1.1).
fn png(content: &[u8]) -> Option<Size> {
    if content.get(12..16) != Some(b"IHDR") {
        return None;
    }
    Some((big(content, 16, 4)?, big(content, 20, 4)?))
}

/// The size is in the frame header (SOF0 to SOF15 but for DHT, JPG and DAC), after other segments (ITU-T T.81 B.2.2).
fn jpeg(content: &[u8]) -> Option<Size> {
    let mut at = 2;
    loop {
        if content.get(at) != Some(&0xff) {
            return None;
        }
        match *content.get(at + 1)? {
            // Any marker may be preceded by fill bytes.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((big(content, at + 7, 2)?, big(content, at + 5, 2)?));
            }
            // The picture itself, or its end, before its size.
            0xd9 | 0xda => return None,
            _ => {
                let length = usize::try_from(big(content, at + 2, 2)?).ok()?;
                at += 2 + length.max(2);
            }
        }
    }
}

/// The three kinds of WebP each have their size elsewhere (RFC 9649 section 2.5 to 2.7, RFC 6386 section 9.1).
fn webp(content: &[u8]) -> Option<Size> {
    match content.get(12..16)? {
        b"VP8X" => Some((little(content, 24, 3)? + 1, little(content, 27, 3)? + 1)),
        b"VP8L" if content.get(20) == Some(&0x2f) => {
            let bits = little(content, 21, 4)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " if content.get(23..26) == Some(b"\x9d\x01\x2a") => Some((
            little(content, 26, 2)? & 0x3fff,
            little(content, 28, 2)? & 0x3fff,
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    const JPEG: &[u8] =
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2\x00\x11\x08\x01\x00\x02\x00\x03\x01\x11\x00";

    fn webp_of(kind: &[u8; 4], rest: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        bytes.extend(kind);
        bytes.extend([0; 4]);
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn each_format_is_known_by_its_bytes_with_its_size() {
        let extended = webp_of(b"VP8X", &[0, 0, 0, 0, 99, 0, 0, 1, 1, 0]);
        let lossless = webp_of(b"VP8L", &[0x2f, 0x63, 0x40, 0x40, 0x00]);
        let lossy = webp_of(b"VP8 ", &[0, 0, 0, 0x9d, 0x01, 0x2a, 100, 0, 2, 1]);
        for (content, measured) in [
            (png_of(100, 258), (PictureFormat::Png, (100, 258))),
            (JPEG.to_vec(), (PictureFormat::Jpeg, (512, 256))),
            (extended, (PictureFormat::WebP, (100, 258))),
            (lossless, (PictureFormat::WebP, (100, 258))),
            (lossy, (PictureFormat::WebP, (100, 258))),
        ] {
            assert_eq!(measure(&content), Some(measured));
            assert_eq!(PictureFormat::of(&content), Ok(measured.0));
            let name = measured.0.media_type();
            assert_eq!(PictureFormat::from_media_type(name), Some(measured.0));
        }
    }

    #[test]
    fn each_refusal_has_its_reason() {
        let mut large = png_of(1, 1);
        large.resize(PictureFormat::MAX_BYTES + 1, 0);
        for (content, reason) in [
            (Vec::new(), PictureRefused::Format),
            (b"<svg onload='alert(1)'/>".to_vec(), PictureRefused::Format),
            (b"GIF89a".to_vec(), PictureRefused::Format),
            (large, PictureRefused::TooLarge),
            (png_of(0, 1), PictureRefused::TooManyPixels),
            (png_of(30_000, 30_000), PictureRefused::TooManyPixels),
        ] {
            assert_eq!(PictureFormat::of(&content), Err(reason));
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_and_nothing_panics() {
        let whole = [
            png_of(9, 9),
            JPEG.to_vec(),
            webp_of(b"VP8X", &[0, 0, 0, 0, 99, 0, 0, 1, 1, 0]),
            b"\xff\xd8\xff\xff\xff\xff".to_vec(),
            b"\xff\xd8\xff\xe0\x00\x00\xff\xe0\xff\xff".to_vec(),
        ];
        for content in whole {
            for end in 0..content.len() {
                let _ = PictureFormat::of(&content[..end]);
            }
        }
        assert_eq!(PictureFormat::of(&JPEG[..14]), Err(PictureRefused::Format));
    }
}
