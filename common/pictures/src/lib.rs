//! Small pictures of pictures, for conversations. What is made into one came from anybody: nothing is decoded that would take
//! much memory, whatever it says of itself.
//!
//! ```
//! use std::io::Cursor;
//!
//! assert_eq!(pictures::small(Cursor::new(b"no picture")), None);
//! ```

use std::io::{BufRead, Cursor, Seek};

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage};

/// The longer edge of a small picture at most, in pixels.
const EDGE: u32 = 320;

/// How well it is coded, of 100.
const QUALITY: u8 = 80;

/// The largest file that is worth looking at, in bytes. Whoever has its length asks for no picture of a larger one.
pub const MOST_BYTES: u64 = 50_000_000;

/// The longest edge, in pixels.
const LONGEST_EDGE: u32 = 20_000;

/// How many pixels there may be: more than any camera in a telephone takes.
const MOST_PIXELS: u64 = 64_000_000;

/// What decoding may take, in bytes.
const MOST_MEMORY: u64 = 400_000_000;

/// A JPEG of a GIF, JPEG, PNG or WebP picture, 320 pixels wide or high at most and no larger than the picture, upright, on
/// white where one could see through it. `None`: it cannot be decoded, or would take too much.
///
/// This takes processor time and up to some 400 MB of memory, so it belongs on a thread that may wait.
pub fn small(picture: impl BufRead + Seek) -> Option<Vec<u8>> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_EDGE);
    limits.max_image_height = Some(LONGEST_EDGE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::new(picture).with_guessed_format().ok()?;
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
    on_white(&small).write_with_encoder(encoder).ok()?;
    Some(jpeg.into_inner())
}

/// JPEG knows no transparency.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let over = |colour: u8| {
            let mixed = u16::from(colour) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
            u8::try_from(mixed / 255).unwrap_or(255)
        };
        Rgb([over(red), over(green), over(blue)])
    })
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgba, RgbaImage};

    use super::*;

    fn coded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn small(bytes: Vec<u8>) -> Option<RgbImage> {
        let jpeg = super::small(Cursor::new(bytes))?;
        let picture = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg);
        Some(picture.unwrap().to_rgb8())
    }

    #[test]
    fn a_picture_becomes_small_and_keeps_its_shape() {
        let red = RgbImage::from_pixel(1_600, 800, Rgb([200, 10, 10]));
        let picture = DynamicImage::from(red);
        for format in [
            ImageFormat::Png,
            ImageFormat::Jpeg,
            ImageFormat::WebP,
            ImageFormat::Gif,
        ] {
            let small = small(coded(&picture, format)).unwrap();
            assert_eq!(small.dimensions(), (320, 160), "{format:?}");
            let Rgb([red, green, blue]) = *small.get_pixel(100, 100);
            assert!(red > 180 && green < 30 && blue < 30, "{format:?}");
        }
    }

    #[test]
    fn what_is_small_is_not_made_larger_and_lies_on_white() {
        let mut picture = RgbaImage::from_pixel(16, 16, Rgba([0, 0, 0, 0]));
        for x in 0..8 {
            for y in 0..16 {
                picture.put_pixel(x, y, Rgba([0, 0, 0, 255]));
            }
        }
        let small = small(coded(&picture.into(), ImageFormat::Png)).unwrap();
        assert_eq!(small.dimensions(), (16, 16));
        assert!(small.get_pixel(1, 8).0[0] < 40);
        assert!(small.get_pixel(14, 8).0[0] > 215);
    }

    /// A PNG of `width` times `height` that holds hardly anything.
    fn empty_png(width: u32, height: u32) -> Vec<u8> {
        let tiny = DynamicImage::from(RgbImage::new(1, 1));
        let mut png = coded(&tiny, ImageFormat::Png);
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let mut sum = u32::MAX;
        for byte in &png[12..29] {
            sum ^= u32::from(*byte);
            for _ in 0..8 {
                sum = (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
            }
        }
        png[29..33].copy_from_slice(&(!sum).to_be_bytes());
        png
    }

    #[test]
    fn what_would_take_much_memory_is_not_decoded() {
        for (width, height) in [
            (20_001, 1),
            (1, u32::MAX >> 1),
            (8_001, 8_001),
            (20_000, 20_000),
        ] {
            assert_eq!(super::small(Cursor::new(empty_png(width, height))), None);
        }
    }

    #[test]
    fn what_is_no_picture_or_broken_has_none() {
        let picture = DynamicImage::from(RgbImage::new(64, 64));
        let jpeg = coded(&picture, ImageFormat::Jpeg);
        for bytes in [
            &b""[..],
            b"text",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            &jpeg[..jpeg.len() / 3],
        ] {
            assert_eq!(super::small(Cursor::new(bytes.to_vec())), None);
        }
    }
}
