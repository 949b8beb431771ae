//! Files that are on this computer already: sent from here, or come from another device.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use api::room::FileRef;
use bytes::Bytes;

use super::disk::{Growing, blocking, open_at, read, remove};
use crate::engine::arriving::{Arriving, MOST};

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
        if file.metadata()?.len() > pictures::MOST_BYTES {
            return Ok(None);
        }
        Ok(pictures::small(BufReader::new(file)))
    });
    made.await.ok().flatten().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::hex;
    use image::{DynamicImage, ImageFormat, RgbImage};
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
