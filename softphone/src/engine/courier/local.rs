//! Files that are on this computer already: sent from here, or come from another device.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::PathBuf;

use api::room::FileRef;
use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::disk::{Growing, blocking, open_at, read, remove};
use crate::engine::arriving::{Arriving, MOST};

/// The longer edge of a small picture at most, in pixels.
const EDGE: u32 = 320;
/// How well it is coded, of 100.
const QUALITY: u8 = 80;
/// The largest file that is looked at, in bytes; a server makes small ones of the same.
const MOST_BYTES: u64 = 50_000_000;
/// The longest edge, in pixels.
const LONGEST_EDGE: u32 = 20_000;
/// How many pixels there may be: more than any camera in a telephone takes.
const MOST_PIXELS: u64 = 64_000_000;
/// What decoding may take, in bytes.
const MOST_MEMORY: u64 = 400_000_000;

/// Copies a file to a place where it has no name yet; `false` if it is not what the message says, or cannot be read.
///
/// # Errors
/// If the copy cannot be written.
pub(super) async fn copy(local: PathBuf, file: &FileRef, part: PathBuf) -> io::Result<bool> {
    let mut growing = Growing::open(part.clone(), file.bytes).await?;
    let Ok(mut from) = open_at(local, growing.length).await else {
        return Ok(false);
    };
    while growing.length < file.bytes {
        let Ok((rest, bytes)) = read(from).await else {
            return Ok(false);
        };
        from = rest;
        if bytes.is_empty() || growing.length + bytes.len() as u64 > file.bytes {
            break;
        }
        growing = growing.add(bytes.to_vec()).await?;
    }
    let is_same = growing.finish().await? == file.sha256;
    if !is_same {
        remove(part).await;
    }
    Ok(is_same)
}

/// Reads a recording for whoever listens to it; `false` if it cannot be read.
pub(super) async fn listen(path: PathBuf, file: &FileRef, arriving: &Arriving) -> bool {
    if file.bytes > MOST {
        return false;
    }
    let most = file.bytes;
    let recording = blocking(move || {
        let mut bytes = Vec::new();
        File::open(path)?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    match recording.await {
        Ok(bytes) if bytes.len() as u64 == file.bytes => {
            arriving.add(&bytes);
            arriving.end(None);
            true
        }
        _ => false,
    }
}

/// A picture, made small, as JPEG; nothing if it is none, or too much of one.
pub(super) async fn picture(path: PathBuf) -> Option<Bytes> {
    let made = blocking(move || {
        let file = File::open(path)?;
        let is_small = file.metadata()?.len() <= MOST_BYTES;
        Ok(is_small.then(|| small(file)).flatten())
    });
    made.await.ok().flatten().map(Bytes::from)
}

fn small(file: File) -> Option<Vec<u8>> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_EDGE);
    limits.max_image_height = Some(LONGEST_EDGE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::new(BufReader::new(file))
        .with_guessed_format()
        .ok()?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return None;
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let whole = DynamicImage::from_decoder(decoder).ok()?;
    let mut small = match width.max(height) > EDGE {
        true => whole.thumbnail(EDGE, EDGE),
        false => whole,
    };
    small.apply_orientation(orientation);
    let mut jpeg = Cursor::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    small.to_rgb8().write_with_encoder(encoder).ok()?;
    Some(jpeg.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::hex;
    use image::{ImageFormat, RgbImage};
    use ring::digest::{SHA256, digest};

    #[tokio::test]
    async fn what_is_here_is_copied_if_it_is_what_the_message_says() {
        let folder = tempfile::tempdir().unwrap();
        let (here, part) = (folder.path().join("here"), folder.path().join("part"));
        std::fs::write(&here, "contents").unwrap();
        let mut file = FileRef {
            file: String::new(),
            sha256: hex(digest(&SHA256, b"contents").as_ref()),
            name: "a".into(),
            media_type: "text/plain".into(),
            bytes: 8,
        };
        assert!(copy(here.clone(), &file, part.clone()).await.unwrap());
        assert_eq!(std::fs::read(&part).unwrap(), b"contents");
        std::fs::remove_file(&part).unwrap();
        std::fs::write(&here, "CONTENTS and more").unwrap();
        assert!(!copy(here.clone(), &file, part.clone()).await.unwrap());
        assert!(!part.exists());
        let nowhere = folder.path().join("nowhere");
        assert!(!copy(nowhere.clone(), &file, part).await.unwrap());
        let arriving = Arriving::default();
        assert!(!listen(nowhere, &file, &arriving).await);
        file.bytes = 17;
        assert!(listen(here, &file, &arriving).await);
        assert_eq!(arriving.length(), 17);
    }

    #[tokio::test]
    async fn a_picture_is_made_small_and_anything_else_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture");
        let picture = DynamicImage::from(RgbImage::new(1_600, 800));
        picture.save_with_format(&path, ImageFormat::Png).unwrap();
        let jpeg = super::picture(path.clone()).await.unwrap();
        let small = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).unwrap();
        assert_eq!((small.width(), small.height()), (320, 160));
        std::fs::write(&path, "no picture").unwrap();
        assert!(super::picture(path).await.is_none());
    }
}
