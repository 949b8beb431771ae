//! Reading small pictures that a server has made.

use std::io::Cursor;
use std::sync::Arc;

use egui::ColorImage;
use image::{ImageFormat, ImageReader, Limits};

use super::files::Picture;

/// Small pictures have 320 points a side; whoever sends more is not asked again.
const MOST_POINTS: u32 = 640;

/// Reads a picture; nothing if it is none, or larger than small ones are.
pub(super) fn read(jpeg: &[u8]) -> Option<Picture> {
    let mut reader = ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_POINTS);
    limits.max_image_height = Some(MOST_POINTS);
    limits.max_alloc = Some(16 * 1024 * 1024);
    reader.limits(limits);
    let picture = reader.decode().ok()?.to_rgb8();
    let size = [picture.width() as usize, picture.height() as usize];
    Some(Picture(Arc::new(ColorImage::from_rgb(size, &picture))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, RgbImage};

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::from(RgbImage::new(width, height));
        picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_small_picture_is_read_and_nothing_else() {
        assert_eq!(read(&jpeg(320, 200)).unwrap().0.size, [320, 200]);
        assert!(read(&jpeg(5_000, 10)).is_none());
        assert!(read(b"no picture").is_none());
        assert!(read(&jpeg(320, 200)[..100]).is_none());
    }
}
