//! Photos: decoded once, turned upright, made smaller, and encoded anew, so that nothing of the file that
//! came but its pixels goes out again. What moves is kept as it came, without its metadata.
//!
//! Colours are stored as sRGB: a picture with an RGB profile of its own (phones write Display P3) is
//! converted, profiles of greyscale and of inks (CMYK) are not applied. An animated PNG becomes its
//! first picture.

use std::{fs, io::Cursor, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{
    DynamicImage, ImageDecoder, ImageEncoder, ImageError,
    codecs::{
        gif::GifDecoder,
        jpeg::JpegDecoder,
        png::{CompressionType, FilterType as PngFilter, PngDecoder, PngEncoder},
        webp::WebPDecoder,
    },
    error::LimitErrorKind,
};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::{MediaLimits, animation, error::IngestError, format::Format, jpeg};

/// Longest side of the picture that is kept, in pixels.
const ORIGINAL_PX: u32 = 2560;
/// Longest side of what the placeholder is computed from, in pixels; the algorithm takes no more.
const PLACEHOLDER_PX: u32 = 100;
/// Quality of the kept picture, of 100.
const ORIGINAL_QUALITY: u8 = 85;
/// Quality of its renditions, of 100.
const RENDITION_QUALITY: u8 = 80;

/// A picture that can be stored.
#[derive(Debug)]
pub(super) struct Picture {
    /// Upright, sRGB, `Rgb8` when opaque and `Rgba8` when not, at most [`ORIGINAL_PX`] long.
    image: DynamicImage,
    /// The file to keep in place of an encoded `image`, with its size in pixels, when the picture moves.
    animation: Option<(Format, Vec<u8>, (u32, u32))>,
}

/// A picture as bytes to be stored.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) format: Format,
    pub(super) bytes: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Picture {
    /// Reads the file at `path`, which was found to be a picture of `format`.
    pub(super) fn read(path: &Path, format: Format, limits: &MediaLimits) -> Result<Self, IngestError> {
        if fs::metadata(path)?.len() > limits.picture_bytes {
            return Err(IngestError::TooManyBytes { limit: limits.picture_bytes });
        }
        let bytes = fs::read(path)?;
        let input = Cursor::new(bytes.as_slice());
        match format {
            Format::Jpeg => {
                let decoder = JpegDecoder::new(input).map_err(fault)?;
                Self::decode(decoder, limits, || jpeg::check_whole(&bytes).map(|()| None))
            }
            Format::Png => {
                let decoder = PngDecoder::with_limits(input, allocation(limits)).map_err(fault)?;
                Self::decode(decoder, limits, || Ok(None))
            }
            Format::Webp => {
                let decoder = WebPDecoder::new(input).map_err(fault)?;
                Self::decode(decoder, limits, || moving(format, animation::scrub_webp(&bytes)?, limits))
            }
            Format::Gif => {
                let decoder = GifDecoder::new(input).map_err(fault)?;
                Self::decode(decoder, limits, || moving(format, animation::scrub_gif(&bytes)?, limits))
            }
            Format::Mp4 | Format::M4a | Format::Webm | Format::Mp3 | Format::Ogg => {
                Err(IngestError::Unsupported("this is no picture"))
            }
        }
    }

    /// Checks the size that the header tells, then the file's structure, and only then decodes.
    fn decode(
        mut decoder: impl ImageDecoder,
        limits: &MediaLimits,
        structure: impl FnOnce() -> Result<Option<(Format, Vec<u8>)>, IngestError>,
    ) -> Result<Self, IngestError> {
        let size = decoder.dimensions();
        if u64::from(size.0) * u64::from(size.1) > limits.pixels {
            return Err(IngestError::TooManyPixels { limit: limits.pixels });
        }
        if size.0 == 0 || size.1 == 0 {
            return Err(IngestError::damaged("it has no pixels"));
        }
        decoder.set_limits(allocation(limits)).map_err(fault)?;
        let animation = structure()?.map(|(format, bytes)| (format, bytes, size));
        let orientation = decoder.orientation().map_err(fault)?;
        let profile = decoder.icc_profile().map_err(fault)?;
        let decoded = DynamicImage::from_decoder(decoder).map_err(fault)?;
        // Smaller first: everything that follows then costs a fraction.
        let mut image = shrink(&eight_bits(decoded), ORIGINAL_PX, ORIGINAL_PX)?;
        if let Some(profile) = profile {
            to_srgb(&mut image, &profile);
        }
        if animation.is_none() {
            image.apply_orientation(orientation);
        }
        Ok(Self { image, animation })
    }

    /// Pixels, upright, of the picture that is kept.
    pub(super) fn size(&self) -> (u32, u32) {
        let own = (self.image.width(), self.image.height());
        self.animation.as_ref().map_or(own, |(_, _, size)| *size)
    }

    /// The picture to keep.
    pub(super) fn original(&self) -> Result<Encoded, IngestError> {
        match &self.animation {
            Some((format, bytes, (width, height))) => {
                Ok(Encoded { format: *format, bytes: bytes.clone(), width: *width, height: *height })
            }
            None => encode(&self.image, ORIGINAL_QUALITY),
        }
    }

    /// The same picture `width` pixels wide.
    pub(super) fn rendition(&self, width: u32) -> Result<Encoded, IngestError> {
        encode(&shrink(&self.image, width, u32::MAX)?, RENDITION_QUALITY)
    }

    /// `ThumbHash`, base64 without padding.
    pub(super) fn thumb_hash(&self) -> Result<String, IngestError> {
        let small = shrink(&self.image, PLACEHOLDER_PX, PLACEHOLDER_PX)?.into_rgba8();
        let hash = thumbhash::rgba_to_thumb_hash(small.width() as usize, small.height() as usize, &small);
        Ok(STANDARD_NO_PAD.encode(hash))
    }
}

/// The bytes to keep of a file with more than one frame; `None` for a still picture.
fn moving(
    format: Format,
    scrubbed: animation::Scrubbed,
    limits: &MediaLimits,
) -> Result<Option<(Format, Vec<u8>)>, IngestError> {
    if scrubbed.frames > limits.animation_frames {
        return Err(IngestError::TooManyFrames { limit: limits.animation_frames });
    }
    Ok((scrubbed.frames > 1).then_some((format, scrubbed.bytes)))
}

/// What a decoder may allocate: the largest picture at sixteen bits a sample, and some room to work in.
fn allocation(limits: &MediaLimits) -> image::Limits {
    let mut allocation = image::Limits::no_limits();
    allocation.max_alloc = Some(limits.pixels.saturating_mul(8).saturating_add(64 * 1024 * 1024));
    allocation
}

fn fault(error: ImageError) -> IngestError {
    match error {
        ImageError::IoError(error) => IngestError::reading(error),
        ImageError::Unsupported(_) => IngestError::Unsupported("this kind of picture is not read"),
        ImageError::Limits(error) if error.kind() == LimitErrorKind::DimensionError => {
            IngestError::damaged("its size makes no sense")
        }
        other => IngestError::damaged(other),
    }
}

/// `Rgb8` when no pixel is transparent, otherwise `Rgba8`.
fn eight_bits(image: DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return DynamicImage::ImageRgb8(image.into_rgb8());
    }
    let pixels = image.into_rgba8();
    if pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX) {
        DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(pixels).into_rgb8())
    } else {
        DynamicImage::ImageRgba8(pixels)
    }
}

/// The picture scaled down to fit; itself when it does.
fn shrink(image: &DynamicImage, max_width: u32, max_height: u32) -> Result<DynamicImage, IngestError> {
    let (width, height) = (image.width(), image.height());
    let scale = (f64::from(max_width) / f64::from(width)).min(f64::from(max_height) / f64::from(height));
    if scale >= 1.0 {
        return Ok(image.clone());
    }
    // At least a pixel: a line a hundred times as long as it is high stays a line.
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let mut small = DynamicImage::new(scaled(width), scaled(height), image.color());
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(image, &mut small, &options).map_err(IngestError::damaged)?;
    Ok(small)
}

/// Converts from the colours of `profile`. A profile that cannot be read is taken for sRGB.
fn to_srgb(image: &mut DynamicImage, profile: &[u8]) {
    let layout = if image.color().has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let Ok(profile) = ColorProfile::new_from_slice(profile) else { return };
    if profile.color_space != DataColorSpace::Rgb {
        return;
    }
    let srgb = ColorProfile::new_srgb();
    let Ok(transform) = profile.create_transform_8bit(layout, &srgb, layout, TransformOptions::default())
    else {
        return;
    };
    let pixels: &mut [u8] = match image {
        DynamicImage::ImageRgb8(pixels) => pixels,
        DynamicImage::ImageRgba8(pixels) => pixels,
        _ => return,
    };
    let mut converted = vec![0; pixels.len()];
    if transform.transform(pixels, &mut converted).is_ok() {
        pixels.copy_from_slice(&converted);
    }
}

/// JPEG for what is opaque (progressive: it shows before it is whole), PNG for the rest.
fn encode(image: &DynamicImage, quality: u8) -> Result<Encoded, IngestError> {
    let (width, height) = (image.width(), image.height());
    let mut bytes = Vec::new();
    let format = if let DynamicImage::ImageRgb8(pixels) = image {
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0);
        encoder.set_progressive(true);
        encoder.set_optimized_huffman_tables(true);
        let side = |side: u32| u16::try_from(side).map_err(IngestError::damaged);
        encoder
            .encode(pixels, side(width)?, side(height)?, jpeg_encoder::ColorType::Rgb)
            .map_err(IngestError::damaged)?;
        Format::Jpeg
    } else {
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, PngFilter::Adaptive)
            .write_image(image.as_bytes(), width, height, image.color().into())
            .map_err(IngestError::damaged)?;
        Format::Png
    };
    Ok(Encoded { format, bytes, width, height })
}
